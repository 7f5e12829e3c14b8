"""Sentences about interactions: how many, when last, how much time, in which rhythm, and by how many colleagues."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.catalog import Family, FeatureDef
from serving.language.kind_words import ANY, INBOUND, OUTBOUND, OWN, RARE, TOPIC, KindWords, words_of_kind
from serving.language.plain_text import spoken
from serving.language.sentence_parts import SO_FAR, Sentence, Words, ago, in_window, is_value, not_known, over
from serving.language.translations import Counted, msg, msgs


def _selected(words: Words, of: str | None) -> tuple[KindWords, dict[str, str]]:
    """Words for what a feature counts, and the names of the customer's own in them."""
    column, _, which = (of or "").partition(":")
    if column == "direction":
        return (INBOUND if which == "inbound" else OUTBOUND), {}
    if column == "topic":
        return TOPIC, {"topic": spoken(words.catalog.topics[int(which)])}
    if column == "kind":
        return _kind(words, int(which))
    return ANY, {}


def _kind(words: Words, code: int) -> tuple[KindWords, dict[str, str]]:
    if not 0 <= code < len(words.catalog.kinds):
        return RARE, {}
    kind = words.catalog.kinds[code]
    found = words_of_kind(kind)
    return found, {"kind": spoken(kind)} if found is OWN else {}


def _count(words: Words, feature: FeatureDef, value: float) -> str:
    kind, names = _selected(words, feature.of)
    if np.isnan(value):
        return not_known(words, words.to.text(kind.name, **names))
    said = words.to.text(kind.none, **names) if value == 0 else words.to.counted(kind.often, value, **names)
    return in_window(words, feature, said)


def _days_since_last(words: Words, feature: FeatureDef, value: float) -> str:
    kind, names = _selected(words, feature.of)
    if np.isnan(value):
        return words.to.text(SO_FAR, what=words.to.text(kind.none, **names))
    return ago(words, words.to.text(kind.last, **names), value)


FIRST = msg("first interaction")


def _days_since_first(words: Words, _feature: FeatureDef, value: float) -> str:
    if np.isnan(value):
        return words.to.text(SO_FAR, what=words.to.text(ANY.none))
    return ago(words, words.to.text(FIRST), value)


def _touch(words: Words, feature: FeatureDef, value: float) -> str:
    if np.isnan(value):
        return words.to.text(SO_FAR, what=words.to.text(ANY.none))
    kind, names = _kind(words, int(value))
    which = FIRST if feature.family == "first_kind" else ANY.last
    name = words.to.text(which)
    return is_value(words, name, words.to.text(kind.name, **names))


# Amounts of activity --------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Amount:
    """Messages about an amount: for n, for none, and its name."""

    often: Counted
    none: str
    name: str


_AMOUNTS: Mapping[Family, Amount] = {
    "active_days": Amount(
        msgs("{n} day with activity", "{n} days with activity"), msg("no activity"), msg("days with activity")
    ),
    "sessions": Amount(msgs("{n} visit", "{n} visits"), msg("no visit"), msg("visits")),
    "variety": Amount(
        msgs("{n} kind of interaction", "{n} different kinds of interaction"),
        ANY.none,
        msg("kinds of interaction"),
    ),
    "colleagues": Amount(
        msgs("{n} colleague known at the company", "{n} colleagues known at the company"),
        msg("no colleague known at the company"),
        msg("colleagues at the company"),
    ),
    "colleagues_active": Amount(
        msgs("{n} colleague active", "{n} colleagues active"), msg("no colleague active"), msg("active colleagues")
    ),
    "seniorities_active": Amount(
        msgs("people of {n} level of seniority active", "people of {n} levels of seniority active"),
        msg("nobody of known seniority active"),
        msg("active levels of seniority"),
    ),
}


def _amount(words: Words, feature: FeatureDef, value: float) -> str:
    amount = _AMOUNTS[feature.family]
    if np.isnan(value):
        return not_known(words, words.to.text(amount.name))
    said = words.to.text(amount.none) if value == 0 else words.to.counted(amount.often, value)
    return said if feature.family == "colleagues" else in_window(words, feature, said)


TIME, TIME_SPENT, NO_TIME_SPENT = msg("time spent"), msg("{duration} spent with us"), msg("no time spent recorded")
MEAN_TIME = msg("average time per interaction")
VALUE, WORTH = msg("value of the interactions"), msg("interactions worth {value}")
NOT_WORTH = msg("no interactions with a value")


