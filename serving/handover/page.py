"""The hand-over as one self-contained HTML page: no script, no request, light and dark, made to be printed."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

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
    project_name,
    side_word,
    subheading,
    team_sentence,
)
from serving.language.translations import translation_to
from serving.lead.explain_words import shown_id

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).with_name("templates")


def handover_page(found: Handover) -> str:
    """The page as HTML text; every text of the data is escaped."""
    to = translation_to(found.language)
    words, dates = labels(to), dates_of(found)
    page = _template().render(
        found=found,
        words=words,
        marks=MARKS,
        project=project_name(found),
        lead_id=shown_id(found.lead_id),
        heading=heading(found),
        subheading=subheading(found),
        minute=dates.minute,
        day=dates.day,
        person=person_lines(to, dates, found),
        company=company_lines(found),
        frameworks=[(framework_line(to, one), one) for one in found.frameworks],
        criterion=lambda one: criterion_line(to, one),
        evidence=lambda one: evidence_line(to, dates, one),
        team_sentence=team_sentence(to, found),
        member=lambda one: member_line(to, dates, one),
        further=further_sentence(to, found),
        points=points_sentence(to, found),
        number=to.number,
        happening=lambda one: happening_line(to, one),
        side=lambda one: side_word(words, one),
        earlier=earlier_sentence(to, found),
        widest=max((abs(reason.points) for reason in found.score.reasons), default=1) if found.score else 1,
    )
    return re.sub(r"(\d) %", "\\1\u00a0%", page)


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("handover.html")
