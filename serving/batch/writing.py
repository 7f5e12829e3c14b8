"""The last step of a run: ranked scores into their target, then the marker that says they are complete."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from features.engines.ordered_results import in_order
from serving.batch.ranked_groups import Ranked
from serving.batch.steps import Steps
from serving.batch.summary import Summary
from serving.batch.work_folder import Place, sync, whole_file
from serving.sinks import FileTarget, TableTarget, open_writer

OUTPUT, MARKER = "output", "marker"


def write_file(target: FileTarget, ranked: Ranked, folder: Path, steps: Steps) -> str:
    """Write the file in the work folder and put it in place; gives its sha256.

    Raises:
        RuntimeError: not every row was written: a defect.
    """
    path = folder / OUTPUT
    written = 0
    with whole_file(path) as part, open_writer(part, target) as write:
        for number, table in enumerate(_rendered(ranked, range(ranked.groups)), start=1):
            write(table)
            written += len(table)
            steps.step("writing", number, ranked.groups)
    _refuse_fewer(written, ranked)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    path.replace(target.path)
    sync(target.path.parent)
    return digest


def write_marker(place: Place, folder: Path, summary: Summary) -> Summary:
    """Say that the output is complete; gives the summary with the marker's path."""
    summary = replace(summary, marker=str(place.marker))
    with whole_file(folder / MARKER) as part:
        part.write_text(summary.to_json() + "\n", encoding="utf-8")
    (folder / MARKER).replace(place.marker)
    sync(place.marker.parent)
    return summary


def write_table(target: TableTarget, ranked: Ranked, key: str, steps: Steps) -> str:
    """Bring the table up to date, a group per transaction; groups committed before a kill are left alone.

    Gives what says that all of it is there.

    Raises:
        SinkError: the database refuses or is gone; the same command goes on with the next group.
        RuntimeError: not every row was written: a defect.
    """
    from serving.database_sink import open_score_table

    with open_score_table(target.url, target.table, key) as table:
        written = dict(table.committed)
        missing = [number for number in range(ranked.groups) if number not in written]
        for number, rows in zip(missing, map(ranked.group, missing), strict=True):
            table.put(number, rows)
            written[number] = len(rows)
            steps.step("writing", len(written), ranked.groups)
        _refuse_fewer(sum(written.values()), ranked)
        return table.finish(ranked.rows)


def _refuse_fewer(written: int, ranked: Ranked) -> None:
    if written != ranked.rows:
        raise RuntimeError(f"{written} of {ranked.rows} rows were written")


def _rendered(ranked: Ranked, numbers: range) -> Iterator[pa.Table]:
    """Groups in order; the next one is rendered while one is written."""
    yield from in_order(2, ranked.group, numbers, 1)
