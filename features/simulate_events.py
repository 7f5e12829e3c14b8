"""What simulated people do: interactions in bursts, at rates and in mixes that follow the level of interest.

Nothing that happens at one time depends on a later level: times are drawn by thinning a Poisson process, and every
answer comes after its cause. So the true probability at a date is the best that anything seen before it can tell.
"""

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from features.simulate_chain import AWARE, LEVELS, WON, Bools, Floats, Ints, Paths
from features.simulate_world import Accounts, Calendar, Leads, draw


class Kind(NamedTuple):
    """A kind of interaction: its channel, share at each level and duration; a `visit` may lead to more visits."""

    name: str
    channel: str
    mix: tuple[float, float, float, float, float] = (0, 0, 0, 0, 0)
    duration_s: float = 0
    visit: bool = False
    inbound: bool = True


KINDS = (
    Kind("page_view", "web", (30, 26, 16, 6, 3), 45, True),
    Kind("article_view", "web", (24, 26, 10, 2, 1), 150, True),
    Kind("faq_view", "web", (1, 3, 12, 4, 1), 70, True),
    Kind("product_page_view", "web", (1, 4, 24, 10, 3), 80, True),
    Kind("pricing_page_view", "web", (0, 0.3, 2, 14, 10), 75, True),
    Kind("price_calculator_used", "web", (0, 0, 0.2, 2, 14), 180, True),
    Kind("product_comparison_view", "web", (0, 0.1, 1.5, 14, 3), 120, True),
    Kind("case_study_view", "web", (0, 0.3, 8, 5, 1), 160, True),
    Kind("references_view", "web", (0, 0, 0.3, 3, 14), 60, True),
    Kind("reviews_view", "web", (0, 0.1, 1.5, 8, 2), 90, True),
    Kind("data_sheet_download", "web", (0, 0.2, 2, 10, 2), 0, True),
    Kind("content_download", "web", (0.5, 3, 4, 0.6, 0.2)),
    Kind("newsletter_signup", "web", (1, 4, 0.3, 0, 0)),
    Kind("webinar_registered", "web", (0, 0.3, 9, 1, 0.2)),
    Kind("webinar_attended", "event", duration_s=2400),
    Kind("social_interaction", "social", (6, 7, 3, 1, 0.5)),
    Kind("ad_impression", "ads", (25, 20, 10, 4, 2)),
    Kind("ad_click", "ads", (1.5, 2.5, 2, 1, 0.5)),
    Kind("form_submitted", "web", (0, 0.1, 4, 0.6, 0.2)),
    Kind("demo_requested", "web", (0, 0, 0.05, 4, 0.5)),
    Kind("call_requested", "web", (0, 0, 0.05, 3, 0.5)),
    Kind("discovery_call", "phone", (0, 0.2, 2.5, 5, 1), 1500),
    Kind("demo_attended", "meeting", (0, 0, 0, 1.2, 8), 2700),
    Kind("personal_conversation", "meeting", (0, 0.2, 1, 2, 9), 1500),
    Kind("contract_review_planned", "meeting", (0, 0, 0, 0, 9)),
    Kind("event_attended", "event", (0.5, 1.5, 2, 1, 1), 7200),
    Kind("email_open", "email"),
    Kind("email_click", "email"),
    Kind("email_reply", "email"),
    Kind("unsubscribe", "email"),
    Kind("email_sent", "email", inbound=False),
    Kind("call_attempt", "phone", duration_s=30, inbound=False),
    Kind("customer_login", "product", duration_s=600),
)

# Per day, by level: what people start by themselves, what marketing and sales send, how often sales tries a call.
VISIT_RATE = np.array([0.001, 0.025, 0.31, 0.55, 0.85])
MAIL_RATE = np.array([0.005, 0.010, 0.014, 0.020, 0.022])
CALL_RATE = np.array([0.001, 0.003, 0.008, 0.014, 0.016])
NO_CONSENT_MAILS = 0.3
FOLLOW_UPS, FOLLOW_UP_DAYS, GENERATIONS = np.array([0.20, 0.25, 0.30, 0.33, 0.35]), 0.012, 6
ANSWERS = {  # chance of each answer to a mail, by the level at which it arrives
    "email_open": (0.10, 0.30, 0.45, 0.55, 0.60),
    "email_click": (0.01, 0.05, 0.14, 0.22, 0.26),
    "email_reply": (0.002, 0.01, 0.04, 0.12, 0.20),
    "unsubscribe": (0.012, 0.006, 0.003, 0.001, 0.000),
}
ANSWER_DAYS, DELAY_SPREAD = 0.15, 1.2  # medians, and the standard deviation of their logarithms
MILESTONES = (  # what marks that a lead has come to each level
    {"event_attended": 0.7, "ad_click": 0.3},
    {"newsletter_signup": 0.4, "social_interaction": 0.15, "content_download": 0.45},
    {"webinar_registered": 0.5, "form_submitted": 0.5},
    {"demo_requested": 0.5, "call_requested": 0.4, "discovery_call": 0.1},
    {"price_calculator_used": 0.3, "demo_attended": 0.2, "personal_conversation": 0.2, "contract_review_planned": 0.3},
)
MARKED = 0.99  # share of the steps up that leave such a mark
WEBINAR_DAYS, WEBINAR_SHOW = 6.0, 0.6
SCANNER_LINKS, SCANNER_SECONDS = (3, 8), 20.0
ANONYMOUS_RATE, ANONYMOUS_DAYS = np.array([0.0005, 0.012, 0.055]), 90.0  # per account and day, by market
CUSTOMER_RATE, CUSTOMER_DAYS, CUSTOMER_LOGINS, CHATTER_RATE = 0.08, 60.0, 0.6, 0.004
UNKNOWN = -1

