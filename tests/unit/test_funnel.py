"""M26 and M27: stages from tables, curves against a slow oracle, cost, return and velocity by hand."""

import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import DAY, World, assessment, day, deal, event, frame, lead, past, worlds

from features.project import read_project
from training.evaluation import Estimate
from training.funnel import found as shapes
from training.funnel.curves import Transition, conversion, curve_of, median_days, part_rate
from training.funnel.money import Wins, cost_per_sql, money_of, return_on
from training.funnel.reached import NOT_YET, STAGES, Reached
from training.funnel.run import Ground, funnel_of, reached_on
from training.funnel.steps import groups, steps_of_all
from training.funnel.velocity import growth, velocities
from training.settings import read_training_settings

PAGE = Path(__file__).parents[2] / "docs" / "funnel.md"
END = day(100)
NAMES = ("budget", "authority", "need")
PROCESS = World(
    (lead(source="fair"), lead("L2", 10, source="web"), lead("L3", 20)),
    interactions=(event(1, "webinar_attended"), event(3, "contract_review_planned"), event(12, "page_view", "L2")),
    assessments=tuple(assessment(6, name, 1.0) for name in NAMES),
    decisions=({"lead_id": "L1", "decided_at": day(5), "decision": "accept"},),
    deals=(deal("won", 9, opened=8, amount=900.0), deal("open", None, "L2", opened=30)),
)


def ground(world, tmp_path, data_end=None):
    (tmp_path / "ripelead.toml").write_text('[project]\nname = "x"\n[tables.leads]\nfile = "l.csv"\n', encoding="utf-8")
    project = read_project(tmp_path)
    return Ground(project, read_training_settings(project), world.tables(data_end), world.histories())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("funnel")


def days_reached(found):
    return [[None if time == NOT_YET else (time - day(0)) / DAY for time in row] for row in found.time.tolist()]


def made(rows, as_of=END):
    """Stages reached of leads from days, None for not yet; earlier stages are given."""
    time = [[NOT_YET if days is None else day(days) for days in row] for row in rows]
    return Reached(np.arange(len(rows)), np.array(time, np.int64).reshape(-1, len(STAGES)), as_of, (0,) * len(STAGES))


def test_m27_stages_are_reached_when_points_decisions_assessments_and_deals_say_so(folder):
    found = reached_on(ground(PROCESS, folder), day(100))
    assert days_reached(found) == [
        [0, 3, 5, 6, 8, 9],  # 20 points, then 60: marketing qualified on day 3; BANT is met on day 6
        [10, 30, 30, 30, 30, None],  # an opportunity without any of it: the earlier stages were passed by then
        [20, None, None, None, None, None],
    ]
    assert found.own == (3, 1, 1, 1, 2, 1)


def test_what_is_dated_at_the_as_of_date_or_later_is_unseen(folder):
    assert days_reached(reached_on(ground(PROCESS, folder), day(8))) == [[0, 3, 5, 6, None, None]]


@settings(max_examples=15)
@given(worlds(), st.sampled_from((day(5), day(10.5), day(40))))
def test_nothing_at_or_after_the_as_of_date_changes_the_funnel(folder, world, as_of):
    world = replace(world, leads=tuple({**row, "source": row["source"] or "web"} for row in world.leads))
    seen, before = (ground(one, folder, as_of) for one in (world, past(world, as_of)))
    assert funnel_of(seen, reached_on(seen, as_of)) == funnel_of(before, reached_on(before, as_of))


def slow_curve(followed, after, at):
    """One less the product over days of what did not go on, day by day."""
    stay = 1.0
    for days in sorted({one for one, seen in zip(after, followed, strict=True) if one <= min(seen, at)}):
        at_risk = sum(min(one, seen) >= days for one, seen in zip(after, followed, strict=True))
        stay *= 1 - sum(one == days for one in after) / at_risk
    return 1 - stay


@given(st.lists(st.tuples(st.integers(0, 60), st.one_of(st.none(), st.integers(0, 60))), min_size=25, max_size=60))
def test_the_curve_is_what_a_slow_walk_finds(pairs):
    followed = np.array([float(days) for days, _ in pairs])
    after = np.array([np.inf if went is None or went > days else float(went) for days, went in pairs])
    curve = curve_of(Transition(followed, after))
    for at in (0, 7, curve.reach):
        if at <= curve.reach:
            assert curve.at(np.array([float(at)]))[0] == pytest.approx(slow_curve(followed, after, at))


