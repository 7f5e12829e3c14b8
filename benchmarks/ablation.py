"""Which feature families earn their place: on real data and on simulated worlds, the same rows for every variant.

`make bench-ablation` writes docs/benchmarks/ablation.md from it: each family left out and each alone, half-lives,
learned points beside the configured ones, the size of the vocabulary, and the price of a lean catalog.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.ablation_fit import Floats, Judged, Material, differences, judge, prepare, telling, with_columns
from benchmarks.real import CLOCK, EXAMPLES, SEED, VARIABLE
from benchmarks.truth import true_propensity
from features.catalog import FeatureDef, Owner
from features.lean import earns_its_place
from features.project import FeatureSettings, Project, SnapshotSettings, parse_section, read_project
from features.simulate import WorldSettings, simulate
from features.tables import read_tables
from training.bootstrap import Interval, resamples
from training.dataset import load_dataset
from training.interest_weights import HALF_LIVES_DAYS, InterestWeights, decayed_counts, learn_interest_weights
from training.metrics import roc_auc
from training.settings import read_training_settings

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "ablation.md"
LEADS = 10_000
REPLICATES = 200
WORKERS = 2
VOCABULARIES = ((24, 12), (12, 12), (40, 12), (24, 0))
"""Most kinds and most topics with columns of their own; the first are the defaults."""
FULL = "all columns"
LEAN = "lean"
Changes = Mapping[str, Mapping[str, object]]

FAMILY_OF = {
    "days_since_last": "recency",
    "days_since_first": "first and last touch",
    "first_kind": "first and last touch",
    "last_kind": "first and last touch",
    "interest": "interest decay",
    "active_days": "active days, sessions",
    "sessions": "active days, sessions",
    "dwell_s": "dwell, value",
    "dwell_mean_s": "dwell, value",
    "value": "dwell, value",
    "trend": "trend",
    "trend_ratio": "trend",
    "variety": "variety, entropy",
    "entropy": "variety, entropy",
    "gap_mean_days": "rhythm",
    "gap_std_days": "rhythm",
    "gap_max_days": "rhythm",
    "colleagues": "buying team",
    "colleagues_active": "buying team",
    "seniorities_active": "buying team",
    "attribute": "attributes",
    "profile_filled": "attributes",
    "lead_age_days": "lead age, calendar",
    "weekday": "lead age, calendar",
    "month": "lead age, calendar",
}
TOTALS_OVER_WINDOWS = frozenset({"active_days", "sessions", "dwell_s", "dwell_mean_s", "value", "variety"})


@dataclass(frozen=True, slots=True)
class Case:
    """A data set: an example project, or a simulated world of so many leads; `seeds` of the booster per variant."""

    name: str
    title: str
    seeds: int
    example: str | None = None
    world: int = 1
    leads: int = LEADS
    changes: Changes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A variant: its columns that vary and repeat no other, mean trees, metrics less those of all columns.

    The row of all columns gives the metrics themselves. `gain` is the share of gain of the family left out or alone.
    """

    case: str
    part: str
    variant: str
    columns: int
    trees: float
    gain: float
    metrics: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Learned:
    """Learned and configured points; ROC-AUC on the judged rows of the points alone, learned and configured."""

    case: str
    weights: InterestWeights
    configured: Mapping[str, float]
    events: Mapping[str, float]
    roc_auc: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Size:
    """What a case holds."""

    case: str
    train: int
    judged: int
    wins: int
    proposed: int


Found = Row | Learned | Size

JOURNEY = Case("complete_journey", "Complete Journey", 4, example="complete_journey")
OLIST = Case("olist", "Olist", 4, example="olist")
WORLD = Case("world", "Simulated world", 2)
GRID = Case(
    "grid", "Simulated world on a calendar grid", 2, world=2, changes={"snapshots": {"every": "84d", "ages_days": ()}}
)
WIDE = Case(
    "wide",
    "Complete Journey, windows of 7, 30 and 90 days",
    4,
    example="complete_journey",
    changes={"features": {"windows_days": (7, 30, 90), "half_lives_days": (7, 30, 90)}},
)
CASES = (JOURNEY, WIDE, OLIST, WORLD, GRID)


def family(feature: FeatureDef) -> str:
    """The family a feature is left out with."""
    if feature.owner == "account":
        return "account roll-up"
    if feature.family == "count":
        of = (feature.of or "").partition(":")[0]
        return {"kind": "counts of kinds", "topic": "topics"}.get(of, "counts in total")
    if feature.family == "days_since_last":
        return "recency of kinds" if (feature.of or "").startswith("kind") else "recency in total"
    return FAMILY_OF.get(feature.family, "qualification")


