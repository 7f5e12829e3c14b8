"""Parts of sentences that several families of features share: windows, times past, what is not known."""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor

from features.catalog import Catalog, FeatureDef
from serving.language.translations import Counted, Translation, msg, msgs

NOT_KNOWN = msg("{name}: not known")
IS = msg("{name}: {value}")
WINDOW = msgs("{what} in the last day", "{what} in the last {days} days")
SO_FAR = msg("{what} so far")
AGO = msgs("{what} 1 day ago", "{what} {days} days ago")
JUST_NOW = msg("{what} less than a day ago")


@dataclass(frozen=True, slots=True)
class Words:
    """What sentences are made of: the catalog that the features belong to, and the language."""

    catalog: Catalog
    to: Translation


Sentence = Callable[[Words, FeatureDef, float], str]
"""Sentence about a value of a feature; NaN is not known."""


def in_window(words: Words, feature: FeatureDef, what: str) -> str:
    """`what` in the feature's window, or so far."""
    if feature.days is None:
        return words.to.text(SO_FAR, what=what)
    return over(words, WINDOW, feature.days, what=what)


def over(words: Words, message: Counted, days: int | None, **values: str) -> str:
    """`message` for a window of `days`."""
    return words.to.counted(message, days or 0, days=words.to.number(days or 0), **values)


def ago(words: Words, what: str, days: float) -> str:
    """`what` full days ago."""
    full = floor(days)
    return words.to.text(JUST_NOW, what=what) if full < 1 else over(words, AGO, full, what=what)


def not_known(words: Words, name: str) -> str:
    """`name` is not known."""
    return words.to.text(NOT_KNOWN, name=name)


def is_value(words: Words, name: str, value: str) -> str:
    """`name` and its value."""
    return words.to.text(IS, name=name, value=value)
