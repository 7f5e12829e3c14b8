"""Similar leads of the past beside an open one, as frozen values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from features.lead_history import read_history
from features.single import compute_one
from serving.language.phrases import Phrases
from serving.lead.similar import Explained, SimilarLead, nearest_leads
from serving.lead.words import shared_sentences
from serving.pages.freshness import moment
from serving.pages.lead import Found
from training.bundle import Bundle


@dataclass(frozen=True, slots=True)
class PastLead:
    """A closed lead before its outcome; who it was is told only to those who see it."""

    lead_id: str | None
    name: str | None
    company: str | None
    outcome: str
    as_of: datetime
    score: int
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SimilarPage:
    """The nearest won and lost leads by the model's reasons, won ones first; `compared` were looked at."""

    page: str
    language: str
    lead_id: str
    name: str | None
    score: int | None
    compared: int
    leads: tuple[PastLead, ...]


Named = Mapping[str, tuple[str | None, str | None]]
"""Name and company of leads by id, of those whom the reader sees."""


def similar_page(
    found: Found, known: Explained | None, bundle: Bundle, phrases: Phrases, named: Callable[[list[str]], Named]
) -> SimilarPage:
    """The page of a lead; without past leads that fit the model there are none."""
    lead = found.lead
    near: tuple[SimilarLead, ...] = ()
    if known is not None and lead.is_open:
        read = read_history(found.history.of_lead(lead.lead_id), bundle.catalog.hygiene)
        values = compute_one(read, moment(lead.as_of), bundle.catalog)
        near = nearest_leads(bundle, known, bundle.explain(values[None])[0][0, :-1], lead.account_key)
    names = named([one.lead_id for one in near])
    compared = 0 if known is None else len(known.past.won)
    leads = tuple(_past(one, phrases, names) for one in near)
    return SimilarPage("similar", phrases.words.to.language, lead.lead_id, lead.name, lead.score, compared, leads)


def _past(one: SimilarLead, phrases: Phrases, names: Named) -> PastLead:
    seen = one.lead_id in names
    name, company = names.get(one.lead_id, (None, None))
    return PastLead(
        lead_id=one.lead_id if seen else None,
        name=name,
        company=company,
        outcome=one.outcome,
        as_of=one.as_of,
        score=one.score,
        shared=tuple(shared_sentences(phrases, one.shared)),
    )
