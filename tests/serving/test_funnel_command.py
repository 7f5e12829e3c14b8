"""`ripelead funnel`: stages of the log go before those of tables; the command says what it can and what it cannot."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import t as student
from trained import AS_OF, command
from worlds import World, day, deal, event, lead, moment

from features.project import read_project
from serving.funnel_forecast import forecast_of
from serving.funnel_stages import reached_with
from serving.lifecycle.events import EVENTS, StageEvent, events_table
from serving.lifecycle.recorded import Pauses, recorded_events
from training.funnel.reached import MQL, NOT_YET, OPPORTUNITY, SAL, WON
from training.funnel.run import Ground, reached_on
from training.settings import read_training_settings

STORY = World(
    (lead(), lead("L2", 10), lead("L3", 20)),
    interactions=(event(3, "contract_review_planned"), event(4, "webinar_attended")),
    decisions=({"lead_id": "L2", "decided_at": day(15), "decision": "accept"},),
    deals=(deal("won", 40, "L2", opened=30),),
)


@pytest.fixture
def ground(tmp_path):
    (tmp_path / "ripelead.toml").write_text('[project]\nname = "x"\n[tables.leads]\nfile = "l.csv"\n', encoding="utf-8")
    project = read_project(tmp_path)
    return Ground(project, read_training_settings(project), STORY.tables(), STORY.histories())


def test_without_a_log_events_and_tables_tell_the_same(ground):
    events = recorded_events(ground.tables, "all", Pauses())
    found, plain = reached_with(ground, events, day(100)), reached_on(ground, day(100))
    assert found.time[:, [SAL, OPPORTUNITY, WON]].tolist() == plain.time[:, [SAL, OPPORTUNITY, WON]].tolist()
    assert found.time[0, MQL] == day(4)


def test_the_log_goes_before_what_points_tell_and_later_events_are_unseen(ground):
    logged = events_table([
        StageEvent("L1", moment(day(0)), "create"),
        StageEvent("L1", moment(day(7)), "advance", "lead", "mql", recorded_at=moment(day(7))),
        StageEvent("L3", moment(day(60)), "advance", "lead", "mql", recorded_at=moment(day(60))),
    ])  # fmt: skip
    assert reached_with(ground, logged, day(50)).time[:, MQL].tolist() == [day(7), day(15), NOT_YET]
    assert reached_with(ground, logged, day(7)).time[0, MQL] == day(4)


def test_a_lead_that_was_merged_into_another_counts_no_more(ground):
    merged = events_table([StageEvent("L3", moment(day(50)), "merge", into="L1")])
    both = pa.concat_tables([recorded_events(ground.tables, "all", Pauses()), merged])
    assert len(reached_with(ground, both, day(50)).lead) == 3
    assert len(reached_with(ground, both, day(51)).lead) == 2
    assert len(reached_with(ground, EVENTS.empty_table(), day(51)).lead) == 3


def test_a_models_sum_is_put_on_the_level_of_past_dates():
    # It expected 20 at each of four dates, and 10 came: of 40 expected now, 20 will.
    found = forecast_of(np.full(200, 0.2), [(np.full(100, 0.2), 10)] * 4, 30)
    assert found.number.value == 20
    half = student.ppf(0.95, 3) * np.sqrt(200 * 0.1 * 0.9)  # the past dates agree: chance alone
    assert (found.number.low, found.number.high) == pytest.approx((20 - half, 20 + half), abs=0.01)
    wilder = forecast_of(np.full(200, 0.2), [(np.full(100, 0.2), came) for came in (2, 18, 2, 18)], 30)
    assert wilder.number.high > found.number.high


def test_a_model_without_past_dates_has_no_interval_and_without_a_curve_no_number():
    few = forecast_of(np.full(10, 0.2), [(np.full(10, 0.2), 1)] * 2, 30)
    assert (few.number.value, few.number.low) == (2.0, None)
    assert "2 past dates have been followed for 30 days, 3 are needed" in few.note
    assert "cannot tell of 90 days" in forecast_of(np.full(3, np.nan), [], 90).note
    assert forecast_of(np.zeros(0), [(np.full(10, 0.2), 1)] * 4, 30).number.value == 0


@pytest.mark.parametrize("by", ["source", "month"])
def test_m26_the_command_tells_steps_costs_and_forecasts_and_writes_them_tidily(world, tmp_path, capsys, by):
    assert command("funnel", "-p", world, "--as-of", AS_OF, "--by", by, "--out", tmp_path / "f.csv") == 0
    said = capsys.readouterr().out
    for part in (
        "lead → mql",
        "Cost per SQL",
        "won within 90 days, by the model",
        "Lead velocity",
        "webinar" if by == "source" else "2025-12",
    ):
        assert part in said
    rows = pd.read_csv(tmp_path / "f.csv")
    costs = rows[(rows["figure"] == "cost_per_sql") & (rows["by"] == "source")]
    assert costs["value"].notna().sum() == 8
    spend = rows[rows["figure"] == "spend"].groupby("by")["value"].sum()
    assert spend["source"] == pytest.approx(spend["all"]) == pytest.approx(spend["month"])
    wins = rows[rows["figure"].str.startswith("forecast") & (rows["to_stage"] == "won")]
    assert (wins["low"] <= wins["value"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--as-of", "2020-01-01T00:00:00Z"), "no lead was created before 2020-01-01"),
        (("--as-of", AS_OF, "--out", "f.xlsx"), "expected a file ending in .csv or .parquet"),
        (("--as-of", AS_OF, "--by", "owner"), "Invalid value for '--by'"),
    ],
)
def test_wrong_use_is_one_message(world, capsys, options, message):
    assert command("funnel", "-p", world, *options) in (2, 3)
    assert message in capsys.readouterr().err
