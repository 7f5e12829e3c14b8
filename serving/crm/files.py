"""Files that CRMs import: CSV for HubSpot and for Salesforce's data loader, JSON for Dynamics 365."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from features.crm_settings import CrmField, DynamicsSettings
from features.files import replaced_file
from features.quarantine import safe_cell
from serving.crm.rows import CrmRows, Refused
from serving.csv_dialects import DIALECTS, csv_writer

FORMULA = "the id starts like a formula and would not be safe in a spreadsheet; crm-push can send it"
NO_GUID = "the id is no GUID, which Dynamics wants"
_GUID = re.compile(r"\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?", re.IGNORECASE)
# The band stands where the grade will.
DYNAMICS: tuple[tuple[CrmField, str], ...] = (
    ("score", "msdyn_score"),
    ("band", "msdyn_grade"),
    ("as_of", "msdyn_scoredon"),
)
IMPROVING, STEADY, DECLINING, NOT_ENOUGH_INFO = 0, 1, 2, 3


def write_import_csv(rows: CrmRows, id_name: str, path: Path) -> CrmRows:
    """Write a CSV import file, the id first; gives the rows that are in it.

    An id that would have to be changed to be safe in a spreadsheet is refused: it would find another record, or make
    one.

    Raises:
        SinkError: it cannot be written.
    """
    safe = [safe_cell(one) == one for one in rows.ids]
    kept = rows.take(safe, (Refused(lead, FORMULA) for lead, fits in zip(rows.lead_ids, safe, strict=True) if not fits))
    table = kept.values.add_column(0, id_name, pa.array(kept.ids, pa.string()))
    with replaced_file(path) as temporary, csv_writer(temporary, DIALECTS["crm"]) as write:
        write(table)
    return kept


def write_dynamics(rows: CrmRows, settings: DynamicsSettings, before: Mapping[str, int], path: Path) -> CrmRows:
    """Write `msdyn_predictivescores` as JSON; gives the rows that are in it.

    `rows.values` has the columns `DYNAMICS` and own ones; `before` is the score of leads at an earlier time, from which
    the trend follows.

    Source: Microsoft, "Populate predictive scores" and the reference of the table msdyn_predictivescore.

    Raises:
        SinkError: it cannot be written.
    """
    guids = [_GUID.fullmatch(one) for one in rows.ids]
    fits = [one is not None for one in guids]
    kept = rows.take(fits, (Refused(lead, NO_GUID) for lead, fit in zip(rows.lead_ids, fits, strict=True) if not fit))
    records = list(_records(kept, settings, before))
    with replaced_file(path) as temporary:
        temporary.write_text(_as_text(records, settings), encoding="utf-8")
    return kept


def _records(rows: CrmRows, settings: DynamicsSettings, before: Mapping[str, int]) -> Iterator[dict[str, object]]:
    for lead, own, values in zip(rows.lead_ids, rows.ids, rows.values.to_pylist(), strict=True):
        record = {
            **values,
            "msdyn_scoretrend": trend(values["msdyn_score"], before.get(lead), settings.trend_points),
            "msdyn_grade": settings.grades.get(values["msdyn_grade"]),
            "msdyn_entityid": own.strip("{}").lower(),
            "msdyn_entitytype": settings.entity_type,
        }
        yield {name: _json(value) for name, value in record.items() if value is not None}


def _json(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return float(value) if isinstance(value, Decimal) else value


def trend(score: int, before: int | None, points: int) -> int:
    """Dynamics' code of a change since an earlier score.

    >>> trend(60, 50, 3), trend(51, 50, 3), trend(40, 50, 3), trend(40, None, 3)
    (0, 1, 2, 3)
    """
    if before is None:
        return NOT_ENOUGH_INFO
    if abs(score - before) < points:
        return STEADY
    return IMPROVING if score > before else DECLINING


def _as_text(records: list[dict[str, object]], settings: DynamicsSettings) -> str:
    if settings.form == "records":
        return json.dumps(records, ensure_ascii=False, indent=1) + "\n"
    targets = [_target(record) for record in records]
    bodies = [targets[start : start + settings.targets] for start in range(0, len(targets), settings.targets)]
    return "".join(json.dumps({"Targets": body}, ensure_ascii=False) + "\n" for body in bodies)


def _target(record: dict[str, object]) -> dict[str, object]:
    """A record of UpsertMultiple, which finds it by the alternate key of the table."""
    key = f"msdyn_entityid='{record['msdyn_entityid']}',msdyn_entitytype='{record['msdyn_entitytype']}'"
    return {
        "@odata.type": "Microsoft.Dynamics.CRM.msdyn_predictivescore",
        "@odata.id": f"msdyn_predictivescores({key})",
        **record,
    }
