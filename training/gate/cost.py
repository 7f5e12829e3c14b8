"""What a model costs in service: time to score and explain the same rows, and bytes."""

import time

import numpy as np

from features.windows import Floats
from training.gate.contestants import Contestant

ROWS = 2_000
ROUNDS = 5


def time_ratio(pair: tuple[Contestant, Contestant], features: tuple[Floats, Floats]) -> float:
    """Time of the challenger as a multiple of the champion's: the median of rounds in which both take turns.

    `features` are those of the same rows as each of the two makes them.
    """
    pairs = [(model, np.ascontiguousarray(values[:ROWS])) for model, values in zip(pair, features, strict=True)]
    for contestant, values in pairs:  # what is compiled or read on first use is no cost of a night
        contestant.bundle.explain(values[:10])
    rounds = [[_seconds(*pair) for pair in pairs] for _ in range(ROUNDS)]
    return float(np.median([seconds[1] / seconds[0] for seconds in rounds]))


def _seconds(contestant: Contestant, values: Floats) -> float:
    begin = time.perf_counter()
    contestant.bundle.explain(values)
    return time.perf_counter() - begin
