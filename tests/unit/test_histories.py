import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from worlds import DAY, World, day, deal, event, lead, worlds

from features import histories
from features.histories import LARGEST, build_histories, ordered_leads, restrict
from features.project import HygieneSettings
from features.schema import SPECS
from features.tables import tables_from_frames
from features.times import microseconds
from features.windows import NEVER

TEAM = (lead("L2", account="A"), lead("L1"), lead("L3", account="A"))


def test_microseconds_of_any_zone_and_unit_and_of_a_missing_time():
    times = pd.Series(pd.to_datetime(["2026-01-02T01:00:00.000001+01:00", None], utc=True)).dt.tz_convert("Asia/Tokyo")
    assert microseconds(times).tolist() == [day(1, 1), NEVER]
    assert microseconds(times.astype("datetime64[ns, UTC]")).tolist() == [day(1, 1), NEVER]


def test_leads_stand_by_account_and_a_lead_without_one_is_its_own():
    histories = World(TEAM).histories()
    assert histories.lead_ids.tolist() == ["L1", "L2", "L3"]
    assert histories.account.tolist() == [0, 1, 1]
    assert histories.account_start.tolist() == [0, 1, 3]


@pytest.mark.parametrize("many", [0, 10])
def test_rows_of_leads_keep_their_types_in_their_new_order(monkeypatch, many):
    monkeypatch.setattr(histories, "MANY_LEADS", many)
    columns = {
        "text": ["b", "a", None],
        "object": pd.Series(["b", "a", None], dtype=object),
        "whole": pd.Series([2, 1, None], dtype="Int64"),
        "flag": [False, True, False],
        "class": pd.Categorical(["y", "x", "y"]),
        "time": pd.Series(pd.to_datetime(["2026-01-02", "2026-01-01", None])).dt.tz_localize("Asia/Tokyo"),
    }
    leads = World(TEAM).tables().leads.assign(**columns)
    ordered, account, names = ordered_leads(leads)
    pd.testing.assert_frame_equal(ordered, leads.iloc[[1, 0, 2]].reset_index(drop=True))
    assert (account.tolist(), names.to_pylist()) == ([0, 1, 1], ["\tL1", "A"])


def test_an_account_owns_the_events_of_its_leads_and_its_own():
    events = (event(3, "b", "L3"), event(1, "a", "L2"), event(2, "c", None, account_id="A"), event(0, "a", "L1"))
    histories = World(TEAM, events).histories()
    assert histories.kinds == ("a", "b", "c")
    assert histories.by_lead.start.tolist() == [0, 1, 2, 3]
    assert histories.by_account.start.tolist() == [0, 1, 4]
    assert histories.by_account.kind.tolist() == [0, 0, 2, 1]
    assert histories.by_account.lead.tolist() == [0, 1, -1, 2]


def test_events_of_accounts_without_leads_and_of_unknown_leads_are_left_out():
    events = (event(1, who=None, account_id="Z"), event(1, who="L9"), event(1, who="L1"))
    histories = World(TEAM, events).histories()
    assert histories.by_account.start.tolist() == [0, 1, 1]


def test_an_event_of_a_lead_belongs_to_the_account_of_the_lead_whatever_it_names():
    histories = World(TEAM, (event(1, who="L2", account_id="Z"),)).histories()
    assert histories.by_account.start.tolist() == [0, 0, 1]


def test_ties_are_ordered_by_lead_then_kind_then_topic():
    events = (event(1, "b", "L2"), event(1, "a", "L3"), event(1, "a", "L2", topic="x"), event(1, "a", "L2"))
    log = World(TEAM, events).histories().by_account
    assert list(zip(log.lead, log.kind, log.topic, strict=True)) == [(1, 0, -1), (1, 0, 0), (1, 1, -1), (2, 0, -1)]


