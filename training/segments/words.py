"""Segments in words: where the probabilities do not fit, where the model ranks worst, and what cannot be said."""

from collections.abc import Sequence

from training.segments.found import Attribute, Segment
from training.wording import fixed, percent

MOST_NAMED = 4


def headline(attributes: Sequence[Attribute]) -> str:
    """One sentence on whether the probabilities fit in every part of the market."""
    tested = [segment for attribute in attributes for segment in attribute.segments if segment.tested]
    off = [segment for segment in tested if segment.differs]
    if not tested:
        return "No part of the market has enough wins in the holdout to be judged on its own."
    if not off:
        return (
            "The probabilities fit every part of the market that has enough wins to tell: none of "
            f"{len(tested)} segments differs from the rest beyond chance."
        )
    some = "1 of" if len(off) == 1 else f"{len(off)} of"
    differ = "differs" if len(off) == 1 else "differ"
    return (
        f"The probabilities do not fit everywhere: {some} {len(tested)} segments {differ} from the rest beyond chance."
    )


def sentences(attributes: Sequence[Attribute]) -> tuple[str, ...]:
    """The segments that differ, where the model ranks best and worst, and what is not known."""
    named = [(attribute.name, segment) for attribute in attributes for segment in attribute.segments]
    off = sorted(((name, s) for name, s in named if s.differs), key=lambda one: -abs(one[1].beyond_shift) * one[1].n)
    said = [_off(name, segment) for name, segment in off[:MOST_NAMED]]
    if len(off) > MOST_NAMED:
        said.append(f"{len(off) - MOST_NAMED} more are marked in the table.")
    ranked = sorted((s.roc_auc.value, name, s.value) for name, s in named if s.roc_auc.value is not None)
    if len(ranked) > 1:
        (low, *worst), (high, *best) = ranked[0], ranked[-1]
        said.append(
            f"The model ranks best where {best[0]} is {best[1]} (ROC-AUC {fixed(high, 2)}), worst where {worst[0]} is "
            f"{worst[1]} ({fixed(low, 2)}); the extremes of many segments are partly chance."
        )
    few = sum(not segment.tested for _, segment in named)
    if few:
        said.append(f"{few} of {len(named)} segments have not enough wins to say whether their probabilities fit.")
    exported = [attribute.name for attribute in attributes if not attribute.tracked]
    if exported:
        said.append(f"Without a change history, and so as exported, not as of the date: {', '.join(exported)}.")
    return tuple(said)


def _off(name: str, segment: Segment) -> str:
    expected, happened = percent(segment.predicted.value or 0), percent(segment.observed.value or 0)
    where = f"Where {name} is {segment.value}"
    if segment.level_differs:
        after = percent((segment.observed.value or 0) + segment.beyond_shift)
        return f"{where}, {expected} were expected ({after} after the shift of all leads) and {happened} happened."
    slope = segment.calibration_slope.value or 1.0
    how = "too extreme" if slope < 1 else "too timid"
    return f"{where}, high and low probabilities are {how} (slope {fixed(slope, 2)}; 1 is right)."
