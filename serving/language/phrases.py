"""Phrases: reasons as people read them, in one language, with the evidence of past leads.

Millions of reasons have few different sentences: each different pair of a feature and its value as shown is phrased
once and then taken. The value beside a sentence is the same in every language.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap
from math import isnan, nan
from typing import Generic, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from features.catalog import Catalog
from features.windows import Floats, Ints
from serving.language.attribute_words import GROUPS
from serving.language.sentence_parts import Words
from serving.language.sentences import said_value, sentence
from serving.language.translations import msg, msgs, translation_to
from training.bundle import Bundle
from training.evidence import Evidence, shown_values

START, END_OF_SCALE = msg("Where every lead starts"), msg("The scale ends here")
EVERYTHING_ELSE = msgs("Everything else ({n} further feature)", "Everything else ({n} further features)")
OFTEN = msg("{sentence} (such leads converted {ratio} times as often as average, n = {n})")
LESS_OFTEN = msg("{sentence} (such leads converted {share} less often than average, n = {n})")
NEVER_SO_FAR = msg("{sentence} (none of such leads converted, n = {n})")
COLUMN_BITS = 20
FEW = 64
"""Reasons of one lead or a few are phrased one by one."""
MOST_KEPT = 200_000
"""Different reasons kept for later; beyond, they are made again."""
AS_OFTEN = 0.1
"""Ratios this close to 1 are not worth a word."""
NEARLY_NEVER = 0.99
"""The most that is told as "less often": "100 % less often" is for none at all."""


class HasPoints(Protocol):
    """A reason with its group (the English key) and points."""

    @property
    def group(self) -> str: ...  # noqa: D102
    @property
    def points(self) -> int: ...  # noqa: D102


R = TypeVar("R", bound=HasPoints)


class Phrases:
    """Sentences about the features of a catalog in one language; keeps those it has made."""

    def __init__(self, catalog: Catalog, evidence: Evidence, language: str) -> None:
        self.catalog, self.evidence = catalog, evidence
        self.words = Words(catalog, translation_to(language))
        self.start = self.words.to.text(START)
        self.end_of_scale = self.words.to.text(END_OF_SCALE)
        self._pairs: dict[tuple[int, float | None, bool], tuple[str | None, str]] = {}
        self._sentences: dict[tuple[int, float | None, tuple[float, int] | None], str] = {}
        self._short: dict[tuple[int, float | None], str] = {}

    def reasons(self, column: Ints, value: Floats, points: Ints) -> tuple[pa.Array, pa.Array]:
        """Value as text (null: not known) and sentence of m reasons: features by column, their values and points."""
        shown = shown_values(np.asarray(value, np.float64))
        if len(shown) <= FEW:
            few = zip(np.asarray(column).tolist(), shown.tolist(), (np.asarray(points) > 0).tolist(), strict=True)
            return _arrays(starmap(self._pair, few))
        which, different = _different(column, shown, points)
        texts, sentences = _arrays(starmap(self._pair, different))
        return texts.take(which), sentences.take(which)

    def reason(self, column: int, value: float, points: int) -> tuple[str | None, str]:
        """Value as text (None: not known) and sentence of one reason, as `reasons` gives them."""
        return self._pair(column, float(shown_values(np.array([value]))[0]), bool(points > 0))

    def short(self, column: int, value: float) -> str:
        """Sentence of one reason without the evidence of past leads."""
        shown = float(shown_values(np.array([value]))[0])
        key = column, None if isnan(shown) else shown
        found = self._short.get(key)
        if found is None:
            if len(self._short) >= MOST_KEPT:
                self._short = {}
            feature = self.catalog.features[column]
            found = self._short[key] = sentence(self.words, feature, said_value(feature, shown))
        return found

    def feature_names(self) -> pa.Array:
        """Name of each feature."""
        return pa.array(self.catalog.names, pa.string())

    def groups(self) -> pa.Array:
        """Group of each feature: the key, the same in every language."""
        return pa.array([feature.group for feature in self.catalog.features], pa.string())

    def group_label(self, group: str) -> str:
        """A group in this language; one that is not known as it stands."""
        return self.words.to.text(GROUPS[group]) if group in GROUPS else group

    def everything_else(self, others: Ints) -> pa.Array:
        """Sentence for each number of features that are not named."""
        different, which = np.unique(np.asarray(others), return_inverse=True)
        said = [self.further(int(n)) for n in different]
        return pa.array(said, pa.string()).take(pa.array(which))

    def further(self, others: int) -> str:
        """Sentence for a number of features that are not named."""
        return self.words.to.counted(EVERYTHING_ELSE, others)

    def _pair(self, column: int, value: float, plus: bool) -> tuple[str | None, str]:
        """Text and sentence of a value as shown, with points above zero or not."""
        key = column, None if isnan(value) else value, plus
        pair = self._pairs.get(key)
        if pair is None:
            if len(self._pairs) >= MOST_KEPT:
                self._pairs, self._sentences = {}, {}
            pair = self.catalog.shown(self.catalog.features[column], value), self._sentence(*key)
            self._pairs[key] = pair
        return pair

    def _sentence(self, column: int, value: float | None, plus: bool) -> str:
        feature = self.catalog.features[column]
        known = nan if value is None else value
        about = self.evidence.about(feature.name, known)
        # Evidence that points the other way than the reason would only puzzle: the points hold all else equal.
        if about and not (about[0] > 1 + AS_OFTEN if plus else about[0] < 1 - AS_OFTEN):
            about = None
        said = said_value(feature, known)
        key = column, None if value is None else said, about
        found = self._sentences.get(key)
        if found is None:
            plain = sentence(self.words, feature, said)
            found = self._with_evidence(plain, *about) if about else plain
            self._sentences[key] = found
        return found

    def _with_evidence(self, sentence: str, ratio: float, leads: int) -> str:
        to = self.words.to
        n = to.number(leads)
        if ratio == 0:
            return to.text(NEVER_SO_FAR, sentence=sentence, n=n)
        if ratio < 1:
            return to.text(LESS_OFTEN, sentence=sentence, share=to.percent(min(1 - ratio, NEARLY_NEVER)), n=n)
        return to.text(OFTEN, sentence=sentence, ratio=to.multiple(ratio), n=n)


@dataclass(frozen=True, slots=True)
class Grouped(Generic[R]):
    """The reasons of one group: its name in the reader's language and the sum of their points."""

    label: str
    points: int
    reasons: tuple[R, ...]


