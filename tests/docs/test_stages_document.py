"""docs/stages.md names every stage, every word of a decision, and every key of the JSON."""

from dataclasses import fields
from pathlib import Path

from serving.lifecycle.events import EVENTS
from serving.lifecycle.lead_stages import LeadStages
from serving.lifecycle.machine import STAGES
from serving.lifecycle.moving import FLAGS, WORDS

TEXT = (Path(__file__).parents[2] / "docs" / "stages.md").read_text(encoding="utf-8")


def test_every_stage_and_every_word_is_explained():
    assert all(f"`{stage}`" in TEXT for stage in STAGES)
    assert all(word in TEXT for word in (*FLAGS, *WORDS))


def test_every_key_of_the_json_is_named():
    keys = {field.name for field in fields(LeadStages)} | set(EVENTS.names) - {"deals"}
    said = TEXT.split("## JSON")[1]
    assert not [key for key in keys if key not in said]
