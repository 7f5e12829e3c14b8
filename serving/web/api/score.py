"""`POST /v1/score`: scores of histories that the request brings along."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError
from pydantic_core import to_json

from features.cells import identifier, required
from features.errors import InputContractError
from serving.identity.who import Identity
from serving.live.history_score import score_history
from serving.live.model_in_use import Served
from serving.web.access import needs
from serving.web.api.description import WITH_BODY, problems
from serving.web.api.examples import SCORE_EXAMPLES
from serving.web.api.known_first import KnownFirst
from serving.web.api.once import MayRepeat, answered_before, caller_of, done_once
from serving.web.api.rows import AccountRow, AssessmentRow, History, Instant, InteractionRow, LeadChangeRow, LeadRow
from serving.web.api.score_answers import ItemError, LeadScore, Result, Results, lead_score
from serving.web.credentials import site_of
from serving.web.measuring import Metrics
from serving.web.negotiation import JSON
from serving.web.validation import said

router = APIRouter(prefix="/v1", tags=["score"], route_class=KnownFirst)
MOST_HISTORIES = 1_000
MOST_REASONS = 1_000
LONG = 1_000
"""Histories with more rows are scored beside the event loop, so that nobody waits for them."""
_HISTORY: TypeAdapter[History] = TypeAdapter(History)


class Asked(BaseModel):
    """What every request for scores says: as of when (nothing from then on is seen), how many reasons, in which words.

    `explain` is the most reasons besides the starting point and the rest; 0: none, left out: as the model was made.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    as_of: Instant
    explain: Annotated[int, Field(ge=0, le=MOST_REASONS)] | None = None
    language: Literal["en", "de", "da"] = "en"


class OneHistory(Asked):
    """One lead to score."""

    lead: LeadRow
    account: AccountRow | None = None
    colleagues: list[LeadRow] | None = None
    interactions: list[InteractionRow] | None = None
    lead_changes: list[LeadChangeRow] | None = None
    assessments: list[AssessmentRow] | None = None

    def history(self) -> dict[str, object]:
        """The parts of the history."""
        return {name: value for name, value in self if name not in Asked.model_fields and value is not None}


class Histories(Asked):
    """Up to 1,000 leads to score: each item is an object as `History`; one that is not gets an error of its own."""

    histories: Annotated[list[Any], Field(min_length=1, max_length=MOST_HISTORIES)]


def _kind(body: object) -> str:
    return "histories-of" if isinstance(body, Mapping) and "histories" in body else "one"


ScoreBody = Annotated[
    Annotated[OneHistory, Tag("one")] | Annotated[Histories, Tag("histories-of")],
    Discriminator(_kind),
    Body(openapi_examples=SCORE_EXAMPLES),
]


@router.post("/score", response_model=LeadScore | Results, responses=problems(*WITH_BODY))
async def score(
    request: Request, asked: ScoreBody, who: Annotated[Identity, needs("score")], attempt: MayRepeat
) -> Response:
    """Score one history, or up to 1,000 in one call. Histories are not kept.

    Numbers are those that the nightly job would give as of the same time. In a batch one history that is not as
    expected gets an error, and the others their scores.
    """
    caller = caller_of(request, who)
    before = None if attempt.key is None else await run_in_threadpool(answered_before, caller, attempt)
    if before is not None:
        return before
    served = site_of(request).model.required()
    answer = await (_single(served, asked) if isinstance(asked, OneHistory) else _batch(served, asked))
    metrics: Metrics = request.app.state.metrics
    metrics.scored.labels("request").inc(answer.scored if isinstance(answer, Results) else 1)
    if attempt.key is None:
        return Response(to_json(answer), media_type=JSON)
    return await run_in_threadpool(done_once, caller, attempt, 200, lambda _: answer)


async def _single(served: Served, asked: OneHistory) -> LeadScore:
    return await _scored(served, asked, asked.history())


async def _batch(served: Served, asked: Histories) -> Results:
    results = []
    for item, given in enumerate(asked.histories):
        results.append(await _result(served, asked, item, given))
        await asyncio.sleep(0)  # others have their turn
    scored = sum(result.score is not None for result in results)
    return Results(scored, len(results) - scored, tuple(results))


async def _result(served: Served, asked: Histories, item: int, given: object) -> Result:
    try:
        history = _HISTORY.validate_python(given)
        return Result(item, "scored", await _scored(served, asked, dict(history)), None)
    except ValidationError as error:
        return Result(item, "refused", None, ItemError(said(error.errors(include_url=False))))
    except InputContractError as error:
        return Result(item, "refused", None, ItemError(str(error)))


async def _scored(served: Served, asked: Asked, history: dict[str, object]) -> LeadScore:
    most = served.bundle.policy.max_reasons if asked.explain is None else asked.explain

    def now() -> LeadScore:
        said = score_history(served.bundle, history, asked.as_of, most, served.phrases[asked.language])
        return lead_score(_lead_id(history), asked.as_of, said, served.bundle)

    return await asyncio.to_thread(now) if _rows(history) > LONG else now()


def _lead_id(history: Mapping[str, Any]) -> str:
    return required(history["lead"], "lead_id", identifier)


def _rows(history: Mapping[str, object]) -> int:
    return sum(len(part) for part in history.values() if isinstance(part, list))
