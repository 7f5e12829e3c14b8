"""The learning curve in words: what more data of this kind would bring."""

from collections.abc import Sequence

from training.evaluation import Estimate
from training.learning_curve.found import Growth, Size
from training.wording import count, fixed

HARDLY, SOME = 0.01, 0.005
"""Gains in PR-AUC: twice the data hardly helps when the upper end is below the first, and helps when the lower
end is above the second."""


def headline(growth: Growth) -> str:
    """One sentence on what twice the leads would bring."""
    gain = growth.gain_of_twice
    if gain.value is None or gain.low is None or gain.high is None:
        return "What more data would bring cannot be told from this holdout."
    brings = f"twice the leads would bring about {_plus(gain.value)} PR-AUC ({_plus(gain.low)} to {_plus(gain.high)})"
    if gain.high < HARDLY:
        return f"More data of this kind would hardly help: {brings}."
    if gain.low > SOME:
        return f"More data would help: {brings}."
    if gain.value < SOME:
        return f"More data of this kind would probably help little: {brings}."
    return f"Whether more data would help is open: {brings}."


def sentences(sizes: Sequence[Size], newest_minus_all: Estimate) -> tuple[str, ...]:
    """How far smaller training sets come, and whether older history still helps."""
    whole, half = sizes[-1], next((size for size in sizes if size.share == 0.5), None)
    said = []
    if half is not None and half.pr_auc.value is not None and whole.pr_auc.value is not None:
        said.append(
            f"With half of the training leads PR-AUC is {fixed(half.pr_auc.value, 3)}, with all of them "
            f"({count(whole.rows)} rows, {count(whole.wins)} wins) {fixed(whole.pr_auc.value, 3)}."
        )
    low, high, value = newest_minus_all.low, newest_minus_all.high, newest_minus_all.value
    if value is not None and low is not None and high is not None:
        within = f"PR-AUC {_plus(value)}, {_plus(low)} to {_plus(high)}"
        if high < 0:
            said.append(
                f"Older history still helps: the newest half of the leads alone does worse than all ({within})."
            )
        elif low > 0:
            said.append(f"Older history harms: the newest half of the leads alone does better than all ({within}).")
        else:
            said.append(f"The newest half of the leads alone cannot be told apart from all of them ({within}).")
    return tuple(said)


def too_little(wins: int, needed: int) -> str:
    """Why there is no curve."""
    return (
        f"What more data would bring cannot be told yet: {count(wins)} training rows won (or did not win), and a curve "
        f"needs {needed}."
    )


def _plus(number: float) -> str:
    return f"{round(number, 3) + 0.0:+.3f}".replace("-", "−")
