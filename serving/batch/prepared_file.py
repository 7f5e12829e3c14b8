"""What preparing found, beside the prepared rows: written last, so it says that they are complete."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from serving.batch.prepare import Prepared
from serving.batch.work_folder import whole_file

NAME = "prepared.json"


@dataclass(frozen=True, slots=True)
class Facts:
    """Row accounting of a run.

    `rows_in` rows of leads came in, `leads` of them were used, `closed` of these are not scored; `quarantined` were
    not used. `quarantined_rows` of `rows_read` rows of all tables were not used; hygiene left out `left_out`
    interactions.
    """

    rows_in: int
    leads: int
    closed: int = 0
    quarantined: int = 0
    quarantined_rows: int = 0
    rows_read: int = 0
    left_out: int = 0


def facts_of(prepared: Prepared) -> Facts:
    """The row accounting of prepared rows."""
    counts = {count.table: count for count in prepared.tables.counts}
    return Facts(
        rows_in=counts["leads"].read,
        leads=prepared.leads,
        closed=prepared.closed,
        quarantined=counts["leads"].quarantined,
        quarantined_rows=sum(count.quarantined for count in counts.values()),
        rows_read=sum(count.read for count in counts.values()),
        left_out=sum(prepared.left_out.values()),
    )


def write_facts(folder: Path, key: str, rows: Path, facts: Facts) -> None:
    """Say that the rows are complete."""
    said = {"run_key": key, "bytes": rows.stat().st_size, "facts": asdict(facts)}
    with whole_file(folder / NAME) as part:
        part.write_text(json.dumps(said), encoding="utf-8")


def read_facts(folder: Path, key: str, rows: Path) -> Facts | None:
    """The facts of complete rows; None where there are none, or they are of another run."""
    try:
        said = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if (said["run_key"], said["bytes"]) != (key, rows.stat().st_size):
            return None
        return Facts(**said["facts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
