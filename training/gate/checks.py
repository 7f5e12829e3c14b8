"""The checks of a challenger against the champion: each number against its limit, and a sentence about it.

What must be shown is that the challenger is not worse by more than a margin (non-inferiority): the whole interval has
to lie on the right side of the limit, so that too few rows speak for the champion.
"""

from math import isfinite
from statistics import NormalDist

from training.bootstrap import Interval, percentile_interval
from training.gate.decision import Check, Outcome
from training.gate.paired import Paired
from training.gate.settings import GateSettings
from training.verdict import AUC_OF_CHANCE
from training.wording import fixed, percent

NINE_IN_TEN = 0.9
_ROUND = 6


def checks_of_pair(paired: Paired, settings: GateSettings) -> list[Check]:
    """Signal, ranking, probabilities, and whether a gain is too good, on common rows."""
    of_both = (ranking_check, log_loss_check, slope_check, rate_check, gain_check)
    return [signal_check(paired), *(one(paired, settings) for one in of_both)]


def check(name: str, passed: bool, found: Interval, limit: float | None, sentence: str) -> Check:
    """A check that stops a promotion when it is not passed."""
    return as_check(name, "passed" if passed else "refused", found, limit, sentence)


def ranking_check(paired: Paired, settings: GateSettings) -> Check:
    """PR-AUC not worse by the margin or more."""
    found = paired.difference("pr_auc")
    value = f"{signed(found.value)} PR-AUC against the champion ({between(found)}; {_two(paired, 'pr_auc')})"
    if found.low > -settings.margin:
        said = f"The ranking is not worse: {value}."
    elif found.high < 0:
        said = f"The ranking is worse: {value}."
    else:
        said = f"The ranking may be worse by more than the margin of {settings.margin:g}: {value}.{_shows(paired)}"
    return check("ranking", found.low > -settings.margin, found, -settings.margin, said)


def log_loss_check(paired: Paired, settings: GateSettings) -> Check:
    """Log loss not higher by the margin or more."""
    found = paired.added_log_loss()
    passed = found.high < settings.log_loss_margin
    start = "Probabilities fit as well" if passed else "Probabilities may fit worse"
    said = (
        f"{start}: log loss {_signed_percent(found)} against the champion, at most {percent(settings.log_loss_margin)}."
    )
    return check("log loss", passed, found, settings.log_loss_margin, said)


def slope_check(paired: Paired, settings: GateSettings) -> Check:
    """Calibration slope not further from 1 than the champion's by the margin or more."""
    found = paired.further_from_one()
    passed = found.high < settings.slope_margin
    start = "High and low probabilities are right" if passed else "High and low probabilities are off"
    said = (
        f"{start}: calibration slope {_two(paired, 'slope', 2)}; it may be {settings.slope_margin:g} further from 1 "
        f"than the champion's, and is {signed(found.value, 2)} ({between(found, 2)})."
    )
    return check("calibration slope", passed, found, settings.slope_margin, said)


def rate_check(paired: Paired, settings: GateSettings) -> Check:
    """Mean prediction not further from what happened than the champion's by the margin or more."""
    found = paired.further_from_observed()
    passed = found.high < settings.rate_margin
    observed = paired.challenger.value["observed"]
    expected = percent(paired.challenger.value["surplus"] + observed)
    said = (
        f"The level of the probabilities is {'right' if passed else 'off'}: {expected} expected, {percent(observed)} "
        f"happened, the champion expected {percent(paired.champion.value['surplus'] + observed)}."
    )
    return check("mean prediction", passed, found, settings.rate_margin, said)


def signal_check(paired: Paired) -> Check:
    """Better than chance beyond doubt."""
    auc = Interval(paired.challenger.value["roc_auc"], *_ends(paired))
    passed = auc.low > AUC_OF_CHANCE
    if passed:
        said = f"It orders leads better than chance (ROC-AUC {fixed(auc.value, 2)}, {between(auc, 2)})."
    else:
        said = (
            f"No usable signal: it does not order these leads beyond chance (ROC-AUC {between(auc, 2)}; chance: 0.50)."
        )
    return check("signal", passed, auc, AUC_OF_CHANCE, said)


def gain_check(paired: Paired, settings: GateSettings) -> Check:
    """Not better by so much that a leak is the likelier reason."""
    found = paired.difference("pr_auc")
    passed = not found.low > settings.most_gain
    if passed:
        said = "Nothing is too good to be true."
    else:
        said = (
            f"Too good to be true: {signed(found.value)} PR-AUC against the champion ({_two(paired, 'pr_auc')}). A "
            "jump like this comes from a field that knows the outcome more often than from progress: look at the new "
            "features, then promote by force or raise [gate] most_gain."
        )
    return check("too good", passed, found, settings.most_gain, said)


def _shows(paired: Paired) -> str:
    least = smallest_margin(paired)
    if least is None:
        return ""
    return f" So few rows can show a margin of {least:.3f} or more: wait for more closed deals, or set [gate] margin."


def smallest_margin(paired: Paired) -> float | None:
    """The least margin at which an equal challenger would pass nine times in ten on these rows."""
    found = paired.difference("pr_auc")
    sure = NormalDist().inv_cdf(paired.confidence)
    spread = (found.high - found.low) / (2 * sure)
    return round((sure + NormalDist().inv_cdf(NINE_IN_TEN)) * spread, 4) if isfinite(spread) else None


def _ends(paired: Paired) -> tuple[float, float]:
    found = percentile_interval(paired.challenger.value["roc_auc"], paired.challenger.draws["roc_auc"])
    return found.low, found.high


def as_check(name: str, outcome: Outcome, found: Interval, limit: float | None, sentence: str) -> Check:
    """A check with its numbers as they stand in JSON."""
    return Check(name, outcome, _known(found.value), _known(found.low), _known(found.high), limit, sentence)


def _known(number: float) -> float | None:
    return round(number, _ROUND) + 0.0 if isfinite(number) else None


def signed(number: float, digits: int = 3) -> str:
    """A number with its sign."""
    return f"{number:+.{digits}f}".replace("-", "−")


def between(found: Interval, digits: int = 3) -> str:
    """The ends of an interval."""
    if not isfinite(found.low):
        return "no interval"
    return f"{fixed(found.low, digits)} to {fixed(found.high, digits)}"


def _two(paired: Paired, measure: str, digits: int = 3) -> str:
    new, old = paired.challenger.value[measure], paired.champion.value[measure]
    return f"{fixed(new, digits)}, the champion {fixed(old, digits)}"


def _signed_percent(found: Interval) -> str:
    if not isfinite(found.low):
        return "cannot be measured"
    return f"{100 * found.value:+.1f} % ({100 * found.low:+.1f} to {100 * found.high:+.1f})".replace("-", "−")