CODE = {kind.name: code for code, kind in enumerate(KINDS)}
TALKS = tuple(CODE[name] for name in ("discovery_call", "demo_attended", "personal_conversation"))
IS_VISIT = np.array([kind.visit for kind in KINDS])
MIX = np.cumsum([[kind.mix[level] for kind in KINDS] for level in range(len(LEVELS))], axis=1)
FOLLOW_MIX = np.cumsum([[k.mix[level] * k.visit for k in KINDS] for level in range(len(LEVELS))], axis=1)
MILESTONE_MIX = np.cumsum([[touch.get(kind.name, 0.0) for kind in KINDS] for touch in MILESTONES], axis=1)


@dataclass(frozen=True, slots=True)
class Events:
    """Interactions, one entry each: code in `KINDS`, hidden level; `UNKNOWN` where no lead or account is known."""

    lead: Ints
    account: Ints
    day: Floats
    kind: Ints
    level: Ints

    def take(self, where: Ints | Bools) -> "Events":
        """The entries at `where`."""
        return Events(*(getattr(self, column.name)[where] for column in fields(self)))


def draw_events(accounts: Accounts, leads: Leads, paths: Paths, calendar: Calendar, rng: np.random.Generator) -> Events:
    """All interactions of the world in order of time; those of a lead are never before its creation."""
    visits = _with_follow_ups(_join(_milestones(paths, rng), _visits(leads, paths, calendar, rng)), rng)
    mails = _mails(leads, paths, calendar, rng)
    scans = _scanner_clicks(mails.take(accounts.scanner[leads.account[mails.lead]]), rng)
    calls = _from_stays(paths, CALL_RATE[paths.level], CODE["call_attempt"], calendar, rng)
    lead_events = _join(visits, _webinars(visits, rng), mails, _answers(mails, rng), scans, calls)
    open_still = lead_events.take(lead_events.day < paths.ended[lead_events.lead])
    events = _join(open_still, _customers(paths, calendar, rng), _anonymous(accounts, leads, calendar, rng))
    events = events.take(events.day < calendar.days)
    return events.take(np.argsort(events.day, kind="stable"))


def _milestones(paths: Paths, rng: np.random.Generator) -> Events:
    """What creates a lead, and what mostly marks that it became more interested; fading leaves no mark."""
    first = np.append(True, paths.lead[1:] != paths.lead[:-1])
    rise = np.append(False, paths.level[1:] > paths.level[:-1])
    marked = first | (rise & (rng.random(rise.size) < MARKED))
    lead, level = paths.lead[marked], paths.level[marked]
    return _of_leads(lead, paths.start[marked], draw(MILESTONE_MIX, level, rng), level)


def _visits(leads: Leads, paths: Paths, calendar: Calendar, rng: np.random.Generator) -> Events:
    rate = VISIT_RATE[paths.level] * leads.activity[paths.lead]
    visits = _from_stays(paths, rate, UNKNOWN, calendar, rng)
    return replace(visits, kind=draw(MIX, visits.level, rng))


def _mails(leads: Leads, paths: Paths, calendar: Calendar, rng: np.random.Generator) -> Events:
    rate = MAIL_RATE[paths.level] * np.where(leads.consent[paths.lead], 1.0, NO_CONSENT_MAILS)
    return _from_stays(paths, rate, CODE["email_sent"], calendar, rng)


def _from_stays(paths: Paths, rate: Floats, kind: int, calendar: Calendar, rng: np.random.Generator) -> Events:
    stay, day = poisson_days(paths.start, paths.stop, rate, calendar, rng)
    return _of_leads(paths.lead[stay], day, np.full(stay.size, kind), paths.level[stay])


