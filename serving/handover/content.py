"""The hand-over package: everything sales needs to know of one lead, as frozen values: schema version 1.

Sentences and labels are in the language of the package; everything else is the same in every language. The keys are
documented in docs/handover.md.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

HANDOVER_SCHEMA = 1
StepKind = Literal["leave_alone", "contact", "question", "role", "activity", "content"]
WITH_SALES = ("sal", "sql", "opportunity")
"""Stages in which sales works a lead."""
Side = Literal["lead", "company", "sales", "record"]


@dataclass(frozen=True, slots=True)
class Fact:
    """An attribute in words; `tracked` tells whether the value is that of the date, or as exported."""

    name: str
    label: str
    value: str
    tracked: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Who it is; verdicts on the contact data are about their form, and `role` is what the job title says."""

    name: str | None
    title: str | None
    role: str | None
    role_label: str | None
    email: str | None
    email_verdict: str
    phone: str | None
    phone_verdict: str
    source: str | None
    created_at: datetime | None
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Company:
    """The lead's account; `account_id` None where it has none."""

    account_id: str | None
    name: str | None
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Stage, since when, whose lead it is, and by when something must have happened (None: no clock runs)."""

    stage: str
    label: str
    since: datetime | None
    owner: str | None
    do_not_contact: bool
    due: datetime | None
    overdue: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """A reason of the score with its points; points of all lines add up to the score."""

    group: str
    label: str
    points: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Score:
    """What the model says; `sentences` put it into words."""

    score: int
    band: str
    propensity: float
    propensity_low: float
    propensity_high: float
    familiar: bool
    sales_qualified: bool
    model_version: str
    sentences: tuple[str, ...]
    reasons: tuple[ReasonLine, ...]


@dataclass(frozen=True, slots=True)
class PointLine:
    """An entry of the points' log; entries add up to the total."""

    at: datetime | None
    what: str
    points: float


@dataclass(frozen=True, slots=True)
class PointsSaid:
    """Points in total and by axis, the grade, and the entries that they are made of."""

    total: float
    engagement: float
    fit: float
    grade: str
    threshold: float
    entries: tuple[PointLine, ...]


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """A piece of evidence for or against a criterion; amount, deadline, note and by are what an assessment says."""

    at: datetime | None
    what: str
    grade: float
    remark: str | None
    amount: float | None = None
    deadline: datetime | None = None
    note: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class CriterionSaid:
    """A criterion: met, not_met or unknown, its evidence, and the question to ask (None where it is met).

    `elsewhere` says which other frameworks hold otherwise, and from what.
    """

    name: str
    label: str
    state: str
    state_label: str
    required: bool
    evidence: tuple[EvidenceLine, ...]
    elsewhere: tuple[str, ...]
    question: str | None


@dataclass(frozen=True, slots=True)
class FrameworkSaid:
    """A framework's verdict: met, open or not_met."""

    name: str
    title: str
    outcome: str
    outcome_label: str
    met: int
    needed: int
    criteria: tuple[CriterionSaid, ...]


@dataclass(frozen=True, slots=True)
class Consumed:
    """Content that the lead had: how often, first and last time."""

    kind: str
    topic: str | None
    label: str
    times: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A colleague (or the lead itself) in the buying team; `last_activity` is theirs, not of sales."""

    lead_id: str
    name: str | None
    title: str | None
    role: str | None
    role_label: str | None
    last_activity: datetime | None
    active: bool
    is_lead: bool


@dataclass(frozen=True, slots=True)
class Team:
    """Roles covered by the account's leads, against those that are wanted; a task for each missing one."""

    covered: int
    wanted: int
    missing: tuple[str, ...]
    tasks: tuple[str, ...]
    members: tuple[Member, ...]
    further: int


@dataclass(frozen=True, slots=True)
class Offer:
    """Content to offer next, with the counts behind it."""

    kind: str
    topic: str | None
    won_consumed: int
    won_leads: int
    lost_consumed: int
    lost_leads: int
    sentence: str


@dataclass(frozen=True, slots=True)
class NextStep:
    """A suggestion, the most urgent first."""

    kind: StepKind
    sentence: str


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened on a day: `times` alike, the last of them at `at`."""

    at: datetime
    side: Side
    what: str
    detail: str | None
    times: int


@dataclass(frozen=True, slots=True)
class Handover:
    """Everything about one lead as of a date. `score` is None where no model speaks; `notes` say what is missing."""

    schema_version: int
    project: str
    lead_id: str
    as_of: datetime
    timezone: str
    language: str
    person: Person
    company: Company
    standing: Standing
    next_steps: tuple[NextStep, ...]
    score: Score | None
    contact: str | None
    frameworks: tuple[FrameworkSaid, ...]
    open_questions: tuple[str, ...]
    points: PointsSaid
    content: tuple[Consumed, ...]
    offers: tuple[Offer, ...]
    team: Team
    timeline: tuple[Happening, ...]
    earlier: int
    given: str | None
    notes: tuple[str, ...]
