"""Rows of the table `lead`: one for each lead that exists, open or not, from what was gathered."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.cells import instant
from features.identifiers import positions_of
from features.rule_settings import RuleSettings
from features.windows import NEVER, Bools, Ints
from serving.lifecycle.replay import moments
from serving.publish.gathered import STATES, Asked, Codes, Gathered
from serving.publish.kept_reasons import kept_reasons
from serving.publish.money import expected_values, priorities
from serving.render import VERSION_LENGTH, band_of
from serving.scoring import ranked

NAMES = ("name", "company", "company_name", "account_name")
"""Columns of accounts, or of leads, that name the company; the first that is there."""
Row = dict[str, Any]
MOST_TEXT = 400


@dataclass(frozen=True, slots=True)
class Former:
    """Scores of the publication before, by lead."""

    scores: Mapping[str, int]


def account_key(account_id: str | None, lead_id: str) -> str:
    """Key of the account's rows in the store; a lead without an account is one of its own.

    A tab ends no account's id, for ids are stripped.

    >>> account_key("a1", "l1"), account_key(None, "l1")
    ('a1', 'l1\\t')
    """
    return account_id if account_id is not None else f"{lead_id}\t"


def lead_rows(asked: Asked, found: Gathered, former: Former) -> Iterator[Row]:
    """The rows, in the order of the histories."""
    of_open = np.full(len(found.histories.lead_ids), -1, np.int64)
    of_open[found.open] = np.arange(len(found.open))
    scored = _scored_rows(asked, found, former)
    facts, standings = _facts(asked, found), _standings(found)
    for lead, fact, standing in zip(found.existing.tolist(), facts, standings, strict=True):
        place = of_open[lead]
        row = {**fact, **standing, **(scored.row(place) if place >= 0 else UNSCORED)}
        row["owner"] = standing["owner"] if standing["owner"] is not None else fact["owner"]
        yield row


UNSCORED: Row = {
    **dict.fromkeys(
        ("score", "score_before", "band", "propensity", "propensity_low", "propensity_high", "familiar",
         "sales_qualified", "rank", "points", "bant_met", "bant_qualified", "agreement", "contact", "value")
    ),
    "is_open": False, "criteria": "{}", "priority": 0.0, "trend": "[]", "reasons": "[]",
}  # fmt: skip


def _facts(asked: Asked, found: Gathered) -> Iterator[Row]:
    leads = found.histories.leads.iloc[found.existing]
    company = _companies(leads, found.tables.accounts)
    columns = {name: _texts(leads[name]) for name in ("name", "title", "email", "source", "owner")}
    ids, accounts = leads["lead_id"].tolist(), _texts(leads["account_id"])
    created = found.histories.created[found.existing].tolist()
    version = asked.bundle.version[:VERSION_LENGTH]
    as_of = instant(asked.as_of)
    for n, lead_id in enumerate(ids):
        row = {name: values[n] for name, values in columns.items()}
        said = (lead_id, row["name"], company[n], row["title"], row["email"])
        yield {
            **row,
            "lead_id": lead_id,
            "account_id": accounts[n],
            "account_key": account_key(accounts[n], lead_id),
            "account_name": company[n],
            "search": "\n".join(text.lower() for text in said if text)[:MOST_TEXT],
            "created_at": _known(created[n]),
            "as_of": as_of,
            "scored_at": as_of,  # what arrived later is scored when this is published
            "model_version": version,
            "revision": 1,
        }


def _companies(leads: pd.DataFrame, accounts: pd.DataFrame) -> list[str | None]:
    """Name of each lead's company, from its account or, without one, from a column of its own."""
    named = next((name for name in NAMES if name in accounts), None)
    own = next((name for name in NAMES[1:] if name in leads), None)
    found: list[str | None] = [None] * len(leads) if own is None else _texts(leads[own])
    if named is None or accounts.empty:
        return found
    names = dict(zip(accounts["account_id"], _texts(accounts[named]), strict=True))
    return [names.get(key) or text for key, text in zip(_texts(leads["account_id"]), found, strict=True)]


def _texts(column: pd.Series) -> list[str | None]:
    """Cells as short text, None where nothing is; PostgreSQL has no sign NUL."""
    return [
        None if value is None or pd.isna(value) else str(value).replace("\0", "\ufffd")[:MOST_TEXT]
        for value in column.astype(object).tolist()
    ]


