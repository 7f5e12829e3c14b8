"""The promotion log: who is champion follows from it, whatever was killed while it was written."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ModelRefusedError, OverlapError
from training.promotion_log import Standing, append_event, read_log, standing_after
from training.registry import Registry

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 2, tzinfo=UTC)
EVENTS = st.lists(
    st.fixed_dictionaries({"event": st.sampled_from(["registered", "promoted", "refused"]), "bundle": st.text()}),
    max_size=6,
)


def promoted(*bundles):
    return [{"event": "promoted", "bundle": bundle} for bundle in bundles]


def back(bundle):
    return {"event": "rolled back", "bundle": bundle}


@given(EVENTS)
def test_what_was_appended_is_read_again(tmp_path_factory, events):
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    for event in events:
        append_event(path, event)
    assert read_log(path) == events


@given(EVENTS, st.data())
def test_a_log_that_was_cut_off_anywhere_keeps_its_whole_events_and_goes_on(tmp_path_factory, events, data):
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    for event in events:
        append_event(path, event)
    content = path.read_bytes() if events else b""
    kept = content[: data.draw(st.integers(0, len(content)))]
    path.write_bytes(kept)
    whole = events[: kept.count(b"\n") + (kept != b"" and kept + b"\n" in content and not kept.endswith(b"\n"))]
    assert read_log(path) == whole
    append_event(path, promoted("next")[0])
    assert read_log(path) == [*whole, *promoted("next")]


def test_a_damaged_line_in_the_middle_is_refused_with_its_number(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"event": "promoted", "bundle": "a"}\n{"event": "prom\n{"event": "promoted", "bundle": "b"}\n')
    with pytest.raises(ModelRefusedError, match="line 2 is no event"):
        read_log(path)


@pytest.mark.parametrize(
    ("events", "champions"),
    [
        (promoted("a", "b", "a"), ("a", "b", "a")),
        (promoted("a", "a"), ("a",)),
        ([*promoted("a", "b", "c"), back("b")], ("a", "b")),
        ([*promoted("a", "b", "c"), back("b"), back("a")], ("a",)),
        ([*promoted("a", "b"), back("a"), *promoted("c")], ("a", "c")),
        ([back("x")], ("x",)),
    ],
)
def test_a_promotion_puts_on_top_and_a_rollback_takes_off(events, champions):
    assert standing_after(events) == Standing(None, champions)


def registry_with(tmp_path, *events):
    for event in events:
        append_event(tmp_path / "promotions.jsonl", event)
    return Registry(tmp_path)


def test_the_log_is_the_truth_and_the_copy_is_mended(tmp_path):
    registry = registry_with(tmp_path, {"event": "registered", "bundle": "b"}, *promoted("a", "b"))
    (tmp_path / "aliases.json").write_text('{"champion": "a"}')
    assert registry.aliases() == {"challenger": "b", "champion": "b"}
    assert [registry.mend(), registry.mend()] == [True, False]
    assert json.loads((tmp_path / "aliases.json").read_text()) == {"challenger": "b", "champion": "b"}


KILLED = """
import os, sys
from datetime import datetime, UTC
from pathlib import Path
from training import registry
registry.write_text = lambda *_: os._exit(9)
registry.Registry(Path(sys.argv[1])).promote(datetime.now(UTC), ())
"""


def test_killed_between_the_log_and_its_copy_the_promotion_counts(tmp_path):
    registry = registry_with(tmp_path, *promoted("a"), {"event": "registered", "bundle": "b"})
    registry.mend()
    assert subprocess.run([sys.executable, "-c", KILLED, tmp_path], cwd=ROOT, check=False).returncode == 9
    assert json.loads((tmp_path / "aliases.json").read_text())["champion"] == "a"
    assert registry.aliases()["champion"] == "b"
    assert registry.mend()


def test_a_champion_that_changed_since_the_gate_stops_the_promotion(tmp_path):
    registry = registry_with(tmp_path, *promoted("a"), {"event": "registered", "bundle": "b"})
    with pytest.raises(OverlapError, match="changed champion or challenger meanwhile"):
        registry.promote(NOW, (), over=Standing("b", ("other",)))
    assert registry.promote(NOW, (), over=Standing("b", ("a",)), forced="they know why") == "b"
    assert registry.log()[-1]["forced"] == "they know why"


MANY = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from training.registry import Registry
for _ in range(40):
    Registry(Path(sys.argv[1])).refuse(datetime.now(UTC), ("x" * 5000,))
"""


def test_two_processes_at_once_lose_no_event(tmp_path):
    registry = registry_with(tmp_path, {"event": "registered", "bundle": "b"})
    both = [subprocess.Popen([sys.executable, "-c", MANY, tmp_path], cwd=ROOT) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert len(registry.log()) == 81


def test_a_lock_that_is_held_too_long_is_said(tmp_path, monkeypatch):
    from training.locks import held

    monkeypatch.setattr("training.registry.WAIT_S", 0.05)
    with held(tmp_path / ".lock", "promoting", 0), pytest.raises(OverlapError, match="another process is changing"):
        Registry(tmp_path).mend()
