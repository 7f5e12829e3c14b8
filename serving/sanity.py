"""Sanity of reasons: which points of a feature are not named because a reader would find the sentence absurd.

A model that learned from the past may give "e-mail not known" two points. They stay in "everything else", so sums stay
exact; only the sentence is kept back. What is absurd follows from a feature's family:

| family | code | kept back |
|---|---|---|
| counts, active days, visits, time spent, value, variety, interest, colleagues, criteria met, profile | 2 | A |
| a criterion (budget, need, …) | 3 | B |
| days since …, ages, gaps, attributes, first and last interaction, trend, evenness | 1 | C |
| counts of what we do (mail, calls, advertising, outbound), and days since it | 0 | D |
| kinds with negative points (`[points] kinds`, such as unsubscribe), and days since them | 4 | E |
| weekday, month | 0 | nothing |

A: nothing there, or not known, as a plus. Little of it as a minus is sound: it is little beside other leads.
B: not known or not confirmed as a plus, and confirmed as a minus.
C: not known, or never, as a plus. 0 is a value like any other there (today; the first category; no consent).
D: nothing. "No e-mail sent by us" as a plus is about us, and can be sound.
E: it happened, as a plus; it did not happen, as a minus.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from numba import njit

from features.catalog import Catalog, Family, FeatureDef

Codes = npt.NDArray[np.int8]
ALWAYS, KNOWN, SOME, MERIT, FAULT = range(5)
OUR_KINDS = frozenset({"email_sent", "email_delivered", "email_bounce", "call_attempt", "ad_impression"})
"""Kinds of interaction that we bring about, whatever the lead does; the kinds of mails sent come on top."""
_OF_FAMILY: Mapping[Family, int] = {
    "count": SOME,
    "days_since_last": KNOWN,
    "days_since_first": KNOWN,
    "interest": SOME,
    "active_days": SOME,
    "sessions": SOME,
    "dwell_s": SOME,
    "dwell_mean_s": SOME,
    "value": SOME,
    "trend": KNOWN,
    "trend_ratio": KNOWN,
    "variety": SOME,
    "entropy": KNOWN,
    "gap_mean_days": KNOWN,
    "gap_std_days": KNOWN,
    "gap_max_days": KNOWN,
    "first_kind": KNOWN,
    "last_kind": KNOWN,
    "colleagues": SOME,
    "colleagues_active": SOME,
    "seniorities_active": SOME,
    "attribute": KNOWN,
    "profile_filled": SOME,
    "lead_age_days": KNOWN,
    "weekday": ALWAYS,
    "month": ALWAYS,
    "criterion_met": MERIT,
    "criterion_age_days": KNOWN,
    "criteria_met": SOME,
    "criteria_known": SOME,
}


def sanity_rules(catalog: Catalog) -> Codes:
    """Code per feature, in catalog order; `is_named` tells what each means."""
    return np.array([_code(feature, catalog) for feature in catalog.features], np.int8)


@njit(cache=True, nogil=True)
def is_named(code: int, value: float, points: float) -> bool:
    """Whether a reason may be named, by its feature's code.

    0: always. 1: unless the value is not known and the points are positive. 2: nor where the value is 0 and the points
    are positive. 3: as 2, nor where the value is above 0 and the points are negative. 4: as 3 with the signs reversed.
    """
    if code == 0 or points == 0.0:
        return True
    nothing = np.isnan(value) or (code >= 2 and value == 0.0)
    if code == 4:
        return not ((nothing and points < 0.0) or (value > 0.0 and points > 0.0))
    return not ((nothing and points > 0.0) or (code == 3 and value > 0.0 and points < 0.0))


def _code(feature: FeatureDef, catalog: Catalog) -> int:
    if feature.family in ("count", "days_since_last") and feature.of is not None:
        column, _, which = feature.of.partition(":")
        if which == "outbound":
            return ALWAYS
        if column == "kind" and int(which) < len(catalog.kinds):
            return _code_of_kind(feature, catalog.kinds[int(which)], catalog)
    return _OF_FAMILY[feature.family]


def _code_of_kind(feature: FeatureDef, kind: str, catalog: Catalog) -> int:
    if catalog.points.get(kind, 0.0) < 0:
        return FAULT
    return ALWAYS if kind in OUR_KINDS or kind in catalog.hygiene.sent_kinds else _OF_FAMILY[feature.family]
