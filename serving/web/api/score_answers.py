"""What `POST /v1/score` answers."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from serving.live.history_score import HistoryScore, RulesVerdict
from serving.reasons import Reason
from serving.render import VERSION_LENGTH
from training.bundle import Bundle


@dataclass(frozen=True, slots=True)
class LeadScore:
    """A score: the points of its reasons sum to it; `bant` is what the rules say beside it."""

    lead_id: str
    as_of: str
    score: int
    band: str
    propensity: float
    propensity_low: float
    propensity_high: float
    familiar: bool
    sales_qualified: bool
    reasons: tuple[Reason, ...]
    bant: RulesVerdict
    model_version: str


@dataclass(frozen=True, slots=True)
class ItemError:
    """What is wrong with one item of a batch: the message names place, expected and got."""

    detail: str


@dataclass(frozen=True, slots=True)
class Result:
    """One item of a batch by its place in the request (from 0): a score, or what is wrong."""

    item: int
    status: Literal["scored", "refused"]
    score: LeadScore | None
    error: ItemError | None


@dataclass(frozen=True, slots=True)
class Results:
    """A batch: as many results as there were histories, in their order; `scored + refused` is their number."""

    scored: int
    refused: int
    results: tuple[Result, ...]


def lead_score(lead_id: str, as_of: datetime, said: HistoryScore, bundle: Bundle) -> LeadScore:
    """A score as it is answered."""
    one = said.scored
    return LeadScore(
        lead_id=lead_id,
        as_of=f"{as_of.astimezone(UTC).isoformat().removesuffix('+00:00')}Z",
        score=one.score,
        band=one.band,
        propensity=one.propensity,
        propensity_low=one.low,
        propensity_high=one.high,
        familiar=one.familiar,
        sales_qualified=one.qualified,
        reasons=one.reasons,
        bant=said.bant,
        model_version=bundle.version[:VERSION_LENGTH],
    )
