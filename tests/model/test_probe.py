"""Damaged and tampered bundles: refused with a reason, also where hashes and id were made to agree; never a crash."""

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from trained import AS_OF, command

from features.errors import ModelRefusedError
from training import probe as probing
from training.bundle import FILES, MANIFEST, SCHEMA, json_text, load_bundle
from training.bundle_files import contents_of, pack, read_contents, unpack
from training.probe import probe
from training.registry import Registry
from training.soundness import refuse_harmful


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A user who has seen no bundle yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ripelead" / "sound-bundles"


@pytest.fixture(scope="module")
def sound(run_folder):
    return read_contents(run_folder / "bundle")


def with_file(contents, name, content):
    """The same bundle with another file, its id made to fit."""
    return contents_of(contents.where, {**contents.files, name: content})


def write(contents, folder):
    """The bundle as a folder with a manifest that fits."""
    from hashlib import sha256

    folder.mkdir(parents=True)
    for name, content in contents.files.items():
        (folder / name).write_bytes(content)
    hashes = {name: sha256(content).hexdigest() for name, content in contents.files.items()}
    manifest = {"schema_version": SCHEMA, "id": contents.version, "files": hashes}
    (folder / MANIFEST).write_text(json_text(manifest), encoding="utf-8")
    return folder


def no_child(*_, **__):
    raise AssertionError("a child was started")


# What tampering looks like --------------------------------------------------------------------------------------------
MODEL_EDITS = [
    (r"\nleft_child=\S+", "\nleft_child=70000", "children that are no tree"),
    (r"\nsplit_feature=\S+", "\nsplit_feature=99999", "feature that is not there"),
    (r"\nsplit_feature=\S+", "\nsplit_feature=-7", "feature that is not there"),
    (r"\nthreshold=\S+", "\nthreshold=nan", "threshold that is no number"),
    (r"\nleaf_value=\S+", "\nleaf_value=nan", "leaf that is no log-odds"),
    (r"\nleaf_value=\S+", "\nleaf_value=1e300", "leaf that is no log-odds"),
    (r"\nleaf_value=\S+", "\nleaf_value=0.5", "golden rows differently|not those of the model"),
    (r"\nnum_leaves=\d+", "\nnum_leaves=40000", "expected 39999 numbers"),
    (r"\ntree_sizes=\d+", "\ntree_sizes=4", "not the sizes of its trees"),
    (r"\ncat_boundaries=0 \d+", "\ncat_boundaries=0 90000", "categories are not among those of its tree"),
    (r"\ncat_boundaries=0", "\ncat_boundaries=-9", "categories are not among those of its tree"),
    (r"\nmax_feature_idx=\d+", "\nmax_feature_idx=1", "feature that is not there"),
]


def resized(text):
    """The model with the sizes that its trees have now."""
    head, *trees = text.split("Tree=")
    trees[-1], _, tail = trees[-1].partition("end of trees")
    sizes = " ".join(str(len(f"Tree={tree}".encode())) for tree in trees)
    head = re.sub(r"\ntree_sizes=.*", f"\ntree_sizes={sizes}", head)
    return "Tree=".join([head, *trees]) + "end of trees" + tail


@pytest.mark.parametrize(("pattern", "new", "message"), MODEL_EDITS)
def test_an_edited_model_is_refused(sound, pattern, new, message):
    edited = re.sub(pattern, new, sound.text("model.txt"), count=1)
    edited = edited if "tree_sizes" in pattern else resized(edited)
    with pytest.raises(ModelRefusedError, match=message):
        refuse_harmful(with_file(sound, "model.txt", edited.encode()))


@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 0.9])
def test_a_truncated_model_is_refused(sound, share):
    text = sound.files["model.txt"]
    with pytest.raises(ModelRefusedError, match="expected a LightGBM text model"):
        refuse_harmful(with_file(sound, "model.txt", text[: int(len(text) * share)]))


JSON_EDITS = [
    ("calibration.json", {"slope": float("nan")}, "NaN is no number of JSON"),
    ("calibration.json", {"slope": -1.0}, "golden|no training gives such slope"),
    ("calibration.json", {"intercept": 1e300}, "no training gives such intercept"),
    ("calibration.json", {"base_rate": 1.0}, "no training gives such base_rate"),
    ("calibration.json", {"slope": "steep"}, "damaged"),
    ("policy.json", {"threshold": 7.0}, "no training gives such threshold"),
    ("policy.json", {"max_reasons": -1}, "no training gives such max_reasons"),
    ("policy.json", {"bands": {"A": float("inf")}}, "Infinity is no number of JSON"),
    ("policy.json", {"unheard_of": 1}, "damaged"),
    ("catalog.json", {"features": []}, "its catalog has 0"),
    ("catalog.json", {"features": [{}]}, "made by another version"),
    ("encoder.json", {"attributes": None}, "made by another version"),
]


