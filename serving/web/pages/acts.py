"""What people do with a lead on its page: a form that is sent to `/acts/{lead_id}`, and the page again."""

from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from serving.identity.who import Identity, sees
from serving.language.page_words import lead_path
from serving.live.acts import Act, Actor, ChangedError, NotPossibleError, UnknownLeadError, act_on, ground_of
from serving.web.access import needs, no_lead
from serving.web.api.decisions import NewDecision
from serving.web.credentials import site_of
from serving.web.pages.lead import lead_answer
from serving.web.pages.seen_lead import LeadId
from serving.web.site import Site
from serving.web.validation import said

router = APIRouter(include_in_schema=False)
Actors = Annotated[Identity, needs("leads.act")]


class ActForm(BaseModel):
    """The fields of the form; empty ones are not given. `until` is a day, `seen` the state that was looked at."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    seen: str = ""
    reason: str = ""
    note: str = ""
    until: str = ""
    owner: str = ""
    verdict: str = ""
    feature: str = ""
    field: str = ""
    outcome: str = ""
    amount: str = ""


@router.post("/acts/{lead_id:path}")
def act(
    request: Request,
    who: Actors,
    lead_id: LeadId,
    form: Annotated[ActForm, Form()],
) -> Response:
    """Do it and show the page again; what is not possible is said on the page, and nothing is changed."""
    site = site_of(request)
    if "\0" in lead_id:
        raise no_lead(lead_id)
    try:
        wanted = _act(form, site)
        actor = Actor(who.name, lambda owner: sees(who, owner), form.seen or None)
        ground = ground_of(site.project, None if site.model.served is None else site.model.served.bundle)
        with site.store.writing() as connection:
            act_on(connection, ground, lead_id, wanted, actor, site.now)
    except UnknownLeadError as error:
        raise no_lead(lead_id) from error
    except ValidationError as error:
        return lead_answer(request, who, lead_id, said(error.errors(include_url=False)), 422)
    except (ChangedError, NotPossibleError) as error:
        return lead_answer(request, who, lead_id, str(error), 409)
    return RedirectResponse(lead_path(lead_id), 303)


def _act(form: ActForm, site: Site) -> Act:
    """The act that a form means; raises `ValidationError` where something is missing or too much."""
    given: dict[str, Any] = {name: text.strip() for name, text in form.model_dump(exclude={"seen"}).items()}
    given = {name: text.replace("\r\n", "\n") for name, text in given.items() if text}
    if "until" in given:
        given["until"] = _end_of(given["until"], site)
    if "amount" in given:
        given["amount"] = _number(given["amount"])
    checked = NewDecision.model_validate(given)
    return Act(**checked.model_dump())


def _end_of(text: str, site: Site) -> datetime | str:
    """The beginning of a day in the project's time zone; what is no day is refused with the other fields."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), site.zone)
    except ValueError:
        return text


def _number(text: str) -> float | str:
    """A number; what is none is refused with the other fields."""
    try:
        return float(text)
    except ValueError:
        return text
