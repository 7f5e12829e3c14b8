"""Replay: features of past dates from all the data, against features from what was known on those dates.

Equal, bit for bit, or the feature table sees the future. `ripelead check --replay` does it on a project's own data.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from features.build import build_features
from features.catalog import Catalog, FeatureDef
from features.deals import deals_by_lead
from features.errors import InputContractError
from features.histories import build_histories, restrict
from features.project import Project
from features.snapshots import closings_by_lead, is_open, snapshots_at
from features.tables import Tables
from training.dataset import load_dataset
from training.differences import Difference, Seen, differences, joined, moment_of, same_bits
from training.model import learn_catalog
from training.settings import TrainingSettings

WEEKS = 4
MOST_LEADS = 5_000
DEFECT = "a defect of ripelead, please report it"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay found.

    `rows` counts compared pairs of lead and date, `openness` names leads that are open on a date only in one of the
    two; `as_exported` are the attributes without a change history: only their value of today is known, for both.
    """

    dates: tuple[datetime, ...]
    rows: int
    features: int
    differences: tuple[Difference, ...]
    openness: tuple[str, ...]
    as_exported: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether every date gives what it gave on its day."""
        return not self.differences and not self.openness


def replay(
    project: Project,
    settings: TrainingSettings,
    tables: Tables,
    dates: Sequence[datetime],
    rng: np.random.Generator,
    most: int = MOST_LEADS,
) -> Replayed:
    """Features of the open leads as of `dates` (aware), twice: from `tables`, and from what was known then.

    Both use one catalog, proposed from all training snapshots. At most `most` leads a date are drawn, each looked at
    with its whole account.

    Raises:
        InputContractError: leads have no creation times, or no snapshot has a known outcome.
    """
    refuse_untimed(tables)
    dataset = load_dataset(project, settings, tables)
    catalog, _ = learn_catalog(project, settings.model, dataset, np.arange(len(dataset.snapshots)))
    found = [_replayed(settings, tables, catalog, date, (rng, most)) for date in dates]
    now = joined([today for today, _, _ in found])
    then = joined([past for _, past, _ in found])

    def cause(feature: FeatureDef, row: int) -> str:
        value = float(then.values[row, catalog.names.index(feature.name)])
        return _cause(settings, tables, catalog, feature, (now.take(np.array([row])), value))

    return Replayed(
        dates=tuple(dates),
        rows=len(now.lead_ids),
        features=len(catalog.features),
        differences=differences(catalog, then, now, cause),
        openness=tuple(sorted({name for _, _, names in found for name in names})),
        as_exported=tuple(code.name for code in catalog.attributes if not code.tracked),
    )


def last_weeks(data_end: datetime, weeks: int = WEEKS) -> tuple[datetime, ...]:
    """One date a week before the data's end, so that all of them have something behind them."""
    return tuple(data_end - timedelta(weeks=back) for back in range(weeks, 0, -1))


def refuse_untimed(tables: Tables) -> None:
    """Refuse data without dates.

    Raises:
        InputContractError: leads have no creation times.
    """
    if not tables.timed:
        raise InputContractError(
            "leads have no creation times, so what was known on a past date cannot be told: expected created_at in "
            "[tables.leads]; without it there is nothing to replay"
        )


def known_at(tables: Tables, moment: datetime) -> Tables:
    """The tables as they stood at `moment`: rows dated before it, leads created by then, later closings still open.

    Attributes of leads and accounts stay as exported: when they came to their values is not recorded.
    """
    leads = tables.leads[~(tables.leads["created_at"] > moment)]

    def past(frame: pd.DataFrame, time: pd.Series) -> pd.DataFrame:
        known = ~(time >= moment) & (frame["lead_id"].isna() | frame["lead_id"].isin(leads["lead_id"]))
        return frame[known]

    deals = past(tables.deals, tables.deals["opened_at"].fillna(tables.deals["closed_at"]))
    later = deals["closed_at"] >= moment
    return replace(
        tables,
        leads=leads,
        interactions=past(tables.interactions, tables.interactions["occurred_at"]),
        deals=deals.assign(status=deals["status"].mask(later, "open"), closed_at=deals["closed_at"].mask(later)),
        lead_changes=past(tables.lead_changes, tables.lead_changes["changed_at"]),
        assessments=past(tables.assessments, tables.assessments["assessed_at"]),
        decisions=past(tables.decisions, tables.decisions["decided_at"]),
    )


def _replayed(
    settings: TrainingSettings, tables: Tables, catalog: Catalog, date: datetime, draw: tuple[np.random.Generator, int]
) -> tuple[Seen, Seen, list[str]]:
    """Features of drawn leads open at `date`: today's, those of the day, and the leads open in only one of the two."""
    rng, most = draw
    created = tables.leads.loc[tables.leads["created_at"] <= date, "lead_id"]
    drawn = created.iloc[np.sort(rng.permutation(len(created))[:most])]
    around = tables if len(drawn) == len(created) else restrict(tables, pd.Index(drawn))
    now = features_at(settings, around, catalog, date).take_leads(drawn)
    then = features_at(settings, known_at(around, date), catalog, date).take_leads(drawn)
    both = pd.Series(np.intersect1d(now.lead_ids, then.lead_ids), dtype=object)
    only = np.setxor1d(now.lead_ids, then.lead_ids)
    return now.take_leads(both), then.take_leads(both), only.tolist()


def features_at(settings: TrainingSettings, tables: Tables, catalog: Catalog, date: datetime) -> Seen:
    """Features of all leads that are open at `date`, by lead_id."""
    histories = build_histories(tables, catalog.hygiene)
    snapshots = snapshots_at(histories, date)
    if settings.label.column is None and not settings.label.repeat:
        deals = deals_by_lead(tables, settings.label.deals_of_account)
        snapshots = snapshots.take(is_open(closings_by_lead(deals, histories.lead_ids), snapshots))
    table = build_features(histories, tables, snapshots, catalog)
    seen = Seen(histories.lead_ids[snapshots.lead], snapshots.as_of, table.values)
    return seen.take(np.argsort(seen.lead_ids, kind="stable"))


def _cause(
    settings: TrainingSettings, tables: Tables, catalog: Catalog, feature: FeatureDef, row: tuple[Seen, float]
) -> str:
    """The table whose later rows make the difference: the value of the day comes back when they alone are left out."""
    seen, then = row
    date = moment_of(seen.as_of[0])
    around = restrict(tables, pd.Index(seen.lead_ids))
    past, column = known_at(around, date), catalog.names.index(feature.name)
    for name in ("interactions", "lead_changes", "assessments", "deals", "leads"):
        changed = replace(around, **{name: getattr(past, name)})
        values = features_at(settings, changed, catalog, date).take_leads(pd.Series(seen.lead_ids)).values
        if len(values) and same_bits(values[:1, column], np.array([then])).all():
            return f"rows of {name} dated {date:%Y-%m-%d %H:%M} UTC or later are seen: {DEFECT}"
    return f"not found in one table alone: {DEFECT}"
