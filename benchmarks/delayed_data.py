"""Cuts: simulated worlds and Olist as they were known at an earlier date, with what is true of the newest snapshots."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.delayed_methods import Cut
from benchmarks.truth import true_propensity
from features.project import read_project
from features.tables import Tables, read_tables
from features.windows import DAY_US, Ints
from training.dataset import Dataset, load_dataset
from training.settings import TrainingSettings, read_training_settings

CLOCK = datetime(2027, 1, 1, tzinfo=UTC)
EXAMPLE = Path(__file__).parent.parent / "examples" / "olist"
LOGS = {
    "interactions": "occurred_at",
    "lead_changes": "changed_at",
    "assessments": "assessed_at",
    "decisions": "decided_at",
}


def cut_tables(tables: Tables, end: datetime) -> Tables:
    """The tables as they were at `end`: later rows are not there, and deals that closed later are still open."""
    moment = pd.Timestamp(end)
    leads = tables.leads[tables.leads["created_at"] <= moment].reset_index(drop=True)
    cut = {name: _until(getattr(tables, name), column, moment, leads) for name, column in LOGS.items()}
    deals = tables.deals[tables.deals["lead_id"].isin(leads["lead_id"]) & ~(tables.deals["opened_at"] > moment)]
    later = deals["closed_at"] > moment
    deals = deals.assign(
        status=deals["status"].where(~later, "open"), closed_at=deals["closed_at"].where(~later)
    ).reset_index(drop=True)
    return replace(tables, leads=leads, deals=deals, data_end=end, **cut)


def _until(rows: pd.DataFrame, column: str, moment: pd.Timestamp, leads: pd.DataFrame) -> pd.DataFrame:
    known = rows["lead_id"].isna() | rows["lead_id"].isin(leads["lead_id"])
    return rows[known & (rows[column] <= moment)].reset_index(drop=True)


def world_cut(directory: Path, months: int) -> Cut:
    """A world after so many months; the newest rows are those of the last 90 days, with their true probability."""
    project = read_project(directory)
    settings = _settings(read_training_settings(project))
    tables = read_tables(project, clock=CLOCK)
    end = (tables.leads["created_at"].min().floor("D") + pd.DateOffset(months=months)).replace(day=1)
    dataset = load_dataset(project, settings, cut_tables(tables, end.to_pydatetime()))
    newest = _newest(dataset, 90)
    lead_ids, as_of = _names(dataset, newest)
    return Cut(project, settings, dataset, 90, newest, true_propensity(directory, lead_ids, as_of))


def olist_cut(end: datetime) -> Cut:
    """Olist at a date; the newest rows are those of the last 30 days (its horizon), with what became of them."""
    project = read_project(EXAMPLE)
    settings = _settings(read_training_settings(project))
    tables = read_tables(project, clock=CLOCK)
    dataset = load_dataset(project, settings, cut_tables(tables, end))
    later = load_dataset(project, settings, tables)
    newest = _newest(dataset, 30)
    became = pd.Series(later.label, index=later.histories.lead_ids[later.snapshots.lead])
    lead_ids, _ = _names(dataset, newest)
    return Cut(project, settings, dataset, 30, newest, became.loc[lead_ids].to_numpy(np.float64))


def _settings(settings: TrainingSettings) -> TrainingSettings:
    # One thread: no other model, and no two runs that wait for each other's cores.
    return replace(settings, model=settings.model.model_copy(update={"threads": 1}))


def _newest(dataset: Dataset, days: int) -> Ints:
    as_of, until = dataset.snapshots.as_of, dataset.observed_until
    return np.flatnonzero((as_of > until - days * DAY_US) & (as_of < until - 1))


def _names(dataset: Dataset, rows: Ints) -> tuple[pd.Series, pd.Series]:
    seen = dataset.snapshots.take(rows)
    return (
        pd.Series(dataset.histories.lead_ids[seen.lead]),
        pd.Series(pd.to_datetime(seen.as_of, unit="us", utc=True)),
    )