def _dwell(words: Words, feature: FeatureDef, value: float) -> str:
    if np.isnan(value):
        return not_known(words, words.to.text(TIME))
    spent = words.to.text(NO_TIME_SPENT) if value == 0 else words.to.text(TIME_SPENT, duration=words.to.duration(value))
    return in_window(words, feature, spent)


def _dwell_mean(words: Words, feature: FeatureDef, value: float) -> str:
    name = words.to.text(MEAN_TIME)
    if np.isnan(value):
        return not_known(words, name)
    return in_window(words, feature, is_value(words, name, words.to.duration(value)))


def _value(words: Words, feature: FeatureDef, value: float) -> str:
    if np.isnan(value):
        return not_known(words, words.to.text(VALUE))
    worth = words.to.text(WORTH, value=words.to.number(value)) if value else words.to.text(NOT_WORTH)
    return in_window(words, feature, worth)


INTEREST = msgs("{n} interest point", "{n} interest points")
HALVED = msgs("{what}, halved every day", "{what}, halved every {days} days")
INTEREST_NAME = msg("interest points")
EVENNESS = msg("evenness of the kinds of interaction")


def _interest(words: Words, feature: FeatureDef, value: float) -> str:
    if np.isnan(value):
        return not_known(words, words.to.text(INTEREST_NAME))
    return over(words, HALVED, feature.days, what=words.to.counted(INTEREST, value))


def _entropy(words: Words, feature: FeatureDef, value: float) -> str:
    name = words.to.text(EVENNESS)
    if np.isnan(value):
        return not_known(words, name)
    return in_window(words, feature, is_value(words, name, words.to.number(value)))


# Movement and rhythm --------------------------------------------------------------------------------------------------
TREND = msg("change in interactions")
MORE = msgs("{n} interaction more", "{n} interactions more")
FEWER = msgs("{n} interaction fewer", "{n} interactions fewer")
THAN_BEFORE = msgs(
    "{what} in the last day than in the day before", "{what} in the last {days} days than in the {days} days before"
)
SAME_AS_BEFORE = msgs(
    "as many interactions in the last day as in the day before",
    "as many interactions in the last {days} days as in the {days} days before",
)
TIMES_AS_BEFORE = msgs(
    "about {ratio} times as much activity in the last day as in the day before",
    "about {ratio} times as much activity in the last {days} days as in the {days} days before",
)
ACTIVE_AS_BEFORE = msgs(
    "about as much activity in the last day as in the day before",
    "about as much activity in the last {days} days as in the {days} days before",
)


def _trend(words: Words, feature: FeatureDef, value: float) -> str:
    if np.isnan(value):
        return not_known(words, words.to.text(TREND))
    if value == 0:
        return over(words, SAME_AS_BEFORE, feature.days)
    return over(words, THAN_BEFORE, feature.days, what=words.to.counted(MORE if value > 0 else FEWER, abs(value)))


def _trend_ratio(words: Words, feature: FeatureDef, value: float) -> str:
    if np.isnan(value):
        return not_known(words, words.to.text(TREND))
    if value == 1:
        return over(words, ACTIVE_AS_BEFORE, feature.days)
    return over(words, TIMES_AS_BEFORE, feature.days, ratio=words.to.multiple(value))


_GAPS: Mapping[Family, Counted] = {
    "gap_mean_days": msgs("on average {n} day between interactions", "on average {n} days between interactions"),
    "gap_std_days": msgs("time between interactions varies by {n} day", "time between interactions varies by {n} days"),
    "gap_max_days": msgs("longest pause between interactions: {n} day", "longest pause between interactions: {n} days"),
}
TOO_FEW = msg("fewer than two interactions so far")


def _gap(words: Words, feature: FeatureDef, value: float) -> str:
    return words.to.text(TOO_FEW) if np.isnan(value) else words.to.counted(_GAPS[feature.family], value)


INTERACTIONS: Mapping[Family, Sentence] = {
    "count": _count,
    "days_since_last": _days_since_last,
    "days_since_first": _days_since_first,
    "interest": _interest,
    "active_days": _amount,
    "sessions": _amount,
    "dwell_s": _dwell,
    "dwell_mean_s": _dwell_mean,
    "value": _value,
    "trend": _trend,
    "trend_ratio": _trend_ratio,
    "variety": _amount,
    "entropy": _entropy,
    "gap_mean_days": _gap,
    "gap_std_days": _gap,
    "gap_max_days": _gap,
    "first_kind": _touch,
    "last_kind": _touch,
    "colleagues": _amount,
    "colleagues_active": _amount,
    "seniorities_active": _amount,
}
