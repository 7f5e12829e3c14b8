"""Headings and small words of the hand-over in a language, shared by the text and the page."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from features.dates import Dates
from serving.handover.content import CriterionSaid, EvidenceLine, FrameworkSaid, Handover, Happening, Member
from serving.language.handover_words import EMAIL_WORDS, PHONE_WORDS
from serving.language.plain_text import one_line
from serving.language.translations import Translation
from serving.lead.explain_words import shown_id

MARKS = {"met": "✓", "not_met": "✗", "unknown": "?"}


def labels(to: Translation) -> Mapping[str, str]:
    """Every heading by its key."""
    return {
        "title": to.text("Hand-over"),
        "as_of": to.text("as of"),
        "next_steps": to.text("Next steps"),
        "reasons": to.text("Why this score"),
        "qualification": to.text("Qualification"),
        "questions": to.text("Open questions"),
        "person": to.text("Person"),
        "company": to.text("Company"),
        "team": to.text("Buying team"),
        "content": to.text("Content so far"),
        "offers": to.text("Content to offer next"),
        "points": to.text("Points"),
        "timeline": to.text("What happened"),
        "score": to.text("Score"),
        "owner": to.text("Owner"),
        "email": to.text("E-mail"),
        "phone": to.text("Phone"),
        "role": to.text("Role in the team"),
        "source": to.text("Source"),
        "since": to.text("Known since"),
        "nobody": to.text("nobody yet"),
        "nothing": to.text("nothing so far"),
        "no_company": to.text("no company is known"),
        "required": to.text("required"),
        "of_100": to.text("of 100"),
        "day": to.text("Day"),
        "who": to.text("Who"),
        "what": to.text("What"),
        "lead": to.text("the lead"),
        "of_company": to.text("somebody at the company"),
        "sales": to.text("sales"),
        "record": to.text("record"),
        "this_lead": to.text("this lead"),
        "entries": to.text("Every entry"),
        "all_frameworks": to.text("Other frameworks"),
        "counts": to.text("Counts of past leads, not effects."),
        "footer": to.text("What happened is as of the date above; attributes without a history are as exported."),
        "private": to.text("Personal data: only for the people who work this lead."),
    }


def heading(found: Handover) -> str:
    """The lead's name, or its id where nobody knows the name."""
    return found.person.name or shown_id(found.lead_id)


def subheading(found: Handover) -> str:
    """Job title and company."""
    company = found.company.name or (shown_id(found.company.account_id) if found.company.account_id else None)
    return " · ".join(part for part in (found.person.title, company) if part)


def person_lines(to: Translation, dates: Dates, found: Handover) -> list[tuple[str, str]]:
    """Contact data and attributes of the person as pairs of label and value."""
    person, words = found.person, labels(to)
    email, phone = to.text(EMAIL_WORDS[person.email_verdict]), to.text(PHONE_WORDS[person.phone_verdict])  # type: ignore[index]
    pairs = [
        (words["email"], f"{person.email} ({email})" if person.email else email),
        (words["phone"], f"{person.phone} ({phone})" if person.phone else phone),
        (words["role"], person.role_label),
        (words["source"], person.source),
        (words["since"], None if person.created_at is None else dates.day(person.created_at)),
        (words["owner"], found.standing.owner or words["nobody"]),
    ]
    return [*((label, value) for label, value in pairs if value), *((fact.label, fact.value) for fact in person.facts)]


def company_lines(found: Handover) -> list[tuple[str, str]]:
    """Attributes of the company as pairs of label and value."""
    return [(fact.label, fact.value) for fact in found.company.facts]


def team_sentence(to: Translation, found: Handover) -> str:
    """How many of the wanted roles the account's leads cover."""
    return to.text("{covered} of {wanted} roles are covered.", covered=found.team.covered, wanted=found.team.wanted)


def member_line(to: Translation, dates: Dates, member: Member) -> str:
    """A colleague: name, title, role, and when they were last heard of."""
    name = member.name or shown_id(member.lead_id)
    said = ", ".join(part for part in (name, member.title) if part)
    said = f"{said} ({member.role_label})" if member.role_label else said
    if member.last_activity is None:
        return to.text("{who}; never heard of", who=said)
    return to.text("{who}; last heard of on {day}", who=said, day=dates.day(member.last_activity))


def further_sentence(to: Translation, found: Handover) -> str | None:
    """How many colleagues are not shown."""
    return to.text("and {n} more", n=to.number(found.team.further)) if found.team.further else None


def framework_line(to: Translation, framework: FrameworkSaid) -> str:
    """A framework's verdict on one line."""
    return to.text(
        "{title}: {outcome}, {met} of {n} criteria met, {needed} needed",
        title=framework.title,
        outcome=framework.outcome_label,
        met=framework.met,
        n=len(framework.criteria),
        needed=framework.needed,
    )


def criterion_line(to: Translation, criterion: CriterionSaid) -> str:
    """A criterion and its state."""
    required = f" ({labels(to)['required']})" if criterion.required else ""
    return f"{criterion.label}: {criterion.state_label}{required}"


def evidence_line(to: Translation, dates: Dates, line: EvidenceLine) -> str:
    """A piece of evidence: its day, what it is, what was noted, and its grade."""
    day = dates.day(line.at) if line.at else to.text("not dated")
    deadline = None if line.deadline is None else to.text("by {day}", day=dates.day(line.deadline))
    amount = None if line.amount is None else to.number(line.amount)
    noted = ", ".join(part for part in (amount, deadline, line.note, line.by) if part)
    said = f"{day}  {line.what}" + (f": {noted}" if noted else "")
    grade = to.text("grade {grade}", grade=to.number(round(line.grade, 2)))
    return f"{said} ({grade}{f'; {line.remark}' if line.remark else ''})"


def points_sentence(to: Translation, found: Handover) -> str:
    """Points in total, by axis, with the grade and the threshold."""
    points = found.points
    return to.text(
        "{total} points, grade {grade}: {engagement} for interactions, {fit} for attributes; threshold {threshold}.",
        total=to.number(points.total),
        grade=points.grade,
        engagement=to.number(points.engagement),
        fit=to.number(points.fit),
        threshold=to.number(points.threshold),
    )


def happening_line(to: Translation, one: Happening) -> str:
    """What happened on a day, how often and what about."""
    often = f"{to.number(one.times)} × " if one.times > 1 else ""
    return f"{often}{one.what}" + (f" ({one.detail})" if one.detail else "")


def side_word(words: Mapping[str, str], one: Happening) -> str:
    """Who did it."""
    return words["of_company"] if one.side == "company" else words[one.side]


def earlier_sentence(to: Translation, found: Handover) -> str | None:
    """How many earlier lines are left out."""
    return to.text("and {n} earlier lines", n=to.number(found.earlier)) if found.earlier else None


def dates_of(found: Handover) -> Dates:
    """Days and times in the package's time zone."""
    return Dates(ZoneInfo(found.timezone))


def project_name(found: Handover) -> str:
    """The project's name on one line."""
    return one_line(found.project)
