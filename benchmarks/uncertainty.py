"""Ranges of propensities against the truth of simulated worlds, and on real data sets; leads unlike those of training.

Writes `docs/benchmarks/uncertainty.md`. Run with `make bench-uncertainty`; takes some minutes.

What a range should hold is the win rate of leads that look alike to the model. In a simulated world each lead's true
probability is known, but it rests on a state that features show only in part. So a reference learns the mean of the
true probabilities given the same features, without the noise of outcomes, from a world of its own many times as large.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from benchmarks.real import CASES, EXAMPLES, VARIABLE, Case, _judged, _with_settings
from benchmarks.real import CLOCK as REAL_CLOCK
from benchmarks.truth import true_propensity
from benchmarks.uncertainty_page import page
from features.build import build_features
from features.catalog import Catalog
from features.project import Project, read_project
from features.simulate import WorldSettings, simulate
from features.tables import read_tables
from features.windows import Bools, Floats
from training.dataset import Dataset, load_dataset
from training.judge import usable_rows
from training.model import Fitted, features_of, fit_model, learn_catalog
from training.range_check import RangeGroup, limits_of, range_groups
from training.range_fit import with_uncertainty
from training.settings import TrainingSettings, read_training_settings
from training.uncertainty import Limits

REFERENCE, JUDGING = (9001, 50_000), (9002, 6_000)
"""Seed and leads of the worlds that teach the reference, and whose leads are scored."""
SIZES = {15_000: range(81, 89), 5_000: range(91, 99), 2_000: range(101, 109)}
"""Leads to train on, and seeds; none was looked at while the method was made."""
CLOCK = pd.Timestamp("2027-01-01", tz="UTC").to_pydatetime()
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "uncertainty.md"
HALVES = {"objective": "cross_entropy", "learning_rate": 0.06, "num_leaves": 48, "min_data_in_leaf": 100,
          "feature_fraction": 0.4, "lambda_l2": 5.0, "bagging_fraction": 0.8, "bagging_freq": 1, "verbosity": -1,
          "num_threads": 1, "seed": 1}  # fmt: skip
TREES = 200
DAYS_90 = 90


@dataclass(frozen=True, slots=True)
class World:
    """A simulated world, ready."""

    directory: Path
    project: Project
    settings: TrainingSettings
    dataset: Dataset


@dataclass(frozen=True, slots=True)
class Reference:
    """Of the judging world's rows: the hidden true probabilities, their mean given the features, and its own error.

    `error` is the mean square root of the difference of two references from halves of their world, in log-odds.
    """

    hidden: Floats
    expected: Floats
    error: float


@dataclass(frozen=True, slots=True)
class Covered:
    """One trained model: share of rows whose range holds the expected, the hidden; of groups; by tenth of propensity.

    `width` is the mean width in probability, `even_width` that of ranges of one width in log-odds for all rows which
    hold the expected as often. `alarms` is the share of unfamiliar rows, by what was done to them.
    """

    leads: int
    seed: int
    wins: int
    expected: float
    hidden: float
    cells: float
    tenths: tuple[float, ...]
    width: float
    even_width: float
    alarms: dict[str, float]


@dataclass(frozen=True, slots=True)
class Real:
    """A real data set: groups of its holdout, and the share of its rows that are unfamiliar."""

    title: str
    wins: int
    groups: tuple[RangeGroup, ...]
    width: float
    unfamiliar: float


def main() -> None:
    """Measure everything and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        covered = simulated(Path(folder))
    given = os.environ.get(VARIABLE)
    real = [measure_real(case) for case in CASES] if given else []
    text = page(covered[0], covered[1], real)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


def simulated(folder: Path) -> tuple[Reference, list[Covered]]:
    """All simulated worlds."""
    teacher, judging = make_world(folder, *REFERENCE), make_world(folder, *JUDGING)
    rows = np.flatnonzero(teacher.dataset.matured)
    catalog = learn_catalog(teacher.project, teacher.settings.model, teacher.dataset, rows)[0]
    reference = learn_reference(teacher, judging, catalog)
    del teacher
    found = []
    for leads, seeds in SIZES.items():
        for seed in seeds:
            found.append(measure(make_world(folder, seed, leads), judging, reference))
            print(found[-1], flush=True)
    return reference, found


def make_world(folder: Path, seed: int, leads: int, *, drift: bool = False) -> World:
    """A world and its labelled snapshots."""
    directory = folder / f"{seed}-{leads}"
    simulate(directory, WorldSettings(leads=leads, seed=seed, drift=drift))
    project = read_project(directory)
    settings = read_training_settings(project)
    return World(directory, project, settings, load_dataset(project, settings, read_tables(project, clock=CLOCK)))


def hidden_truth(world: World) -> Floats:
    """True probability of every snapshot of a world, given its hidden state."""
    data = world.dataset
    leads = pd.Series(data.histories.lead_ids[data.snapshots.lead])
    as_of = pd.Series(pd.to_datetime(data.snapshots.as_of, unit="us", utc=True))
    return true_propensity(world.directory, leads, as_of, DAYS_90)


def every_row(world: World, catalog: Catalog) -> Floats:
    """Feature values of every snapshot of a world, matured or not."""
    data = world.dataset
    return build_features(data.histories, data.tables, data.snapshots, catalog).values


