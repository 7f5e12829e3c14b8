"""The run key: what the inputs, the model and the options of a run are, in one sha256; equal keys, equal outputs."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from features.database import shown_url
from features.engines.fingerprints import FileMark, marks_of, refuse_changed
from features.errors import InputContractError
from features.project import FILE_NAME, Project, expand_environment
from features.queries import files_of_query
from features.sources import source_files
from features.stage_settings import StageSettings
from serving.lifecycle.log import log_files

# What the program consists of: code and translations.
PROGRAM = (".py", ".po", ".mo")


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files that a run reads, by the names they are shown with, and what they were when it began."""

    files: Mapping[str, Path]
    marks: Mapping[str, FileMark]


def mark_inputs(files: Mapping[str, Path], now_ns: int) -> Inputs:
    """Fingerprints of the files by their content.

    Raises:
        InputContractError: one cannot be read, or changed while it was.
    """
    return Inputs(files, marks_of(files, {}, now_ns))


def refuse_changed_inputs(inputs: Inputs, now_ns: int) -> None:
    """Stop when a file has not the content any more that it had when the run began.

    Raises:
        InputContractError: naming the file.
    """
    again = marks_of(inputs.files, inputs.marks, now_ns)
    for name, mark in again.items():
        if mark.sha256 != inputs.marks[name].sha256:
            raise InputContractError(
                f"{name}: changed while it was read. Expected finished files; nothing was written: run again"
            )


def looks_touched(inputs: Inputs) -> bool:
    """Whether a file's size or times are not what they were; its content may still be the same."""
    try:
        refuse_changed(inputs.files, inputs.marks)
    except InputContractError:
        return True
    return False


def project_files(project: Project) -> dict[str, Path]:
    """Every file that the tables of a project are read from (those named, and those that queries name), and its log.

    What a database holds has no fingerprint: its tables count as unchanged until a run has finished.
    """
    found: dict[str, Path] = {}
    for table, settings in project.tables.items():
        if settings.database is not None:
            continue
        if settings.sql is None:
            named = source_files(project, table)
        else:
            named = files_of_query(expand_environment(settings.sql), project.directory)
        found |= {f"{table}: {shown}": path for shown, path in named.items()}
    folder = project.directory / project.section("stages", StageSettings).log
    return found | {f"stages: {path.name}": path for path in log_files(folder)}


def run_key(inputs: Inputs, project: Project, options: Mapping[str, object]) -> str:
    """Key (64 hex digits) of a run: content of the inputs, text of the project file, options, and this program.

    `options` must name all else that the output depends on, such as the model's id and the as-of time.
    """
    said = {
        "files": {name: mark.sha256 for name, mark in inputs.marks.items()},
        "project": hashlib.sha256((project.directory / FILE_NAME).read_bytes()).hexdigest(),
        "queries": {
            table: [_shown(settings.database), _digest(settings.sql)]
            for table, settings in project.tables.items()
            if settings.sql is not None
        },
        "program": _program(),
        "options": dict(options),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _shown(database: str | None) -> str:
    return "" if database is None else shown_url(expand_environment(database))


def _digest(query: str) -> str:
    return hashlib.sha256(expand_environment(query).encode()).hexdigest()


@cache
def _program() -> str:
    """Digest of this program's source code and of the versions of what it computes and writes with."""
    from features.engines.fingerprints import code_digest

    whole = hashlib.sha256(code_digest().encode())
    root = Path(__file__).parents[2]
    found = [path for name in ("training", "serving") for path in (root / name).rglob("*") if path.suffix in PROGRAM]
    for path in sorted(found):
        whole.update(path.relative_to(root).as_posix().encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()
