"""Sentences about one lead in a language: its class, the rules, what would change the score, why it moved.

No sentence says that something causes a win: the model finds what goes along with winning.
"""

from collections.abc import Mapping

from serving.closing_columns import LATER
from serving.language.attribute_words import ATTRIBUTES, CRITERIA
from serving.language.kind_words import words_of_kind
from serving.language.phrases import Phrases
from serving.language.plain_text import spoken
from serving.language.sentences import sentence
from serving.language.translations import Translation, msgs
from serving.lead.contact_advice import ContactAdvice
from serving.lead.explanation import Criterion, LeadSummary, Unusual
from serving.lead.movement import Arrived, Cause, Movement
from serving.lead.similar import SimilarLead
from serving.lead.what_if import DECISION_MAKER, Action, Effect

TENTHS = 0.01
LEAST_SHOWN, MOST_SHOWN = 0.0001, 0.999
HEARD = msgs("{what}, heard {n} day ago", "{what}, heard {n} days ago")


SILENT = msgs("Nothing heard for {n} day.", "Nothing heard for {n} days.")
CONTACTED = msgs("Contacted by sales {n} day ago.", "Contacted by sales {n} days ago.")


def shown_id(lead_id: str) -> str:
    r"""An id on one line, signs that do not print as escapes.

    >>> shown_id("a\nb\u202e")
    'a\\nb\\u202e'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in lead_id)


def chance(to: Translation, share: float) -> str:
    """A propensity in percent with one decimal, two below 1 %; never 0 or 100 %: nobody is certain."""
    if share < LEAST_SHOWN:
        return f"< {_percent(to, LEAST_SHOWN)}"
    if share > MOST_SHOWN:
        return f"> {_percent(to, MOST_SHOWN)}"
    return _percent(to, round(share, 3 if share >= TENTHS else 4))


def _percent(to: Translation, share: float) -> str:
    from babel.numbers import format_percent

    return str(format_percent(share, locale=to.locale, decimal_quantization=False))


def range_sentence(to: Translation, lead: LeadSummary) -> str:
    """The range of a propensity as numbers of a hundred leads, with one decimal below one."""
    low, high = (of_hundred(to, end) for end in (lead.propensity_low, lead.propensity_high))
    return to.text(
        "Of 100 leads that look like this one, between {low} and {high} are likely to convert.", low=low, high=high
    )


def of_hundred(to: Translation, share: float) -> str:
    """A probability as a number of a hundred: whole, with one decimal near the ends, never 0 or 100.

    >>> from serving.language.translations import translation_to
    >>> [of_hundred(translation_to("en"), share) for share in (0.00001, 0.004, 0.123, 0.9999)]
    ['0.1', '0.4', '12', '99.9']
    """
    number = min(max(100 * share, 0.1), 99.9)
    return to.number(round(number) if 1 <= number <= 99 else round(number, 1))


def strange_sentence(to: Translation) -> str:
    """That a lead is unlike those of training, so that its score should not be relied on."""
    return to.text("Not enough like the leads that the model learned from: do not rely on the score or its range.")


def unusual_sentences(phrases: Phrases, lead: LeadSummary) -> list[str]:
    """What is outside of what training had, a sentence for each value; or that it is the combination."""
    to = phrases.words.to
    if not lead.unusual:
        return [to.text("hardly any of them had such a combination of values")]
    return [_unusual_sentence(to, phrases, one) for one in lead.unusual]


def _unusual_sentence(to: Translation, phrases: Phrases, one: Unusual) -> str:
    feature = phrases.catalog.features[one.column]
    said = sentence(phrases.words, feature, one.value)
    if one.nearest is None:
        return to.text("{sentence} (never seen in training)", sentence=said)
    nearest = sentence(phrases.words, feature, one.nearest)
    if one.value > one.nearest:
        return to.text("{sentence} (the most in training: {nearest})", sentence=said, nearest=nearest)
    return to.text("{sentence} (the least in training: {nearest})", sentence=said, nearest=nearest)


def class_sentence(to: Translation, lead: LeadSummary) -> str:
    """The class of a lead, with the line."""
    line = chance(to, lead.threshold)
    if lead.sales_qualified:
        return to.text("Sales qualified (the line is at {line}).", line=line)
    return to.text("Not sales qualified yet (the line is at {line}).", line=line)


def closing_sentence(to: Translation, lead: LeadSummary) -> str | None:
    """How likely a win is by when, and the month in which one is expected; None where the model cannot tell."""
    if not lead.chances:
        return None
    said = ", ".join(
        to.text("{share} within {days} days", share=chance(to, share), days=days)
        for days, share in lead.chances.items()
    )
    within = to.text("Chance by when: {chances}.", chances=said)
    return within if lead.expected_close is None else f"{within} {_month_sentence(to, lead.expected_close)}"


def _month_sentence(to: Translation, expected: str) -> str:
    month = to.month_of_year(expected.removeprefix(LATER))
    if expected.startswith(LATER):
        return to.text("Of such leads that are won, more than half are won after {month}.", month=month)
    return to.text("Of such leads that are won, half are won by the end of {month}.", month=month)


def criterion_name(to: Translation, name: str) -> str:
    """A criterion in words; the customer's own as it stands."""
    known = CRITERIA.get(name.lower())
    return spoken(name) if known is None else to.text(known)