def learn_reference(teacher: World, judging: World, catalog: Catalog) -> Reference:
    """Mean true probability given the features, from the true probabilities of another world, in two halves."""
    import lightgbm as lgb

    values, truth = every_row(teacher, catalog), hidden_truth(teacher)
    asked, halves = every_row(judging, catalog), teacher.dataset.snapshots.lead % 2
    logits = []
    for half in (0, 1):
        data = lgb.Dataset(values[halves == half], truth[halves == half], categorical_feature=list(catalog.categorical))
        logits.append(np.asarray(lgb.train(HALVES, data, TREES).predict(asked, raw_score=True)))
    error = float(np.sqrt(np.mean((logits[0] - logits[1]) ** 2)))
    return Reference(hidden_truth(judging), expit(np.mean(logits, axis=0)), error)


def measure(world: World, judging: World, reference: Reference) -> Covered:
    """Train on a world, score the rows of the judging one."""
    rows = np.flatnonzero(world.dataset.matured)
    fitted = with_uncertainty(fit_model(world.project, world.settings, world.dataset, rows, None), world.settings.model)
    values = every_row(judging, fitted.trained.catalog)
    limits, propensity = limits_of(fitted.trained, values), propensities(fitted, values)
    holds = inside(limits, reference.expected)
    tenths = np.array_split(np.argsort(propensity, kind="stable"), 10)
    return Covered(
        leads=len(world.dataset.histories.lead_ids),
        seed=int(world.directory.name.split("-")[0]),
        wins=fitted.positives,
        expected=float(holds.mean()),
        hidden=float(inside(limits, reference.hidden).mean()),
        cells=share_of_cells(propensity, limits, reference.hidden),
        tenths=tuple(float(holds[part].mean()) for part in tenths),
        width=float((limits.high - limits.low).mean()),
        even_width=even_width(propensity, reference.expected, float(holds.mean())),
        alarms=alarms(world, fitted, values, limits),
    )


def propensities(fitted: Fitted, values: Floats) -> Floats:
    """Calibrated probabilities of feature rows."""
    raw = np.asarray(fitted.trained.booster.predict(values, raw_score=True))
    return fitted.trained.scale.calibration.probability(raw)


def inside(limits: Limits, truth: Floats) -> Bools:
    """Whether each truth lies in its range."""
    return np.asarray((limits.low <= truth) & (truth <= limits.high))


def share_of_cells(propensity: Floats, limits: Limits, hidden: Floats) -> float:
    """Share of rows in cells, 20 by propensity times 4 by width, whose mean hidden truth is in their mean range."""
    held, width = 0, logit(limits.high) - logit(limits.low)
    for part in np.array_split(np.argsort(propensity, kind="stable"), 20):
        for cell in np.array_split(part[np.argsort(width[part], kind="stable")], 4):
            held += len(cell) * bool(limits.low[cell].mean() <= hidden[cell].mean() <= limits.high[cell].mean())
    return held / len(propensity)


def even_width(propensity: Floats, expected: Floats, share: float) -> float:
    """Mean width of ranges with one half-width in log-odds that hold the expected as often."""
    z = logit(propensity)
    half = float(np.quantile(np.abs(z - logit(expected)), share))
    return float((expit(z + half) - expit(z - half)).mean())


def alarms(world: World, fitted: Fitted, values: Floats, limits: Limits) -> dict[str, float]:
    """Share of unfamiliar rows: another world's as they are, the newest of its own, and some made strange."""
    newest = np.flatnonzero(~world.dataset.matured)
    own = limits_of(fitted.trained, features_of(world.dataset, newest, fitted.trained.catalog).values)
    found = {"another world of the same kind": limits.familiar, "the newest leads of its own": own.familiar}
    features = fitted.trained.catalog.features
    counts = [i for i, one in enumerate(features) if one.family in ("count", "active_days", "sessions")]
    long = values.copy()
    long[:, counts] *= 10
    strange = {"histories ten times as long": long}
    for name in ("source", "account_country"):
        column = [i for i, one in enumerate(features) if one.family == "attribute" and one.of == name]
        if column:
            strange[f"a {name.removeprefix('account_')} never seen"] = _invented(values, column[0])
    size = [i for i, one in enumerate(features) if one.of == "account_employees"]
    if size:
        large = values.copy()
        large[:, size[0]] *= 50
        strange["companies fifty times as large"] = large
    found |= {what: limits_of(fitted.trained, rows).familiar for what, rows in strange.items()}
    return {what: float(1 - familiar.mean()) for what, familiar in found.items()}


def _invented(values: Floats, column: int) -> Floats:
    rows = values.copy()
    rows[:, column] = np.nanmax(rows[:, column]) + 1
    return rows


def measure_real(case: Case) -> Real:
    """The last fold of a real data set."""
    project = _with_settings(read_project(EXAMPLES / case.example), case.settings)
    settings = read_training_settings(project)
    tables = read_tables(project, clock=REAL_CLOCK, untimed=settings.label.column is not None)
    dataset = load_dataset(project, settings, tables)
    judged = _judged(project, settings, dataset)
    fold = judged.folds[-1]
    held = usable_rows(dataset, fold)[1]
    fitted = with_uncertainty(judged.fitted[-1], settings.model)
    values = features_of(dataset, held, fitted.trained.catalog).values
    limits, lead = limits_of(fitted.trained, values), dataset.snapshots.lead[held]
    groups = range_groups(propensities(fitted, values), limits, dataset.label[held], len(np.unique(lead)) / len(lead))
    print(case.title, groups, flush=True)
    width = float((limits.high - limits.low).mean())
    return Real(case.title, int(dataset.label[held].sum()), groups, width, float(1 - limits.familiar.mean()))


if __name__ == "__main__":
    main()
