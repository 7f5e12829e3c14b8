"""The study: which settings to try next, and what came of those that were tried, kept in one SQLite file.

The only module that imports optuna. A trial depends on the finished ones before it and on nothing else: a search
that was killed goes on as if it had not been.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from features.errors import ProjectFileError
from training.tuning.settings import Objective
from training.tuning.space import Range, Values, rounded

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import TPESampler
    from optuna.trial import FrozenTrial

FIRST_RANDOM = 8
"""Trials at random before the sampler learns from them; as many before any is stopped early."""
SQLITE_HEAD = b"SQLite format 3\0"
LOWER_IS_BETTER: frozenset[Objective] = frozenset({"log_loss"})
State = Literal["measured", "stopped early"]


class HopelessError(Exception):
    """Raised by a measurement to stop a candidate that will not do."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A finished trial: what was set, the objective (None: stopped early) and what else was measured."""

    number: int
    state: State
    values: Values
    objective: float | None
    results: Mapping[str, float]


Watch = Callable[[int, float], None]
"""Told the objective of a candidate on so many folds; raises `HopelessError` to stop it."""
Measure = Callable[[Values, Watch], tuple[float, Mapping[str, float]]]
"""Objective and other results of some settings."""


def open_study(path: Path, fingerprint: str, objective: Objective) -> tuple["Study", int]:
    """The study of a fingerprint, made where there is none, and how many others the file holds.

    Trials that a killed process left behind unfinished are closed.

    Raises:
        ProjectFileError: the file is no study.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    _refuse_other_files(path)
    storage = optuna.storages.RDBStorage(f"sqlite:///{path.resolve()}")
    others = [name for name in optuna.study.get_all_study_names(storage) if name != fingerprint]
    study = optuna.create_study(
        study_name=fingerprint,
        storage=storage,
        direction="minimize" if objective in LOWER_IS_BETTER else "maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=FIRST_RANDOM),
        load_if_exists=True,
    )
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study, len(others)


def try_first(study: "Study", space: Mapping[str, Range], values: Values, measure: Measure) -> None:
    """Measure the settings that all others are compared with; they are never stopped early."""
    import optuna

    by_folds: dict[int, float] = {}
    objective, results = measure(values, by_folds.__setitem__)
    study.add_trial(
        optuna.create_trial(
            params=dict(values),
            distributions=_distributions(space),
            value=objective,
            intermediate_values={folds: value for folds, value in by_folds.items() if isfinite(value)},
            user_attrs=dict(results),
        )
    )


def try_next(study: "Study", space: Mapping[str, Range], seed: int, measure: Measure) -> None:
    """Measure the settings that the sampler proposes next.

    Whatever `measure` raises besides `HopelessError` closes the trial as if it had not been, and is raised again.
    """
    from optuna.trial import TrialState

    study.sampler = _sampler(seed + len(finished_trials(study)))
    trial = study.ask(_distributions(space))

    def watch(folds: int, objective: float) -> None:
        if isfinite(objective):
            trial.report(objective, folds)
            if trial.should_prune():
                raise HopelessError

    try:
        objective, results = measure(rounded(trial.params), watch)
    except HopelessError:
        study.tell(trial, state=TrialState.PRUNED)
    except BaseException:
        study.tell(trial, state=TrialState.FAIL)
        raise
    else:
        for key, value in results.items():
            trial.set_user_attr(key, value)
        study.tell(trial, objective)


def finished_trials(study: "Study") -> tuple[Trial, ...]:
    """All finished trials, the first one first."""
    from optuna.trial import TrialState

    found = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    return tuple(_trial(number, one) for number, one in enumerate(found))


def best_trial(trials: Sequence[Trial], objective: Objective) -> Trial:
    """The best of some trials that were measured to the end; the earliest of equals."""
    sign = 1 if objective in LOWER_IS_BETTER else -1
    known = [(sign * one.objective, one.number, one) for one in trials if one.objective is not None]
    return min(known, key=lambda one: one[:2])[2]


def importance(study: "Study", seed: int) -> dict[str, float]:
    """Share of the spread of the objective that each setting explains (fANOVA, Hutter et al. 2014); none for few."""
    import optuna

    measured = [trial for trial in finished_trials(study) if trial.state == "measured"]
    if len(measured) < FIRST_RANDOM or len({trial.objective for trial in measured}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {key: round(float(share), 4) for key, share in found.items()}


def _trial(number: int, found: "FrozenTrial") -> Trial:
    return Trial(
        number=number,
        state="stopped early" if found.value is None or found.state.name == "PRUNED" else "measured",
        values=rounded(found.params),
        objective=found.value if found.state.name == "COMPLETE" else None,
        results=dict(found.user_attrs),
    )


def _sampler(seed: int) -> "TPESampler":
    import optuna

    return optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=FIRST_RANDOM)


def _distributions(space: Mapping[str, Range]) -> dict[str, "BaseDistribution"]:
    from optuna.distributions import FloatDistribution, IntDistribution

    return {
        key: IntDistribution(int(one.low), int(one.high), log=one.log)
        if one.whole
        else FloatDistribution(one.low, one.high, log=one.log)
        for key, one in space.items()
    }


def _refuse_other_files(path: Path) -> None:
    if path.exists() and path.read_bytes()[: len(SQLITE_HEAD)] not in (b"", SQLITE_HEAD):
        raise ProjectFileError(f"{path} is no study of `ripelead tune` (not SQLite): move it away to begin anew")
