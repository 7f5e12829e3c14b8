"""The log of access: every action has its purpose, every reading too, and lines go when their time is over."""

from typing import get_args

import pytest

from serving.identity.audit import KEPT_FOR, READINGS, Action
from serving.store.audit import Line, forget_lines, lines, log


@pytest.fixture(autouse=True)
def _written(connection):
    for at, action in enumerate(get_args(Action)):
        log(connection, Line(at, "ann", action, "L1" if at % 2 else "L2", {"text": "ä\0\"'", "at": at}))


def read(connection, purpose, about=None, since=0, until=99):
    return lines(connection, since, until, READINGS[purpose].actions, about)


def test_every_action_is_kept_for_a_purpose():
    assert set(KEPT_FOR) == set(get_args(Action))
    assert set(KEPT_FOR.values()).isdisjoint(READINGS)


def test_a_purpose_shows_its_actions_only(connection):
    assert [line.action for line in read(connection, "incident")] == list(get_args(Action))
    assert {line.action for line in read(connection, "data_subject_request")} == {"lead_seen", "lead_acted", "exported"}
    assert not {line.action for line in read(connection, "account_review")} & {"lead_seen", "lead_acted", "exported"}


def test_lines_come_back_as_they_were_written(connection):
    line = read(connection, "incident")[1]
    assert line == Line(1, "ann", "lead_acted", "L1", {"text": "ä\0\"'", "at": 1}, "accountability")


def test_lines_are_of_one_object_and_time(connection):
    assert [line.at for line in read(connection, "incident", "L1", 1, 6)] == [1, 3, 5]


def test_old_lines_are_forgotten(connection):
    assert forget_lines(connection, 10) == 10
    assert [line.at for line in read(connection, "incident")] == [10, 11, 12]
