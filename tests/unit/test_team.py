"""Roles of a buying team as of a date (row M24): by hand on small tables."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from worlds import World, change, day, lead, snapshots

from features.team import (
    NO_ROLE,
    ROLES,
    missing_roles,
    recorded_roles,
    role_counts,
    role_of,
    roles_at,
    roles_covered,
)
from features.team_settings import TeamSettings

WANTED = TeamSettings().roles


def roles_of(world, pairs, tracked=()):
    histories, tables = world.histories(), world.tables()
    found = roles_at(recorded_roles(histories.leads, tables, tracked), snapshots(histories, pairs))
    return [None if place == NO_ROLE else ROLES[place] for place in found]


def test_m24_titles_in_three_languages_name_the_five_roles():
    titles = ("Strategischer Einkäufer", "IT-specialist", "Teamleiterin", "Produktionschef", "Managing Director")
    assert [role_of(title) for title in titles] == list(ROLES)


def test_m24_who_left_or_studies_covers_no_role():
    assert [role_of(title) for title in ("Former CFO", "Werkstudent Einkauf", "Rentner", "", None, "Ninja")] == [
        None
    ] * 6


def test_m24_a_role_counts_from_the_day_the_title_is_known():
    world = World(leads=(lead("L1", title="CFO"),), lead_changes=(change(3, "title", "CFO"),))
    pairs = [("L1", day(3)), ("L1", day(3, 1))]
    assert roles_of(world, pairs, tracked=("title",)) == [None, "management"]


def test_without_titles_nobody_has_a_role():
    histories = World(leads=(lead("L1"),)).histories()
    leads = histories.leads.drop(columns="title")
    assert recorded_roles(leads, World(leads=(lead("L1"),)).tables(), ()) is None
    assert roles_at(None, snapshots(histories, [("L1", day(1))])).tolist() == [NO_ROLE]


def test_m24_missing_roles_are_named_first_where_nobody_is_known():
    wanted = {"specialist": 2, "management": 1, "purchaser": 1}
    counts = role_counts(np.array([0, 0]), np.array([ROLES.index("specialist"), ROLES.index("management")]), 1)
    assert missing_roles(counts[0], wanted) == ("purchaser", "specialist")
    assert roles_covered(counts, wanted).tolist() == [1]


@given(st.lists(st.integers(-1, len(ROLES) - 1), max_size=12), st.integers(0, len(ROLES) - 1))
def test_one_more_colleague_never_covers_less(roles, newcomer):
    def covered(places):
        owner = np.zeros(len(places), np.int64)
        return int(roles_covered(role_counts(owner, np.array(places, np.int64), 1), WANTED)[0])

    assert covered(roles) <= covered([*roles, newcomer]) <= len(WANTED)
