"""Sections of the report: each part of the product that has something to show brings its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as SVG text, and what it shows in a sentence: the caption, which screen readers read."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Section:
    """A card of the report: `template` (below `templates/`) shows `content` and, by name, `pictures`.

    The template sees `content`, `pictures` (drawings ready to stand in the page), `evaluation` and `facts`; tables and
    numbers are written with the filters and macros of the page.
    """

    anchor: str
    title: str
    template: str
    content: object
    pictures: Mapping[str, Picture] = field(default_factory=dict)
