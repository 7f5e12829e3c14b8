"""Sentences: a feature and its value in words of one language.

Every sentence says what is there, never what it does: no "because". What is not known is called not known, and what
has not happened is said so.
"""

from collections.abc import Mapping
from math import floor, isfinite, nan

from features.catalog import Family, FeatureDef
from serving.language.interaction_sentences import INTERACTIONS
from serving.language.lead_sentences import THE_LEAD
from serving.language.plain_text import capitalised
from serving.language.sentence_parts import Sentence, Words
from serving.language.translations import SECONDS_A_MINUTE, msg

OF_ACCOUNT = msg("whole company: {what}")
SMALL = 10
_ELAPSED = frozenset({"days_since_last", "days_since_first", "lead_age_days", "criterion_age_days"})
_MEASURED = frozenset({"interest", "gap_mean_days", "gap_std_days", "gap_max_days"})
_TIMED = frozenset({"dwell_s", "dwell_mean_s"})
_FAMILIES: Mapping[Family, Sentence] = {**INTERACTIONS, **THE_LEAD}


def sentence(words: Words, feature: FeatureDef, value: float) -> str:
    """A whole sentence about `value` of `feature`; NaN and infinite values are not known."""
    said = _FAMILIES[feature.family](words, feature, said_value(feature, value))
    return capitalised(words.to.text(OF_ACCOUNT, what=said) if feature.owner == "account" else said)


def said_value(feature: FeatureDef, value: float) -> float:
    """`value` as exactly as its sentence says it: full days; tenths below ten; seconds below a minute, then minutes."""
    if not isfinite(value):
        return nan
    if feature.family in _ELAPSED:
        return float(floor(value))
    if feature.family in _MEASURED:
        return float(round(value)) if abs(value) >= SMALL else round(value, 1)
    if feature.family in _TIMED and value >= SECONDS_A_MINUTE:
        return float(round(value / SECONDS_A_MINUTE) * SECONDS_A_MINUTE)
    return value
