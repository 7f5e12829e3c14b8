"""A feature table that was written on an earlier day, against the features of today's data for the same rows.

Equal, bit for bit, unless rows were back-dated or corrected since. `ripelead check --against FILE` shows which.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from features.build import build_features
from features.catalog import Catalog, Family, FeatureDef
from features.errors import ProjectFileError
from features.histories import Histories
from features.identifiers import positions_of
from features.project import Project
from features.snapshots import Snapshots
from features.tables import Tables
from features.times import microseconds
from features.windows import Floats
from training.dataset import load_dataset
from training.differences import Difference, Seen, differences, moment_of, same_bits
from training.model import learn_catalog
from training.settings import TrainingSettings

LEADING = ("lead_id", "as_of", "label", "matured")
# They rest on which kinds and attributes have a place of their own.
POOLING: frozenset[Family] = frozenset({"variety", "entropy", "first_kind", "last_kind", "profile_filled"})
SHOWN_EVENTS = 5
_OF_LEADS = "creation times or accounts of leads have been corrected"
CAUSES: Mapping[Family, str] = {
    "lead_age_days": "the creation time of the lead has been corrected",
    "colleagues": _OF_LEADS,
    "profile_filled": "exported values have changed: without a change history attributes are not point in time",
    "criterion_met": "assessments have been added, corrected or removed",
    "criterion_age_days": "assessments have been added, corrected or removed",
    "criteria_met": "assessments have been added, corrected or removed",
    "criteria_known": "assessments have been added, corrected or removed",
}


@dataclass(frozen=True, slots=True)
class Late:
    """Interactions of a kind dated before the rows' as-of dates: how many are new since, how many gone, of how many
    leads; `lead_id` is one of them, and `times` are the latest of its interactions that are there today.
    """

    kind: str
    added: int
    removed: int
    leads: int
    lead_id: str
    times: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """What the comparison with an earlier table found.

    `rows` counts rows of both, `gone` rows of the table whose lead is no longer there; `leads` is how many leads
    differ in some feature. `late` is what the counts of whole histories tell. `skipped` could not be compared.
    """

    rows: int
    gone: int
    features: int
    leads: int
    differences: tuple[Difference, ...]
    late: tuple[Late, ...]
    skipped: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether every row that is still there has the values that it had."""
        return not self.differences


def compare_with(project: Project, settings: TrainingSettings, tables: Tables, path: Path) -> Compared:
    """The table that `ripelead features --out` wrote to `path` some days ago, compared with the data of today.

    Raises:
        ProjectFileError: no such file, or not such a table.
        InputContractError: no snapshot has a known outcome.
    """
    earlier = read_earlier(path)
    dataset = load_dataset(project, settings, tables)
    catalog, _ = learn_catalog(project, settings.model, dataset, np.arange(len(dataset.snapshots)))
    catalog, skipped = _comparable(catalog, earlier)
    rows = _still_there(earlier, dataset.histories)
    now, then = _now(dataset.histories, tables, rows, catalog), _then(rows, catalog)
    _forgive_pooled(catalog, then.values, now.values)
    differs = ~same_bits(then.values, now.values).all(axis=1)
    return Compared(
        rows=len(rows),
        gone=len(earlier) - len(rows),
        features=len(catalog.features),
        leads=len(set(now.lead_ids[differs])),
        differences=differences(catalog, then, now, lambda feature, row: _cause(catalog, feature, now.as_of[row])),
        late=_late(tables, catalog, then, now),
        skipped=skipped,
    )


def read_earlier(path: Path) -> pd.DataFrame:
    """A feature table as `ripelead features --out` writes it.

    Raises:
        ProjectFileError: no such file, not Parquet, or without lead_id and as_of.
    """
    expected = "expected a Parquet file written by `ripelead features --out` on an earlier day"
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise ProjectFileError(f"--against {path}: cannot be read: {expected}") from error
    if missing := [name for name in LEADING[:2] if name not in table]:
        raise ProjectFileError(f"--against {path}: has no column {missing[0]!r}: {expected}")
    if not isinstance(table["as_of"].dtype, pd.DatetimeTZDtype):
        raise ProjectFileError(f"--against {path}: as_of is {table['as_of'].dtype}, not a time with a zone: {expected}")
    return table


def _comparable(catalog: Catalog, earlier: pd.DataFrame) -> tuple[Catalog, tuple[str, ...]]:
    """The catalog of what both have and mean the same by, and the names of the rest."""
    given, proposed = set(earlier.columns) - set(LEADING), set(catalog.names)
    kept = {feature.name for feature in catalog.features if feature.name in given and _same_type(feature, earlier)}
    if given != proposed:
        kept -= {feature.name for feature in catalog.features if _pools(feature, catalog)}
    if not kept:
        raise ProjectFileError(
            f"--against: the table has none of the {len(proposed)} features that the project has today: expected one "
            "written for the same project"
        )
    return catalog.keep(frozenset(kept)), tuple(sorted((given | proposed) - kept))


def _same_type(feature: FeatureDef, earlier: pd.DataFrame) -> bool:
    return bool(pd.api.types.is_numeric_dtype(earlier[feature.name])) == (feature.type != "category")


