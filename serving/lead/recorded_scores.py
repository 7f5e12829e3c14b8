"""A score as it was recorded: one lead's row of a score file that an earlier run wrote, and the model of then."""

import csv
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from features.errors import ModelRefusedError, ProjectFileError
from serving.lead.movement import Then
from training.bundle import Bundle, load_bundle
from training.registry import Registry

COLUMNS = ("lead_id", "as_of", "score", "propensity", "model_version")
EXPECTED = "expected a Parquet file, or a CSV file in the dialect iso, that `ripelead score` wrote"


def read_recorded(path: Path, lead_id: str, since: datetime | None) -> Then:
    """The score of a lead in an earlier score file; `since` is the date it must be of (None: any).

    Raises:
        ProjectFileError: no such file, not a score file, or without this lead or this date.
    """
    try:
        found = list(_rows(path, lead_id))
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:  # pyarrow's errors are among them
        raise ProjectFileError(f"--against {path}: cannot be read ({error}): {EXPECTED}") from error
    if not found:
        raise ProjectFileError(f"--against {path}: has no lead {lead_id!r}: it was not open, or not scored, then")
    fitting = [then for then in found if since is None or then.as_of == since]
    if not fitting:
        dates = ", ".join(sorted({f"{then.as_of:%Y-%m-%dT%H:%M:%SZ}" for then in found})[:5])
        raise ProjectFileError(f"--against {path}: lead {lead_id!r} was scored as of {dates}: give that as --since")
    return fitting[-1]


def _rows(path: Path, lead_id: str) -> Iterator[Then]:
    rows = _parquet_rows(path, lead_id) if path.suffix.lower() == ".parquet" else _csv_rows(path, lead_id)
    for row in rows:
        as_of = row["as_of"]
        moment = as_of if isinstance(as_of, datetime) else datetime.fromisoformat(str(as_of))
        if moment.tzinfo is None:
            raise ValueError("as_of without a time zone")
        score, propensity = int(str(row["score"])), float(str(row["propensity"]))
        if not (0 <= score <= 100 and 0 <= propensity <= 1):
            raise ValueError(f"score {score}, propensity {propensity}")
        yield Then(moment.astimezone(UTC), score, propensity, str(row["model_version"]))


def _parquet_rows(path: Path, lead_id: str) -> Iterator[Mapping[str, object]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=list(COLUMNS), filters=[("lead_id", "=", lead_id)])
    yield from table.to_pylist()


def _csv_rows(path: Path, lead_id: str) -> Iterator[Mapping[str, object]]:
    """Rows of the lead, whose id may have got the apostrophe that keeps spreadsheets from running it."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # reasons are one long cell
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise ValueError(f"no column {min(missing)}")
        yield from (row for row in reader if row["lead_id"] in (lead_id, f"'{lead_id}"))


def model_of(registry: Registry, version: str | None, present: Bundle) -> Bundle | None:
    """The model whose id starts with `version`; None when it is not known, no longer kept, or no longer loads."""
    if not version:
        return None
    if present.version.startswith(version):
        return present
    folder = registry.kept(version)
    if folder is None:
        return None
    try:
        return load_bundle(folder)
    except ModelRefusedError:
        return None
