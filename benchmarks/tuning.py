"""Are the default settings as good as tuned ones? Tuned on the folds inside the training rows, judged on the holdout.

`make bench-tuning` writes docs/benchmarks/tuning.md from it. What is done is kept by data set under .bench/tuning, so
that a run that was stopped goes on; delete that folder to begin anew.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.model_cases import CASES, Case, Interval, Judge, Split, probabilities, relative, splits_of
from benchmarks.real import VARIABLE
from training.settings import ModelSettings
from training.tuning.result import model_lines
from training.tuning.search import Task, search
from training.tuning.settings import TuneSettings
from training.tuning.space import with_values
from training.tuning.study import Trial, best_trial, finished_trials, open_study

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "tuning.md"
KEPT = ROOT / ".bench" / "tuning"
TUNE = TuneSettings(trials=40, minutes=1.5)
"""Per outer fold; minutes of the processor."""
SEEDS = (101, 102, 103)
WITHIN = 0.01


@dataclass(frozen=True, slots=True)
class Outcome:
    """One data set: metrics of the defaults and of the tuned settings on the holdout, and the tuned one's excess.

    `excess` is relative: above 0 is better for the tuned settings, also for log loss.
    """

    name: str
    title: str
    train: int
    judged: int
    trials: int
    defaults: Mapping[str, float]
    tuned: Mapping[str, float]
    excess: Mapping[str, tuple[float, float, float]]
    values: Mapping[str, float]
    table_mib: tuple[float, float]
    promised: float


def measure(case: Case, folder: Path) -> Outcome:
    """Tune every outer fold by itself, then judge both settings on all judged rows, with seeds that nobody chose."""
    splits = splits_of(case)
    found = [_tuned(split, folder / f"{case.name}-{number}.db") for number, split in enumerate(splits)]
    judge = Judge.of(splits)
    models = [with_values(split.task.model, model_lines(best)) for split, (best, _) in zip(splits, found, strict=True)]
    defaults, tuned = (
        judge.measured([_all_rows(splits, many, seed) for seed in SEEDS])
        for many in ([split.task.model for split in splits], models)
    )
    best, trials = found[0]
    gained = relative(tuned["pr_auc"], defaults["pr_auc"]), relative(tuned["log_loss"], defaults["log_loss"])
    return Outcome(
        name=case.name,
        title=case.title,
        train=len(splits[0].task.lesson.label),
        judged=len(judge.outcome),
        trials=len(trials),
        defaults={name: value for name, (value, _) in defaults.items()},
        tuned={name: value for name, (value, _) in tuned.items()},
        excess={"pr_auc": _bounds(gained[0], 1), "log_loss": _bounds(gained[1], -1)},
        values=best.values,
        table_mib=(trials[0].results["table_mib"], best.results["table_mib"]),
        promised=1 - best.results["log_loss"] / trials[0].results["log_loss"],
    )


def _tuned(split: Split, path: Path) -> tuple[Trial, tuple[Trial, ...]]:
    task = Task(split.task.lesson, split.task.group, split.task.model, TUNE)
    study, _ = open_study(path, "bench", "log_loss")
    search(task, study, time.process_time, lambda _: None)
    trials = finished_trials(study)
    return best_trial(trials, "log_loss"), trials


def _all_rows(splits: list[Split], models: list[ModelSettings], seed: int) -> np.ndarray:
    return np.concatenate([probabilities(split, model, seed) for split, model in zip(splits, models, strict=True)])


def _bounds(found: Interval, sign: int) -> tuple[float, float, float]:
    low, high = sorted((sign * found.low, sign * found.high))
    return sign * found.value, low, high


def page(found: list[Outcome]) -> str:
    """The page as Markdown."""
    rows = "\n".join(_row(one) for one in found)
    settings = "\n".join(
        f"| {one.title} | {_settings(one.values)} | {one.table_mib[0]:.1f} → {one.table_mib[1]:.1f} |" for one in found
    )
    return f"""# Are the defaults as good as tuned settings?

<!-- Made by `make bench-tuning`; do not edit. -->

{_answer(found)}

Each data set is tuned as `ripelead tune` does it: up to {TUNE.trials} trials or {TUNE.minutes:g} minutes of one
processor, by log loss on the folds inside the training rows. Then the default and the tuned settings are trained with
{len(SEEDS)} seeds that took no part in the choice, and judged on the holdout that tuning never saw (Salvirt: each of
its ten folds is tuned by itself). *Better by* is relative to the defaults, with a 90 % interval from resamples of
whole leads and of seeds; above 0 the tuned settings are better. *Promised* is the gain on the folds by which the
trial was chosen.

| data set | trained on | judged | trials | log loss | tuned | promised | better by | PR-AUC | tuned | better by |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
{rows}

## What was chosen

Of Salvirt, the first fold. Tables are what exact reasons take, in MiB (defaults → tuned).

| data set | settings | tables |
|---|---|--:|
{settings}
"""


def _answer(found: list[Outcome]) -> str:
    worse = [one.title for one in found if any(is_worse(one.excess[name]) for name in ("log_loss", "pr_auc"))]
    bound = f"better by more than {100 * WITHIN:.0f} %"
    if worse:
        return f"**Not everywhere**: on {', '.join(worse)} tuned settings are {bound}, beyond noise."
    return (
        f"**Yes.** On none of the {len(found)} sets are tuned settings {bound} beyond noise, in log loss or in PR-AUC."
    )


def is_worse(excess: tuple[float, float, float]) -> bool:
    """Whether the defaults are worse by more than 1 %, and their interval is wholly on the worse side."""
    value, low, _ = excess
    return value > WITHIN and low > 0


def _row(one: Outcome) -> str:
    cells = [
        one.title,
        f"{one.train:,}",
        f"{one.judged:,}",
        str(one.trials),
        f"{one.defaults['log_loss']:.4f}",
        f"{one.tuned['log_loss']:.4f}",
        f"{one.promised:+.1%}",
        _shown(one.excess["log_loss"]),
        f"{one.defaults['pr_auc']:.4f}",
        f"{one.tuned['pr_auc']:.4f}",
        _shown(one.excess["pr_auc"]),
    ]
    return f"| {' | '.join(cells)} |"


def _shown(excess: tuple[float, float, float]) -> str:
    return "{:+.1%} ({:+.1%} to {:+.1%})".format(*excess)


def _settings(values: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {value:g}" for key, value in values.items())


def kept(case: Case) -> Outcome:
    """The outcome of a case, from an earlier run or measured now."""
    path = KEPT / f"{case.name}.json"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        found = measure(case, KEPT)
        path.write_text(json.dumps(asdict(found)), encoding="utf-8")
        print(f"· {case.title}: log loss {found.excess['log_loss']}, PR-AUC {found.excess['pr_auc']}", flush=True)
    return Outcome(**json.loads(path.read_text(encoding="utf-8")))


def main() -> int:
    """Measure what is not kept and write the page; exit code 2 when the data are not there."""
    if not Path(os.environ.get(VARIABLE, "")).is_dir() or VARIABLE not in os.environ:
        print(f"set {VARIABLE} to the folder with the public data sets (examples/*/README.md say how to get them)")
        return 2
    PAGE.write_text(page([kept(case) for case in CASES]), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
