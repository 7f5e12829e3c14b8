"""Fingerprints by content: of source files, of what rules how they are read, and of the code that makes features."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from features.errors import InputContractError
from features.project import Project

# A file changed this shortly before it was looked at may change again without its times telling so.
CLOCK_STEP_NS = 2_000_000_000


class FileMark(BaseModel):
    """What a file was when it was read: its SHA-256, and the properties that tell cheaply that nobody touched it.

    `settled`: it had not been changed just before, so that the same times mean the same contents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    modified_ns: int
    changed_ns: int
    inode: int
    settled: bool
    sha256: str


def mark_file(path: Path, now_ns: int) -> FileMark:
    """Mark of a file as it is; `now_ns` is the present on the clock of its file system.

    Raises:
        InputContractError: it cannot be read, or changed while it was read.
    """
    before = _properties(path)
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputContractError(f"{path}: cannot be read: {error.strerror or error}") from error
    if before != _properties(path):
        raise InputContractError(f"{path}: changed while it was read. Expected a finished file: run again when it is")
    size, modified, changed, inode = before
    settled = max(modified, changed) < now_ns - CLOCK_STEP_NS
    return FileMark(size=size, modified_ns=modified, changed_ns=changed, inode=inode, settled=settled, sha256=digest)


def marks_of(files: Mapping[str, Path], known: Mapping[str, FileMark], now_ns: int) -> dict[str, FileMark]:
    """Marks of all files; those whose properties are the known ones are not read again."""
    return {
        name: known[name] if name in known and _untouched(path, known[name]) else mark_file(path, now_ns)
        for name, path in files.items()
    }


def refuse_changed(files: Mapping[str, Path], marks: Mapping[str, FileMark]) -> None:
    """Stop when a file is no longer the one that was marked.

    Raises:
        InputContractError: naming the file.
    """
    for name, path in files.items():
        mark = marks[name]
        if _properties(path) != (mark.size, mark.modified_ns, mark.changed_ns, mark.inode):
            raise InputContractError(f"{name}: changed while it was read. Expected a finished file: run again")


def _untouched(path: Path, mark: FileMark) -> bool:
    return mark.settled and _properties(path) == (mark.size, mark.modified_ns, mark.changed_ns, mark.inode)


def _properties(path: Path) -> tuple[int, int, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise InputContractError(f"{path}: cannot be read: {error.strerror or error}") from error
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def settings_digest(project: Project) -> str:
    """Digest of what the project file says about how interactions are read and which of them count."""
    said = {
        "interactions": project.tables["interactions"].model_dump(mode="json"),
        "timezone": project.project.timezone,
        "end is chosen": project.project.data_end is not None,
        "hygiene": project.hygiene.model_dump(mode="json"),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@cache
def code_digest() -> str:
    """Digest of the source code of this package and of the versions of what it computes with."""
    import numba
    import numpy as np
    import pyarrow as pa

    package = Path(__file__).parent.parent
    whole = hashlib.sha256(f"{np.__version__} {numba.__version__} {pa.__version__}".encode())
    for path in sorted(package.rglob("*.py")):
        whole.update(path.relative_to(package).as_posix().encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()
