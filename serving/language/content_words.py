"""Content to offer in words, with the counts behind it."""

from collections.abc import Iterator

import pandas as pd

from features.nurture_settings import NurtureSettings
from serving.language.kind_words import words_of_kind
from serving.language.plain_text import capitalised, spoken
from serving.language.translations import Translation
from serving.nurture.next_content import NextContent, offered_to, worth_offering


def content_name(to: Translation, kind: str, topic: str | None) -> str:
    """A piece of content: its kind, and what it is about."""
    name = capitalised(to.text(words_of_kind(kind).name, kind=spoken(kind)))
    return name if topic is None else to.text("{name} about “{topic}”", name=name, topic=spoken(topic))


def content_line(to: Translation, content: NextContent) -> str:
    """What to offer, and how many won and lost leads consumed it."""
    return to.text(
        "{name}: {won} of {won_leads} won leads had it ({share}), {lost} of {lost_leads} lost ones ({other})",
        name=content_name(to, content.kind, content.topic),
        won=to.number(content.won_consumed),
        won_leads=to.number(content.won_leads),
        share=to.percent(content.won_consumed / content.won_leads),
        lost=to.number(content.lost_consumed),
        lost_leads=to.number(content.lost_leads),
        other=to.percent(content.lost_consumed / max(content.lost_leads, 1)),
    )


def offers_of_group(to: Translation, counts: pd.DataFrame, settings: NurtureSettings) -> Iterator[str]:
    """What is offered by phase and topic: a heading and lines of each group."""
    offers = worth_offering(counts, settings)
    for (phase, topic), rows in offers.groupby(["phase", "topic"], dropna=False, sort=True):
        before = phase == "before_sales"
        said = to.text("Before sales took over") if before else to.text("With sales")
        about = to.text("all topics") if not isinstance(topic, str) else spoken(topic)
        yield f"{said}, {about}:"
        for one in offered_to(rows.head(settings.most).assign(place=range(len(rows.head(settings.most))))):
            yield f"  {content_line(to, one)}"
