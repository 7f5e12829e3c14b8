"""Drift of features: how often unchanged worlds are said to have shifted, and whether planted changes are found.

Writes `docs/benchmarks/drift.md`. Run with `make bench-drift`; takes some minutes.

A model is trained on what was known at month 15 of simulated worlds of two years; leads of the 30 days before months
15, 18, 21 and 24 are compared with its training rows. A change is planted in the last 30 days before month 24.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.build import FeatureTable
from features.project import read_project
from features.simulate import WorldSettings, simulate
from features.tables import Tables, read_tables
from features.windows import DAY_US, Ints
from training.dataset import Dataset, load_dataset
from training.drift import FeatureDrift, Reference, drift_of, spread_of, units_of
from training.model import Fitted, features_of, fit_model
from training.settings import TrainingSettings, read_training_settings

CLOCK = pd.Timestamp("2027-01-01", tz="UTC").to_pydatetime()
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "drift.md"
LEADS, SEEDS = 6_000, range(711, 723)
"""No seed was looked at while the method was made."""
TRAINED, MONTHS, TREES = 15, (15, 18, 21, 24), 80
DAYS = 30


def empty_column(tables: Tables, _since: pd.Timestamp) -> Tables:
    """An attribute of accounts is not exported any more."""
    return replace(tables, accounts=tables.accounts.assign(employees=np.nan))


def renamed(kind: str) -> Callable[[Tables, pd.Timestamp], Tables]:
    """A kind of interaction has a name from a time on that the model does not know."""

    def changed(tables: Tables, since: pd.Timestamp) -> Tables:
        found = tables.interactions
        later = (found["kind"] == kind) & (found["occurred_at"] >= since)
        return replace(tables, interactions=found.assign(kind=found["kind"].mask(later, "renamed")))

    return changed


def half_a_feed(tables: Tables, since: pd.Timestamp) -> Tables:
    """Every second interaction is missing from a time on."""
    late = (tables.interactions["occurred_at"] >= since).to_numpy()
    lost = late & (np.arange(len(late)) % 2 == 0)
    return replace(tables, interactions=tables.interactions[~lost].reset_index(drop=True))


PLANTS: Mapping[str, Callable[[Tables, pd.Timestamp], Tables]] = {
    "a column of accounts became empty": empty_column,
    "the most common kind of interaction was renamed": renamed("page_view"),
    "a kind that few leads have was renamed": renamed("pricing_page_view"),
    "every second interaction is missing": half_a_feed,
}


@dataclass(frozen=True, slots=True)
class Look:
    """What was found at a date of a world; `what` is the planted change, None: there is none."""

    seed: int
    month: int
    what: str | None
    leads: int
    found: tuple[FeatureDrift, ...]


def main() -> None:
    """Run all worlds and write the page."""
    looks = [look for seed in SEEDS for look in looks_at(seed)]
    PAGE.write_text(page(looks), encoding="utf-8")
    print(f"wrote {PAGE}")


def looks_at(seed: int) -> Iterator[Look]:
    """All looks at one world."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder), WorldSettings(leads=LEADS, seed=seed))
        project = read_project(Path(folder))
        settings = _quick(read_training_settings(project))
        tables = read_tables(project, clock=CLOCK)
    whole = load_dataset(project, settings, tables)
    known = np.flatnonzero(whole.rows.end <= _moment(TRAINED))
    model = fit_model(project, settings, whole, known, _moment(TRAINED))
    reference = reference_of(features_of(whole, known, model.trained.catalog))
    for month in MONTHS:
        yield Look(seed, month, None, *compared(whole, model, reference, _moment(month)))
    end = _moment(MONTHS[-1])
    for what, plant in PLANTS.items():
        changed = load_dataset(project, settings, plant(tables, pd.Timestamp((end - DAYS * DAY_US) * 1000, tz="UTC")))
        yield Look(seed, MONTHS[-1], what, *compared(changed, model, reference, end))
    print(f"world {seed}", flush=True)


def reference_of(table: FeatureTable) -> Reference:
    """What a bundle keeps of its training rows."""
    return Reference(len(np.unique(table.snapshots.lead)), tuple(spread_of(column) for column in table.values.T))


def compared(dataset: Dataset, model: Fitted, reference: Reference, end: int) -> tuple[int, tuple[FeatureDrift, ...]]:
    """Leads of the 30 days before a time, and their features against those of training."""
    at, catalog = dataset.snapshots.as_of, model.trained.catalog
    rows: Ints = np.flatnonzero((at > end - DAYS * DAY_US) & (at <= end))
    lead = dataset.snapshots.lead[rows]
    account = np.searchsorted(dataset.histories.account_start, lead, side="right")
    units = units_of(lead, account)
    used = model.trained.booster.feature_importance("split") > 0
    return units.leads, tuple(drift_of(reference, features_of(dataset, rows, catalog).values, units, catalog, used))


def page(looks: list[Look]) -> str:
    """The page as Markdown."""
    quiet = "\n".join(
        _quiet(month, [one for one in looks if one.what is None and one.month == month]) for month in MONTHS
    )
    planted = "\n".join(_planted(what, [one for one in looks if one.what == what]) for what in PLANTS)
    leads = [one.leads for one in looks if one.what is None]
    return f"""# Drift of features

<!-- Made by `python -m benchmarks.drift`; do not edit. -->

{len(SEEDS)} simulated worlds of {LEADS:,} leads in two years, {min(leads)} to {max(leads)} of them in 30 days. A model
is trained on what was known at month {TRAINED}; leads of the 30 days before a date are compared with its training rows,
as [drift.md](../drift.md) says. No seed was looked at while the method was made.

## Worlds that do not change

| date | worlds | with a feature that shifted | features that shifted, of all | that moved far |
|---|--:|--:|--:|--:|
{quiet}

## Changes planted in the 30 days before month {MONTHS[-1]}

| change | worlds | noticed: some feature shifted | moved far | most often first |
|---|--:|--:|--:|---|
{planted}
"""


def _quiet(month: int, looks: list[Look]) -> str:
    of_all = [one for look in looks for one in look.found]
    shifted = [one for one in of_all if one.level != "steady"]
    far = sum(one.level == "moved" for one in of_all)
    worlds = sum(any(one.level != "steady" for one in look.found) for look in looks)
    return f"| month {month} | {len(looks)} | {worlds} | {len(shifted)} of {len(of_all):,} | {far} |"


def _planted(what: str, looks: list[Look]) -> str:
    noticed = sum(any(one.level != "steady" for one in look.found) for look in looks)
    far = sum(any(one.level == "moved" for one in look.found) for look in looks)
    first = pd.Series([look.found[0].feature for look in looks]).mode()[0]
    return f"| {what} | {len(looks)} | {noticed} | {far} | `{first}` |"


def _moment(month: int) -> int:
    return int((pd.Timestamp(WorldSettings().start) + pd.DateOffset(months=month)).value // 1000)


def _quick(settings: TrainingSettings) -> TrainingSettings:
    return replace(settings, model=settings.model.model_copy(update={"max_trees": TREES, "threads": 1}))


if __name__ == "__main__":
    main()