def _known(moment: int) -> int | None:
    return None if moment == NEVER else moment


def _standings(found: Gathered) -> Iterator[Row]:
    """Stage and what belongs to it; a lead that the stage machine does not know is a `lead`."""
    place = positions_of(pd.Series(found.histories.lead_ids[found.existing]), found.states["lead_id"].to_pylist())
    columns = {
        "stage": found.states["stage"].cast(pa.string()).to_pylist(),
        "stage_since": moments(found.states["since"]).tolist(),
        "due_at": found.clock.due.tolist(),
        "snoozed_until": moments(found.states["snoozed_until"]).tolist(),
        "owner": found.states["owner"].cast(pa.string()).to_pylist(),
        "do_not_contact": found.states["do_not_contact"].to_pylist(),
        "customer": found.states["customer"].to_pylist(),
    }
    times = ("stage_since", "due_at", "snoozed_until")
    for n in place.tolist():
        if n < 0:
            yield {**dict.fromkeys(columns), "stage": "lead", "do_not_contact": False, "customer": False}
        else:
            row = {name: values[n] for name, values in columns.items()}
            yield row | {name: _known(row[name]) for name in times}


@dataclass(frozen=True, slots=True)
class _Scored:
    """What the model and the rules say of the open leads."""

    found: Gathered
    columns: Mapping[str, list[Any]]
    names: tuple[str, ...]
    criteria: tuple[str, ...]
    trend_start: Ints

    def row(self, n: int) -> Row:
        """The columns of one open lead."""
        states = self.found.criteria[n].tolist()
        said = {name: STATES[code] for name, code in zip(self.criteria, states, strict=True)}
        weeks = slice(int(self.trend_start[n]), int(self.trend_start[n + 1]))
        trend = zip(self.found.trend.as_of[weeks].tolist(), self.found.trend.score[weeks].tolist(), strict=True)
        return {
            **{name: values[n] for name, values in self.columns.items()},
            "is_open": True,
            "criteria": json.dumps(said, separators=(",", ":")),
            "trend": json.dumps(list(trend), separators=(",", ":")),
            "reasons": kept_reasons(self.found.scores, n, self.names),
        }


def _scored_rows(asked: Asked, found: Gathered, former: Former) -> _Scored:
    bundle, scores = asked.bundle, found.scores
    values = expected_values(asked, found)
    rank = np.empty(len(scores), np.int64)
    rank[ranked(scores)] = np.arange(1, len(scores) + 1)
    ids = scores.lead_id.to_pylist()
    columns: dict[str, list[Any]] = {
        "score": scores.score.tolist(),
        "score_before": [former.scores.get(lead_id) for lead_id in ids],
        "band": band_of(scores.score, bundle.policy.bands).to_pylist(),
        "propensity": scores.propensity.tolist(),
        "propensity_low": scores.low.tolist(),
        "propensity_high": scores.high.tolist(),
        "familiar": scores.familiar.tolist(),
        "sales_qualified": scores.qualified.tolist(),
        "rank": rank.tolist(),
        **{name: scores.rules[name].to_pylist() for name in ("points", "bant_met", "bant_qualified")},
        "agreement": agreements(
            bundle.policy.rules, found.criteria, scores.qualified, scores.rules["bant_qualified"].to_pylist()
        ),
        "contact": found.contact.to_pylist(),
        "value": [None if np.isnan(value) else value for value in values.tolist()],
        "priority": priorities(scores.propensity, values, found.contact.to_pylist()).tolist(),
    }
    start = np.searchsorted(found.trend.lead, np.arange(len(scores) + 1))
    return _Scored(found, columns, bundle.catalog.names, bundle.policy.rules.criteria, start)


def agreements(rules: RuleSettings, criteria: Codes, model: Bools, framework: Sequence[bool | None]) -> list[str]:
    """Model and rules on each lead; `ask`: the model says yes, the rules could once what is not known is asked."""
    unknown = (criteria >= STATES.index("not_known")).sum(axis=1)
    met = (criteria == 0).sum(axis=1)
    rule = np.array([bool(one) for one in framework], np.bool_)
    could = met + unknown >= rules.at_least
    names = np.select([model & rule, ~model & rule, model & could, model], [0, 1, 2, 3], 4)
    return [("both_yes", "framework_only", "ask", "model_only", "both_no")[n] for n in names.tolist()]
