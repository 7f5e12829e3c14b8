"""The command `decisions`: what people decided on the page and by the API, as a table for training."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from features.cli import HERE, ProjectFolder, app, out
from features.errors import ProjectFileError, SinkError
from features.files import replaced_file
from features.serve_settings import ServeSettings
from serving.live.decided import KINDS, Format, written
from training.settings import read_all


@app.command()
def decisions(
    file: Annotated[Path, typer.Option("--out", help="file to write: .csv, or .ndjson or .jsonl for JSON lines")],
    directory: ProjectFolder = HERE,
) -> None:
    """Write the decisions of people as a table `decisions`, which training can read."""
    from serving.store.actions import all_actions
    from serving.store.connection import open_store, store_url

    form = _format(file)
    project, _ = read_all(directory)
    store = open_store(store_url(project.directory, project.section("serve", ServeSettings).store))
    try:
        count = _write(file, written(all_actions(store, KINDS, None), form))
    finally:
        store.close()
    lines = count - 1 if form == "csv" else count
    out.print(f"{lines:,} decisions in {file}", markup=False)


def _format(file: Path) -> Format:
    known: dict[str, Format] = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
    if file.suffix not in known:
        raise ProjectFileError(f"--out {file}: expected a file that ends with {', '.join(known)}")
    return known[file.suffix]


def _write(file: Path, lines: Iterator[str]) -> int:
    count = 0
    try:
        with replaced_file(file) as temporary, temporary.open("w", encoding="utf-8", newline="") as opened:
            for text in lines:
                opened.write(text)
                count += 1
    except OSError as error:
        raise SinkError(f"{file}: {error.strerror or error}") from error
    return count