def by_group(reasons: Sequence[R], phrases: Phrases) -> list[Grouped[R]]:
    """Reasons of one lead group by group: where it starts, then groups by size, then everything else.

    Points sum to those of all reasons; within a group, reasons keep their order.
    """
    groups = {reason.group: [r for r in reasons if r.group == reason.group] for reason in reasons}
    points = {group: sum(reason.points for reason in members) for group, members in groups.items()}
    ranked = sorted(groups, key=lambda group: (_PLACE.get(group, 0), -abs(points[group])))
    return [Grouped(phrases.group_label(group), points[group], tuple(groups[group])) for group in ranked]


_PLACE = {"Start": -1, "Other": 1}


def phrases_of(bundle: Bundle, language: str) -> Phrases:
    """Phrases for a bundle's features in one of `LANGUAGES`.

    Raises:
        ProjectFileError: another language.
    """
    return Phrases(bundle.catalog, bundle.evidence, language)


def _different(column: Ints, shown: Floats, points: Ints) -> tuple[pa.Array, Iterator[tuple[int, float, bool]]]:
    """Which of the different (column, shown value, whether points are above zero) each reason is, and those."""
    values = pa.array(shown).dictionary_encode()  # NaN is one value
    positive = np.asarray(points) > 0
    key = (values.indices.to_numpy().astype(np.int64) << COLUMN_BITS | np.asarray(column)) << 1 | positive
    keys = pa.array(key).dictionary_encode()
    different = keys.dictionary.to_numpy()
    columns = different >> 1 & ((1 << COLUMN_BITS) - 1)
    value = values.dictionary.to_numpy()[different >> 1 + COLUMN_BITS]
    plus = (different & 1).astype(bool)
    return keys.indices, zip(columns.tolist(), value.tolist(), plus.tolist(), strict=True)


def _arrays(pairs: Iterable[tuple[str | None, str]]) -> tuple[pa.Array, pa.Array]:
    texts, sentences = zip(*pairs, strict=True) if (pairs := list(pairs)) else ((), ())
    return pa.array(texts, pa.string()), pa.array(sentences, pa.string())
