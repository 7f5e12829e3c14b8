"""Counts: how many interactions, of all kinds or of one kind, topic or direction."""

from functools import cache
from typing import cast

import numpy as np

from features.engagement.view import Column, View
from features.windows import Floats

DIRECTIONS = ("inbound", "outbound")


def count(view: View, of: str | None, days: int | None) -> Floats:
    """Number of interactions in the window: |{e : as_of − days ≤ t_e < as_of, e is `of`}|.

    `of` is `kind:CODE`, `topic:CODE`, `direction:inbound`, `direction:outbound`, or None for all.
    """
    if of is None:
        return view.span(days).count.astype(np.float64)
    column, code = selection(of)
    counts = view.counts(column, days)
    return counts[code].astype(np.float64) if code < len(counts) else np.zeros(len(view.owner))


@cache
def selection(of: str) -> tuple[Column, int]:
    """Column and code that `of` names."""
    column, _, wanted = of.partition(":")
    return cast(Column, column), DIRECTIONS.index(wanted) if column == "direction" else int(wanted)
