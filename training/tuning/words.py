"""What a search came to, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluation import Estimate
from training.tuning.settings import Objective
from training.tuning.study import Trial

NAMES: dict[Objective, str] = {"log_loss": "log loss", "pr_auc": "PR-AUC"}
SMALL_GAIN = 0.01
"""Gains below this share of the metric are said to be small."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric with the settings as they are and with the best, and the gain: above 0 the best is better."""

    metric: Objective
    present: float
    best: float
    gain: Estimate


def sentences(
    trials: Sequence[Trial], best: Trial, compared: Sequence[Compared], objective: Objective
) -> tuple[str, ...]:
    """The outcome first, then what to make of it."""
    stopped = sum(one.state == "stopped early" for one in trials)
    count = f"{len(trials):,} trials ({stopped:,} stopped early)"
    if len(trials) == 1:
        return ("Only the settings as they are were measured: give it more --minutes or --trials.",)
    if best.number == 0:
        return (f"The settings as they are were the best of {count}: leave [model] as it is.",)
    outcome = next(one for one in compared if one.metric == objective)
    others = [gain_text(one) for one in compared if one.metric != objective]
    headline = f"{_headline(outcome)} of {count}: {gain_text(outcome)}."
    return (headline, f"Beside it: {'; '.join(others)}.", _advice(outcome))


def gain_text(one: Compared) -> str:
    """Both values of a metric and the gain with its interval."""
    text = f"{NAMES[one.metric]} {one.best:.4f} instead of {one.present:.4f}, a gain of {one.gain.value:+.4f}"
    if one.gain.low is None or one.gain.high is None:
        return f"{text} (too few leads for an interval)"
    return f"{text} ({one.gain.low:+.4f} to {one.gain.high:+.4f})"


def is_clear(one: Compared) -> bool:
    """Whether the whole interval of the gain is above 0."""
    return one.gain.low is not None and one.gain.low > 0


def _headline(outcome: Compared) -> str:
    return "Better settings: the best" if is_clear(outcome) else "The settings as they are do as well as the best"


def _advice(outcome: Compared) -> str:
    if not is_clear(outcome):
        return "The difference is within noise: there is no reason to change [model]."
    share = (outcome.gain.value or 0.0) / outcome.present
    size = f"The gain is {share:.1%} of the metric" + (", which is small" if share < SMALL_GAIN else "")
    return (
        f"{size}; it was chosen on these folds, so expect less on new leads: paste the lines, and the next training "
        "judges them on the holdout."
    )