@pytest.mark.parametrize(("name", "change", "message"), JSON_EDITS)
def test_numbers_and_parts_that_no_training_writes_are_refused(sound, name, change, message):
    content = json.dumps({**sound.json(name), **change}).encode()
    with pytest.raises(ModelRefusedError, match=message):
        refuse_harmful(with_file(sound, name, content))


def test_a_catalog_of_another_length_is_refused(sound):
    catalog = sound.json("catalog.json")
    catalog["features"] = catalog["features"][:-1]
    with pytest.raises(ModelRefusedError, match=r"the model reads .* features, its catalog has"):
        refuse_harmful(with_file(sound, "catalog.json", json.dumps(catalog).encode()))


def npz(arrays, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0))
            archive.writestr(f"{name}.npy", content.getvalue())
    return file.getvalue()


def arrays_of(contents):
    with np.load(io.BytesIO(contents.files["paths.npz"])) as file:
        return dict(file)


TABLE_EDITS = [
    ("base", lambda base: base + 60_000),
    ("column", lambda column: column + 10**9),
    ("table", lambda table: table * np.nan),
    ("table", lambda table: table[:10]),
    ("table_start", lambda start: start[::-1].copy()),
    ("leaf_value", lambda value: value + 1e-3),
    ("nan_code", lambda code: code + 5000),
    ("features", lambda features: features + 1),
    ("step", lambda step: step.astype(np.float64)),
]


@pytest.mark.parametrize(("name", "change"), TABLE_EDITS)
def test_tables_of_another_model_are_refused(sound, name, change):
    arrays = arrays_of(sound)
    with np.errstate(all="ignore"):
        arrays[name] = change(arrays[name])
    with pytest.raises(ModelRefusedError, match="not those of the model"):
        refuse_harmful(with_file(sound, "paths.npz", npz(arrays)))


