"""The page of one lead, as frozen values: schema version 1.

Sentences and labels are in the reader's language; everything else is the same in every language. The keys are
documented in docs/page-contexts.md.
"""

from dataclasses import dataclass
from datetime import datetime

LEAD_PAGE_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Line:
    """A reason: points of the score, and a sentence; points of all lines sum to the score."""

    group: str
    label: str
    feature: str
    value: str | None
    points: int
    sentence: str


@dataclass(frozen=True, slots=True)
class ScoreBlock:
    """What the model says: `sentence` is the whole of it in words, `moved` why it moved since the score before."""

    score: int
    score_before: int | None
    band: str
    propensity: float
    propensity_low: float
    propensity_high: float
    times_average: float
    rank: int
    rank_of: int
    familiar: bool
    sales_qualified: bool
    threshold: float
    model_version: str
    as_of: datetime
    sentence: str
    more: tuple[str, ...]
    moved: tuple[str, ...]
    speaks_for: tuple[Line, ...]
    speaks_against: tuple[Line, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class CriterionBlock:
    """A criterion of the rules: its state, the newest evidence, and what to ask where it is open."""

    name: str
    label: str
    state: str
    state_label: str
    assessed_at: datetime | None
    amount: float | None
    deadline: datetime | None
    note: str | None
    by: str | None
    question: str | None


@dataclass(frozen=True, slots=True)
class RulesBlock:
    """The rules' verdict beside the model's, whether both agree, and that in words."""

    met: int
    at_least: int
    qualified: bool
    points: float | None
    criteria: tuple[CriterionBlock, ...]
    agreement: str
    agreement_sentence: str


@dataclass(frozen=True, slots=True)
class Event:
    """What happened on a day: `times` alike, the last of them at `at`; `side`: lead, company, sales or record."""

    at: datetime
    side: str
    what: str
    detail: str | None
    times: int


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """A score of the past; `published`: it was shown then, else it is what today's model says of that day."""

    at: datetime
    score: int
    published: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody decided or noted on the page or by the API."""

    at: datetime
    kind: str
    label: str
    by: str
    reason: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A colleague at the same company."""

    lead_id: str
    name: str | None
    title: str | None
    stage: str
    score: int | None


@dataclass(frozen=True, slots=True)
class LeadPage:
    """Everything about one lead; `state` tells it from what it was before somebody changed it.

    `score` and `rules` are None where the outcome is known already. `possible` are the moves that its stage allows.
    """

    schema_version: int
    page: str
    language: str
    lead_id: str
    state: str
    name: str | None
    title: str | None
    email: str | None
    company: str | None
    account_id: str | None
    source: str | None
    created_at: datetime | None
    owner: str | None
    stage: str
    stage_label: str
    stage_since: datetime | None
    due_at: datetime | None
    overdue: bool
    snoozed_until: datetime | None
    do_not_contact: bool
    customer: bool
    is_open: bool
    contact: str | None
    value: float | None
    record: str | None
    score: ScoreBlock | None
    rules: RulesBlock | None
    questions: tuple[str, ...]
    possible: tuple[str, ...]
    said: tuple[Said, ...]
    timeline: tuple[Event, ...]
    earlier: int
    scores: tuple[ScorePoint, ...]
    team: tuple[TeamMember, ...]
