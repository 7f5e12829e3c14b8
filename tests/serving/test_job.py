"""The batch job: whole or not at all, every row accounted for, and goes on where it stopped."""

import fcntl
import json
import resource
import shutil
import signal
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batch import MOMENT, done, job_of, last_line, process
from trained import AS_OF, command

import serving.batch.job
from features.errors import InputContractError, OverlapError, SinkError
from serving.batch.checkpoints import checkpoint_path
from serving.batch.prepare import Scoring, Watch, write_scoring_rows


class Killed(BaseException):
    """What a kill looks like from inside: nobody catches it."""


@pytest.fixture
def project(world, tmp_path):
    """A copy of the project, so that its inputs can be changed."""
    copy = tmp_path / "acme"
    shutil.copytree(world, copy, ignore=shutil.ignore_patterns("runs", "ml*", "truth"))
    return copy


@pytest.fixture(scope="module")
def undisturbed(world, tmp_path_factory):
    """Bytes and summary of a run that nothing happened to."""
    out = tmp_path_factory.mktemp("undisturbed") / "s.parquet"
    return done(job_of(world, out)).summary, out.read_bytes()


@pytest.fixture(scope="module")
def rows_file(world, tmp_path_factory):
    """The scoring rows of the world as a feature table."""
    job = job_of(world, tmp_path_factory.mktemp("rows") / "s.parquet")
    path = job.target.path.parent / "rows.parquet"
    write_scoring_rows(Scoring(job.project, job.bundle, MOMENT, job.limits, job.clock), path, Watch(chunk_rows=300))
    return path


