import re
from dataclasses import fields, is_dataclass
from pathlib import Path

from serving.handover import content as schema

TEXT = (Path(__file__).parents[2] / "docs" / "handover.md").read_text(encoding="utf-8")


def test_the_documented_schema_is_that_of_the_code():
    sections = re.split(r"^### ", TEXT, flags=re.M)[1:]
    documented = {re.match(r"`(\w+)`", s)[1]: re.findall(r"^\| `(\w+)` \|", s, flags=re.M) for s in sections}
    classes = [c for c in vars(schema).values() if is_dataclass(c) and c.__module__ == schema.__name__]
    assert documented == {c.__name__: [f.name for f in fields(c)] for c in classes}
    assert f"schema version {schema.HANDOVER_SCHEMA}." in TEXT
