"""The table of segments in the model card, from what the examination of segments wrote."""

import json

from training.card import _segments
from training.examine import Finding

RATE = {"value": 0.1, "low": 0.05, "high": 0.15}
ONE = {"value": "a|b", "n": 1200, "wins": 120, "predicted": RATE, "observed": RATE, "more": 1}


def finding(rows):
    return Finding("segments", json.dumps({"attributes": [{"name": "source", "segments": [ONE] * rows}]}))


def test_segments_stand_in_the_card_with_intervals():
    assert "| source = a/b | 1,200 | 120 | 10 % (5.0–15) | 10 % (5.0–15) |" in _segments([finding(1)])


def test_many_segments_are_cut_and_none_are_said():
    assert "5 more stand in `segments.json`" in _segments([finding(45)])
    assert "not looked at" in _segments([])
    assert "not looked at" in _segments([Finding("months", "{}")])