def lean(material: Material, windows: Sequence[int]) -> tuple[str, ...]:
    """Columns of the lean catalog."""
    main: Owner = (
        "lead" if any(f.owner == "lead" and f.family == "count" for f in material.catalog.features) else "account"
    )
    return tuple(f.name for f in material.catalog.features if earns_its_place(f, windows, main))


def families(material: Material) -> dict[str, tuple[str, ...]]:
    """Columns by family, then by window."""
    found: dict[str, list[str]] = {}
    for feature in material.catalog.features:
        found.setdefault(family(feature), []).append(feature.name)
    for feature in material.catalog.features:
        if feature.family in (*TOTALS_OVER_WINDOWS, "count", "trend", "trend_ratio", "entropy"):
            name = "all sums over all history" if feature.days is None else f"all sums over {feature.days} days"
            found.setdefault(name, []).append(feature.name)
    return {name: tuple(names) for name, names in found.items()}


def project_of(case: Case, folder: Path) -> Project:
    """Project of a case; a world is simulated into `folder`."""
    directory = folder if case.example is None else EXAMPLES / case.example
    if case.example is None:
        simulate(directory, WorldSettings(leads=case.leads, seed=case.world))
    project = read_project(directory)
    raw = {**project.raw, **{name: {**project.raw.get(name, {}), **keys} for name, keys in case.changes.items()}}
    raw["features"] = {**raw.get("features", {}), "columns": "all"}
    features = parse_section(raw, "features", FeatureSettings)
    return replace(project, raw=raw, features=features, snapshots=parse_section(raw, "snapshots", SnapshotSettings))


def material_of(case: Case, folder: Path) -> tuple[Project, Material]:
    """Tables of all columns of a case."""
    project = project_of(case, folder)
    settings = read_training_settings(project)
    dataset = load_dataset(project, settings, read_tables(project, clock=CLOCK.replace(year=2027), untimed=False))
    material = prepare(project, settings, dataset)
    if case.example is not None:
        return project, material
    seen = material.judged.snapshots
    lead = pd.Series(dataset.histories.lead_ids[seen.lead])
    as_of = pd.Series(pd.to_datetime(seen.as_of, unit="us", utc=True).as_unit("us"))
    return project, replace(material, truth=true_propensity(folder, lead, as_of))


def of_families(case: Case, folder: Path) -> list[Found]:
    """Each family left out, and each alone beside the lead's age."""
    _, material = material_of(case, folder)
    every, by_family = material.names, families(material)
    age = by_family.get("lead age, calendar", ())
    without = {f"without {name}": _other(every, gone) for name, gone in by_family.items()}
    alone = {f"only {name}": (*own, *age) for name, own in by_family.items() if not name.startswith("all sums")}
    return [_size(case, material), *_rows(case, "families", material, {**without, **alone}, by_family)]


def of_half_lives(case: Case, folder: Path) -> list[Found]:
    """Which half-lives pay, and learned points beside the configured ones."""
    project, material = material_of(case, folder)
    interest = [f for f in material.catalog.features if f.family == "interest"]
    found = sorted(f.days or 0 for f in interest if f.owner == "lead")
    kept = [(), *((days,) for days in found), tuple(found[:2]), tuple(found[1:])]
    variants = {
        _half_lives(days): _other(material.names, [f.name for f in interest if f.days not in days]) for days in kept
    }
    rows = _rows(case, "half-lives", material, variants, {})
    return [*rows, *of_weights(case, project, material, found)]


def of_weights(case: Case, project: Project, material: Material, half_lives: Sequence[int]) -> list[Found]:
    """Learned points: alone as a ranking, and in place of the configured ones in the model."""
    histories, kinds = material.dataset.histories, material.dataset.histories.kinds
    days = tuple(sorted({*half_lives, *HALF_LIVES_DAYS}))
    train, judged = (
        decayed_counts(histories, material.dataset.tables, table.snapshots, kinds, days)
        for table in (material.train, material.judged)
    )
    configured = project.points.kinds
    weights = learn_interest_weights(train, material.label, material.folds, kinds, configured)
    learned, given = (np.array([points.get(kind, 0.0) for kind in kinds]) for points in (weights.points, configured))
    best = weights.half_life_days
    plain = _other(material.names, [f"interest_half_life_{d}d" for d in half_lives])
    variants = {
        "learned points, same half-lives": _with_interest(material, train, judged, learned, half_lives),
        "learned points, learned half-life": _with_interest(material, train, judged, learned, (best,)),
    }
    runs = {FULL: judge(material, material.names, _seeds(case))}
    for name, changed in variants.items():
        new = [n for n in changed.names if n.startswith("learned_")]
        runs[name] = judge(changed, (*plain, *new), _seeds(case))
    auc = [roc_auc(material.outcome, judged[best] @ points) for points in (learned, given)]
    events = dict(zip(kinds, train[max(days)].sum(axis=0).tolist(), strict=True))
    return [*_compared(case, "learned points", material, runs, {}), Learned(
        case.name, weights, configured, events, (auc[0], auc[1])
    )]  # fmt: skip