def test_tables_that_unpack_to_more_than_they_are_are_refused(sound):
    bomb = npz({"format": np.array(1), "table": np.zeros(10_000_000)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    with pytest.raises(ModelRefusedError, match="packed; expected it as it is"):
        refuse_harmful(with_file(sound, "paths.npz", bomb))


def test_an_array_that_says_it_is_huge_is_refused(sound):
    small = npz({"format": np.array(1), "table": np.zeros(1000)})
    lying = small.replace(b"'shape': (1000,), }         ", b"'shape': (1000000000000,), }")
    assert lying != small
    with pytest.raises(ModelRefusedError, match=r"paths\.npz: no readable"):
        refuse_harmful(with_file(sound, "paths.npz", lying))


@pytest.mark.parametrize("rows", [0, 200_000])
def test_golden_rows_must_be_a_few(sound, rows):
    golden = pq.read_table(pa.BufferReader(sound.files["golden.parquet"]))
    some = golden.take(pa.array(np.zeros(rows, np.int64)))
    file = io.BytesIO()
    pq.write_table(some, file)
    with pytest.raises(ModelRefusedError, match="expected 1 to 10,000 rows"):
        refuse_harmful(with_file(sound, "golden.parquet", file.getvalue()))


def test_golden_rows_with_other_scores_are_refused(sound):
    golden = pq.read_table(pa.BufferReader(sound.files["golden.parquet"]))
    file = io.BytesIO()
    pq.write_table(golden.set_column(golden.num_columns - 1, "__raw", pa.array([np.nan] * len(golden))), file)
    with pytest.raises(ModelRefusedError, match="golden rows differently"):
        refuse_harmful(with_file(sound, "golden.parquet", file.getvalue()))


@pytest.mark.parametrize("name", sorted(set(FILES) - {"card.md"}))  # the card is for people only
def test_noise_in_any_file_is_refused(sound, name):
    noise = np.random.default_rng(0).integers(0, 256, 500, np.uint8).tobytes()
    with pytest.raises(ModelRefusedError):
        refuse_harmful(with_file(sound, name, noise))


# Where it happens -----------------------------------------------------------------------------------------------------
def test_a_bundle_that_kills_its_reader_is_refused(sound, monkeypatch, cache):
    killed = (
        "import os, signal, sys; sys.stderr.write({said!r}); sys.stderr.flush(); os.kill(os.getpid(), signal.SIGSEGV)"
    )
    for said, told in (("", "it said nothing"), ("first\nbad tree", "bad tree")):
        monkeypatch.setattr(probing, "_CHILD", killed.format(said=said))
        with pytest.raises(ModelRefusedError, match=rf"kills the process that reads it \(SIGSEGV; {told}\)"):
            probe(sound)
    assert not list(cache.iterdir())


def test_a_bundle_that_never_ends_is_refused(sound, monkeypatch):
    monkeypatch.setattr(probing, "_CHILD", "import time; time.sleep(60)")
    monkeypatch.setattr(probing, "SECONDS", 0.2)
    with pytest.raises(ModelRefusedError, match=r"takes more than 0.2 seconds"):
        probe(sound)


def test_a_sound_bundle_is_probed_once(sound, monkeypatch, cache):
    probe(sound)
    (mark,) = cache.iterdir()
    assert mark.stat().st_size == 0
    monkeypatch.setattr(subprocess, "run", no_child)
    probe(sound)
    with pytest.raises(AssertionError, match="a child was started"):
        probe(with_file(sound, "card.md", b"another bundle"))


def test_what_others_could_have_written_is_not_believed(sound, monkeypatch, cache):
    probe(sound)
    cache.chmod(0o777)
    monkeypatch.setattr(subprocess, "run", no_child)
    with pytest.raises(AssertionError, match="a child was started"):
        probe(sound)


def test_without_a_folder_of_its_own_every_load_probes(sound, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    probe(sound)
    monkeypatch.setattr(subprocess, "run", no_child)
    with pytest.raises(AssertionError, match="a child was started"):
        probe(sound)


def test_files_swapped_after_they_were_read_change_nothing(sound, monkeypatch, tmp_path):
    folder = write(sound, tmp_path / "b")
    monkeypatch.setattr(probing, "probe", lambda _: (folder / "model.txt").write_text("swapped"))
    assert load_bundle(folder).version == sound.version


def test_packed_contents_come_out_as_they_went_in(sound):
    assert unpack(pack(sound)) == sound
    assert unpack(pack(with_file(sound, "card.md", b""))).version != sound.version


def test_a_pipe_in_place_of_a_file_is_refused(sound, tmp_path):
    folder = write(sound, tmp_path / "b")
    (folder / "card.md").unlink()
    os.mkfifo(folder / "card.md")
    with pytest.raises(ModelRefusedError, match=r"card\.md: expected a file"):
        load_bundle(folder)


def test_a_file_larger_than_any_bundle_has_is_refused(sound, tmp_path, monkeypatch):
    monkeypatch.setattr("training.bundle_files.MOST_BYTES", 2000)
    with pytest.raises(ModelRefusedError, match="which no bundle's file is"):
        load_bundle(write(sound, tmp_path / "b"))


def test_another_bundle_in_the_place_of_a_registered_one_is_refused(sound, tmp_path):
    other = with_file(sound, "card.md", b"another bundle")
    with pytest.raises(ModelRefusedError, match="was replaced after it was registered"):
        load_bundle(write(other, tmp_path / sound.version / "bundle"))
    assert load_bundle(write(sound, tmp_path / "models" / sound.version / "bundle")).version == sound.version


# On the command line --------------------------------------------------------------------------------------------------
def test_a_broken_champion_is_refused_and_rollback_scores_again(world, sound, tmp_path, capsys):
    project = tmp_path / "acme"
    shutil.copytree(world, project, ignore=shutil.ignore_patterns("runs", "ml*", "truth"))
    with (project / "ripelead.toml").open("a", encoding="utf-8") as toml:
        toml.write("[tracking]\nenabled = false\n")
    registry = Registry(project / "models")
    former = registry.aliases()["champion"]
    broken = with_file(sound, "model.txt", sound.files["model.txt"][:9000])
    write(broken, tmp_path / "run" / "bundle")
    shutil.copy(registry.bundle_path("champion").parent / "evaluation.json", tmp_path / "run")
    registry.register(tmp_path / "run", datetime(2026, 1, 2, tzinfo=UTC))
    registry.promote(datetime(2026, 1, 2, tzinfo=UTC), ("somebody else's work",))
    score = ("score", "-p", project, "--as-of", AS_OF, "--out", tmp_path / "s.parquet")
    assert command(*score) == 4
    assert "rollback" in capsys.readouterr().err
    assert not (tmp_path / "s.parquet").exists()
    assert command("rollback", "-p", project) == 0
    assert registry.aliases()["champion"] == former
    assert command(*score) == 0
