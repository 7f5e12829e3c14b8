"""Movement: the last days against as many days before them."""

import numpy as np

from features.engagement.counts import count
from features.engagement.view import View
from features.windows import Few, Floats


def trend(view: View, of: str | None, days: int) -> Few:
    """Chosen interactions (see `count`) in the last `days` minus those in the `days` before."""
    return 2 * count(view, of, days) - count(view, of, 2 * days)


def trend_ratio(view: View, days: int) -> Floats:
    """(interactions in the last `days` + 1) / (interactions in the `days` before + 1)."""
    recent, both = count(view, None, days), count(view, None, 2 * days)
    return np.asarray((recent + 1) / (both - recent + 1))
