"""What the comparison of model and framework says, in plain sentences."""

from collections.abc import Iterator

from features.frameworks.verdict import Outcome
from training.agreement.found import Ahead, Cell, SameVolume
from training.agreement.measure import Measure
from training.wording import count, percent_range

_WHO: dict[Ahead, str] = {
    "model": "Where they differ, the model's picks win more often.",
    "framework": "Where they differ, the rules' picks win more often: go by the rules there.",
    "neither": "The difference is within chance.",
    "too_few": "These are too few to say whose win more often.",
}


def sentences(found: Measure) -> tuple[str, ...]:
    """What a framework says of the rows, who wins at its volume, and what its verdict adds to the model's class."""
    return tuple(_sentences(found))


def _sentences(found: Measure) -> Iterator[str]:
    rows = {name: sum(cell.n for cell in found.cells if cell.framework == name) for name in ("met", "open", "not_met")}
    if not rows["met"] and not rows["not_met"]:
        yield "Nothing is known on any row of what it asks about: there is no evidence for it."
        return
    yield (
        f"It is met on {count(rows['met'])} rows, open on {count(rows['open'])} (what is known does not suffice, and "
        f"nothing forbids it) and not met on {count(rows['not_met'])}."
    )
    if found.same_volume is None:
        yield "As it is met on no row, it picks nobody to compare with."
        return
    yield from _volume(found.same_volume)
    yield from _added(found.cells)


def _volume(found: SameVolume) -> Iterator[str]:
    if found.apart < 1:
        yield f"The model's highest {count(found.count)} rows are the same ones."
        return
    yield (
        f"Of as many rows as it picks ({count(found.count)}), the model picks {count(found.apart)} others: these win "
        f"in {percent_range(found.model_alone)} of cases, those that only the rules pick in "
        f"{percent_range(found.framework_alone)}. {_WHO[found.ahead]}"
    )


def _added(cells: tuple[Cell, ...]) -> Iterator[str]:
    """Among rows that the model does not call ripe: do those that meet the framework win more often?"""
    met, other = (_of(cells, name) for name in ("met", "not_met"))
    if None in (met.win_rate.low, other.win_rate.high) or not met.win_rate.low or other.win_rate.high is None:
        return
    if met.win_rate.low > other.win_rate.high:
        yield (
            f"Among rows below the model's threshold, those that meet it win in {percent_range(met.win_rate)} of "
            f"cases, those that do not in {percent_range(other.win_rate)}."
        )


def _of(cells: tuple[Cell, ...], name: Outcome) -> Cell:
    return next(cell for cell in cells if not cell.model and cell.framework == name)