def of_vocabulary(case: Case, folder: Path) -> list[Found]:
    """Numbers of kinds and topics with columns of their own, in the full and in the lean catalog."""
    runs: dict[str, Judged] = {}
    material: Material | None = None
    for kinds, topics in VOCABULARIES:
        sized = replace(case, changes={"features": {"max_kinds": kinds, "max_topics": topics}})
        project, here = material_of(sized, folder)
        material = material or here
        size = f"{kinds} kinds, {topics} topics"
        runs[f"all columns, {size}" if runs else FULL] = judge(here, here.names, _seeds(case))
        runs[f"lean, {size}"] = judge(here, lean(here, project.features.windows_days), _seeds(case))
    return list(_compared(case, "vocabulary", material, runs, {})) if material else []


def of_lean(case: Case, folder: Path) -> list[Found]:
    """The lean catalog against all columns."""
    project, material = material_of(case, folder)
    variants = {LEAN: lean(material, project.features.windows_days)}
    return list(_rows(case, "lean", material, variants, {}))


# Two variants only, so there is time for the many seeds that small data need.
TASKS: tuple[tuple[Callable[[Case, Path], list[Found]], Case], ...] = (
    (of_families, WORLD),
    (of_families, JOURNEY),
    (of_half_lives, WORLD),
    (of_vocabulary, WORLD),
    (of_half_lives, JOURNEY),
    (of_lean, replace(JOURNEY, seeds=16)),
    (of_lean, replace(WIDE, seeds=16)),
    (of_lean, replace(WORLD, seeds=4)),
    (of_lean, replace(GRID, seeds=4)),
    (of_families, OLIST),
)


def _rows(
    case: Case,
    part: str,
    material: Material,
    variants: Mapping[str, Sequence[str]],
    about: Mapping[str, Sequence[str]],
) -> list[Row]:
    runs = {FULL: judge(material, material.names, _seeds(case))}
    for name, columns in variants.items():
        told = telling(material, columns)
        if told not in ((), runs[FULL].columns):
            runs[name] = judge(material, told, _seeds(case))
    return _compared(case, part, material, runs, about)


def _compared(
    case: Case, part: str, material: Material, runs: Mapping[str, Judged], about: Mapping[str, Sequence[str]]
) -> list[Row]:
    drawn = resamples(material.group, np.random.default_rng(SEED), REPLICATES)
    found = differences(material, runs, FULL, drawn)
    gain = runs[FULL].gain
    return [
        Row(case.name, part, name, len(run.columns), run.trees, _gain(gain, about, name), found[name])
        for name, run in runs.items()
    ]


def _gain(gain: Mapping[str, float], about: Mapping[str, Sequence[str]], variant: str) -> float:
    columns = about.get(variant.partition(" ")[2], ())
    return sum(gain.get(column, 0.0) for column in columns)


def _size(case: Case, material: Material) -> Size:
    return Size(case.name, len(material.label), len(material.outcome), int(material.outcome.sum()), len(material.names))


def _with_interest(
    material: Material,
    train: Mapping[int, Floats],
    judged: Mapping[int, Floats],
    points: Floats,
    half_lives: Sequence[int],
) -> Material:
    features = [FeatureDef(f"learned_{d}d", "interest", "Interest", "", days=d) for d in half_lives]
    columns = [np.stack([counts[d] @ points for d in half_lives], axis=1) for counts in (train, judged)]
    return with_columns(material, features, columns[0], columns[1])


def _other(names: Sequence[str], gone: Iterable[str]) -> tuple[str, ...]:
    left = set(names) - set(gone)
    return tuple(name for name in names if name in left)


def _half_lives(days: Sequence[int]) -> str:
    return f"only {' and '.join(map(str, days))} days" if days else "no interest decay"


def _seeds(case: Case) -> range:
    return range(7, 7 + case.seeds)


def run_task(task: int) -> list[Found]:
    """One of `TASKS`, in a folder of its own."""
    measure, case = TASKS[task]
    with tempfile.TemporaryDirectory() as folder:
        found = measure(case, Path(folder))
    print(f"· {measure.__name__.removeprefix('of_').replace('_', ' ')}: {case.title}", flush=True)
    return found


def main() -> int:
    """Measure everything and write docs/benchmarks/ablation.md; exit code 2 when the data are not there."""
    from benchmarks.ablation_report import page

    if not Path(os.environ.get(VARIABLE, "")).is_dir() or VARIABLE not in os.environ:
        print(f"set {VARIABLE} to the folder with the public data sets (examples/*/README.md say how to get them)")
        return 2
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as workers:
        found = [item for items in workers.map(run_task, range(len(TASKS))) for item in items]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(found), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(EXAMPLES.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
