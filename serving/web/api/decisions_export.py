"""`GET /v1/decisions`: decisions of people as they go into training."""

from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from serving.identity.who import Identity, visible_owners
from serving.live.decided import KINDS, Format, written
from serving.store.actions import Action, all_actions
from serving.web.access import needs
from serving.web.api.decisions import decision_of
from serving.web.api.description import problems
from serving.web.auditing import write_down
from serving.web.credentials import site_of
from serving.web.problems import Problem
from serving.web.site import Site

router = APIRouter(prefix="/v1", tags=["decisions"])
TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
_LINES = {"schema": {"type": "string"}}


class ExportQuery(BaseModel):
    """What is exported, and as what; `all`: also notes, overrides, outcomes, …, with what was shown, as JSON lines."""

    model_config = ConfigDict(extra="forbid")
    format: Format = "ndjson"
    kinds: Literal["decisions", "all"] = "decisions"


@router.get(
    "/decisions",
    response_class=Response,
    responses={
        200: {"description": "a row a line", "content": {"application/x-ndjson": _LINES, "text/csv": _LINES}},
        **problems(422),
    },
)
def export(
    request: Request,
    who: Annotated[Identity, needs("export")],
    asked: Annotated[ExportQuery, Query()],
) -> Response:
    """The decisions on all leads that the requester sees, oldest first, with the columns of the table `decisions`."""
    form, kinds = asked.format, asked.kinds
    if kinds == "all" and form == "csv":
        raise Problem(422, "format: expected ndjson with kinds=all, got csv")
    write_down(request, who, "exported", "decisions", kinds=kinds)
    lines = _lines(site_of(request), visible_owners(who), form, kinds)
    first = next(lines, "")  # what is wrong is said before the answer begins
    return StreamingResponse(chain((first,), lines), media_type=TYPES[form])


def _lines(
    site: Site, owners: tuple[str | None, ...] | None, form: Format, kinds: Literal["decisions", "all"]
) -> Iterator[str]:
    actions = all_actions(site.store, KINDS if kinds == "decisions" else None, owners)
    return written(actions, form) if kinds == "decisions" else _whole(actions)


def _whole(actions: Iterator[Action]) -> Iterator[str]:
    return (f"{to_json(decision_of(action)).decode()}\n" for action in actions)
