"""One lead in words: why it is ripe or not, what the rules say, what is missing, what would change it, why it moved."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from serving.language.attribute_words import GROUPS
from serving.language.phrases import Phrases, by_group
from serving.language.role_words import missing_role_task
from serving.language.sentences import sentence
from serving.language.translations import Translation, translation_to
from serving.lead.explain_words import (
    advice_sentence,
    arrived_sentences,
    attribute_name,
    cause_sentence,
    chance,
    class_sentence,
    closing_sentence,
    criterion_sentence,
    disagreement_sentence,
    effect_sentence,
    not_known_sentence,
    range_sentence,
    shown_id,
    similar_sentence,
    strange_sentence,
    unusual_sentences,
)
from serving.lead.explanation import Explanation, LeadSummary
from serving.lead.movement import Movement
from serving.lead.similar import MOST_CLOSED, Shared, SimilarLead
from serving.lead.team_advice import TeamAdvice
from serving.lead.what_if import Effect

MARKS = {"met": "✓", "not_met": "✗", "not_known": "?", "outdated": "?"}


def explanation_text(explanation: Explanation, phrases: Phrases, language: str) -> str:
    """All there is to say about a lead, as lines of text in one language.

    Raises:
        ProjectFileError: not one of the product's languages.
    """
    to, lead = translation_to(language), explanation.lead
    parts = [
        _headline(to, lead),
        _strange(lead, phrases),
        _sum(to, lead, phrases),
        _rules(to, lead),
        _missing(to, lead),
        _team(to, explanation.team) if explanation.team is not None else [],
        [advice_sentence(to, explanation.contact)] if explanation.contact is not None else [],
        _effects(to, explanation.effects),
        _movement(to, explanation.movement) if explanation.movement is not None else [],
        _similar(to, explanation.similar, phrases) if explanation.similar is not None else [],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def closed_text(lead_id: str, as_of: datetime, language: str) -> str:
    """That a lead is not open at a date, so that there is no score."""
    return translation_to(language).text(
        "{lead_id} is not an open lead as of {time}: created later, or already won or lost.",
        lead_id=shown_id(lead_id),
        time=_time(as_of),
    )


def _headline(to: Translation, lead: LeadSummary) -> list[str]:
    likely = to.text("Chance of converting: {share}.", share=chance(to, lead.propensity))
    closing = closing_sentence(to, lead)
    return [
        to.text("{lead_id}, as of {time}", lead_id=shown_id(lead.lead_id), time=_time(lead.as_of)),
        to.text(
            "Score {score} of 100 (band {band}); 50 is the average lead, 10 more double the odds.",
            score=lead.score,
            band=lead.band,
        ),
        likely + " " + class_sentence(to, lead),
        range_sentence(to, lead),
        *([closing] if closing else []),
        to.text("Stage: {stage}. Points: {points}.", stage=lead.stage, points=to.number(round(lead.points))),
    ]


def _strange(lead: LeadSummary, phrases: Phrases) -> list[str]:
    if lead.familiar:
        return []
    return [strange_sentence(phrases.words.to), *(f"  {line}" for line in unusual_sentences(phrases, lead))]


def _sum(to: Translation, lead: LeadSummary, phrases: Phrases) -> list[str]:
    lines = [to.text("How the score adds up:")]
    for group in by_group(lead.reasons, phrases):
        if len(group.reasons) == 1 and group.reasons[0].group in ("Start", "Other"):
            lines.append(f"  {group.points:+4d}  {group.reasons[0].sentence}")
            continue
        lines.append(f"  {group.points:+4d}  {group.label}")
        lines += [f"        {reason.points:+4d}  {reason.sentence}" for reason in group.reasons]
    return [*lines, f"  {lead.score:4d}  " + to.text("score")]


def _rules(to: Translation, lead: LeadSummary) -> list[str]:
    rules = lead.rules
    wanted = to.text("Rules: {at_least} of {n} are wanted.", at_least=rules.at_least, n=len(rules.criteria))
    met = (
        to.text("{n} met: qualified", n=rules.met)
        if rules.qualified
        else to.text("{n} met: not qualified", n=rules.met)
    )
    criteria = [f"  {MARKS[one.state]}  {criterion_sentence(to, one)}" for one in rules.criteria]
    disagreement = disagreement_sentence(to, lead)
    return [f"{wanted} {met}", *criteria, *([disagreement] if disagreement else [])]


def _missing(to: Translation, lead: LeadSummary) -> list[str]:
    if not lead.not_known:
        return []
    names = ", ".join(attribute_name(to, name) for name in lead.not_known)
    return [to.text("Not known of this lead: {names}.", names=names)]


def _team(to: Translation, team: TeamAdvice) -> list[str]:
    """Roles covered, and a task for each that nobody fills."""
    covered = to.text("{covered} of {wanted} roles are covered.", covered=team.covered, wanted=team.wanted)
    label = to.text(GROUPS["Buying team"])
    return [f"{label}: {covered}", *(f"  {missing_role_task(to, role)}" for role in team.missing)]


def _effects(to: Translation, effects: Sequence[Effect]) -> list[str]:
    head = to.text("What would change it (one new entry in its history, scored again by the model; not a promise):")
    if not effects:
        nothing = to.text("nothing that a rep can bring about and the model knows would raise the score")
        return [head, f"  {nothing}"]
    return [head, *(f"  {effect.points:+4d}  {effect_sentence(to, effect)}" for effect in effects)]


def _movement(to: Translation, movement: Movement) -> list[str]:
    head = to.text(
        "Why it moved: {then} at {since}, {now} now.",
        then=movement.score_then,
        since=_time(movement.dates[0]),
        now=movement.score_now,
    )
    return [head, *_parts(to, movement), f"  {movement.score_now - movement.score_then:+4d}  " + to.text("change")]


def _parts(to: Translation, movement: Movement) -> Iterator[str]:
    for part in movement.parts:
        yield f"  {part.points:+4d}  {cause_sentence(to, part.cause)}"
        if part.cause == "arrived":
            yield from (f"          {line}" for line in arrived_sentences(to, movement.arrived))
    if missing := not_known_sentence(to, movement):
        yield f"        {missing}"


def _similar(to: Translation, leads: Sequence[SimilarLead], phrases: Phrases) -> list[str]:
    if not leads:
        return [to.text("Similar leads: none; no lead of another account was won or lost before this date.")]
    head = to.text(
        "Similar leads (nearest by the model's reasons, among the newest {n} closed):", n=to.number(MOST_CLOSED)
    )
    return [head, *(f"  {similar_sentence(to, lead, shared_sentences(phrases, lead.shared))}" for lead in leads)]


def shared_sentences(phrases: Phrases, shared: Sequence[Shared]) -> list[str]:
    """Sentences about the other lead for the reasons that both have, with its points."""
    features = phrases.catalog.features
    return [f"{sentence(phrases.words, features[one.column], one.value)} ({one.points:+.0f})" for one in shared]


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