def _pools(feature: FeatureDef, catalog: Catalog) -> bool:
    return feature.family in POOLING or feature.of == f"kind:{len(catalog.kinds)}"


def _still_there(earlier: pd.DataFrame, histories: Histories) -> pd.DataFrame:
    """Rows of leads that there are today, with their number and microseconds, in the order of snapshots."""
    lead = positions_of(earlier["lead_id"], histories.lead_ids)
    rows = earlier.assign(_lead=lead, _as_of=microseconds(earlier["as_of"]))[lead >= 0]
    return rows.sort_values(["_lead", "_as_of"], kind="stable", ignore_index=True)


def _now(histories: Histories, tables: Tables, rows: pd.DataFrame, catalog: Catalog) -> Seen:
    snapshots = Snapshots(rows["_lead"].to_numpy(np.int64), rows["_as_of"].to_numpy(np.int64))
    values = build_features(histories, tables, snapshots, catalog).values
    return Seen(histories.lead_ids[snapshots.lead], snapshots.as_of, np.ascontiguousarray(values))


def _then(rows: pd.DataFrame, catalog: Catalog) -> Seen:
    columns = [_codes(rows[feature.name], feature, catalog) for feature in catalog.features]
    ids, as_of = rows["lead_id"].to_numpy(object), rows["_as_of"].to_numpy(np.int64)
    return Seen(ids, as_of, np.ascontiguousarray(np.column_stack(columns)))


def _codes(column: pd.Series, feature: FeatureDef, catalog: Catalog) -> Floats:
    """Values of the written table as the kernel has them: categories as codes."""
    if feature.type != "category":
        return column.to_numpy(np.float64, na_value=np.nan)
    names = _names(feature, catalog)
    position = positions_of(column, names)
    return np.where(column.isna(), np.nan, np.where(position < 0, len(names), position))


def _names(feature: FeatureDef, catalog: Catalog) -> tuple[str, ...]:
    return catalog.attribute(feature.of or "").categories if feature.family == "attribute" else catalog.kinds


def _forgive_pooled(catalog: Catalog, then: Floats, now: Floats) -> None:
    """A category that only one of the two pools as "other" tells nothing about the data."""
    for column in catalog.categorical:
        other = len(_names(catalog.features[column], catalog))
        pooled = (then[:, column] == other) | (now[:, column] == other)
        then[pooled, column] = now[pooled, column]


def _late(tables: Tables, catalog: Catalog, then: Seen, now: Seen) -> tuple[Late, ...]:
    """From the counts of whole histories, at each lead's last row."""
    last = np.flatnonzero(np.append(now.lead_ids[1:] != now.lead_ids[:-1], True)[: len(now.lead_ids)])
    found = []
    for column, feature in enumerate(catalog.features):
        more = now.values[last, column] - then.values[last, column]
        if not _counts_a_kind(feature) or not more.any():
            continue
        row = int(last[np.argmax(more) if more.max() > 0 else np.argmin(more)])
        found.append(
            Late(
                kind=_kind(feature, catalog) or "(rarer kinds)",
                added=int(more[more > 0].sum()),
                removed=-int(more[more < 0].sum()),
                leads=int((more != 0).sum()),
                lead_id=str(now.lead_ids[row]),
                times=_times(tables, catalog, feature, (now, row)),
            )
        )
    return tuple(sorted(found, key=lambda late: (-late.leads, late.kind)))


def _counts_a_kind(feature: FeatureDef) -> bool:
    whole = feature.family == "count" and feature.owner == "lead" and feature.days is None
    return whole and (feature.of or "").startswith("kind:")


def _kind(feature: FeatureDef, catalog: Catalog) -> str | None:
    """Name of the kind that a feature counts; None for the pooled ones."""
    code = int((feature.of or "").removeprefix("kind:"))
    return catalog.kinds[code] if code < len(catalog.kinds) else None


def _times(tables: Tables, catalog: Catalog, feature: FeatureDef, row: tuple[Seen, int]) -> tuple[datetime, ...]:
    """Times of the latest interactions that the feature counts today: those not seen then are among them."""
    seen, at = row
    mine = tables.interactions[tables.interactions["lead_id"] == seen.lead_ids[at]]
    kind = _kind(feature, catalog)
    chosen = mine["kind"] == kind if kind is not None else ~mine["kind"].isin(catalog.kinds)
    times = mine.loc[chosen & (mine["occurred_at"] < moment_of(seen.as_of[at])), "occurred_at"]
    return tuple(time.to_pydatetime() for time in times.sort_values(ascending=False).head(SHOWN_EVENTS))


def _cause(catalog: Catalog, feature: FeatureDef, as_of: int) -> str:
    before = f"dated before {moment_of(as_of):%Y-%m-%d %H:%M} UTC"
    if feature.family == "attribute":
        if catalog.attribute(feature.of or "").tracked:
            return f"changes of the field {before} have been added, corrected or removed"
        return "the exported value has changed: without a change history (lead_changes) it is not point in time"
    if feature.family in CAUSES:
        return CAUSES[feature.family]
    return f"interactions {before} have been added, corrected or removed"
