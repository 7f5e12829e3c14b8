"""Service levels: when a lead in a stage falls due, in business hours of a place."""

from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from worlds import day, moment

from features.dates import Dates
from features.errors import ProjectFileError
from features.stage_settings import ServiceLevelSettings
from serving.lifecycle.events import StageEvent, events_table
from serving.lifecycle.overdue import overdue_leads, overdue_text, write_overdue
from serving.lifecycle.replay import state_at
from serving.lifecycle.service_levels import clock_of, promise_of

BERLIN = ZoneInfo("Europe/Berlin")
LEADS = pd.DataFrame({"lead_id": ["a", "b"], "owner": ["ann", None]})


def local(*parts):
    return datetime(2026, *parts, tzinfo=BERLIN)


def promise(**settings):
    chosen = ServiceLevelSettings(**{"timezone": "Europe/Berlin", "hours": {"sal": 8}, **settings})
    project = SimpleNamespace(section=lambda *_: chosen, project=SimpleNamespace(timezone=None))
    return promise_of(project)


def accepted(at, lead="a"):
    return StageEvent(lead, at, "accept", to_stage="sal")


def clock(as_of, *events, **settings):
    found = clock_of(state_at(events_table(events), as_of), promise(**settings), as_of)
    due = pd.Timestamp(int(found.due[0]), unit="us", tz="UTC") if found.due[0] > 0 else None
    return due, found.waited_hours[0], bool(found.overdue[0])


@pytest.mark.parametrize(
    ("settings", "due"),
    [
        ({}, local(6, 4, 13)),  # a Wednesday at 13:00, eight hours: Thursday at 13:00
        ({"holidays": "DE-BY"}, local(6, 5, 13)),  # Thursday is Corpus Christi in Bavaria
        ({"closed": ("2026-06-04",)}, local(6, 5, 13)),
        ({"opening": {"wed": "08:00-14:00"}}, local(6, 17, 9)),
        ({"hours": {"sal": 0.5}}, local(6, 3, 13, 30)),
    ],
)
def test_due_after_so_many_business_hours(settings, due):
    assert clock(local(6, 3, 15), accepted(local(6, 3, 13)), **settings)[0] == due


@pytest.mark.parametrize(("as_of", "waited", "overdue"), [(local(6, 4, 13), 8, False), (local(6, 4, 14), 9, True)])
def test_overdue_is_later_than_due(as_of, waited, overdue):
    assert clock(as_of, accepted(local(6, 3, 13)))[1:] == (waited, overdue)


def test_a_snooze_stops_the_clock_and_its_end_starts_it_anew():
    events = (accepted(local(6, 1, 9)), StageEvent("a", local(6, 2, 9), "snooze", until=local(6, 10, 9)))
    assert clock(local(6, 5, 9), *events)[0] is None
    assert clock(local(6, 10, 12), *events)[:2] == (local(6, 10, 17), 3)


def test_no_clock_without_promise_or_where_nobody_may_call():
    assert clock(local(6, 5), accepted(local(6, 1, 9)), hours={"mql": 8})[0] is None
    assert clock(local(6, 5), accepted(local(6, 1)), StageEvent("a", local(6, 2), "do_not_contact"))[0] is None
    assert clock(local(6, 5), StageEvent("a", None, "create"), hours={"lead": 8})[0] is None


def test_the_list_has_the_longest_overdue_first_and_names_their_owners(tmp_path):
    events = events_table([accepted(moment(day(5)), "b"), accepted(moment(day(1)), "a")])
    found = overdue_leads(events, LEADS, promise(), moment(day(20)))
    assert found.select(["lead_id", "owner", "stage"]).to_pylist() == [
        {"lead_id": "a", "owner": "ann", "stage": "sal"}, {"lead_id": "b", "owner": None, "stage": "sal"}]  # fmt: skip
    write_overdue(found, tmp_path / "late.csv")
    assert pd.read_csv(tmp_path / "late.csv")["overdue_hours"].tolist() == found["overdue_hours"].to_pylist()
    assert overdue_text(found, promise(), 1, Dates(BERLIN)).endswith("2 leads overdue: 2 sal (sal 8 h)")


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"holidays": "XX"}, "expected an ISO code"), ({"holidays": "DE-XX"}, "expected one of"),
     ({"opening": {"mon": "09:00-09:01"}, "hours": {"sal": 1000}}, "longer opening hours")],
)  # fmt: skip
def test_impossible_calendars_are_refused(settings, message):
    with pytest.raises(ProjectFileError, match=message):
        clock(local(6, 5), accepted(local(6, 1, 9)), **settings)
