"""Which open leads are drawn to be worked whatever their score, and how probable it is that a lead is worked at all.

A draw depends on the lead's id, the period and the salt alone: not on the rows beside it, nor on their order, so that a
run that is repeated or resumed, a cluster and one lead alone give the same marks.
"""

from hashlib import sha256

import numpy as np
import pyarrow as pa

from features.snapshots import FIRST_MONDAY_US
from features.windows import NEVER, Bools, Floats, Ints
from training.exploration import ExplorationSettings

STEPS = 2**53


def drawn(lead_id: pa.Array, as_of: Ints, settings: ExplorationSettings) -> Bools:
    """Whether each lead is drawn in the period of its as-of time (microseconds; all unknown times are one period)."""
    if settings.share == 0.0 or len(lead_id) == 0:
        return np.zeros(len(lead_id), np.bool_)
    periods, period_of = np.unique(_periods(as_of, settings), return_inverse=True)
    begun = [f"{settings.salt}\n{period}\n".encode() for period in periods.tolist()]
    rows = zip(period_of.tolist(), lead_id.to_pylist(), strict=True)
    below = int(settings.share * STEPS)
    return np.array([_number(begun[at] + name.encode()) < below for at, name in rows])


def worked_probability(qualified: Bools, settings: ExplorationSettings) -> Floats:
    """Probability that each lead is handed to sales, before anybody is drawn: by its class, or else by the draw."""
    return np.where(qualified, 1.0, settings.share)


def _number(text: bytes) -> int:
    """A number below 2^53, each as likely as any other."""
    return int.from_bytes(sha256(text).digest()[:8], "big") >> 11


def _periods(as_of: Ints, settings: ExplorationSettings) -> Ints:
    return np.where(as_of == NEVER, -1, (as_of - FIRST_MONDAY_US) // settings.period_us)
