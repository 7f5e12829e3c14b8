"""Rules, points, model and combinations on the same rows: real opportunities with BANT fields, leads, simulated worlds.

`make bench-rules` writes docs/benchmarks/rules.md; some minutes of one processor.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from benchmarks.real import EXAMPLES, VARIABLE
from features.attribute_points import attribute_points, tracked_fields
from features.frameworks.definition import Framework, read_frameworks
from features.frameworks.facts import facts_of
from features.frameworks.verdict import MET, Verdicts, judge_all
from features.points import points_as_of
from features.project import Project, read_project
from features.rule_settings import PointSettings, RuleSettings
from features.simulate import WorldSettings, simulate
from features.tables import read_tables
from features.windows import Floats, Ints
from training.agreement.measure import Judged, Measure, measured
from training.boosting import out_of_fold, train_booster
from training.bootstrap import Bootstrap, System, bootstrap_intervals, replicates_for, resamples
from training.dataset import Dataset, load_dataset
from training.evaluate import top_share
from training.folds import Fold, outer_folds
from training.judge import scored_frame, usable_fold
from training.model import features_of, fitted_from, lesson_of, material_of
from training.points_fit import propose_points
from training.settings import TrainingSettings, read_training_settings

# Later than all of the data; a fixed clock, so that every run sees the same rows.
CLOCK = datetime(2027, 1, 1, tzinfo=UTC)
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "rules.md"
FRAMEWORKS = ("bant", "bant_all", "bant_signals", "minimum", "sal", "sales_qualified")
LEARNED_FROM = "bant_signals"
"""The framework whose criteria get learned weights: all evidence for the four criteria of BANT."""
SEEDS = (31, 32, 33)
LEADS = 10_000
SEED = 20
SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Rows:
    """The judged rows of a data set: outcomes, who is drawn together, scores by system, verdicts by framework."""

    label: Ints
    groups: Ints
    scores: Mapping[str, Floats]
    verdicts: Mapping[str, Verdicts]


@dataclass(frozen=True, slots=True)
class Result:
    """One data set: what its rows are, the systems and picks on common resamples, and model against frameworks.

    `silent` names systems that say the same of every row, `alike` those that order the rows like one before them;
    `picks` counts the rows of each yes/no choice.
    """

    title: str
    told: str
    rows: int
    leads: int
    wins: int
    train_rows: int
    found: Bootstrap
    ranked: tuple[str, ...]
    silent: tuple[str, ...]
    alike: Mapping[str, str]
    picks: Mapping[str, int]
    apart: Mapping[str, tuple[str, Measure]]


def measure(title: str, told: str, project: Project) -> Result:
    """Everything on the holdout of one project, one thread."""
    model = {**project.raw.get("model", {}), "threads": 1}
    project = replace(project, raw={**project.raw, "model": model})
    settings = read_training_settings(project)
    tables = read_tables(project, clock=CLOCK, untimed=settings.label.column is not None)
    dataset = load_dataset(project, settings, tables)
    frameworks = read_frameworks(RuleSettings(frameworks=FRAMEWORKS), EXAMPLES)
    rng = np.random.default_rng(settings.model.seed)
    folds = [usable_fold(dataset, fold) for fold in outer_folds(dataset.rows, settings.folds, dataset.matured, rng)]
    fitted_points = _fitted_points(project, settings, dataset)
    parts = [_of_fold(project, settings, dataset, fold, (frameworks, fitted_points)) for fold in folds]
    rows = _joined([part for part, _ in parts], dataset.rows.group[np.concatenate([fold.holdout for fold in folds])])
    return _result((title, told), rows, frameworks, round(np.mean([n for _, n in parts])))


def _fitted_points(project: Project, settings: TrainingSettings, dataset: Dataset) -> PointSettings | None:
    """Points learned from the training rows, as `ripelead points fit` proposes them; None without interactions."""
    if not dataset.histories.kinds:
        return None
    found = propose_points(project, settings, dataset)
    changed = {"kinds": dict(found.points), "half_life_days": found.half_life_days}
    return project.points.model_copy(update=changed)


Rules = tuple[Mapping[str, Framework], PointSettings | None]


def _of_fold(
    project: Project, settings: TrainingSettings, dataset: Dataset, fold: Fold, rules: Rules
) -> tuple[Rows, int]:
    """All systems on the holdout of one fold, and the number of its training rows."""
    frameworks, fitted_points = rules
    material = material_of(project, settings, dataset, fold.train, fold.known_until)
    lesson = lesson_of(material, settings)
    chosen = out_of_fold(lesson, material.parameters, settings.model.max_trees)
    fitted = fitted_from(settings, dataset, (fold.train, fold.known_until), material, (lesson, chosen))
    table = features_of(dataset, fold.holdout, fitted.trained.catalog)
    frame = scored_frame(project, dataset, fold.holdout, table, fitted)
    before, here = (_verdicts(project, dataset, rows, frameworks) for rows in (fold.train, fold.holdout))
    more = [np.column_stack([values, _columns(found)]) for values, found in
            ((material.table.values, before), (table.values, here))]  # fmt: skip
    trees = out_of_fold(replace(lesson, values=more[0]), material.parameters, settings.model.max_trees).trees
    booster = train_booster(more[0], material.label, material.parameters, trees, material.catalog)
    scores = {
        "model": frame["propensity"].to_numpy(),
        "logistic": frame["logistic"].to_numpy(),
        "points": frame["points"].to_numpy(),
        "fitted points": _points(dataset, fold.holdout, fitted_points),
        "BANT criteria met": frame["bant_met"].to_numpy(np.float64),
        "BANT with learned weights": _weighted(before[LEARNED_FROM], material.label, here[LEARNED_FROM]),
        **{f"score of {name}": verdicts.score.astype(np.float64) for name, verdicts in here.items()},
        "model with framework features": np.asarray(booster.predict(more[1])),
    }
    return Rows(frame["label"].to_numpy(np.int64), np.zeros(0, np.int64), scores, here), len(material.label)


def _verdicts(
    project: Project, dataset: Dataset, rows: Ints, frameworks: Mapping[str, Framework]
) -> Mapping[str, Verdicts]:
    histories, tables = dataset.histories, dataset.tables
    facts = facts_of(histories.leads, tables, frameworks, project.points, tracked_fields(tables.lead_changes))
    order = np.argsort(rows, kind="stable")
    found = judge_all(histories, facts, dataset.snapshots.take(rows[order]), frameworks, project.points, 1).verdicts
    back = np.argsort(order, kind="stable")
    return {name: one.take(back) for name, one in found.items()}


def _columns(verdicts: Mapping[str, Verdicts]) -> Floats:
    """What the frameworks say of each row, as further features: score, outcome, criteria met and unknown."""
    return np.column_stack(
        [np.column_stack([one.score, one.outcome, one.met, one.unknown]) for one in verdicts.values()]
    ).astype(np.float64)


def _points(dataset: Dataset, rows: Ints, settings: PointSettings | None) -> Floats:
    if settings is None:
        return np.zeros(len(rows))
    tracked = tracked_fields(dataset.tables.lead_changes)
    attributes = attribute_points(dataset.histories.leads, dataset.tables, settings, tracked)
    return points_as_of(dataset.histories, dataset.snapshots.take(rows), settings, attributes)


def _weighted(before: Verdicts, label: Ints, here: Verdicts) -> Floats:
    """A logistic regression on which criteria are met and which are denied: the framework with learned weights."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1.0).fit(_states(before), label)
    return np.asarray(fitted.decision_function(_states(here)))