def own_files(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def test_every_lead_is_accounted_for_and_the_marker_says_so(undisturbed, world, tmp_path):
    summary, content = undisturbed
    assert summary.rows_in == summary.scored + summary.closed_or_later + summary.quarantined == 3000
    marker = json.loads(done(job_of(world, tmp_path / "s.parquet")).summary.to_json())
    written = json.loads((tmp_path / "s.parquet.done").read_text())
    assert written == marker
    assert written["sha256"] == sha256(content).hexdigest()
    assert not own_files(tmp_path)


def test_neither_chunks_nor_threads_change_the_output(undisturbed, world, tmp_path):
    rows = pq.read_table(pa.BufferReader(undisturbed[1]))
    for size in (77, 5000):
        done(job_of(world, tmp_path / f"{size}.parquet", chunk_rows=size))
        assert pq.read_table(tmp_path / f"{size}.parquet").equals(rows)


def stopped_run(job, monkeypatch, chunks):
    """A run that dies after so many checkpoints."""
    write, left = serving.batch.job.write_checkpoint, iter(range(chunks))

    def dying(*arguments):
        if next(left, None) is None:
            raise Killed
        write(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(serving.batch.job, "write_checkpoint", dying)
        with pytest.raises(Killed):
            done(job)


def test_a_stopped_run_goes_on_with_the_same_bytes(undisturbed, world, tmp_path, monkeypatch):
    job = job_of(world, tmp_path / "s.parquet")
    stopped_run(job, monkeypatch, chunks=2)
    assert own_files(tmp_path)
    monkeypatch.setattr(serving.batch.job, "write_scoring_rows", None)  # rows are there already
    assert done(job).summary.resumed_chunks == 2
    assert job.target.path.read_bytes() == undisturbed[1]
    assert not own_files(tmp_path)


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_torn_or_foreign_checkpoint_is_made_again(undisturbed, world, tmp_path, monkeypatch, damage):
    job = job_of(world, tmp_path / "s.parquet")
    stopped_run(job, monkeypatch, chunks=3)
    first = next(tmp_path.glob(".*.work/chunk-000000"))
    first.write_bytes(first.read_bytes()[:-9] + b"123456789" if damage is None else damage)
    shutil.copy(checkpoint_path(first.parent, 2), checkpoint_path(first.parent, 1))
    assert done(job).summary.resumed_chunks == 1
    assert job.target.path.read_bytes() == undisturbed[1]


def test_leftovers_of_another_key_are_removed_and_nothing_else(world, tmp_path):
    stale = tmp_path / f".s.parquet.{'0' * 16}.work"
    others = [tmp_path / f".t.parquet.{'0' * 16}.work", tmp_path / ".s.parquet.notes.work"]
    for folder in (stale, *others):
        folder.mkdir()
    done(job_of(world, tmp_path / "s.parquet"))
    assert not stale.exists()
    assert all(folder.exists() for folder in others)


def test_an_overlapping_run_touches_nothing(world, tmp_path, capsys):
    (tmp_path / "s.parquet").write_text("old")
    (tmp_path / "s.parquet.done").write_text("old")
    with (tmp_path / ".s.parquet.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(OverlapError, match="another run is writing"):
            done(job_of(world, tmp_path / "s.parquet"))
        assert command("score", "-p", world, "--as-of", AS_OF, "--out", tmp_path / "s.parquet") == 99
    assert "another run is writing" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"s.parquet", "s.parquet.done", ".s.parquet.lock"}
    done(job_of(world, tmp_path / "s.parquet"))  # a lock file without its holder is no hindrance
    assert not own_files(tmp_path)


def test_an_input_that_changes_under_the_run_is_refused(project, tmp_path, monkeypatch):
    read = serving.batch.job.write_scoring_rows

    def changing(*arguments):
        prepared = read(*arguments)
        leads = pd.read_parquet(project / "leads.parquet")
        leads.iloc[:-1].to_parquet(project / "leads.parquet")
        return prepared

    monkeypatch.setattr(serving.batch.job, "write_scoring_rows", changing)
    out = tmp_path / "s.parquet"
    out.write_text("old")
    with pytest.raises(InputContractError, match=r"leads: leads\.parquet: changed while it was read"):
        done(job_of(project, out))
    assert out.read_text() == "old"
    assert not own_files(tmp_path)
    assert not (tmp_path / "s.parquet.done").exists()


def test_a_feature_table_that_changes_under_the_run_is_refused(world, rows_file, tmp_path, monkeypatch):
    mine = shutil.copy(rows_file, tmp_path / "rows.parquet")
    score = serving.batch.job.score_chunk

    def changing(*arguments):
        scores = score(*arguments)
        pq.write_table(pq.read_table(mine).slice(1), mine)
        return scores

    monkeypatch.setattr(serving.batch.job, "score_chunk", changing)
    with pytest.raises(InputContractError, match="changed while it was read"):
        done(job_of(world, tmp_path / "s.parquet", features=mine))
    assert not own_files(tmp_path)


def test_a_feature_table_gives_the_same_scores(undisturbed, world, rows_file, tmp_path):
    out = tmp_path / "s.parquet"
    summary = done(job_of(world, out, features=rows_file, as_of=None)).summary
    assert pq.read_table(out).equals(pq.read_table(pa.BufferReader(undisturbed[1])))
    assert summary.rows_in == summary.scored == undisturbed[0].scored


def test_bad_rows_of_a_feature_table_are_quarantined_and_all_others_scored(project, rows_file, tmp_path):
    frame = pq.read_table(rows_file).to_pandas()
    name = next(name for name in frame.columns if frame[name].dtype == np.float64 and name != "points")
    frame.loc[3, name] = np.inf
    frame.loc[250, "lead_id"] = None
    frame.loc[251, "as_of"] = pd.NaT
    bad = pd.concat([frame, frame.iloc[[10]]], ignore_index=True)
    bad.to_parquet(tmp_path / "bad.parquet", index=False)
    summary = done(job_of(project, tmp_path / "s.parquet", features=tmp_path / "bad.parquet")).summary
    told = pd.read_csv(project / "quarantine" / "feature_table.csv")
    assert told["line"].tolist() == [4, 251, 252, len(bad)]
    assert told["column"].tolist() == [name, "lead_id", "as_of", "lead_id"]
    assert (summary.rows_in, summary.quarantined, summary.scored) == (len(bad), 4, len(bad) - 4)


def test_of_a_feature_table_only_the_rows_of_the_time_are_scored(world, rows_file, tmp_path):
    table = pq.read_table(rows_file)
    earlier = pa.array([MOMENT - pd.Timedelta("7D")] * 50, table.schema.field("as_of").type)
    older = table.slice(0, 50).set_column(1, "as_of", earlier)
    pq.write_table(pa.concat_tables([older, table]), tmp_path / "two.parquet")
    summary = done(job_of(world, tmp_path / "s.parquet", features=tmp_path / "two.parquet")).summary
    assert (summary.scored, summary.closed_or_later) == (len(table), 50)


@pytest.mark.parametrize(("most", "named"), [(0, set()), (3, {5})])
def test_reasons_asked_for(world, rows_file, tmp_path, most, named):
    done(job_of(world, tmp_path / "s.parquet", features=rows_file, most=most))
    reasons = pq.read_table(tmp_path / "s.parquet")["reasons"].to_pylist()
    assert {len(rows) for rows in reasons if len(rows) != 6} == (named or {0})  # six where the scale ends


def test_a_dry_run_writes_nothing(project, tmp_path, capsys):
    before = sorted(path for path in tmp_path.rglob("*"))
    arguments = ("score", "-p", project, "--as-of", AS_OF, "--out", tmp_path / "new" / "s.parquet", "--dry-run")
    assert command(*arguments) == 0
    said = last_line(capsys.readouterr().out)
    assert said["rows_in"] == said["to_score"] + said["closed_or_later"] + said["quarantined"]
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_rows_that_do_not_add_up_are_a_defect(world, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(serving.batch.job, "facts_of", lambda _prepared: serving.batch.job.Facts(rows_in=1, leads=1))
    assert command("score", "-p", world, "--as-of", AS_OF, "--out", tmp_path / "s.parquet") == 70
    assert "rows do not add up" in capsys.readouterr().err
    assert not (tmp_path / "s.parquet").exists()


def test_steps_are_json_lines(world, tmp_path, capsys):
    assert command("score", "-p", world, "--as-of", AS_OF, "--out", tmp_path / "s.csv", "--show", "0") == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert {"event": "chunk", "done": 1, "of": 1} in lines
    assert {line["event"] for line in lines} >= {"reading", "features", "chunk", "writing"}


def test_a_folder_that_nobody_may_make(world, capsys):
    """Not even root makes a folder there."""
    assert command("score", "-p", world, "--as-of", AS_OF, "--out", "/proc/scores/s.parquet") == 5
    assert "cannot write /proc/scores/s.parquet" in capsys.readouterr().err


def test_a_folder_in_the_way(world, tmp_path, capsys):
    (tmp_path / "s.parquet").mkdir()
    assert command("score", "-p", world, "--as-of", AS_OF, "--out", tmp_path / "s.parquet") == 5
    assert "there is a folder of that name" in capsys.readouterr().err


def test_a_full_disk_keeps_what_is_scored(undisturbed, world, tmp_path, monkeypatch):
    job = job_of(world, tmp_path / "s.parquet")
    with monkeypatch.context() as patch:
        patch.setattr(serving.batch.job, "write_file", _on_a_full_disk(serving.batch.job.write_file))
        with pytest.raises(SinkError, match="the same command goes on"):
            done(job)
    assert not job.target.path.exists()
    assert done(job).summary.resumed_chunks > 1
    assert job.target.path.read_bytes() == undisturbed[1]


def _on_a_full_disk(function):
    def limited(*arguments):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            return function(*arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


# Moments at which the process kills itself: while rows are written, between chunks, before and after the output.
MOMENTS = (
    "import serving.batch.prepare as p; f = p.arrow_rows; p.arrow_rows = lambda *a: (f(*a), die())[0]",
    "import serving.batch.job as j; f = j.write_checkpoint; "
    "j.write_checkpoint = lambda *a: (f(*a), a[2] == 2 and die())[0]",
    "import serving.batch.writing as w; f = w.in_order; w.in_order = lambda *a: die()",
    "import serving.batch.job as j; j.write_marker = lambda *a: die()",
)


def test_a_killed_job_leaves_the_old_file_and_goes_on(undisturbed, world, tmp_path):
    out = tmp_path / "s.parquet"
    out.write_text("old")
    arguments = ("score", "-p", world, "--as-of", AS_OF, "--out", out)
    for number, moment in enumerate(MOMENTS):
        before = f"import os\ndef die(): os.kill(os.getpid(), {int(signal.SIGKILL)})\n{moment}\n"
        killed = process(*arguments, before=before)
        _, said = killed.communicate()
        assert killed.returncode == -signal.SIGKILL, said
        assert number == 3 or out.read_text() == "old"
        assert not (tmp_path / "s.parquet.done").exists()
    last = process(*arguments)
    text, _ = last.communicate()
    assert (last.returncode, last_line(text)["resumed_chunks"]) == (0, -(-undisturbed[0].scored // 200))
    assert out.read_bytes() == undisturbed[1]
    assert not own_files(tmp_path)


def test_the_run_key_knows_the_options(world, tmp_path):
    job = job_of(world, tmp_path / "s.parquet")
    keys = {done(replace(job, **change)).summary.run_key for change in ({}, {"most": 2}, {"language": "de"})}
    assert len(keys) == 3
