"""`/v1/leads/{lead_id}/decisions`: what people decided about a lead, and one decision more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Body, Header, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import to_json

from serving.identity.who import Identity, sees
from serving.live.acts import (
    NEED_REASON,
    Act,
    Actor,
    ChangedError,
    Done,
    Kind,
    NotPossibleError,
    UnknownLeadError,
    act_on,
    ground_of,
    state_of,
)
from serving.store.actions import Action, actions_of
from serving.store.connection import Transaction
from serving.web.access import needs, no_lead
from serving.web.api.description import WITH_BODY, problems
from serving.web.api.examples import DECISION_EXAMPLES
from serving.web.api.known_first import KnownFirst
from serving.web.api.leads import LeadId, Seer, row_of
from serving.web.api.once import MayRepeat, caller_of, done_once
from serving.web.api.rows import READABLE, Absent, Instant
from serving.web.api.times import said_time
from serving.web.credentials import site_of
from serving.web.negotiation import JSON
from serving.web.problems import Problem

router = APIRouter(prefix="/v1", tags=["decisions"], route_class=KnownFirst)
Said = Annotated[str, Field(min_length=1, max_length=2_000, pattern=READABLE)]
Short = Annotated[str, Field(min_length=1, max_length=400, pattern=READABLE)]


class NewDecision(BaseModel):
    """What somebody decides or says about a lead.

    reject, recycle, disqualify, override, reason_wrong and data_wrong want a `reason`; snooze wants `until`, reassign
    `owner`, override `verdict`, reason_wrong `feature`, data_wrong `field`, outcome `outcome`, note `note`.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    kind: Kind
    reason: Said | None = None
    note: Said | None = None
    until: Annotated[Instant | None, Field(description="of snooze, recycle and reject")] = None
    owner: Annotated[Short | None, Field(description="of reassign")] = None
    verdict: Annotated[Literal["qualified", "not_qualified"] | None, Field(description="of override")] = None
    feature: Annotated[Short | None, Field(description="of reason_wrong: the feature of the reason")] = None
    field: Annotated[Short | None, Field(description="of data_wrong: what is wrong")] = None
    outcome: Annotated[Literal["won", "lost"] | None, Field(description="of outcome")] = None
    amount: Annotated[float | None, Field(ge=0, le=1e12, allow_inf_nan=False, description="of outcome")] = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        wanted = _NEEDS.get(self.kind)
        if wanted is not None and getattr(self, wanted) is None:
            raise ValueError(f"{self.kind}: expected {wanted}")
        if self.kind in NEED_REASON and (self.reason is None or not self.reason.strip()):
            raise ValueError(f"{self.kind}: expected a reason")
        for name, kinds in _ONLY_OF.items():
            if getattr(self, name) is not None and self.kind not in kinds:
                raise ValueError(f"{name} is of {', '.join(kinds)}, not of {self.kind}: leave it out")
        return self


_NEEDS: Mapping[Kind, str] = {
    "snooze": "until",
    "reassign": "owner",
    "override": "verdict",
    "reason_wrong": "feature",
    "data_wrong": "field",
    "outcome": "outcome",
    "note": "note",
}
_ONLY_OF: Mapping[str, tuple[Kind, ...]] = {
    "until": ("snooze", "recycle", "reject"),
    "owner": ("reassign",),
    "verdict": ("override",),
    "feature": ("reason_wrong",),
    "field": ("data_wrong",),
    "outcome": ("outcome",),
    "amount": ("outcome",),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: who decided what and when, and the lead as it was shown to them (`seen`)."""

    id: int
    lead_id: str
    at: str
    kind: str
    by: str
    reason: str | None
    note: str | None
    details: Mapping[str, Any]
    seen: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision that was stored, and where the lead stands with it; `etag` is of the lead as it is now."""

    decision: Decision
    stage: str
    owner: str | None
    snoozed_until: str | None
    do_not_contact: bool
    etag: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions on a lead, the newest first; `next` is the cursor of the older ones, null: there are none."""

    decisions: tuple[Decision, ...]
    next: str | None


class DecisionsQuery(BaseModel):
    """Which of the decisions on a lead."""

    model_config = ConfigDict(extra="forbid")
    after: Annotated[str | Absent, Field(pattern=r"^[1-9][0-9]{0,17}$", description="`next` of the page before")] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


@router.get("/leads/{lead_id:path}/decisions", response_model=Decisions, responses=problems(404, 422))
def decisions(
    request: Request,
    who: Seer,
    lead_id: LeadId,
    asked: Annotated[DecisionsQuery, Query()],
) -> Response:
    """What people decided about a lead and said of it."""
    site = site_of(request)
    row_of(site, who, lead_id)
    with site.store.reading() as connection:
        found = actions_of(connection, lead_id, None if asked.after is None else int(asked.after), asked.limit + 1)
    shown = found[: asked.limit]
    more = str(shown[-1].id) if len(found) > len(shown) else None
    return Response(to_json(Decisions(tuple(map(decision_of, shown)), more)), media_type=JSON)


@router.post(
    "/leads/{lead_id:path}/decisions",
    response_model=Decided,
    status_code=201,
    responses=problems(404, 409, 412, *WITH_BODY),
)
def decide(
    request: Request,
    lead_id: LeadId,
    new: Annotated[NewDecision, Body(openapi_examples=DECISION_EXAMPLES)],
    who: Annotated[Identity, needs("leads.act")],
    attempt: MayRepeat,
    if_match: Annotated[str | None, Header(description="the ETag of the lead as it was looked at")] = None,
) -> Response:
    """Decide about a lead: the stage machine says what is possible; the score stays as it is."""
    site, served = site_of(request), site_of(request).model.served
    ground = ground_of(site.project, None if served is None else served.bundle)
    actor = Actor(who.name, lambda owner: sees(who, owner), None if if_match in (None, "*") else if_match)
    act = Act(**new.model_dump())

    def work(connection: Transaction) -> Decided:
        return _decided(act_on(connection, ground, lead_id, act, actor, site.now))

    try:
        return done_once(caller_of(request, who), attempt, 201, work)
    except UnknownLeadError:
        raise no_lead(lead_id) from None
    except ChangedError as error:
        raise Problem(412, str(error)) from error
    except NotPossibleError as error:
        raise Problem(409, str(error), possible=error.possible) from error


def decision_of(action: Action) -> Decision:
    """An action as it is answered."""
    names = ("id", "lead_id", "kind", "by", "reason", "note", "details")
    seen = {**action.seen}
    if "as_of" in seen:
        seen["as_of"] = said_time(seen["as_of"])
    return Decision(**{name: getattr(action, name) for name in names}, at=said_time(action.at), seen=seen)


def _decided(done: Done) -> Decided:
    lead = done.lead
    snoozed = None if lead["snoozed_until"] is None else said_time(lead["snoozed_until"])
    return Decided(
        decision_of(done.action), lead["stage"], lead["owner"], snoozed, lead["do_not_contact"], state_of(lead)
    )
