"""M23: interest fades, flags by hand; contacts are what sales did; nothing at or after the as-of date is seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import AS_OFS, DAY, POINTS, World, all_pairs, day, event, lead, past, snapshots, worlds

from features.contact_settings import ContactWindowSettings
from features.contact_window import FLAGS, Interest, flag_codes, interest_as_of
from features.contacts import contact_times
from features.project import NO_HYGIENE, HygieneSettings
from features.rule_settings import PointSettings

SETTINGS = ContactWindowSettings()
# No points are taken away: at one moment that would make the order of its events count.
GAINS = {kind: points for kind, points in POINTS.items() if points > 0}


def interest(*events, at, half_life=10.0, **settings):
    histories = World((lead(),), events).histories()
    seen = snapshots(histories, [("L1", day(days)) for days in at])
    return interest_as_of(histories, seen, PointSettings(**settings), half_life)


def flags(level, peak, silent, **settings):
    found = Interest(*(np.array([float(one)]) for one in (level, peak, silent)))
    return FLAGS[flag_codes(found, ContactWindowSettings(**settings))[0]]


def slow_interest(world, lead_id, as_of, half_life):
    """Level, peak and time of the last sign, event by event."""
    level, peak, before = 0.0, 0.0, None
    own = [row for row in world.interactions if row["lead_id"] == lead_id and row["direction"] != "outbound"]
    for row in sorted(own, key=lambda row: row["occurred_at"]):
        if row["occurred_at"] >= as_of:
            break
        faded = 0.0 if before is None else level * 2 ** (-(row["occurred_at"] - before) / DAY / half_life)
        level, before = max(0.0, faded + GAINS.get(row["kind"], 0.0)), row["occurred_at"]
        peak = max(peak, level)
    return (0.0, 0.0) if before is None else (level * 2 ** (-(as_of - before) / DAY / half_life), peak)


def test_m23_interest_halves_in_a_half_life_and_rises_with_what_the_lead_does():
    found = interest(event(0, "webinar_attended"), event(10, "content_download"), at=[0, 10, 20, 30])
    assert found.level.tolist() == pytest.approx([0, 10, 10, 5])
    assert found.peak.tolist() == pytest.approx([0, 20, 20, 20])
    assert found.silent_days.tolist() == [np.inf, 10, 10, 20]


def test_m23_too_early_now_going_cold_and_gone():
    assert [flags(5, 10, 1), flags(30, 30, 1), flags(9, 40, 3), flags(1, 40, 57)] == list(FLAGS)
    assert flags(10, 20, 14) == "now"  # a half-life after a webinar that was just enough
    assert flags(25, 90, 14.1) == "going_cold"  # still much, but silent for more than a half-life
    assert flags(0.1, 90, 56) == "going_cold"
    assert flags(30, 30, 1, now_from=31) == "too_early"
    assert flags(0, 0, np.inf) == "too_early"


def test_what_sales_does_is_no_interest_and_an_unsubscription_takes_it_away():
    called = event(1, "demo_requested", direction="outbound")
    assert interest(called, at=[2]).level.tolist() == [0]
    assert interest(event(0, "email_open"), event(1, "unsubscribe"), event(1, "webinar_attended"), at=[1.0001]).level[
        0
    ] == pytest.approx(20, abs=0.1)


def test_limits_of_repeats_hold_for_interest():
    opens = [event(i / 24, "email_open") for i in range(5)]
    assert interest(*opens, at=[1], half_life=1e9, repeats={"email_open": 2}).level[0] == pytest.approx(2)


@given(worlds())
def test_interest_is_what_a_slow_walk_finds(world):
    histories, rules = world.histories(), PointSettings(kinds=GAINS)
    pairs = sorted(all_pairs(world))
    found = interest_as_of(histories, snapshots(histories, pairs), rules, 3.0)
    ids = histories.lead_ids[snapshots(histories, pairs).lead]
    times = snapshots(histories, pairs).as_of
    slow = [slow_interest(world, who, at, 3.0) for who, at in zip(ids, times, strict=True)]
    assert np.stack([found.level, found.peak], axis=1) == pytest.approx(np.array(slow).reshape(-1, 2))


@given(worlds(), st.sampled_from(AS_OFS))
def test_interest_and_contacts_see_nothing_from_the_as_of_date_on(world, as_of):
    rules = PointSettings(kinds=POINTS)
    found = []
    for one in (world, past(world, as_of)):
        histories = one.histories()
        at = snapshots(histories, [(row["lead_id"], as_of) for row in world.leads])
        seen = interest_as_of(histories, at, rules, 3.0)
        found.append([seen.level.tolist(), seen.peak.tolist(), seen.silent_days.tolist()])
    assert found[0] == found[1]


def test_contacts_are_outbound_but_mails_and_advertising_unless_kinds_are_named():
    events = [
        event(1, "call_attempt", direction="outbound"),
        event(2, "email_sent", direction="outbound"),
        event(3, "ad_impression", direction="outbound"),
        event(4, "page_view", direction="inbound"),
        event(5, "personal_mail"),
    ]
    world = World((lead(),), events)
    rows = world.tables().interactions
    for hygiene in (NO_HYGIENE, HygieneSettings(rep_activities="exclude")):
        assert contact_times(rows, ["L1"], SETTINGS, hygiene).time.tolist() == [day(1)]
    named = ContactWindowSettings(kinds=("personal_mail", "page_view"))
    assert contact_times(rows, ["L1"], named, NO_HYGIENE).time.tolist() == [day(4), day(5)]


def test_settings_refuse_what_has_no_order():
    with pytest.raises(ValueError, match="ascending hours"):
        ContactWindowSettings(delays_hours=(24, 4))
    with pytest.raises(ValueError, match="must be more than"):
        ContactWindowSettings(cold_from_half_lives=3, lost_after_half_lives=2)
