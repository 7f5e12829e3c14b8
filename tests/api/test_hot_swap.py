"""Promotion and rollback while leads are scored: nothing fails, and every answer is of one of the two models."""

import json
import shutil
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import httpx2
import pytest
from live_server import served
from sites import key_of

from serving.live.history_score import score_history
from serving.live.model_in_use import ModelInUse
from serving.web import background
from serving.web.api.examples import HISTORY
from serving.web.app import create_app
from training.bundle import json_text, load_bundle
from training.registry import Registry

AS_OF = "2026-01-01T00:00:00Z"
BODY = {"as_of": AS_OF, "explain": 2, **HISTORY}


def other_model(models, version):
    """A second bundle: the same trees, calibrated otherwise."""
    folder = models / "made" / "bundle"
    shutil.copytree(models / version / "bundle", folder)
    calibration = json.loads((folder / "calibration.json").read_text())
    (folder / "calibration.json").write_text(json_text({**calibration, "intercept": calibration["intercept"] + 1}))
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {name: sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]}
    made = sha256("".join(f"{files[name]}  {name}\n" for name in sorted(files)).encode()).hexdigest()
    (folder / "manifest.json").write_text(json_text({**manifest, "files": files, "id": made}))
    (models / "made").rename(models / made)
    return made


def promote(registry, version, event="promoted"):
    line = {"event": event, "at": datetime.now(UTC).isoformat(), "bundle": version}
    with (registry.directory / "promotions.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")


@pytest.fixture
def swapping(site, served_folder, tmp_path, monkeypatch):
    """A site with a registry of its own, looked at ten times a second; the two versions."""
    shutil.copytree(served_folder / "models", tmp_path / "models")
    registry = Registry(tmp_path / "models")
    first = registry.bundle_path("champion").parent.name
    second = other_model(registry.directory, first)
    monkeypatch.setattr(background, "LOOKS_EVERY_S", 0.1)
    return replace(site, model=ModelInUse(registry, load_bundle)), registry, (first, second)


class Load:
    """Clients that score without a pause; `answers` in the order in which they came."""

    def __init__(self, address, headers):
        self.answers, self._stop = [], threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(address, headers)) for _ in range(3)]

    def _ask(self, address, headers):
        with httpx2.Client(base_url=address, headers=headers) as client:
            while not self._stop.is_set():
                answer = client.post("/v1/score", json=BODY)
                self.answers.append((answer.status_code, answer.json()))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def until(self, seen, seconds=30):
        """Wait until new answers are of a model."""
        end = time.monotonic() + seconds
        while not (self.answers and self.answers[-1][1].get("model_version") == seen[:12]):
            assert time.monotonic() < end, f"no answer of {seen[:12]}: {self.answers[-1:]}"
            time.sleep(0.02)


def said(registry, version):
    bundle = load_bundle(registry.directory / version / "bundle")
    found = score_history(bundle, HISTORY, datetime.fromisoformat(AS_OF), 2).scored
    return found.propensity, found.score


def test_swapped_there_and_back_and_a_bad_one_refused(swapping):
    site, registry, (first, second) = swapping
    numbers = {version[:12]: said(registry, version) for version in (first, second)}
    site.model.refresh()
    with served(create_app(site)) as address, Load(address, key_of(site, "score")) as load:
        load.until(first)
        promote(registry, second)
        load.until(second)
        promote(registry, first, "rolled back")
        load.until(first)
        (registry.directory / second / "bundle" / "model.txt").write_text("damaged")
        promote(registry, second)
        while site.model.refused is None:
            time.sleep(0.02)
        before = len(load.answers)
        load.until(first)
    assert [status for status, _ in load.answers if status != 200] == []
    assert all((one["propensity"], one["score"]) == numbers[one["model_version"]] for _, one in load.answers)
    assert {one["model_version"] for _, one in load.answers[before:]} == {first[:12]}
    assert numbers[first[:12]] != numbers[second[:12]]