def test_m27_a_young_month_is_expected_to_end_like_the_others():
    # Of 100 old leads 40 went on, half of them by day 10; of 100 that are 15 days old, 20 so far: 40 in the end.
    old = Transition(np.full(100, 90.0), np.repeat([10.0, 50.0, np.inf], [20, 20, 60]))
    curve = curve_of(old)
    assert (curve.end, median_days(curve)) == (pytest.approx(0.4), 10.0)
    went_on, passed, rate = part_rate(Transition(np.full(100, 15.0), np.repeat([10.0, np.inf], [20, 80])), curve)
    assert (went_on, passed, rate.value) == (20, pytest.approx(0.5), pytest.approx(0.4))
    assert conversion(curve).low == pytest.approx(0.4 - 1.645 * np.sqrt(0.4 * 0.6 / 100), abs=0.01)


def test_intervals_of_young_groups_hold_for_steps_that_nearly_all_take():
    # Nine of ten go on, evenly within 100 days: of groups that are 60 days old, nine of ten intervals hold that.
    rng = np.random.default_rng(4)

    def made_group(n, age):
        after = np.where(rng.random(n) < 0.9, rng.uniform(0, 100, n), np.inf)
        return Transition(np.full(n, age), np.where(after <= age, after, np.inf))

    curve = curve_of(made_group(20_000, 120.0))
    found = [part_rate(made_group(300, 60.0), curve)[2] for _ in range(200)]
    assert 0.86 <= np.mean([one.low <= 0.9 <= one.high for one in found]) <= 1


def test_m27_steps_count_who_entered_and_who_went_on_by_group():
    found = made([[0, 1, 2, 3, 4, 5]] * 10 + [[0, 1, None, None, None, None]] * 10 + [[0, *[None] * 5]] * 20)
    steps, curves = steps_of_all(found)
    assert [(step.entered, step.went_on) for step in steps] == [
        (40, 20), (20, 10), (10, 10), (10, 10), (10, 10), (40, 10), (40, 10)]  # fmt: skip
    assert steps[0].rate.value == pytest.approx(0.5)
    assert steps[2].rate.value is None  # 10 leads are too few for a curve
    web, unknown = groups(found, ["web"] * 20 + [None] * 20, curves)
    assert (web.name, web.leads, web.steps[0].rate.value) == ("web", 20, 1.0)
    assert (unknown.name, unknown.steps[0].rate.value) == (None, 0.0)


def test_m27_velocity_compares_the_last_complete_month_with_the_one_before():
    # As of 11 April 2026: 4 leads in March, 2 in February, those of April do not count yet.
    found = made([[days, *[None] * 5] for days in (31, 40, 60, 65, 70, 75, 91, 92)], as_of=day(100))
    leads, mql, *_ = velocities(found)
    assert (leads.month, leads.reached, leads.month_before, leads.growth.value) == ("2026-03", 4, 2, 1.0)
    assert mql.growth.value is None
    assert "nobody reached mql in the month before" in mql.note
    assert (growth(0, 5).value, growth(6, 3).low) == (
        -1.0,
        pytest.approx(2 * np.exp(-1.645 * np.sqrt(0.5)) - 1, abs=0.01),
    )


def bill(spend, rows, wins=(), sources=None, as_of=END):
    tables = replace(World((lead(),)).tables(), spend=frame("spend", spend))
    found = made(rows, as_of)
    amounts = Wins(*(np.array(column) for column in zip(*wins, strict=True))) if wins else NO_WINS
    names = pd.Series(sources or ["web"] * len(rows), dtype="str")
    return money_of(found, tables, amounts, names, 7)