def _states(verdicts: Verdicts) -> Floats:
    return np.column_stack([verdicts.states == MET, verdicts.states == -MET]).astype(np.float64)


def _joined(parts: list[Rows], groups: Ints) -> Rows:
    first = parts[0]
    return Rows(
        np.concatenate([part.label for part in parts]),
        groups,
        {name: np.concatenate([part.scores[name] for part in parts]) for name in first.scores},
        {
            name: Verdicts(
                one.criteria,
                *(
                    np.concatenate([getattr(part.verdicts[name], column) for part in parts])
                    for column in ("states", "outcome", "score", "possible")
                ),
            )
            for name, one in first.verdicts.items()
        },
    )


def _result(named: tuple[str, str], rows: Rows, frameworks: Mapping[str, Framework], train_rows: int) -> Result:
    scores = dict(rows.scores) | _mean_ranks(rows.scores)
    silent = tuple(name for name, score in scores.items() if np.ptp(score) == 0)
    alike = _alike({name: score for name, score in scores.items() if name not in silent})
    picks = _picks(rows)
    drawn = resamples(rows.groups, np.random.default_rng(SEED), replicates_for(len(rows.label)))
    systems = [System(name, score) for name, score in scores.items() if name not in (*silent, *alike)]
    systems += [System(name, picked) for name, picked in picks.items()]
    volumes = {"10": np.full(len(rows.label), SHARE), **picks}
    line = float(np.sort(rows.scores["model"])[-max(1, round(SHARE * len(rows.label)))])
    held = Judged(rows.label, rows.scores["model"], line, drawn)
    return Result(
        *named,
        rows=len(rows.label),
        leads=drawn.groups,
        wins=int(rows.label.sum()),
        train_rows=train_rows,
        found=bootstrap_intervals(rows.label, systems, volumes, drawn),
        ranked=tuple(name for name in scores if name not in (*silent, *alike)),
        silent=silent,
        alike=alike,
        picks={name: int(picked.sum()) for name, picked in picks.items()},
        apart={name: (frameworks[name].title, measured(held, one.outcome)) for name, one in rows.verdicts.items()},
    )


