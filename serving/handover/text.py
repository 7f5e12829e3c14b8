"""The hand-over as lines of text for a terminal."""

from collections.abc import Iterator

from serving.handover.content import Handover
from serving.handover.labels import (
    MARKS,
    company_lines,
    criterion_line,
    dates_of,
    earlier_sentence,
    evidence_line,
    framework_line,
    further_sentence,
    happening_line,
    heading,
    labels,
    member_line,
    person_lines,
    points_sentence,
    side_word,
    subheading,
    team_sentence,
)
from serving.language.translations import Translation, translation_to
from serving.lead.explain_words import shown_id


def handover_text(found: Handover) -> str:
    """Everything on one page, section by section; empty sections are left out."""
    to = translation_to(found.language)
    words = labels(to)
    sections = (
        (None, _head(to, found)),
        (words["next_steps"], [f"  {n}. {step.sentence}" for n, step in enumerate(found.next_steps, 1)]),
        (words["reasons"], _reasons(found)),
        (words["qualification"], _qualification(to, found)),
        (words["questions"], [f"  {question}" for question in found.open_questions]),
        (words["person"], _pairs(person_lines(to, dates_of(found), found))),
        (words["company"], _pairs(company_lines(found)) or [f"  {words['no_company']}"]),
        (words["team"], _team(to, found)),
        (words["content"], _content(found) or [f"  {words['nothing']}"]),
        (words["offers"], _offers(found, words["counts"])),
        (words["points"], _points(to, found)),
        (words["timeline"], _timeline(to, found)),
    )
    parts = ["\n".join([*([title] if title else []), *lines]) for title, lines in sections if lines]
    return "\n\n".join(parts)


def _head(to: Translation, found: Handover) -> list[str]:
    time = dates_of(found).minute(found.as_of)
    as_of = to.text("{lead_id}, as of {time}", lead_id=shown_id(found.lead_id), time=time)
    lines = [" – ".join(part for part in (heading(found), subheading(found)) if part), as_of, found.standing.sentence]
    if found.score is not None:
        words = labels(to)
        lines.append(f"{words['score']} {found.score.score} {words['of_100']} ({found.score.band})")
        lines += found.score.sentences
    return [*lines, *(line for line in (found.contact, found.given) if line), *found.notes]


def _reasons(found: Handover) -> list[str]:
    if found.score is None:
        return []
    lines = [f"  {reason.points:+4d}  {reason.label}: {reason.sentence}" for reason in found.score.reasons]
    return [*lines, f"  {found.score.score:4d}"]


def _qualification(to: Translation, found: Handover) -> list[str]:
    lines = []
    for number, framework in enumerate(found.frameworks):
        lines.append(f"  {framework_line(to, framework)}")
        for one in framework.criteria if number == 0 else ():
            lines.append(f"    {MARKS[one.state]}  {criterion_line(to, one)}")
            lines += [f"         {evidence_line(to, dates_of(found), piece)}" for piece in one.evidence]
            lines += [f"         {sentence}" for sentence in one.elsewhere]
    return lines


def _pairs(pairs: list[tuple[str, str]]) -> list[str]:
    return [f"  {label}: {value}" for label, value in pairs]


def _team(to: Translation, found: Handover) -> list[str]:
    members = [f"  {member_line(to, dates_of(found), member)}" for member in found.team.members if not member.is_lead]
    further = further_sentence(to, found)
    tasks = [f"  ! {task}" for task in found.team.tasks]
    return [f"  {team_sentence(to, found)}", *members, *([f"  {further}"] if further else []), *tasks]


def _content(found: Handover) -> list[str]:
    dates = dates_of(found)
    often = [f" ({one.times}×)" if one.times > 1 else "" for one in found.content]
    return [f"  {dates.day(one.last)}  {one.label}{n}" for one, n in zip(found.content, often, strict=True)]


def _offers(found: Handover, remark: str) -> list[str]:
    return [*(f"  {one.sentence}" for one in found.offers), f"  {remark}"] if found.offers else []


def _points(to: Translation, found: Handover) -> list[str]:
    return [f"  {points_sentence(to, found)}"]


def _timeline(to: Translation, found: Handover) -> list[str]:
    return list(_timeline_lines(to, found))


def _timeline_lines(to: Translation, found: Handover) -> Iterator[str]:
    words = labels(to)
    for one in found.timeline:
        yield f"  {dates_of(found).day(one.at)}  {side_word(words, one)}: {happening_line(to, one)}"
    if earlier := earlier_sentence(to, found):
        yield f"  {earlier}"
