"""Sentences about the lead itself: its attributes, age, profile and qualification."""

from collections.abc import Mapping

import numpy as np

from features.catalog import OTHER, Family, FeatureDef
from features.fit import ACCOUNT_PREFIX
from serving.language.attribute_words import ATTRIBUTES, CRITERIA, OF_COMPANIES
from serving.language.plain_text import spoken
from serving.language.sentence_parts import Sentence, Words, ago, is_value, not_known
from serving.language.translations import msg

# Numbers that name rather than count are not written with separators of thousands.
_NAMES = frozenset({"year", "jahr", "aar", "år", "founded", "since", "id", "zip", "plz", "postcode", "code", "number"})
YES, NO, ANOTHER = msg("yes"), msg("no"), msg("other")
OF_COMPANY = msg("{name} (company)")


def _attribute(words: Words, feature: FeatureDef, value: float) -> str:
    name = _attribute_name(words, feature.of or "")
    shown = words.catalog.shown(feature, value)
    if shown is None:
        return not_known(words, name)
    if feature.type == "category":
        return is_value(words, name, words.to.text(ANOTHER) if shown == OTHER else spoken(shown))
    if feature.type == "boolean":
        return is_value(words, name, words.to.text(YES if value else NO))
    names_something = not _NAMES.isdisjoint((feature.of or "").lower().split("_"))
    return is_value(words, name, shown if names_something else words.to.number(value))


def _attribute_name(words: Words, name: str) -> str:
    of_company = name.startswith(ACCOUNT_PREFIX)
    bare = name.removeprefix(ACCOUNT_PREFIX)
    known = ATTRIBUTES.get(bare.lower())
    said = spoken(bare) if known is None else words.to.text(known)
    both = any(code.name == bare for code in words.catalog.attributes)
    if of_company and (both or bare.lower() not in OF_COMPANIES):
        return words.to.text(OF_COMPANY, name=said)
    return said


PROFILE, PROFILE_NAME = msg("profile {share} filled in"), msg("profile")
CREATED, CREATION = msg("lead created"), msg("creation date of the lead")
WEEKDAY, MONTH = msg("day of the week"), msg("month")


def _profile(words: Words, _feature: FeatureDef, value: float) -> str:
    if np.isnan(value):
        return not_known(words, words.to.text(PROFILE_NAME))
    return words.to.text(PROFILE, share=words.to.percent(value))


def _lead_age(words: Words, _feature: FeatureDef, value: float) -> str:
    if np.isnan(value):
        return not_known(words, words.to.text(CREATION))
    return ago(words, words.to.text(CREATED), value)


def _weekday(words: Words, _feature: FeatureDef, value: float) -> str:
    name = words.to.text(WEEKDAY)
    return not_known(words, name) if np.isnan(value) else is_value(words, name, words.to.weekday(int(value) % 7))


def _month(words: Words, _feature: FeatureDef, value: float) -> str:
    name = words.to.text(MONTH)
    if np.isnan(value):
        return not_known(words, name)
    return is_value(words, name, words.to.month((int(value) - 1) % 12 + 1))


# Qualification --------------------------------------------------------------------------------------------------------
CONFIRMED = msg("{name}: confirmed")
PARTLY = msg("{name}: confirmed to {share}")
NOT_CONFIRMED = msg("{name}: assessed, not confirmed")
ASSESSED = msg("{name}: assessed")
NOT_ASSESSED = msg("{name}: no dated assessment so far")
MET = msg("{n} of {total} qualification criteria confirmed")
NONE_MET = msg("no qualification criterion confirmed so far")
KNOWN = msg("{n} of {total} qualification criteria assessed")
NONE_KNOWN = msg("no qualification criterion assessed so far")
CRITERIA_NAME = msg("qualification criteria")


def _criterion_name(words: Words, feature: FeatureDef) -> str:
    name = feature.of or ""
    known = CRITERIA.get(name.lower())
    return spoken(name) if known is None else words.to.text(known)


def _criterion_met(words: Words, feature: FeatureDef, value: float) -> str:
    name = _criterion_name(words, feature)
    if np.isnan(value):
        return not_known(words, name)
    if value < words.catalog.met_from:
        return words.to.text(NOT_CONFIRMED, name=name)
    if value < 1:
        return words.to.text(PARTLY, name=name, share=words.to.percent(value))
    return words.to.text(CONFIRMED, name=name)


def _criterion_age(words: Words, feature: FeatureDef, value: float) -> str:
    name = _criterion_name(words, feature)
    if np.isnan(value):
        return words.to.text(NOT_ASSESSED, name=name)
    return ago(words, words.to.text(ASSESSED, name=name), value)


def _criteria(words: Words, feature: FeatureDef, value: float) -> str:
    if np.isnan(value):
        return not_known(words, words.to.text(CRITERIA_NAME))
    some, none = (MET, NONE_MET) if feature.family == "criteria_met" else (KNOWN, NONE_KNOWN)
    total = words.to.number(len(words.catalog.criteria))
    return words.to.text(some, n=words.to.number(value), total=total) if value else words.to.text(none)


THE_LEAD: Mapping[Family, Sentence] = {
    "attribute": _attribute,
    "profile_filled": _profile,
    "lead_age_days": _lead_age,
    "weekday": _weekday,
    "month": _month,
    "criterion_met": _criterion_met,
    "criterion_age_days": _criterion_age,
    "criteria_met": _criteria,
    "criteria_known": _criteria,
}
