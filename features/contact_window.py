"""The contact window (row M23): contacted too early a lead is put off, too late its interest has gone.

    interest = Σ over past interactions of the lead, but those of sales, of points · 2^(−age / half-life)

Points are those of `[points]` with their limits of repeats, caps left aside. Interest never falls below 0.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from numba import njit

from features.contact_settings import ContactWindowSettings
from features.histories import OUTBOUND, Block
from features.points import Log, Priced, fill_entries, priced, prices_of
from features.rule_settings import POINT_UNIT, PointSettings
from features.snapshots import Snapshots
from features.windows import DAY_US, NEVER, Floats, Ints, history

Flag = Literal["too_early", "now", "going_cold", "gone"]
FLAGS: tuple[Flag, ...] = ("too_early", "now", "going_cold", "gone")
OUTSIDE: tuple[Flag, ...] = ("too_early", "gone")
"""States in which there is no reason to call yet, or any more."""
TOO_EARLY, NOW, GOING_COLD, GONE = range(len(FLAGS))


@dataclass(frozen=True, slots=True)
class Interest:
    """Per snapshot, in points: interest at the as-of date, and the most there ever was before it.

    `silent_days` are the days since the lead last did something, infinite where it never did.
    """

    level: Floats
    peak: Floats
    silent_days: Floats


def interest_as_of(block: Block, snapshots: Snapshots, points: PointSettings, half_life_days: float) -> Interest:
    """Interest of each snapshot's lead from what it did before its as-of date."""
    log = block.by_lead
    past = history(log.segments, snapshots.lead, snapshots.as_of)
    unfading = prices_of(block, points.model_copy(update={"half_life_days": None}))
    columns = (log.time, log.kind, log.topic)
    level, peak, last = _interest(
        (past.first, past.stop), snapshots.as_of, columns, log.direction, priced(unfading), half_life_days * DAY_US
    )
    silent = np.where(last == NEVER, np.inf, (snapshots.as_of - last) / DAY_US)
    return Interest(level * POINT_UNIT, peak * POINT_UNIT, silent)


def flag_codes(interest: Interest, settings: ContactWindowSettings) -> npt.NDArray[np.int8]:
    """Place in `FLAGS` of each lead.

    *Too early*: interest never reached `now_from`. *Now*: it did, has since faded by no more than
    `cold_from_half_lives` below that, and the lead was heard of within as many. *Gone*: nothing was heard for
    `lost_after_half_lives`. Between them it is *going cold*.
    """
    ripe = interest.peak >= settings.now_from
    half_lives = interest.silent_days / settings.half_life_days
    least = settings.now_from * 2.0**-settings.cold_from_half_lives
    now = (interest.level >= least) & (half_lives <= settings.cold_from_half_lives)
    gone = half_lives > settings.lost_after_half_lives
    return np.select([~ripe, now, gone], [TOO_EARLY, NOW, GONE], GOING_COLD).astype(np.int8)


@njit(cache=True, nogil=True)
def _interest(
    past: tuple[Ints, Ints], as_of: Ints, log: Log, direction: Ints, prices: Priced, half_life_us: float
) -> tuple[Floats, Floats, Ints]:
    first, stop = past
    worth = np.empty((stop - first).max() if len(first) else 0, np.int64)
    level, peak, last = np.zeros(len(first)), np.zeros(len(first)), np.full(len(first), NEVER)
    for i in range(len(first)):
        fill_entries(first[i], stop[i], as_of[i], log, prices, worth)
        for at in range(first[i], stop[i]):
            if direction[at] == OUTBOUND:
                continue
            if last[i] != NEVER:
                level[i] *= 2.0 ** (-(log[0][at] - last[i]) / half_life_us)
            level[i] = max(level[i] + worth[at - first[i]], 0.0)
            peak[i] = max(peak[i], level[i])
            last[i] = log[0][at]
        if last[i] != NEVER:
            level[i] *= 2.0 ** (-(as_of[i] - last[i]) / half_life_us)
    return level, peak, last
