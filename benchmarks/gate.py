"""The gate: which challengers it refuses, which it lets pass, and how many rows that takes.

One simulated world; features are built once and all boosters learn from that matrix. Writes `docs/benchmarks/gate.md`;
run with `make soak`, about a quarter of an hour on one core.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import expit

from benchmarks.gate_page import page
from benchmarks.gate_plants import Plant, plants
from benchmarks.truth import true_propensity
from features.catalog import Catalog
from features.project import Project, read_project
from features.simulate import WorldSettings, simulate
from features.tables import read_tables
from features.windows import Floats, Ints
from training.audit.run import audit
from training.bootstrap import Resamples, resamples
from training.bundle import Bundle, Policy
from training.calibration import Calibration
from training.contributions import Scale
from training.dataset import Dataset, load_dataset
from training.folds import outer_folds
from training.gate.checks import checks_of_pair
from training.gate.contestants import Contestant, probability
from training.gate.decision import Check
from training.gate.other_checks import segments_check
from training.gate.paired import compare
from training.gate.segments import large_segments, worst_segment
from training.gate.suspects import Named, reliances, suspects_check, suspects_of
from training.judge import usable_rows
from training.metrics import log_odds, pr_auc, recalibrate
from training.model import booster_parameters, features_of, informative, learn_catalog
from training.settings import TrainingSettings, read_training_settings

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "gate.md"
CLOCK = pd.Timestamp("2027-01-01", tz="UTC").to_pydatetime()
LEADS, LATER, LESSON, TREES = 44_000, 20_000, 50_000, 120
REPLICATES = 120
WORSE, OFF = 0.03, 0.2
LOSSES = (0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05)
TRIALS = {2_000: 20, 5_000: 20, 20_000: 10}


@dataclass(frozen=True, slots=True)
class World:
    """Rows to learn from and later rows to judge on, with features and the true probability of the later ones."""

    project: Project
    settings: TrainingSettings
    dataset: Dataset
    catalog: Catalog
    lesson: Ints
    values: Floats
    later: Ints
    later_values: Floats
    truth: Floats

    @property
    def label(self) -> Ints:
        """Outcomes of the later rows."""
        return self.dataset.label[self.later].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Challenger:
    """A model before the gate: what it is, its true PR-AUC less the champion's, its true slope, and the outcome."""

    kind: str
    gain: float
    slope: float
    refused_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Champion:
    """The champion, its probabilities of the later rows, and resamples of their leads."""

    contestant: Contestant
    probability: Floats
    drawn: Resamples


def main() -> None:
    """Measure everything and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        world = make_world(Path(folder), LEADS, LATER)
        champion = champion_of(world, REPLICATES)
        found = [*equal(world, champion, 100), *worse(world, champion, 34), *off(world, champion, 33)]
        found += leaked(world, champion, plants()[::2], 33)
        text = page(found, power(world, champion), (len(world.later), int(world.label.sum()), champion.drawn.groups))
    PAGE.write_text(text, encoding="utf-8")
    print(text)


def make_world(folder: Path, leads: int, later: int) -> World:
    """A simulated world with about so many later rows (whole leads) at most."""
    simulate(folder, WorldSettings(leads=leads, seed=11))
    project = read_project(folder)
    settings = read_training_settings(project)
    dataset = load_dataset(project, settings, read_tables(project, clock=CLOCK))
    fold = outer_folds(dataset.rows, settings.folds, dataset.matured, np.random.default_rng(0))[0]
    lesson, held = usable_rows(dataset, fold)
    held = held[:later]
    catalog, _ = learn_catalog(project, settings.model, dataset, lesson)
    table, catalog = informative(features_of(dataset, lesson, catalog), catalog)
    lead_ids = pd.Series(dataset.histories.lead_ids[dataset.snapshots.lead[held]])
    as_of = pd.Series(pd.to_datetime(dataset.rows.as_of[held], unit="us", utc=True))
    return World(
        project=project,
        settings=settings,
        dataset=dataset,
        catalog=catalog,
        lesson=lesson,
        values=table.values,
        later=held,
        later_values=features_of(dataset, held, catalog).values,
        truth=true_propensity(folder, lead_ids, as_of),
    )


def champion_of(world: World, replicates: int) -> Champion:
    """The model that all challengers meet."""
    rng = np.random.default_rng(1)
    model = learned(world, some(world, rng, LESSON), seed=1)
    found = probability(model, world.later_values)
    drawn = resamples(world.dataset.rows.group[world.later], rng, replicates)
    return Champion(model, found, drawn)


def some(world: World, rng: np.random.Generator, rows: int) -> Ints:
    """Positions in the lesson of about so many rows, of random leads."""
    lead = world.dataset.snapshots.lead[world.lesson]
    leads = rng.permutation(np.unique(lead))
    kept = leads[: max(1, round(len(leads) * rows / len(lead)))]
    return np.flatnonzero(np.isin(lead, kept))


def learned(
    world: World, rows: Ints, seed: int, *, trees: int = TREES, flipped: float = 0.0, columns: Ints | None = None
) -> Contestant:
    """A booster of some rows of the lesson, with its calibration right on average over the true probabilities.

    `flipped` is the share of outcomes that are wrong, `columns` what the others are hidden from it.
    """
    label = world.dataset.label[world.lesson[rows]]
    wrong = np.random.default_rng(seed).random(len(label)) < flipped
    values = world.values[rows] if columns is None else hidden(world.values[rows], columns)
    booster = boosted(world, values, np.where(wrong, 1 - label, label), world.catalog, (seed, trees))
    later = world.later_values if columns is None else hidden(world.later_values, columns)
    return calibrated(booster, world.catalog, later, world.truth)


def hidden(values: Floats, columns: Ints) -> Floats:
    """Values with all but some columns not known."""
    out = np.full_like(values, np.nan)
    out[:, columns] = values[:, columns]
    return out


def boosted(world: World, values: Floats, label: Ints, catalog: Catalog, how: tuple[int, int]) -> lgb.Booster:
    """A booster with the product's parameters, seed and number of trees given."""
    seed, trees = how
    parameters = booster_parameters(world.settings.model, catalog, len(label), int(label.sum()))
    parameters |= {"seed": seed, "num_threads": 1}
    data = lgb.Dataset(values, label=label, categorical_feature=list(catalog.categorical), free_raw_data=True)
    return lgb.train(parameters, data, num_boost_round=trees)


