"""Row accounting of the interactions in a store: what former updates counted, and what the newest one adds."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from features.engines.accounting import Accounting
from features.engines.store.files import Tally
from features.errors import InputContractError
from features.event_codes import Labels
from features.event_door import EventDoor, doubt_notes
from features.links import after_end
from features.project import Project
from features.schema import TableCount
from features.vocabulary import direction_notes, kind_notes
from features.windows import NEVER, Ints


def tally_of(accounting: Accounting, door: EventDoor, blamed: Mapping[str, int]) -> Tally:
    """What one accounting counted, labels by name; `blamed` is what says something against the table as a whole."""
    return Tally(
        read=accounting.source.rows + len(accounting.source.unreadable),
        reasons=dict(accounting.reasons),
        blamed=blamed,
        left_out=dict(accounting.left_out),
        doubts=dict(accounting.doubts),
        examples=accounting.examples,
        kinds=_named(accounting.kinds, door.kinds),
        directions=_named(accounting.directions[1:], door.directions),
        latest=accounting.latest,
    )


def of_waiting(waiting: Mapping[str, int]) -> Tally:
    """What rows that wait were counted as, by the reasons they wait for: it is taken back when they come again."""
    late = after_end("occurred_at", pd.Timestamp(0, tz="UTC"), chosen=True)
    blamed = {reason: count for reason, count in waiting.items() if reason != late.reason}
    return Tally(read=sum(waiting.values()), reasons=waiting, blamed=blamed, latest=NEVER)


def again(tally: Tally) -> Tally:
    """What rows that came again were counted as: their doubtful values were counted when they came first."""
    return tally.model_copy(update={"doubts": {}, "examples": {}})


def summed(added: Sequence[Tally], taken: Sequence[Tally] = ()) -> Tally:
    """The sum of some counts less some others; `latest` is the latest of those added."""

    def total(name: str) -> dict[str, int]:
        counts = Counter[str]()
        for tally in added:
            counts.update(getattr(tally, name))
        for tally in taken:
            counts.subtract(getattr(tally, name))
        return {key: count for key, count in counts.items() if count or name == "left_out"}

    return Tally(
        read=sum(tally.read for tally in added) - sum(tally.read for tally in taken),
        reasons=total("reasons"),
        blamed=total("blamed"),
        left_out=total("left_out"),
        doubts=total("doubts"),
        examples={what: said for tally in reversed(added) for what, said in tally.examples.items()},
        kinds=total("kinds"),
        directions=total("directions"),
        latest=max((tally.latest for tally in added), default=NEVER),
    )


def refuse_if_mostly_bad(tally: Tally, origin: str) -> None:
    """Stop when more than half of all rows cannot be used.

    Raises:
        InputContractError: naming the most frequent reason.
    """
    bad = sum(tally.blamed.values())
    if bad * 2 > tally.read:
        reason, count = Counter(tally.blamed).most_common(1)[0]
        raise InputContractError(
            f"interactions: {bad:,} of {tally.read:,} rows of {origin} cannot be used, so the table is refused as a "
            f"whole. Most often ({count:,}): {reason}"
        )


def count_of(tally: Tally) -> TableCount:
    """Row accounting: read = used + quarantined; most frequent reasons first."""
    quarantined = sum(tally.reasons.values())
    reasons = sorted(tally.reasons.items(), key=lambda item: (-item[1], item[0]))
    return TableCount("interactions", tally.read, tally.read - quarantined, quarantined, dict(reasons))


def notes_of(tally: Tally, project: Project) -> tuple[str, ...]:
    """What people should know about the rows that are used."""
    kinds, directions = (dict(Counter(counts).most_common()) for counts in (tally.kinds, tally.directions))
    return (
        *doubt_notes(Counter(tally.doubts), dict(tally.examples)),
        *kind_notes(kinds, project.points.kinds),
        *direction_notes(directions),
    )


def _named(counts: Ints, labels: Labels) -> dict[str, int]:
    return {name: int(counts[code]) for name, code in labels.codes.items() if code < len(counts) and counts[code]}
