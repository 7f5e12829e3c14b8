"""On a whole project: the stages that `ripelead score` writes are those that `ripelead stages advance` makes."""

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pyarrow.parquet as pq
import pytest
from trained import command

from features.build import silent
from features.engines.event_logs import Limits
from features.project import read_project
from features.stage_settings import StageSettings
from serving.lifecycle.advance import Asked, advance
from serving.lifecycle.evidence import frameworks_of
from serving.lifecycle.history import Process, all_events, process_of
from serving.lifecycle.replay import stage_at
from training.bundle import load_bundle
from training.registry import registry_of

AS_OF = datetime(2025, 9, 1, tzinfo=UTC)
CLOCK = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def scores(world, tmp_path_factory):
    path = tmp_path_factory.mktemp("scores") / "s.parquet"
    assert command("score", "-p", world, "--as-of", AS_OF.isoformat(), "--out", path, "--explain", "none") == 0
    return path


def test_m02_score_and_machine_agree_on_every_open_lead(world, scores, tmp_path):
    project = read_project(world)
    process = replace(process_of(project, "all"), folder=tmp_path / "log")
    bundle = load_bundle(registry_of(project).bundle_path("champion"))
    done = advance(Asked(project, process, AS_OF, CLOCK, Limits(None, 1), scores, bundle), silent)
    told = stage_at(all_events(process, done.tables), AS_OF)
    written = pq.read_table(scores, columns=["lead_id", "stage"]).to_pandas()
    assert len(done.events) > 20
    pd.testing.assert_series_equal(written["stage"], written["lead_id"].map(told), check_names=False)


def handed_over(project, folder, **settings):
    """Leads that a night makes SQLs by rule; a second run of it must find nothing to do."""
    chosen = StageSettings(sql="rule", sql_framework="bant_signals", **settings)
    process = Process(chosen, folder, "all", frameworks_of(project, chosen))
    asked = Asked(project, process, AS_OF, CLOCK, Limits(None, 1), None, None)
    events = advance(asked, silent).events.to_pandas()
    assert len(advance(asked, silent).events) == 0
    handed = events[events["to_stage"] == "sql"]
    assert (handed["verdict"] == "met").all()
    return set(handed["lead_id"])


def test_m05_gates_keep_leads_back_that_the_framework_would_hand_over(world, tmp_path):
    project = read_project(world)
    handed = handed_over(project, tmp_path / "a")
    kept = handed_over(project, tmp_path / "b", gates=("need", "budget"))
    assert kept < handed
