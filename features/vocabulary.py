"""Words of the data against the words the product knows: likely misspellings are shown, never changed."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from itertools import islice

import pandas as pd

from features.rule_settings import DEFAULT_POINTS

DIRECTIONS = ("inbound", "outbound")
_LOOKED_AT = 500


def kind_notes(counts: Mapping[str, int] | pd.Series, configured: Collection[str]) -> Iterator[str]:
    """A note for each unknown kind that looks like a known one; `counts` by kind, `configured` kinds are known too."""
    known = sorted({*DEFAULT_POINTS, *configured})
    for kind, count in _others(counts, known, _LOOKED_AT):
        near = get_close_matches(_plain(str(kind)), known, 1, cutoff=0.85)
        if near:
            yield (
                f"interactions.kind {kind!r} ({rows(count)}): did you mean {near[0]!r}? "
                "It is used as its own kind; map it in [tables.interactions] values"
            )


def direction_notes(counts: Mapping[str, int] | pd.Series) -> Iterator[str]:
    """A note for each direction that is neither inbound nor outbound; `counts` by direction."""
    for direction, count in _others(counts, DIRECTIONS, 5):
        yield (
            f"interactions.direction {direction!r} ({rows(count)}): expected inbound or outbound; it counts as "
            "neither; map it in [tables.interactions] values"
        )


def _others(counts: Mapping[str, int] | pd.Series, known: Collection[str], most: int) -> Iterator[tuple[str, int]]:
    """The first labels that are not among the known ones, with their counts."""
    return islice(((str(label), count) for label, count in counts.items() if label not in known), most)


def rows(count: int) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def _plain(word: str) -> str:
    return word.strip().lower().replace(" ", "_").replace("-", "_")
