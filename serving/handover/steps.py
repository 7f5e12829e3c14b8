"""Next steps: what is open, who is missing and what such leads are offered, the most urgent first."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from serving.handover.content import WITH_SALES, FrameworkSaid, NextStep, Offer, Standing, StepKind, Team
from serving.handover.source import LeadSource
from serving.lead.contact_advice import ContactAdvice
from serving.lead.explain_words import effect_sentence
from serving.lead.what_if import Effect

MOST = 5


def next_steps(
    source: LeadSource,
    standing: tuple[Standing, ContactAdvice | None],
    said: tuple[Sequence[FrameworkSaid], Sequence[str]],
    team: Team,
    further: tuple[Sequence[Effect], Sequence[Offer]],
) -> tuple[NextStep, ...]:
    """At most five suggestions: contact it in time, ask, find the missing role, what the model sees most in, content.

    `standing` comes with the advice on contacting, `said` are frameworks and open questions, `further` what would
    change the score and the content to offer.
    """
    where, advice = standing
    if where.do_not_contact:
        alone = source.to.text("Do not contact this lead: it asked to be left alone.")
        return (NextStep("leave_alone", alone),)
    found = [*_contact(source, where, advice), *_questions(source, *said), *_roles(team), *_model(source, further[0])]
    offers = [NextStep("content", source.to.text("Offer: {what}", what=one.sentence)) for one in further[1][:1]]
    return (*found[: MOST - len(offers)], *offers)


def _contact(source: LeadSource, standing: Standing, advice: ContactAdvice | None) -> Iterator[NextStep]:
    """A contact that is due, unless there was one since the lead came into its stage."""
    to, due = source.to, standing.due
    if standing.stage not in WITH_SALES or due is None or _contacted(source, standing, advice):
        return
    when = source.dates.minute(due)
    late = to.text("Contact now: it was due by {time}.", time=when)
    yield NextStep("contact", late if standing.overdue else to.text("Contact by {time}.", time=when))


def _contacted(source: LeadSource, standing: Standing, advice: ContactAdvice | None) -> bool:
    if advice is None or advice.contacted_days is None or standing.since is None:
        return False
    return source.as_of - timedelta(days=advice.contacted_days) >= standing.since


def _questions(source: LeadSource, frameworks: Sequence[FrameworkSaid], questions: Sequence[str]) -> Iterator[NextStep]:
    """The two most urgent questions of the first framework; where it is met, one of the others."""
    own = [one.question for one in frameworks[0].criteria if one.question is not None] if frameworks else []
    first = [question for question in questions if question in own]
    chosen = first[:2] or list(questions)[:1]
    yield from (NextStep("question", source.to.text("Ask: {question}", question=question)) for question in chosen)


def _roles(team: Team) -> Iterator[NextStep]:
    kind: StepKind = "role"
    yield from (NextStep(kind, task) for task in team.tasks[:1])


def _model(source: LeadSource, effects: Sequence[Effect]) -> Iterator[NextStep]:
    """What moves the score most in the model, where it is something to do and not a question to ask."""
    for effect in effects:
        if effect.action.what != "criterion" and effect.points > 0:
            yield NextStep("activity", effect_sentence(source.to, effect))
            return