def calibrated(booster: lgb.Booster, catalog: Catalog, later: Floats, truth: Floats) -> Contestant:
    """The booster with the affine calibration that fits the true probabilities of the later rows."""
    raw = np.asarray(booster.predict(later, raw_score=True))
    slope, intercept = recalibrate(truth, raw)
    scale = Scale(Calibration(slope, intercept), float(truth.mean()))
    bundle = Bundle("", booster, catalog, scale, cast("Policy", None), None)
    return Contestant(bundle, Path(), None, np.empty(0, np.uint64))


def with_calibration(model: Contestant, slope: float, intercept: float) -> Contestant:
    """The model with another calibration on top of its own."""
    old = model.bundle.scale.calibration
    new = Calibration(slope * old.slope, slope * old.intercept + intercept)
    return replace(model, bundle=replace(model.bundle, scale=replace(model.bundle.scale, calibration=new)))


def redrawn(world: World, seed: int) -> Ints:
    """Outcomes of the later rows drawn anew from the truth, one number per lead: no champion is always lucky."""
    group = world.dataset.rows.group[world.later]
    return (np.random.default_rng(seed).random(group.max() + 1)[group] < world.truth).astype(np.int64)


def judged(
    world: World, champion: Champion, kind: str, found: Floats, label: Ints, suspects: Check | None = None
) -> Challenger:
    """What the gate says of a challenger's probabilities of the later rows; time and size are left out."""
    gate = world.settings.gate
    paired = compare(label, champion.probability, found, champion.drawn, gate.confidence)
    segments = list(large_segments(world.catalog, world.later_values, label))
    worst = worst_segment(segments, label, champion.probability, found, champion.drawn)
    checks = [*checks_of_pair(paired, gate), segments_check(worst, gate), *([suspects] if suspects else [])]
    refused = tuple(check.name for check in checks if check.outcome == "refused")
    gain = pr_auc(world.truth, found) - pr_auc(world.truth, champion.probability)
    return Challenger(kind, gain, recalibrate(world.truth, log_odds(found))[0], refused)