def attribute_name(to: Translation, name: str) -> str:
    """An attribute of the lead, or of its company, in words."""
    bare = name.removeprefix("account_")
    known = ATTRIBUTES.get(bare.lower())
    said = spoken(bare) if known is None else to.text(known)
    return said if bare == name else to.text("{name} of the company", name=said)


def criterion_sentence(to: Translation, criterion: Criterion) -> str:
    """What the rules know about a criterion, or the question to ask."""
    name = criterion_name(to, criterion.name)
    if criterion.state == "not_known":
        return to.text("{name}: not known; ask about it", name=name)
    if criterion.state == "outdated":
        return to.text("{name}: last heard too long ago; ask about it", name=name)
    said = to.text("{name}: met", name=name) if criterion.state == "met" else to.text("{name}: not met", name=name)
    if criterion.age_days is None:
        return said
    return to.counted(HEARD, round(criterion.age_days), what=said)


def advice_sentence(to: Translation, advice: ContactAdvice) -> str:
    """When to contact a lead, and why: its interest, since when it is silent, and when sales contacted it last."""
    parts = [_flag_sentence(to, advice)]
    if advice.silent_days is not None:
        recent = to.text("Heard from within the last day.")
        parts.append(recent if advice.silent_days < 1 else to.counted(SILENT, int(advice.silent_days)))
    if advice.contacted_days is None:
        parts.append(to.text("Not contacted by sales so far."))
    elif advice.contacted_days < 1:
        parts.append(to.text("Contacted by sales within the last day."))
    else:
        parts.append(to.counted(CONTACTED, int(advice.contacted_days)))
    return " ".join(parts)


def _flag_sentence(to: Translation, advice: ContactAdvice) -> str:
    known = {
        "level": to.number(round(advice.interest)),
        "most": to.number(round(advice.most_interest)),
        "days": advice.half_life_days,
        "needed": to.number(advice.now_from),
    }
    if advice.flag == "too_early":
        return to.text("Contact: too early, still looking around (interest {most} at most, {needed} needed).", **known)
    if advice.flag == "now":
        return to.text("Contact: now (interest {level}, {needed} needed; it halves every {days} days).", **known)
    if advice.flag == "going_cold":
        return to.text("Contact: going cold (interest {level}, it was {most}; it halves every {days} days).", **known)
    return to.text("Contact: the interest is gone (it was {most}).", **known)


def disagreement_sentence(to: Translation, lead: LeadSummary) -> str | None:
    """That model and rules disagree, and how; None when they agree."""
    if not lead.disagreement:
        return None
    if lead.sales_qualified:
        return to.text("Model and rules disagree: the model calls this lead ripe, the rules miss evidence.")
    return to.text(
        "Model and rules disagree: the criteria are met, but such leads convert less often than the line asks."
    )


