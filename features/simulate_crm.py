"""What a simulated CRM holds beside interactions: deals, decisions, late and patchy BANT notes, stages, spend."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.simulate_chain import (
    ENGAGED,
    EVALUATING,
    INTERESTED,
    MARKETS,
    WON,
    Floats,
    Ints,
    Paths,
    first_reach,
)
from features.simulate_events import TALKS, Events
from features.simulate_world import SOURCES, Accounts, Leads

STATUSES = ("open", "won", "lost")
LOST_REASONS = ("price", "competitor", "no decision", "no budget", "postponed")
CRITERIA = ("budget", "authority", "need", "timing")
DECISIONS = ("accept", "reject", "recycle")
DECISION_REASONS = ("fits", "does not fit", "not now")
STAGES = ("lead", "mql", "sal", "opportunity", "customer", "closed_lost")

DEAL_OPENING_DAYS = {INTERESTED: 25.0, ENGAGED: 8.0, EVALUATING: 3.0}  # mean delay, by level reached
EXPECTED_CLOSE_DAYS, AMOUNT_SPREAD = (5.0, 120.0), 0.15
NOTED, NOTE_DAYS, NOTE_NOISE, GENEROSITY = 0.65, 1.5, 0.28, 0.25
NEED, TIMING = np.array([0.15, 0.30, 0.48, 0.60, 0.68]), np.array([0.0, 0.12, 0.30, 0.44, 0.58])
AUTHORITY = np.array([0.20, 0.50, 0.75, 0.95])
BUDGET = 0.34
PER_MARKET = np.array([0.20, 0.0, 0.06, 0.10])  # added to each criterion for each step of the market
DECISION_DAYS, STAGE_DAYS, STAGE_KEPT = 3.0, 4.0, 0.75
ACCEPT_EARLY, ACCEPT_LATE = np.array([0.35, 0.5, 0.6, 0.7]), np.array([0.7, 0.8, 0.9, 0.95])
LEAD_COST = np.array([25.0, 90.0, 60.0, 110.0, 40.0, 160.0, 20.0, 75.0])  # EUR per lead, by source
SALES_COST_PER_LEAD = 70.0


@dataclass(frozen=True, slots=True)
class Deals:
    """One entry per deal; open ones carry the close that sales expects, missing amounts are NaN."""

    lead: Ints
    status: Ints
    opened: Floats
    closed: Floats
    amount: Floats
    lost_reason: Ints


@dataclass(frozen=True, slots=True)
class Assessments:
    """One entry per noted criterion: `met` in quarters from 0 to 1, NaN where a deal size or deadline is not named."""

    lead: Ints
    day: Floats
    criterion: Ints
    met: Floats
    amount: Floats
    deadline: Floats


@dataclass(frozen=True, slots=True)
class Changes:
    """One entry per dated decision or stage of a lead."""

    lead: Ints
    day: Floats
    value: Ints


def draw_deals(leads: Leads, paths: Paths, end: float, rng: np.random.Generator) -> Deals:
    """Deals of all leads that closed, or came so far that sales opened one."""
    count = paths.ended.size
    opened = paths.ended.copy()
    for level, days in DEAL_OPENING_DAYS.items():
        opened = np.minimum(opened, first_reach(paths, level) + rng.exponential(days, count))
    expected = end + rng.uniform(*EXPECTED_CLOSE_DAYS, count)
    amount = np.round(leads.deal_size * np.exp(rng.normal(0, AMOUNT_SPREAD, count)), -2)
    unknown = (rng.random(count) < 0.06) & (paths.state != WON)
    has = np.flatnonzero(opened < end)
    closed = np.isfinite(paths.ended)
    return Deals(
        lead=has,
        status=np.where(closed, np.where(paths.state == WON, 1, 2), 0)[has],
        opened=opened[has],
        closed=np.where(closed, paths.ended, expected)[has],
        amount=np.where(unknown, np.nan, amount)[has],
        lost_reason=rng.integers(0, len(LOST_REASONS), count)[has],
    )


def draw_assessments(
    accounts: Accounts, leads: Leads, events: Events, limit: Floats, generous_from: float, rng: np.random.Generator
) -> Assessments:
    """BANT evidence in order of time: what sales notes after talks, some criteria of some talks, days later.

    Nothing is noted from the day `limit` of a lead on; from `generous_from` on sales sees more than there is.
    """
    talks = events.take(np.isin(events.kind, TALKS))
    noted = rng.random((talks.day.size, len(CRITERIA))) < NOTED
    talk, criterion = np.nonzero(noted)
    lead, day = talks.lead[talk], talks.day[talk]
    signal = _signal(accounts, leads, talks, rng)[talk, criterion] + GENEROSITY * (day >= generous_from)
    met = np.clip(np.round(4 * (signal + rng.normal(0, NOTE_NOISE, talk.size))) / 4, 0.0, 1.0)
    told = (met >= 0.5) & (rng.random(talk.size) < 0.5)
    deadline = np.round(day + rng.uniform(20, 200, talk.size))
    amount = np.where(told & (criterion == 0), leads.deal_size[lead], np.nan)
    deadline = np.where(told & (criterion == 3), deadline, np.nan)
    noted_on = day + rng.exponential(NOTE_DAYS, talk.size)
    order = np.argsort(noted_on, kind="stable")
    order = order[(noted_on < limit[lead])[order]]
    return Assessments(lead[order], noted_on[order], criterion[order], met[order], amount[order], deadline[order])


def _signal(accounts: Accounts, leads: Leads, talks: Events, rng: np.random.Generator) -> Floats:
    """How far each criterion holds at each talk, (talks, 4), with what sales always misreads about a lead."""
    misread = rng.normal(0, NOTE_NOISE, (leads.created.size, len(CRITERIA)))[talks.lead]
    budget = np.full(talks.day.size, BUDGET)
    authority = AUTHORITY[leads.seniority[talks.lead]]
    base = np.stack([budget, authority, NEED[talks.level], TIMING[talks.level]], axis=1)
    market = accounts.market[leads.account[talks.lead]]
    return base + PER_MARKET * market[:, None] + misread


def draw_decisions(leads: Leads, paths: Paths, rng: np.random.Generator) -> Changes:
    """Sales acceptance: a first look at interested leads, a second one at those that came further."""
    fit, count = leads.stratum // MARKETS, leads.created.size
    first = first_reach(paths, INTERESTED) + rng.exponential(DECISION_DAYS, count)
    second = first_reach(paths, ENGAGED) + rng.exponential(DECISION_DAYS, count)
    early = np.where(rng.random(count) < ACCEPT_EARLY[fit], 0, rng.integers(1, 3, count))
    late = np.where(rng.random(count) < ACCEPT_LATE[fit], 0, 1)
    again = (early != 0) & (second > first)
    lead = np.concatenate([np.arange(count), np.flatnonzero(again)])
    day = np.concatenate([first, second[again]])
    return until(Changes(lead, day, np.concatenate([early, late[again]])), paths.ended[lead])


def draw_stages(leads: Leads, paths: Paths, decisions: Changes, deals: Deals, rng: np.random.Generator) -> Changes:
    """History of the CRM field `lifecycle_stage`; only sales keeps it up for every lead."""
    count = leads.created.size
    kept = rng.random(count) < STAGE_KEPT
    mql = first_reach(paths, INTERESTED) + rng.exponential(STAGE_DAYS, count)
    opened = np.full(count, np.inf)
    opened[deals.lead] = deals.opened
    won = np.where(paths.state == WON, paths.ended, np.inf)
    lost = np.where(paths.state == WON, np.inf, paths.ended)
    days = [leads.created, np.where(kept, mql, np.inf), _accepted(decisions, kept), opened, won, lost]
    table = np.stack(days, axis=1)
    later = np.minimum.accumulate(table[:, ::-1], axis=1)[:, ::-1]
    later = np.concatenate([later[:, 1:], np.full((count, 1), np.inf)], axis=1)
    lead, stage = np.nonzero(table < later)
    return Changes(lead, table[lead, stage], stage)


def _accepted(decisions: Changes, kept: np.ndarray) -> Floats:
    day = np.full(kept.size, np.inf)
    accepted = decisions.value == 0
    np.minimum.at(day, decisions.lead[accepted], decisions.day[accepted])
    return np.where(kept, day, np.inf)


def last_values(changes: Changes, count: int) -> Ints:
    """Value of the last change of each lead as a CRM export would show it; each lead has at least one."""
    last = np.zeros(count, np.int64)
    order = np.argsort(changes.day, kind="stable")
    last[changes.lead[order]] = changes.value[order]
    return last


def until(changes: Changes, limit: float | Floats) -> Changes:
    """Those of `changes` that are before `limit` (one day, or one for each change)."""
    kept = changes.day < limit
    return Changes(changes.lead[kept], changes.day[kept], changes.value[kept])


def draw_spend(leads: Leads, months: Sequence[float], rng: np.random.Generator) -> Floats:
    """EUR per month and source, (months, sources + 1), for months that begin at the days `months`; sales comes last."""
    month = np.searchsorted(np.asarray(months), leads.created, side="right") - 1
    counts = np.zeros((len(months), len(SOURCES)))
    np.add.at(counts, (month, leads.source), 1)
    usual = counts.mean(axis=0)
    marketing = (0.6 * usual + 0.4 * counts) * LEAD_COST * np.exp(rng.normal(0, 0.15, counts.shape))
    sales = np.full((len(months), 1), usual.sum() * SALES_COST_PER_LEAD)
    return np.round(np.concatenate([marketing, sales], axis=1), 2)
