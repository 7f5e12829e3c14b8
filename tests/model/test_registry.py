"""Champion and challenger: the gate, the log, rollback, and bundles that were tampered with."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trained import AS_OF, command

from features.errors import ModelRefusedError
from training.bundle import FILES, load_bundle, verify_files
from training.registry import Registry

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path, run_folder):
    """A registry with one promoted model and a second, different one registered."""
    registry = Registry(tmp_path / "models")
    registry.register(run_folder, NOW)
    registry.promote(NOW, ("first",))
    return registry


@pytest.fixture
def second(tmp_path, run_folder):
    """A run whose bundle differs in its card."""
    from hashlib import sha256

    from training import bundle

    run = tmp_path / "run"
    shutil.copytree(run_folder, run)
    (run / "bundle" / "card.md").write_text("another model", encoding="utf-8")
    hashes = {name: sha256((run / "bundle" / name).read_bytes()).hexdigest() for name in FILES}
    manifest = {"schema_version": bundle.SCHEMA, "id": bundle._identity(hashes), "files": hashes}
    bundle._write_json(run / "bundle" / "manifest.json", manifest)
    return run


def test_promotion_is_logged_with_reasons(registry):
    _, event = registry.log()
    assert event["event"] == "promoted"
    assert event["bundle"] == registry.aliases()["champion"]
    assert event["reasons"] == ["first"]


def test_rollback_brings_the_former_champion_back(registry, second):
    former = registry.aliases()["champion"]
    registry.register(second, NOW)
    registry.promote(NOW, ("second",))
    assert registry.aliases()["champion"] != former
    assert registry.rollback(NOW) == former
    assert registry.aliases()["champion"] == former
    assert [event["event"] for event in registry.log()] == [
        "registered",
        "promoted",
        "registered",
        "promoted",
        "rolled back",
    ]


def test_nothing_to_roll_back_to_is_said(registry):
    with pytest.raises(ModelRefusedError, match="nothing to roll back to"):
        registry.rollback(NOW)


def test_no_champion_yet_is_said(tmp_path):
    with pytest.raises(ModelRefusedError, match=r"no champion yet.*ripelead train"):
        Registry(tmp_path).bundle_path("champion")


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_one_flipped_byte_anywhere_is_refused(registry, name):
    path = registry.bundle_path("champion") / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ModelRefusedError):
        load_bundle(path.parent)


@pytest.fixture(scope="module")
def both(run_folder, tmp_path_factory):
    """The shipped bundle and the judged one, to be damaged and restored."""
    folder = tmp_path_factory.mktemp("bundles")
    return [Path(shutil.copytree(run_folder / name, folder / name)) for name in ("bundle", "judged")]


@given(st.integers(0, 1), st.sampled_from([*FILES, "manifest.json"]), st.floats(0, 1, exclude_max=True),
       st.integers(1, 255))  # fmt: skip
@settings(max_examples=200)
def test_any_byte_of_any_file_of_either_bundle_counts(both, which, name, place, flip):
    path = both[which] / name
    content = path.read_bytes()
    damaged = bytearray(content)
    damaged[int(place * len(content))] ^= flip
    try:
        path.write_bytes(bytes(damaged))
        with pytest.raises(ModelRefusedError):
            verify_files(path.parent)
    finally:
        path.write_bytes(content)


def test_every_byte_of_the_manifest_counts(both):
    path = both[0] / "manifest.json"
    content = path.read_bytes()
    accepted = [at for at in range(len(content)) for flip in (1, 3, 32) if not is_refused(path, content, at, flip)]
    path.write_bytes(content)
    assert (accepted, verify_files(both[0]) is not None) == ([], True)


def is_refused(path, content, at, flip):
    damaged = bytearray(content)
    damaged[at] ^= flip
    path.write_bytes(bytes(damaged))
    try:
        verify_files(path.parent)
    except ModelRefusedError:
        return True
    return False


@pytest.mark.parametrize("change", ["missing", "added"])
def test_missing_and_added_files_are_refused(registry, change):
    folder = registry.bundle_path("champion")
    (folder / "encoder.json").unlink() if change == "missing" else (folder / "more.txt").write_text("x")
    with pytest.raises(ModelRefusedError, match="missing or unexpected files"):
        verify_files(folder)


def test_scoring_without_a_champion_exits_with_4(world, tmp_path, capsys):
    project = tmp_path / "new"
    shutil.copytree(world, project, ignore=shutil.ignore_patterns("models", "runs", "ml*"))
    assert command("score", "-p", project, "--as-of", AS_OF, "--out", tmp_path / "x.csv") == 4
    assert "no champion yet" in capsys.readouterr().err
    assert not (tmp_path / "x.csv").exists()
