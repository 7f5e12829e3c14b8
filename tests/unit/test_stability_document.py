"""docs/stability.md names every key of the files it describes, and no other."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from training.learning_curve import found as curve
from training.segments import found as segments
from training.walk_forward import periods

TEXT = (Path(__file__).parents[2] / "docs" / "stability.md").read_text(encoding="utf-8")
SCHEMAS = [periods, segments, curve]
CLASSES = [
    c for schema in SCHEMAS for c in vars(schema).values() if is_dataclass(c) and c.__module__ == schema.__name__
]


def documented():
    """Keys per object: '### `Name`' and the table below it."""
    sections = re.split(r"^###? ", TEXT, flags=re.M)[1:]
    named = [section for section in sections if section.startswith("`")]
    return {re.match(r"`(\w+)`", s)[1]: re.findall(r"^\| `(\w+)` \|", s, flags=re.M) for s in named}


def own_keys(kind):
    """Keys that a class has beside those of the class it extends."""
    inherited = {f.name for base in kind.__mro__[1:] if is_dataclass(base) for f in fields(base)}
    return [f.name for f in fields(kind) if f.name not in inherited]


def test_every_object_is_documented_and_no_other():
    assert set(documented()) == {c.__name__ for c in CLASSES}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_documented_keys_are_those_of_the_code(kind):
    assert documented()[kind.__name__] == own_keys(kind)