def test_durations_and_values_are_fixed_point_and_missing_is_nothing():
    events = (event(1, duration_s=0.0014, value=1.00006), event(2), event(3, duration_s=1e99, value=-1e99))
    log = World((lead(),), events).histories().by_lead
    assert log.duration.tolist() == [1, 0, LARGEST]
    assert log.value.tolist() == [10_001, 0, -LARGEST]
    assert log.has_duration.tolist() == [True, False, True]


def test_directions_are_inbound_outbound_or_not_given():
    events = (event(1, direction="inbound"), event(2, direction="outbound"), event(3), event(4, direction="sideways"))
    assert World((lead(),), events).histories().by_lead.direction.tolist() == [0, 1, -1, -1]


def test_no_events_at_all():
    histories = World(TEAM).histories()
    assert histories.by_lead.start.tolist() == [0, 0, 0, 0]
    assert histories.by_account.owner.tolist() == []


def test_owner_of_each_event():
    log = World(TEAM, (event(1, who="L3"), event(1, who="L1"), event(2, who="L3"))).histories().by_lead
    assert log.owner.tolist() == [0, 2, 2]


def test_restricting_keeps_the_whole_account():
    world = World(
        leads=(*TEAM, lead("L4", account="B")),
        interactions=tuple(event(1, who=name) for name in ("L1", "L2", "L3", "L4"))
        + tuple(event(1, who=None, account_id=account) for account in ("A", "B")),
        deals=(deal("won", 1, who=None, account_id="A"), deal("won", 1, who="L4")),
    )
    cut = restrict(world.tables(), pd.Index(["L3"]))
    assert sorted(cut.leads["lead_id"]) == ["L2", "L3"]
    assert cut.interactions["lead_id"].fillna("-").tolist() == ["L2", "L3", "-"]
    assert cut.deals["account_id"].tolist() == ["A"]


def test_restricting_a_lead_without_account_does_not_take_other_such_leads():
    cut = restrict(World((lead("L1"), lead("L2"))).tables(), pd.Index(["L1"]))
    assert cut.leads["lead_id"].tolist() == ["L1"]


@given(worlds())
def test_every_event_of_a_known_owner_is_kept_and_sorted(world):
    histories = build_histories(world.tables())
    of_leads = sum(row["lead_id"] is not None for row in world.interactions)
    accounts = {row["account_id"] for row in world.leads} - {None}
    of_accounts = sum(row["lead_id"] is None and row["account_id"] in accounts for row in world.interactions)
    assert len(histories.by_lead.time) == of_leads
    assert len(histories.by_account.time) == of_leads + of_accounts
    for log in (histories.by_lead, histories.by_account):
        assert (np.diff(log.owner * 1000 * DAY + log.time) >= 0).all()


@settings(max_examples=5)
@given(worlds())
def test_worlds_are_typed_as_the_door_types_them(world):
    tables = world.tables()
    names = [name for name in SPECS if name != "spend"]
    typed = tables_from_frames(tables.data_end, **{name: getattr(tables, name) for name in names})
    for name in names:
        expected, given_ = (getattr(t, name).drop(columns="account_id", errors="ignore") for t in (typed, tables))
        pd.testing.assert_frame_equal(given_, expected)


def test_what_sales_did_is_left_out_after_its_mails_told_a_scanner():
    mail = event(1, "email_sent", direction="outbound")
    click = event(1 + 2 / 86_400, "email_click", direction="inbound")
    call = event(2, "call_attempt", who=None, account_id="A")
    later = event(3, "email_click", direction="inbound")
    rules = HygieneSettings(rep_activities="exclude", exact_minutes=True)
    histories = build_histories(World((lead(account="A"),), (mail, click, call, later)).tables(), rules)
    assert histories.by_lead.time.tolist() == histories.by_account.time.tolist() == [day(3)]
    assert {rule: n for rule, n in histories.left_out.items() if n} == {"mail scanner": 1, "rep activity": 2}
    assert histories.by_lead.direction.tolist() == [0]
