"""Who lives in the simulated world: accounts with buying teams, and leads with sources, roles and a hidden stratum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.simulate_chain import ENGAGED, EVALUATING, MARKETS, Bools, Floats, Ints

SOURCES = (
    "organic_search",
    "paid_search",
    "social",
    "webinar",
    "referral",
    "trade_fair",
    "email_campaign",
    "outbound",
)
SOURCE_SHARE = (0.24, 0.18, 0.14, 0.11, 0.06, 0.08, 0.11, 0.08)
SOURCE_FIT = np.array([0.1, 0.0, -0.2, 0.1, 0.4, 0.0, -0.1, 0.0])
FIRST_LEVEL = np.array(  # how interested the leads of each source arrive
    [
        (0.10, 0.40, 0.32, 0.13, 0.05),
        (0.12, 0.42, 0.29, 0.12, 0.05),
        (0.34, 0.44, 0.15, 0.05, 0.02),
        (0.06, 0.34, 0.40, 0.15, 0.05),
        (0.04, 0.20, 0.36, 0.26, 0.14),
        (0.26, 0.42, 0.20, 0.09, 0.03),
        (0.30, 0.45, 0.17, 0.06, 0.02),
        (0.44, 0.36, 0.13, 0.05, 0.02),
    ]
)
INDUSTRIES = (
    "manufacturing",
    "it_services",
    "logistics",
    "health_care",
    "retail",
    "energy",
    "finance",
    "public_sector",
)
INDUSTRY_SHARE = (0.22, 0.18, 0.12, 0.10, 0.14, 0.08, 0.09, 0.07)
INDUSTRY_FIT = np.array([0.7, 0.5, 0.2, 0.0, -0.5, 0.3, 0.0, -0.9])
COUNTRIES = ("DE", "AT", "CH", "DK", "GB", "US")
COUNTRY_SHARE = (0.38, 0.08, 0.08, 0.18, 0.16, 0.12)
SENIORITIES = ("specialist", "manager", "head", "executive")
SENIORITY_SHARE = (0.42, 0.30, 0.18, 0.10)
SENIORITY_FIT = np.array([-0.15, 0.05, 0.2, 0.15])
FUNCTIONS = ("purchasing", "it", "production", "marketing", "finance")
FUNCTION_SHARE = (0.20, 0.28, 0.20, 0.20, 0.12)
SIZE_EDGES = (50, 250, 2000)
SIZE_FIT = np.array([-0.8, 0.1, 0.8, 0.2])
FIT_EDGES = (-0.5, 0.25, 0.95)
MARKET_SHARE = (0.55, 0.30, 0.15)
MARKET_HEAD_START = np.array([0.0, 0.12, 0.30])  # chance of arriving one level higher, by market
TEAM_STOP, TEAM_MAX, TEAM_SPREAD_DAYS, TEAM_SPAN_DAYS = 0.38, 12, 40.0, 150.0
TOPICS = ("monitoring", "predictive_maintenance", "energy_saving", "compliance", "integration", "training")
PRIVATE_SHARE, SCANNER_SHARE, CONSENT_SHARE, ACTIVITY_SPREAD = 0.04, 0.12, 0.7, 0.16
REPS = 24

MORNING = (0.05, 0.04, 0.04, 0.04, 0.05, 0.1, 0.3, 0.8, 1.0, 1.0, 1.0, 1.0)
AFTERNOON = (0.8, 1.0, 1.0, 1.0, 0.9, 0.6, 0.4, 0.35, 0.3, 0.2, 0.1, 0.06)
HOUR_WEIGHT = np.array(MORNING + AFTERNOON)
WEEKDAY_WEIGHT = np.array([1.0, 1.0, 1.0, 0.95, 0.8, 0.12, 0.14])


@dataclass(frozen=True, slots=True)
class Calendar:
    """Length of the world and its working hours; `monday_offset` is the days from a Monday, 00:00 UTC, to its start."""

    days: float
    monday_offset: float

    def intensity(self, day: Floats) -> Floats:
        """Activity of people at `day` as a multiple of the weekly mean."""
        clock = day + self.monday_offset
        hour = (clock % 1 * 24).astype(np.int64)
        return HOUR_WEIGHT[hour] * WEEKDAY_WEIGHT[clock.astype(np.int64) % 7] / _MEAN_WEIGHT

    @property
    def peak(self) -> float:
        """Largest intensity."""
        return float(HOUR_WEIGHT.max() * WEEKDAY_WEIGHT.max() / _MEAN_WEIGHT)


_MEAN_WEIGHT = float(HOUR_WEIGHT.mean() * WEEKDAY_WEIGHT.mean())


@dataclass(frozen=True, slots=True)
class Accounts:
    """One entry per account; `market` (hidden) tells how much it is looking for a solution: 0, 1 or 2."""

    industry: Ints
    country: Ints
    employees: Ints
    market: Ints
    scanner: Bools
    topic: Ints
    fit: Floats


@dataclass(frozen=True, slots=True)
class Leads:
    """One entry per lead in order of creation; `private` leads are not linked to their account in the export."""

    account: Ints
    created: Floats
    source: Ints
    seniority: Ints
    function: Ints
    rep: Ints
    stratum: Ints
    first_level: Ints
    activity: Floats
    consent: Bools
    private: Bools
    deal_size: Floats


def draw_accounts(count: int, rng: np.random.Generator) -> Accounts:
    """`count` accounts."""
    industry = _choice(INDUSTRY_SHARE, count, rng)
    employees = np.clip(np.exp(rng.normal(5.4, 1.5, count)), 5, 60_000).astype(np.int64)
    return Accounts(
        industry=industry,
        country=_choice(COUNTRY_SHARE, count, rng),
        employees=employees,
        market=_choice(MARKET_SHARE, count, rng),
        scanner=rng.random(count) < SCANNER_SHARE,
        topic=rng.integers(0, len(TOPICS), count),
        fit=INDUSTRY_FIT[industry] + SIZE_FIT[np.searchsorted(SIZE_EDGES, employees, side="right")],
    )


def draw_leads(count: int, calendar: Calendar, rng: np.random.Generator) -> tuple[Accounts, Leads]:
    """`count` leads with the accounts that they belong to."""
    account, created = _arrivals(count, calendar, rng)
    accounts = draw_accounts(int(account.max()) + 1, rng)
    source, seniority = _choice(SOURCE_SHARE, count, rng), _choice(SENIORITY_SHARE, count, rng)
    fit = accounts.fit[account] + SOURCE_FIT[source] + SENIORITY_FIT[seniority]
    market = accounts.market[account]
    leads = Leads(
        account=account,
        created=created,
        source=source,
        seniority=seniority,
        function=_choice(FUNCTION_SHARE, count, rng),
        rep=rng.integers(0, REPS, accounts.market.size)[account],
        stratum=np.searchsorted(FIT_EDGES, fit, side="right") * MARKETS + market,
        first_level=_first_level(source, market, rng),
        activity=np.exp(rng.normal(-(ACTIVITY_SPREAD**2) / 2, ACTIVITY_SPREAD, count)),
        consent=rng.random(count) < CONSENT_SHARE,
        private=rng.random(count) < PRIVATE_SHARE,
        deal_size=_deal_size(accounts.employees[account], rng),
    )
    return accounts, leads


def _arrivals(count: int, calendar: Calendar, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Account and day of creation of each lead: teams form within weeks, at an even rate over the whole time."""
    teams = int(count * TEAM_STOP * 1.3 * (calendar.days + TEAM_SPAN_DAYS) / calendar.days) + 40
    size = np.minimum(rng.geometric(TEAM_STOP, teams), TEAM_MAX)
    account = np.repeat(np.arange(teams), size)
    first = np.repeat(np.cumsum(size) - size, size) == np.arange(account.size)
    offset = np.where(first, 0.0, rng.exponential(TEAM_SPREAD_DAYS, account.size) % TEAM_SPAN_DAYS)
    start = rng.uniform(-TEAM_SPAN_DAYS, calendar.days, teams)
    created = _in_working_hours(start[account] + offset, calendar, rng)
    inside = np.flatnonzero((created >= 0) & (created < calendar.days))[:count]
    order = inside[np.argsort(created[inside], kind="stable")]
    return np.unique(account[order], return_inverse=True)[1].astype(np.int64), created[order]


