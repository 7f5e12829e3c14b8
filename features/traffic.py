"""Rows of the interactions table that no buyer made: bots, the seller's own people and test leads, unset clocks."""

import re
from collections.abc import Iterable, Sized
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from glob import escape

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.hygiene import Unwanted, by_rule
from features.project import HygieneSettings
from features.times import microseconds

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

LATE = 2**61
ROW_RULES = ("clock never set", "bot", "internal actor", "internal lead")


NO_RULE = Unwanted(np.zeros(0, np.bool_), dict.fromkeys(ROW_RULES, 0))
"""What is left out where no rule is in force: no row is looked at."""


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What the rules look at, one entry per row: times (microseconds), actors (None: not given at all), and whether
    a row is outbound, of a kind that sales bring about, or of a lead that is a test.
    """

    time: Ints
    actor: pd.Series | None
    outbound: Bools
    of_rep_kind: Bools
    internal: Bools


def excluded_rows(interactions: pd.DataFrame, leads: pd.DataFrame, rules: HygieneSettings) -> Unwanted:
    """Rows of `interactions` that do not count; `leads` are the leads they name. Columns that lack hit nothing.

    Each row is judged by itself and by its lead's e-mail address, so the mask does not depend on the other rows.
    """
    internal = _of_test_leads(interactions, leads, rules.internal_domains)
    return unwanted_rows(_facts(interactions, internal, rules), np.ones(len(interactions), bool), rules)


def rows_of_reps(interactions: pd.DataFrame, rules: HygieneSettings) -> Bools:
    """Rows of `interactions` that sales made, where the rules leave those out. Columns that lack hit nothing."""
    return made_by_reps(_facts(interactions, np.zeros(len(interactions), bool), rules), rules)


def made_by_reps(facts: RowFacts, rules: HygieneSettings) -> Bools:
    """Rows that sales made, where the rules leave those out: outbound, of their kinds, or by one of them."""
    if not rules.without_reps:
        return np.zeros(len(facts.outbound), bool)
    return facts.outbound | facts.of_rep_kind | _named(facts.actor, rules.rep_actors, facts.outbound)


def _facts(interactions: pd.DataFrame, internal: Bools, rules: HygieneSettings) -> RowFacts:
    n = len(interactions)
    return RowFacts(
        time=microseconds(interactions["occurred_at"]) if "occurred_at" in interactions else np.full(n, LATE),
        actor=interactions.get("actor"),
        outbound=_is_outbound(interactions),
        of_rep_kind=_of_kinds(interactions, rules.rep_kinds),
        internal=internal,
    )


def unwanted_rows(facts: RowFacts, usable: Bools, rules: HygieneSettings) -> Unwanted:
    """The usable rows that do not count."""
    rule = np.zeros(len(usable), np.int8)
    if rules.enabled:
        first = int(pd.Timestamp(year=rules.first_year, month=1, day=1, tz="UTC").value // 1000)
        hits = (
            facts.time < first,
            _named(facts.actor, rules.bots, usable),
            _named(facts.actor, rules.internal_actors, usable) & ~facts.outbound,
            facts.internal,
        )
        for code, hit in reversed(list(enumerate(hits, start=1))):
            rule[hit & usable] = code
    return by_rule(rule, ROW_RULES)


def _is_outbound(interactions: pd.DataFrame) -> Bools:
    if "direction" not in interactions:
        return np.zeros(len(interactions), bool)
    return (interactions["direction"] == "outbound").to_numpy(bool, na_value=False)


def _of_kinds(interactions: pd.DataFrame, kinds: tuple[str, ...]) -> Bools:
    if "kind" not in interactions:
        return np.zeros(len(interactions), bool)
    return interactions["kind"].isin(kinds).to_numpy(bool)


def _named(texts: pd.Series | None, patterns: tuple[str, ...], rows: Bools) -> Bools:
    """Rows whose text fits one of the patterns; each different text is looked at once."""
    if not patterns or texts is None or not texts.notna().any():
        return np.zeros(len(rows), bool)
    codes, different = pd.factorize(texts)
    return np.append(fitting(different, patterns), False)[codes]


def _of_test_leads(interactions: pd.DataFrame, leads: pd.DataFrame, domains: tuple[str, ...]) -> Bools:
    if not domains or "email" not in leads or "lead_id" not in interactions:
        return np.zeros(len(interactions), bool)
    tests = leads.loc[internal_addresses(leads["email"], domains), "lead_id"]
    return interactions["lead_id"].isin(tests).to_numpy(bool)


def fitting(texts: Iterable[object], patterns: tuple[str, ...]) -> Bools:
    """Which texts fit one of the patterns (`*`, `?`, `[…]`), whatever the case of letters; a missing one fits none.

    >>> fitting(["Googlebot/2.1", "Jane Abbott", None], ("*bot/*", "bot")).tolist()
    [True, False, False]
    """
    if not patterns and isinstance(texts, Sized):
        return np.zeros(len(texts), bool)
    fits = _compiled(patterns).match
    return np.array([isinstance(text, str) and fits(text.strip().lower()) is not None for text in texts], bool)


def internal_addresses(emails: Iterable[object], domains: tuple[str, ...]) -> Bools:
    """Which e-mail addresses are in one of the domains or below it.

    >>> internal_addresses(["a@acme.com", "b@qa.Acme.com", "c@notacme.com", None], ("acme.com",)).tolist()
    [True, True, False, False]
    """
    names = [domain.strip().lstrip("@*.").lower() for domain in domains]
    return fitting(emails, tuple(f"*@{below}{escape(name)}" for name in names for below in ("", "*.")))


@lru_cache(maxsize=32)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    # Without patterns there is nothing that a text could fit.
    return re.compile("|".join(translate(pattern.strip().lower()) for pattern in patterns) or r"(?!)")
