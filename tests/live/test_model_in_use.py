"""The champion is swapped when another is promoted, and a bad one is refused while the former goes on."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from features.errors import ModelRefusedError
from serving.live import model_in_use
from serving.live.model_in_use import ModelInUse
from training.registry import Registry

AT = datetime(2026, 1, 1, tzinfo=UTC).isoformat()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.setattr(model_in_use, "phrases_of", lambda bundle, language: language)
    return Registry(tmp_path)


def promoted(registry, version, event="promoted"):
    with (registry.directory / "promotions.jsonl").open("a") as log:
        log.write(json.dumps({"event": event, "at": AT, "bundle": version}) + "\n")


def load(path):
    if "bad" in path.parent.name:
        raise ModelRefusedError("damaged")
    return SimpleNamespace(version=path.parent.name)


def test_nothing_promoted(registry):
    model = ModelInUse(registry, load)
    assert not model.refresh()
    with pytest.raises(ModelRefusedError, match="no model has been promoted"):
        model.required()


def test_promotion_and_rollback_swap(registry):
    model = ModelInUse(registry, load)
    seen = []
    for version, event in (("a1", "promoted"), ("b2", "promoted"), ("a1", "rolled back")):
        promoted(registry, version, event)
        assert model.refresh()
        seen.append(model.required().bundle.version)
    assert seen == ["a1", "b2", "a1"]
    assert not model.refresh()


def test_a_bad_bundle_is_refused_and_the_former_goes_on(registry):
    model = ModelInUse(registry, load)
    promoted(registry, "a1")
    model.refresh()
    promoted(registry, "bad2")
    assert model.refresh()
    assert model.required().bundle.version == "a1"
    assert model.refused.reason == "damaged"
    promoted(registry, "a1", "rolled back")
    model.refresh()
    assert model.refused is None


def test_a_damaged_log_is_refused(registry):
    model = ModelInUse(registry, load)
    promoted(registry, "a1")
    model.refresh()
    (registry.directory / "promotions.jsonl").write_text("{broken}\n{}\n")
    assert model.refresh()
    assert model.required().bundle.version == "a1"
    assert model.refused is not None


def test_scores_of_the_former_model_are_told_by_it(registry):
    model = ModelInUse(registry, load)
    for version in ("a1", "b2"):
        promoted(registry, version)
        model.refresh()
    assert [model.served_as(version).bundle.version for version in ("a", "b2")] == ["a1", "b2"]
    assert model.served_as("c3") is None


def test_a_process_that_starts_after_a_promotion_reads_the_former_model_once(registry):
    promoted(registry, "b2")
    for version in ("a1", "bad3"):
        (registry.directory / version / "bundle").mkdir(parents=True)
    read = []
    model = ModelInUse(registry, lambda path: read.append(path.parent.name) or load(path))
    model.refresh()
    assert [model.served_as("a1").bundle.version for _ in range(2)] == ["a1", "a1"]
    assert [model.served_as("bad3") for _ in range(2)] == [None, None]
    assert read == ["b2", "a1", "bad3"]