def _in_working_hours(day: Floats, calendar: Calendar, rng: np.random.Generator) -> Floats:
    clock = np.floor(day + calendar.monday_offset)
    weekend = (clock % 7 >= 5) & (rng.random(day.size) < 0.85)
    hour = rng.choice(24, day.size, p=HOUR_WEIGHT / HOUR_WEIGHT.sum())
    return clock + 2.0 * weekend + (hour + rng.random(day.size)) / 24 - calendar.monday_offset


def _first_level(source: Ints, market: Ints, rng: np.random.Generator) -> Ints:
    level = draw(np.cumsum(FIRST_LEVEL, axis=1), source, rng)
    ahead = rng.random(level.size) < MARKET_HEAD_START[market]
    return np.where(ahead & (level < ENGAGED), level + 1, np.minimum(level, EVALUATING))


def _deal_size(employees: Ints, rng: np.random.Generator) -> Floats:
    """Amount in EUR that a lead's deal would have, in steps of 100."""
    amount = 6_000 * (employees / 200) ** 0.4 * np.exp(rng.normal(0, 0.6, employees.size))
    return np.maximum(np.round(amount / 100) * 100, 500.0)


def draw(cumulative: Floats, row: Ints, rng: np.random.Generator) -> Ints:
    """For each entry of `row` one category, by the shares in that row of `cumulative`, running totals."""
    drawn = rng.random(row.size)
    category = np.empty(row.size, np.int64)
    for each in range(len(cumulative)):
        here = row == each
        category[here] = np.searchsorted(cumulative[each], drawn[here] * cumulative[each, -1], side="right")
    return category


def _choice(share: Sequence[float], count: int, rng: np.random.Generator) -> Ints:
    return rng.choice(len(share), count, p=np.array(share)).astype(np.int64)