NO_WINS = Wins(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
JANUARY, FEBRUARY = 672, 673
SQL_IN_JANUARY, SQL_IN_FEBRUARY = [1, 2, 3, 20, None, None], [1, 2, 3, 40, None, None]


def spent(month, amount, source=None):
    return {"month": day((0, 31, 59, 90)[month - 1]), "amount": amount, "source": source}


def test_m27_cost_per_sql_in_total_and_by_source_and_month():
    spend = [spent(1, 300.0, "web"), spent(2, 100.0, "Web "), spent(1, 50.0, "fair"), spent(2, 150.0)]
    rows = [SQL_IN_JANUARY, SQL_IN_JANUARY, SQL_IN_FEBRUARY, SQL_IN_FEBRUARY]
    money = bill(spend, rows, wins=[(0, JANUARY, 1000.0), (2, FEBRUARY, np.nan)], sources=["web", "web", "WEB", None])
    assert (money.first_month, money.last_month) == ("2026-01", "2026-02")
    assert (money.total.per_sql.value, money.shared, money.shared_per_sql) == (150.0, 150.0, 37.5)
    fair, web, unknown = money.sources
    assert (web.name, web.spend, web.sqls, web.per_sql.value) == ("web", 400.0, 3, 133.33)
    assert (web.wins, web.won_amount, web.wins_without_amount, web.roi.value) == (2, 1000.0, 1, 1.5)
    assert (fair.per_sql.value, fair.note) == (None, "spend, but no SQL: there is no cost per SQL")
    assert (unknown.name, unknown.sqls, unknown.per_sql.value) == (None, 1, None)
    assert [(one.name, one.spend, one.sqls) for one in money.months] == [("2026-01", 350.0, 2), ("2026-02", 250.0, 2)]


def test_m27_no_sql_is_said_and_not_infinite():
    money = bill([spent(1, 300.0, "web")], [[1, *[None] * 5]])
    assert (money.total.per_sql, money.total.note) == (
        Estimate(None, None, None), "spend, but no SQL: there is no cost per SQL")  # fmt: skip
    assert money.shared_per_sql is None
    assert money.total.roi == Estimate(-1.0, None, None)


def test_a_source_without_spend_has_no_cost_and_no_spend_no_money():
    money = bill([spent(1, 300.0, "web")], [SQL_IN_JANUARY, SQL_IN_JANUARY], sources=["web", "mouth"])
    assert money.sources[0].note == "no spend is recorded for this source"
    assert money.sources[0].per_sql.value is None
    assert bill([], [SQL_IN_JANUARY]) is None


def test_a_month_that_is_not_over_does_not_count():
    money = bill([spent(1, 300.0, "web"), spent(4, 900.0, "web")], [SQL_IN_JANUARY], as_of=day(100))
    assert (money.last_month, money.total.spend) == ("2026-01", 300.0)


def test_intervals_of_cost_and_return_by_hand():
    assert (cost_per_sql(1000.0, 10).low, cost_per_sql(1000.0, 10).high) == pytest.approx((58.96, 184.31), abs=0.05)
    found = return_on(100.0, np.full(400, 1.0), np.random.default_rng(0))
    assert (found.value, found.low, found.high) == pytest.approx((3.0, 3 - 0.33, 3 + 0.33), abs=0.05)


def test_tables_that_cannot_tell_are_said_so(folder):
    bare = ground(World((lead(), lead("L2", 5))), folder)
    found = funnel_of(bare, reached_on(bare, day(90)))
    assert found.reached == {"lead": 2, "mql": 0, "sal": 0, "sql": 0, "opportunity": 0, "won": 0}
    assert found.money is None
    assert len(found.notes) == 5
    assert all(one.number.value is None and "3 are needed" in one.note for one in found.forecasts)


def test_a_deal_of_an_account_is_won_once(folder):
    shared = World(
        (lead("L1", 0, "A", source="web"), lead("L2", 1, "A", source="web")),
        deals=(deal("won", 40, None, opened=30, account_id="A", amount=500.0),),
    )
    one = ground(shared, folder)
    one = replace(one, tables=replace(one.tables, spend=frame("spend", [spent(2, 100.0, "web")])))
    money = funnel_of(one, reached_on(one, day(90))).money
    assert (money.total.wins, money.total.won_amount, money.total.roi.value) == (1, 500.0, 4.0)


def test_the_document_names_every_key():
    _, keys = PAGE.read_text(encoding="utf-8").split("## funnel.json")
    named = set(re.findall(r"^\| `(\w+)` \|", keys, re.MULTILINE))
    classes = (shapes.Funnel, shapes.Step, shapes.Group, shapes.Velocity, shapes.Money, shapes.Cost, shapes.Forecast)
    assert named == {field.name for one in classes for field in fields(one)}


def test_the_picture_names_every_stage_with_its_number(folder):
    from xml.etree import ElementTree

    from training.funnel.picture import draw_funnel

    one = ground(PROCESS, folder)
    drawn = ElementTree.fromstring(draw_funnel(funnel_of(one, reached_on(one, END))))
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["lead", "3", "mql", "2", "sal", "2", "sql", "2", "opportunity", "2", "won", "1"]