def poisson_days(
    start: Floats, stop: Floats, rate: Floats, calendar: Calendar, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Points of Poisson processes on `[start, stop)`, `rate` per day on the weekly mean, mostly in working hours.

    Returns the row of each point and its day (thinning: Lewis & Shedler 1979).
    """
    count = rng.poisson(np.maximum(stop - start, 0.0) * rate * calendar.peak)
    row = np.repeat(np.arange(start.size), count)
    day = start[row] + rng.random(row.size) * (stop - start)[row]
    kept = rng.random(row.size) * calendar.peak < calendar.intensity(day)
    return row[kept], day[kept]


def _with_follow_ups(events: Events, rng: np.random.Generator) -> Events:
    """`events` and the bursts that they set off: each visit may lead to more within minutes or hours (Hawkes 1971)."""
    generations = [events]
    for _ in range(GENERATIONS):
        parents = generations[-1].take(IS_VISIT[generations[-1].kind])
        children = parents.take(np.repeat(np.arange(parents.day.size), rng.poisson(FOLLOW_UPS[parents.level])))
        delay = _delay(FOLLOW_UP_DAYS, children.day.size, rng)
        generations.append(replace(children, day=children.day + delay, kind=draw(FOLLOW_MIX, children.level, rng)))
    return _join(*generations)


def _webinars(visits: Events, rng: np.random.Generator) -> Events:
    shown = (visits.kind == CODE["webinar_registered"]) & (rng.random(visits.day.size) < WEBINAR_SHOW)
    return _answer(visits.take(shown), "webinar_attended", WEBINAR_DAYS, rng)


def _answers(mails: Events, rng: np.random.Generator) -> Events:
    answered = [
        _answer(mails.take(rng.random(mails.day.size) < np.array(chance)[mails.level]), kind, ANSWER_DAYS, rng)
        for kind, chance in ANSWERS.items()
    ]
    return _join(*answered)


def _answer(causes: Events, kind: str, days: float, rng: np.random.Generator) -> Events:
    count = causes.day.size
    return replace(causes, day=causes.day + _delay(days, count, rng), kind=np.full(count, CODE[kind]))


def _delay(median_days: float, count: int, rng: np.random.Generator) -> Floats:
    return median_days * np.exp(rng.normal(0.0, DELAY_SPREAD, count))


def _scanner_clicks(mails: Events, rng: np.random.Generator) -> Events:
    """A mail scanner opens every mail and clicks every link within seconds, whoever it is for."""
    clicks = mails.take(np.repeat(np.arange(mails.day.size), rng.integers(*SCANNER_LINKS, mails.day.size)))
    after = rng.uniform(1.0, SCANNER_SECONDS, clicks.day.size) / 86_400
    opens = replace(mails, day=mails.day + 1.0 / 86_400, kind=np.full(mails.day.size, CODE["email_open"]))
    return _join(opens, replace(clicks, day=clicks.day + after, kind=np.full(after.size, CODE["email_click"])))


def _customers(paths: Paths, calendar: Calendar, rng: np.random.Generator) -> Events:
    """What goes on after a deal: customers log in and read, lost leads look back now and then."""
    lead = np.flatnonzero(np.isfinite(paths.ended))
    won = paths.state[lead] == WON
    stop = np.minimum(paths.ended[lead] + np.where(won, CUSTOMER_DAYS, np.inf), calendar.days)
    rate = np.where(won, CUSTOMER_RATE, CHATTER_RATE)
    row, day = poisson_days(paths.ended[lead], stop, rate, calendar, rng)
    login = won[row] & (rng.random(row.size) < CUSTOMER_LOGINS)
    read = draw(FOLLOW_MIX, np.zeros(row.size, np.int64), rng)
    return _of_leads(lead[row], day, np.where(login, CODE["customer_login"], read), np.zeros_like(row))


def _anonymous(accounts: Accounts, leads: Leads, calendar: Calendar, rng: np.random.Generator) -> Events:
    """Visits of known companies by unknown people, from some weeks before the first lead of the account."""
    first = np.full(accounts.market.size, np.inf)
    linked = ~leads.private
    np.minimum.at(first, leads.account[linked], leads.created[linked])
    seen = np.flatnonzero(np.isfinite(first))
    start, stop = np.maximum(first[seen] - ANONYMOUS_DAYS, 0.0), np.full(seen.size, calendar.days)
    row, day = poisson_days(start, stop, ANONYMOUS_RATE[accounts.market[seen]], calendar, rng)
    level = accounts.market[seen[row]] + AWARE
    nobody = np.full(row.size, UNKNOWN)
    visits = Events(nobody, seen[row], day, draw(FOLLOW_MIX, level, rng), level)
    return _with_follow_ups(visits, rng)


def _of_leads(lead: Ints, day: Floats, kind: Ints, level: Ints) -> Events:
    return Events(lead, np.full(lead.size, UNKNOWN), day, kind, level)


def _join(*parts: Events) -> Events:
    return Events(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Events)))