def _alike(scores: Mapping[str, Floats]) -> dict[str, str]:
    """Systems that order the rows exactly like an earlier one, with the name of that."""
    first: dict[bytes, str] = {}
    same = {}
    for name, score in scores.items():
        known = first.setdefault(rankdata(score).tobytes(), name)
        if known != name:
            same[name] = known
    return same


def _mean_ranks(scores: Mapping[str, Floats]) -> dict[str, Floats]:
    """Means of ranks of the model and rules; what says the same of every row adds nothing."""
    together = {
        "mean rank of model and BANT (all evidence)": ("model", f"score of {LEARNED_FROM}"),
        "mean rank of model and fitted points": ("model", "fitted points"),
        "mean rank of model, BANT and fitted points": ("model", f"score of {LEARNED_FROM}", "fitted points"),
    }
    usable = {name: of for name, of in together.items() if all(np.ptp(scores[one]) > 0 for one in of)}
    return {name: np.mean([rankdata(scores[one]) for one in of], axis=0) for name, of in usable.items()}


def _picks(rows: Rows) -> dict[str, Floats]:
    """Yes/no choices: each framework, and with it the model's top tenth, as AND and as OR; empty ones are left out."""
    top = top_share(rows.scores["model"], SHARE) == 1
    found: dict[str, Floats] = {}
    for name, one in rows.verdicts.items():
        met = one.outcome == MET
        chosen = {name: met, f"model AND {name}": top & met, f"model OR {name}": top | met}
        if met.any():
            found |= {what: picked.astype(np.float64) for what, picked in chosen.items() if picked.any()}
    return found


@dataclass(frozen=True, slots=True)
class Case:
    """A data set: how to get its project, below a folder that is deleted afterwards."""

    title: str
    told: str
    project: Callable[[Path], Project]


def _world(seed: int) -> Callable[[Path], Project]:
    def simulated(folder: Path) -> Project:
        simulate(folder, WorldSettings(leads=LEADS, seed=seed))
        return read_project(folder)

    return simulated


def _example(name: str) -> Callable[[Path], Project]:
    return lambda _: read_project(EXAMPLES / name)


CASES = (
    Case(
        "Salvirt",
        "448 opportunities of real sellers, 365 of them different, each with the four answers of BANT; ten folds, "
        "identical rows in the same one. No times and no interactions.",
        _example("salvirt"),
    ),
    Case(
        "Olist",
        "Leads first contacted from April 2018 on, won within 30 days or not. Known of a lead: its source and the "
        "page it came by. Nobody assessed anything, and there are no interactions.",
        _example("olist"),
    ),
    Case(
        "Complete Journey",
        "Households in coupon campaigns from September 2017 on; dated shopping baskets, points set by hand. "
        "Nobody assessed anything.",
        _example("complete_journey"),
    ),
    *(
        Case(
            f"Simulated world {seed}",
            f"{LEADS:,} leads with interactions, titles, attributes and assessments of those that sales talked to.",
            _world(seed),
        )
        for seed in SEEDS
    ),
)


def main() -> int:
    """Measure every case and write the page; exit code 2 when the data are not there."""
    from benchmarks.rules_page import page

    if not Path(os.environ.get(VARIABLE, "")).is_dir() or VARIABLE not in os.environ:
        print(f"set {VARIABLE} to the folder with the public data sets (examples/*/README.md say how to get them)")
        return 2
    results = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            results.append(measure(case.title, case.told, case.project(Path(folder))))
        print(f"· {case.title}: {results[-1].rows:,} rows", flush=True)
    PAGE.write_text(page(results), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
