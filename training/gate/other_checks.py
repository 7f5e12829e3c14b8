"""Checks beside ranking and calibration: segments, the top of the list, time, size."""

from training.bootstrap import Interval
from training.gate.checks import as_check, between, check, signed
from training.gate.decision import Check, Outcome
from training.gate.segments import Worst
from training.gate.settings import GateSettings
from training.wording import fixed, percent

HALF = 0.5


def segments_check(worst: Worst | None, settings: GateSettings) -> Check:
    """No large segment proven worse by more than the margin."""
    limit = -settings.segment_margin
    if worst is None:
        nothing = Interval(float("nan"))
        return as_check("segments", "passed", nothing, limit, "No segment is large enough to be judged by itself.")
    passed = not worst.difference.high < limit
    shown = f"{worst.name}: {signed(worst.difference.value)} PR-AUC, {between(worst.difference)}"
    if passed:
        said = f"None of {worst.segments} large segments is proven worse (the worst is {shown})."
    else:
        said = f"Worse in a segment (of {worst.segments}): {shown}; {settings.segment_margin:g} is allowed."
    return check("segments", passed, worst.difference, limit, said)


def overlap_check(overlap: float, share: float, settings: GateSettings) -> Check:
    """How much of the top list stays; a warning, unless a limit is set."""
    said = f"Of the champion's top {percent(share)}, {percent(overlap)} stay on top."
    limit = settings.least_overlap if settings.least_overlap is not None else HALF
    outcome: Outcome = "passed"
    if overlap < limit:
        outcome = "warning" if settings.least_overlap is None else "refused"
        said += (
            " Tell sales before their list changes." if outcome == "warning" else f" At least {percent(limit)} must."
        )
    return as_check("top of the list", outcome, Interval(overlap), limit, said)


def time_check(ratio: float, leaves_budget: bool, settings: GateSettings) -> Check:
    """Not much slower, and still inside the explanation budget."""
    if leaves_budget:
        said = (
            "Its trees leave the explanation budget: exact reasons would take a hundred times as long. Use less depth."
        )
        return check("time", False, Interval(ratio), settings.most_time, said)
    said = f"Scoring and explaining takes {fixed(ratio, 1)} times as long as with the champion."
    return check("time", ratio <= settings.most_time, Interval(ratio), settings.most_time, said)


def size_check(ratio: float, settings: GateSettings) -> Check:
    """Not much larger."""
    said = f"The bundle is {fixed(ratio, 1)} times as large as the champion's."
    return check("size", ratio <= settings.most_bytes, Interval(ratio), settings.most_bytes, said)
