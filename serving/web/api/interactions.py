"""`POST /v1/interactions`: what happened since the export; leads are scored anew at once."""

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from features.errors import InputContractError, SinkError
from serving.identity.who import Identity, sees
from serving.live.arrivals import Arrivals, Outcome, Sender, take_in
from serving.live.rescore import Scorer, rescore
from serving.store.connection import Transaction
from serving.web.access import needs
from serving.web.api.description import WITH_BODY, problems
from serving.web.api.examples import INTERACTIONS_EXAMPLES
from serving.web.api.known_first import KnownFirst
from serving.web.api.once import MayRepeat, caller_of, done_once
from serving.web.api.rows import InteractionRow
from serving.web.credentials import site_of
from serving.web.measuring import Metrics
from serving.web.site import Site
from serving.web.validation import said

router = APIRouter(prefix="/v1", tags=["interactions"], route_class=KnownFirst)
MOST = 1_000
AT_ONCE = 50
"""Leads of so many accounts are scored anew before the answer; those of more, right after it."""
_ROW: TypeAdapter[InteractionRow] = TypeAdapter(InteractionRow)
logger = logging.getLogger("ripelead.web")


class NewInteractions(BaseModel):
    """1 to 1,000 interactions: each is an object as `InteractionRow`; one that is not is refused alone."""

    model_config = ConfigDict(extra="forbid", strict=True)
    interactions: Annotated[list[Any], Field(min_length=1, max_length=MOST)]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the interactions, in their order: `stored + duplicates + refused` is their number."""

    stored: int
    duplicates: int
    refused: int
    results: tuple[Outcome, ...]


@router.post("/interactions", response_model=Taken, responses=problems(*WITH_BODY))
def interactions(
    request: Request,
    sent: Annotated[NewInteractions, Body(openapi_examples=INTERACTIONS_EXAMPLES)],
    who: Annotated[Identity, needs("interactions.write")],
    attempt: MayRepeat,
) -> Response:
    """Append interactions of known leads or accounts, and score their leads anew.

    What is answered as `stored` is kept durably. An `interaction_id` is stored once; without one, the contents are
    the id. What lies in the future, or is of nobody known, is refused alone.
    """
    site, touched = site_of(request), list[str]()
    rows = [_row(given) for given in sent.interactions]
    sender = Sender(who.name, lambda owner: sees(who, owner))

    def work(connection: Transaction) -> Taken:
        taken = take_in(connection, rows, sender, site.now)
        touched.extend(taken.account_keys)
        return _answer(taken)

    answer = done_once(caller_of(request, who), attempt, 200, work)
    if 0 < len(touched) <= AT_ONCE:
        metrics: Metrics = request.app.state.metrics
        metrics.scored.labels("interaction").inc(_rescored_softly(site, touched))
    return answer


def _row(given: object) -> InteractionRow | InputContractError:
    try:
        return _ROW.validate_python(given)
    except ValidationError as error:
        return InputContractError(said(error.errors(include_url=False)))


def _answer(taken: Arrivals) -> Taken:
    count = Counter(one.status for one in taken.outcomes)
    return Taken(count["stored"], count["duplicate"], count["refused"], taken.outcomes)


def _rescored_softly(site: Site, keys: list[str]) -> int:
    """What was stored is safe: a score that could not be made now is made by the next look at what waits."""
    served = site.model.served
    if served is None:
        return 0
    try:
        return len(rescore(site.store, Scorer(site.project, served.bundle), keys, site.now))
    except SinkError:
        logger.exception("interactions are stored, but their leads could not be scored anew yet")
        return 0