def equal(world: World, champion: Champion, number: int) -> Iterator[Challenger]:
    """Challengers made like the champion with another seed; and an eighth as many that learned from other leads."""
    same = some(world, np.random.default_rng(1), LESSON)
    for i in range(number + number // 8):
        rows = same if i < number else some(world, np.random.default_rng(100 + i), LESSON)
        kind = "equal (other seed)" if i < number else "like it (other leads)"
        found = probability(learned(world, rows, seed=100 + i), world.later_values)
        yield judged(world, champion, kind, found, redrawn(world, 100 + i))


def worse(world: World, champion: Champion, number: int) -> Iterator[Challenger]:
    """Challengers whose true PR-AUC is lower by .03 or more: few rows, wrong outcomes, few trees, few features."""
    ways: tuple[Callable[[np.random.Generator, int], dict[str, Any]], ...] = (
        lambda rng, _: {"rows": some(world, rng, 1_500)},
        lambda rng, _: {"rows": some(world, rng, LESSON // 3), "flipped": float(rng.uniform(0.15, 0.3))},
        lambda rng, _: {"rows": some(world, rng, LESSON), "trees": int(rng.integers(1, 4))},
        lambda rng, _: {
            "rows": some(world, rng, LESSON // 3),
            "columns": rng.permutation(len(world.catalog.features))[:10],
        },
    )
    names, done, seed = ("few rows", "wrong outcomes", "few trees", "few features"), 0, 1000
    while done < number:
        seed += 1
        way = seed % len(ways)
        options = ways[way](np.random.default_rng(seed), seed)
        model = learned(world, options.pop("rows"), seed, **options)
        later = world.later_values
        found = probability(model, later if "columns" not in options else hidden(later, options["columns"]))
        if pr_auc(world.truth, champion.probability) - pr_auc(world.truth, found) >= WORSE:
            done += 1
            yield judged(world, champion, f"worse, {names[way]}", found, redrawn(world, seed))


def off(world: World, champion: Champion, number: int) -> Iterator[Challenger]:
    """Equal rankings whose calibration slope is off by .2 or a little more, either way; the mean stays right."""
    models = [learned(world, some(world, np.random.default_rng(1), LESSON), seed=2000 + i) for i in range(3)]
    for i in range(number):
        rng = np.random.default_rng(2000 + i)
        slope = 1 + (1 if i % 2 else -1) * rng.uniform(OFF, 0.25)
        z = log_odds(probability(models[i % len(models)], world.later_values)) / slope
        low, high = -9.0, 9.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if expit(z + middle).mean() < world.truth.mean() else (low, middle)
        yield judged(world, champion, "slope off", expit(z + low), redrawn(world, 2000 + i))


def leaked(world: World, champion: Champion, planted: Sequence[Plant], number: int) -> Iterator[Challenger]:
    """Challengers that learned from a field written after the outcome; the audit is asked once for each field."""
    found = [(plant, plant.put_into(world.project, world.settings, world.dataset)) for plant in planted]
    fields = [(plant, seen) for plant, seen in found if seen is not None]
    per = -(-number // len(fields))
    done = 0
    for plant, seen in fields:
        suspects = suspects_of(audit(world.project, world.settings, seen.dataset))
        catalog = seen.catalog_with(world.catalog)
        values, later = (np.column_stack([old, seen.values_of(rows)]) for old, rows in
                         ((world.values, world.lesson), (world.later_values, world.later)))  # fmt: skip
        for i in range(min(per, number - done)):
            rows = some(world, np.random.default_rng(3000 + done + i), LESSON // 3)
            label = world.dataset.label[world.lesson[rows]]
            booster = boosted(world, values[rows], label, catalog, (3000 + done + i, TREES))
            model = calibrated(booster, catalog, later, world.label.astype(float))
            yield judged(world, champion, f"leak, {plant.what}", probability(model, later), world.label,
                         asked(world, champion, model, later, suspects))  # fmt: skip
        done = min(done + per, number)


def asked(world: World, champion: Champion, model: Contestant, later: Floats, suspects: Sequence[Named]) -> Check:
    """The gate's check of suspects."""
    rng = np.random.default_rng(0)
    new = reliances(model, later, world.label, suspects, rng)
    old = reliances(champion.contestant, world.later_values, world.label, suspects, rng)
    return suspects_check(suspects, new, old, world.settings.gate)


def power(world: World, champion: Champion) -> dict[tuple[int, float], float]:
    """Share refused by number of rows and true loss of PR-AUC, of challengers that rank worse and are calibrated."""
    out = {}
    equal_one = learned(world, some(world, np.random.default_rng(77), LESSON), seed=77)
    z = log_odds(probability(equal_one, world.later_values))
    noise = np.random.default_rng(5).normal(0, 1, len(z))
    best = pr_auc(world.truth, champion.probability)
    for loss in LOSSES:
        found = noisier(world, z, noise, best - loss)
        for rows, trials in TRIALS.items():
            refused = Counter(_refused(world, champion, found, rows, seed) for seed in range(trials))
            out[rows, loss] = refused[True] / trials
    return out


def noisier(world: World, z: Floats, noise: Floats, wanted: float) -> Floats:
    """Probabilities with so much noise that their true PR-AUC is `wanted`, calibrated again."""
    low, high = 0.0, 4.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if pr_auc(world.truth, z + middle * noise) > wanted else (low, middle)
    slope, intercept = recalibrate(world.truth, z + low * noise)
    return expit(slope * (z + low * noise) + intercept)


def _refused(world: World, champion: Champion, found: Floats, rows: int, seed: int) -> bool:
    """Whether the gate refuses on later rows of random leads; outcomes are drawn anew from the truth."""
    rng = np.random.default_rng(seed)
    group = world.dataset.rows.group[world.later]
    leads = rng.permutation(np.unique(group))
    chosen = np.flatnonzero(np.isin(group, leads[: round(len(leads) * rows / len(group))]))
    label = redrawn(world, 5000 + seed)[chosen]
    drawn = resamples(group[chosen], rng, REPLICATES)
    paired = compare(label, champion.probability[chosen], found[chosen], drawn, world.settings.gate.confidence)
    return any(check.outcome == "refused" for check in checks_of_pair(paired, world.settings.gate))


if __name__ == "__main__":
    main()