def action_phrase(to: Translation, action: Action) -> str:
    """What a rep would do."""
    if action.what == "criterion":
        if action.name == DECISION_MAKER:
            return to.text("involve the decision maker")
        return to.text("confirm {criterion}", criterion=criterion_name(to, action.name))
    said = _held(to, action.name)
    if action.what == "colleague":
        return to.text("{action} with the colleague {lead_id}", action=said, lead_id=shown_id(action.lead_id))
    return said


def _held(to: Translation, kind: str) -> str:
    known = {
        "discovery_call": to.text("hold a discovery call"),
        "demo_attended": to.text("hold a demo"),
        "personal_conversation": to.text("hold a personal conversation"),
        "contract_review_planned": to.text("plan a contract review"),
        "webinar_attended": to.text("win them for a webinar"),
    }
    return known.get(kind) or spoken(kind)


def effect_sentence(to: Translation, effect: Effect) -> str:
    """What the model makes of a history with the action in it; a number, not a promise."""
    before, after = effect.before, effect.after
    said = to.text(
        "{action}: would move the score from {before} to {after} in the model, the chance from {p0} to {p1}",
        action=action_phrase(to, effect.action),
        before=before.score,
        after=after.score,
        p0=chance(to, before.propensity),
        p1=chance(to, after.propensity),
    )
    changes = [
        to.text("the class would become sales qualified") if effect.changes_class else "",
        to.text("the rules would call it qualified") if effect.changes_bant else "",
    ]
    return "; ".join([said, *(change for change in changes if change)])


def cause_sentence(to: Translation, cause: Cause) -> str:
    """What a part of a movement stands for."""
    said: Mapping[Cause, str] = {
        "corrections": to.text("data corrected or delivered late since then"),
        "corrections_and_model": to.text(
            "data corrected since then, and the model changed (the model of then is not kept, so they are one part)"
        ),
        "time": to.text("time passing, without anything new"),
        "arrived": to.text("what arrived since then"),
        "model": to.text("the model changed"),
        "end_of_scale": to.text("end of the scale"),
    }
    return said[cause]


def not_known_sentence(to: Translation, movement: Movement) -> str | None:
    """Which causes cannot be told; None when all can."""
    if "model" in movement.not_known:
        return to.text("Not known without a score recorded then: corrections of the data, and a change of the model.")
    if movement.not_known:
        return to.text("Not known without a score recorded then: corrections of the data.")
    return None


def arrived_sentences(to: Translation, arrived: Arrived) -> list[str]:
    """What arrived, counted: one sentence each for the lead, its account, assessments, changes and colleagues."""
    criteria = [(criterion_name(to, name), n) for name, n in arrived.assessments.items()]
    changes = [(attribute_name(to, name), n) for name, n in arrived.changes.items()]
    lines = [
        to.text("the lead: {what}", what=_kinds(to, arrived.own)) if arrived.own else "",
        to.text("others at the company: {what}", what=_kinds(to, arrived.account)) if arrived.account else "",
        to.text("assessed: {what}", what=_times(to, criteria)) if criteria else "",
        to.text("changed: {what}", what=_times(to, changes)) if changes else "",
        to.text("new colleagues: {n}", n=to.number(arrived.colleagues)) if arrived.colleagues else "",
    ]
    return [line for line in lines if line]


def _kinds(to: Translation, counts: Mapping[str, int]) -> str:
    return ", ".join(to.counted(words_of_kind(kind).often, n, kind=spoken(kind)) for kind, n in counts.items())


def _times(to: Translation, counts: list[tuple[str, int]]) -> str:
    return ", ".join(name if n == 1 else f"{name} ({to.number(n)}×)" for name, n in counts)


def similar_sentence(to: Translation, lead: SimilarLead, reasons: list[str]) -> str:
    """One past lead: outcome, date, score then, and the reasons that both have."""
    won = lead.outcome == "won"
    return to.text(
        "{lead_id}, {outcome}; score {score} on {date}: {reasons}",
        lead_id=shown_id(lead.lead_id),
        outcome=to.text("won") if won else to.text("lost"),
        score=lead.score,
        date=f"{lead.as_of:%Y-%m-%d}",
        reasons="; ".join(reasons) or to.text("no strong reason in common"),
    )
