"""What the model says of a lead, in the words of `ripelead explain`, and what would change it most."""

from features.cells import instant
from serving.handover.content import WITH_SALES, ReasonLine, Score, Standing
from serving.handover.source import LeadSource
from serving.language.phrases import Phrases, by_group
from serving.lead.contact_advice import ContactAdvice, contact_advice
from serving.lead.explain_words import (
    advice_sentence,
    chance,
    class_sentence,
    closing_sentence,
    disagreement_sentence,
    range_sentence,
    strange_sentence,
    unusual_sentences,
)
from serving.lead.explanation import LeadSummary, lead_summary
from training.bundle import Bundle


def score(source: LeadSource, bundle: Bundle, phrases: Phrases) -> Score | None:
    """Score, class and reasons; None where the lead is not open."""
    lead = lead_summary(bundle, source.tables, source.lead_id, source.as_of, phrases)
    if lead is None:
        return None
    return Score(
        score=lead.score,
        band=lead.band,
        propensity=lead.propensity,
        propensity_low=lead.propensity_low,
        propensity_high=lead.propensity_high,
        familiar=lead.familiar,
        sales_qualified=lead.sales_qualified,
        model_version=lead.model_version,
        sentences=_sentences(source, lead, phrases),
        reasons=tuple(
            ReasonLine(group.reasons[0].group, group.label, reason.points, reason.sentence)
            for group in by_group(lead.reasons, phrases)
            for reason in group.reasons
        ),
    )


def _sentences(source: LeadSource, lead: LeadSummary, phrases: Phrases) -> tuple[str, ...]:
    to = source.to
    strange = () if lead.familiar else (strange_sentence(to), *unusual_sentences(phrases, lead))
    said = (
        to.text("Chance of converting: {share}.", share=chance(to, lead.propensity)),
        class_sentence(to, lead),
        range_sentence(to, lead),
        closing_sentence(to, lead),
        disagreement_sentence(to, lead),
        *strange,
    )
    return tuple(sentence for sentence in said if sentence)


def advice(source: LeadSource) -> ContactAdvice | None:
    """When to contact the lead, and when it was contacted; None where leads are not dated."""
    return contact_advice(source.project, source.tables, source.lead_id, instant(source.as_of))


def contact(source: LeadSource, standing: Standing, said: ContactAdvice | None) -> str | None:
    """The advice in words; that it is too early says nothing where sales has taken the lead over."""
    if said is None or (said.flag == "too_early" and standing.stage in WITH_SALES):
        return None
    return advice_sentence(source.to, said)
