"""The batch job scores what the in-memory way scores, to the bit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from batch import CLOCK, MOMENT, done, job_of
from trained import command

from features.engines.event_logs import Limits
from features.tables import read_tables
from serving.batch.prepare import Scoring, Watch, look_at_rows, write_scoring_rows
from serving.score import score_leads
from training.registry import Registry


def in_memory(job):
    tables = read_tables(job.project, clock=CLOCK, untimed=job.untimed)
    return score_leads(job.bundle, tables, job.as_of)


def assert_same(job):
    summary = done(job).summary
    expected = in_memory(job)
    written = pq.read_table(job.target.path).to_pandas()
    assert [list(rows) for rows in written.pop("reasons")] == [list(rows) for rows in expected.frame.pop("reasons")]
    pd.testing.assert_frame_equal(written, expected.frame, check_exact=True, check_dtype=False)
    assert (summary.leads, summary.closed_or_later) == (expected.leads, expected.closed)
    assert summary.left_out_interactions == sum(expected.left_out.values())


def test_the_job_scores_what_the_in_memory_way_scores(world, tmp_path):
    assert_same(job_of(world, tmp_path / "s.parquet"))


@pytest.mark.parametrize(
    "policy", [{"repeat": True}, {"deals_of_account": "last_touch"}, {"deals_of_account": "primary"}]
)
def test_the_same_leads_are_open_under_every_policy(world, tmp_path, policy):
    job = job_of(world, tmp_path / "s.parquet")
    assert_same(replace(job, bundle=replace(job.bundle, policy=replace(job.bundle.policy, **policy))))


def test_a_flat_table_without_times(tmp_path):
    rng = np.random.default_rng(1)
    size = rng.normal(size=400)
    won = pd.Series(np.where(rng.random(400) < 1 / (1 + np.exp(-2 * size)), 1.0, 0.0)).mask(rng.random(400) < 0.3)
    frame = pd.DataFrame({"lead_id": [f"l{i}" for i in range(400)], "size": size, "won": won})
    frame.to_csv(tmp_path / "leads.csv", index=False)
    toml = '[project]\nname = "flat"\n[tables.leads]\nfile = "leads.csv"\n[label]\ncolumn = "won"\n'
    toml += '[folds]\nkind = "random"\n[model]\nmax_trees = 20\nthreads = 1\n[tracking]\nenabled = false\n'
    (tmp_path / "ripelead.toml").write_text(toml, encoding="utf-8")
    assert command("train", "-p", tmp_path) == 0
    Registry(tmp_path / "models").promote(CLOCK, ())
    assert_same(job_of(tmp_path, tmp_path / "s.parquet"))


def scoring(job, memory=None):
    return Scoring(job.project, job.bundle, MOMENT, Limits(memory, 2), CLOCK)


def test_a_row_group_is_a_chunk(world, tmp_path):
    job = job_of(world, tmp_path / "s.parquet")
    prepared = write_scoring_rows(scoring(job), tmp_path / "rows.parquet", Watch(chunk_rows=100))
    metadata = pq.ParquetFile(tmp_path / "rows.parquet").metadata
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert set(sizes[:-1]) == {100}
    assert sum(sizes) == prepared.open == prepared.leads - prepared.closed


def test_a_limit_of_memory_changes_nothing(world, tmp_path):
    job = job_of(world, tmp_path / "s.parquet")
    for memory in (None, 300_000_000):
        write_scoring_rows(scoring(job, memory), tmp_path / f"{memory}.parquet", Watch())
    assert pq.read_table(tmp_path / "None.parquet").equals(pq.read_table(tmp_path / "300000000.parquet"))


def test_a_look_writes_nothing(world, tmp_path):
    job = job_of(world, tmp_path / "s.parquet")
    seen = []
    prepared = look_at_rows(scoring(job), Watch(chunk_rows=50), seen.append)
    assert (len(seen[0]), prepared.open > 50) == (50, True)
    assert not list(tmp_path.iterdir())
