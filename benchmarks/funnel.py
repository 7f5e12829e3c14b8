"""Forecasts of the open pipeline against what came, in simulated worlds, at several past dates.

Writes `docs/benchmarks/funnel.md`. Run with `make bench-funnel`; takes some minutes.

At each date the funnel sees what was dated before it. What then came of the very leads that were open is counted in the
same world later.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.funnel_page import page
from features.histories import build_histories
from features.project import read_project
from features.simulate import WorldSettings, simulate
from features.tables import read_tables
from features.windows import DAY_US
from serving.funnel_forecast import model_forecasts
from training.dataset import Dataset, dataset_of
from training.evaluation import Estimate
from training.funnel.forecast import forecasts
from training.funnel.found import Forecast
from training.funnel.reached import STAGES, Reached
from training.funnel.run import Ground, open_leads, reached_on
from training.model import fit_model
from training.settings import TrainingSettings, read_training_settings

CLOCK = pd.Timestamp("2027-01-01", tz="UTC").to_pydatetime()
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "funnel.md"
LEADS = 6_000
STEADY, DRIFTING = range(271, 287), range(287, 291)
"""Seeds; none was looked at while the method was made."""
MONTHS = (12, 15, 18, 20)
"""Past dates, in months from the beginning of a world of 24."""
MODEL_MONTHS = (15, 20)
"""Those at which a model is trained as well."""
TREES = 120


@dataclass(frozen=True, slots=True)
class Check:
    """A forecast at a past date of a world, and what came."""

    world: str
    seed: int
    month: int
    stage: str
    days: int
    by: str
    number: Estimate
    came: int


@dataclass(frozen=True, slots=True)
class World:
    """A simulated world, read whole."""

    kind: str
    seed: int
    ground: Ground
    dataset: Dataset


def main() -> None:
    """Run all worlds and write the page."""
    checks = [check for world in worlds() for check in checks_of(world)]
    PAGE.write_text(page(checks, LEADS), encoding="utf-8")
    print(f"wrote {PAGE}")


def worlds() -> Iterator[World]:
    """Steady worlds, and worlds whose last quarter wins more rarely."""
    for kind, seeds in (("steady", STEADY), ("drifting", DRIFTING)):
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                simulate(Path(folder), WorldSettings(leads=LEADS, seed=seed, drift=kind == "drifting"))
                project = read_project(Path(folder))
                settings = _quick(read_training_settings(project))
                tables = read_tables(project, clock=CLOCK)
            histories = build_histories(tables, project.hygiene)
            dataset = dataset_of(project, settings, tables, histories)
            yield World(kind, seed, Ground(project, settings, tables, histories), dataset)


def _quick(settings: TrainingSettings) -> TrainingSettings:
    from dataclasses import replace

    return replace(settings, model=settings.model.model_copy(update={"max_trees": TREES, "threads": 1}))


def checks_of(world: World) -> Iterator[Check]:
    """All forecasts at all dates of a world."""
    whole = reached_on(world.ground, world.dataset.observed_until)
    start = pd.Timestamp(WorldSettings().start)
    for month in MONTHS:
        as_of = int((start + pd.DateOffset(months=month)).value // 1000)
        found = reached_on(world.ground, as_of)
        told = list(forecasts(found, open_leads(world.ground, found)))
        if month in MODEL_MONTHS:
            told += _by_model(world, found)
        print(f"{world.kind} {world.seed}, month {month}: {len(told)} forecasts", flush=True)
        for one in told:
            came = _came(world, found, whole, one)
            yield Check(world.kind, world.seed, month, one.stage, one.days, one.by, one.number, came)


def _came(world: World, found: Reached, whole: Reached, one: Forecast) -> int:
    """How many of the leads that were open, and not there yet, reached the stage within the days."""
    stage = STAGES.index(one.stage)
    place = np.searchsorted(whole.lead, found.lead)
    later = whole.time[place, stage]
    waiting = (found.time[:, stage] >= found.as_of) & open_leads(world.ground, found)(found.as_of)
    return int((waiting & (later < found.as_of + one.days * DAY_US)).sum())


def _by_model(world: World, found: Reached) -> tuple[Forecast, ...]:
    """Wins by a model trained on what was known at the date."""
    ground, dataset = world.ground, world.dataset
    known = np.flatnonzero(dataset.rows.end <= found.as_of)
    model = fit_model(ground.project, ground.settings, dataset, known, found.as_of)
    return model_forecasts(ground, found, model.trained)


if __name__ == "__main__":
    main()
