"""Missing roles as tasks beside the reasons (row M24): by hand on small tables."""

from dataclasses import replace

import pytest
from worlds import World, change, day, lead, moment

from features.team_settings import TeamSettings
from serving.language.translations import translation_to
from serving.lead.team_advice import TeamAdvice, team_advice
from serving.lead.words import _team

TEAM = TeamSettings(roles={"purchaser": 1, "management": 1})
WORLD = World(
    leads=(
        lead("L1", account="A", title="CFO"),
        lead("L2", account="A", created=10, title="Einkäufer"),
        lead("L3", account="B", title="Einkäufer"),
        lead("L4", title="CEO"),
    )
)


@pytest.mark.parametrize(("at", "missing"), [(9.9, ("purchaser",)), (10, ()), (11, ())])
def test_m24_colleagues_fill_roles_from_the_day_they_are_known(at, missing):
    found = team_advice(TEAM, WORLD.tables(), "L1", moment(day(at)))
    assert found == TeamAdvice(2 - len(missing), 2, missing)


def test_m24_a_new_title_counts_from_its_day():
    world = replace(WORLD, lead_changes=(change(5, "title", "CEO", who="L3"),))
    assert team_advice(TEAM, world.tables(), "L3", moment(day(5))).missing == ("purchaser", "management")
    assert team_advice(TEAM, world.tables(), "L3", moment(day(5, 1))).missing == ("purchaser",)


def test_leads_without_account_or_titles_have_no_team():
    assert team_advice(TEAM, WORLD.tables(), "L4", moment(day(1))) is None
    tables = WORLD.tables()
    without = replace(tables, leads=tables.leads.drop(columns="title"))
    assert team_advice(TEAM, without, "L1", moment(day(1))) is None


def test_a_missing_role_is_said_as_a_task():
    lines = _team(translation_to("de"), TeamAdvice(1, 2, ("management",)))
    assert lines[0] == "Buying Center: 1 von 2 Rollen sind besetzt."
    assert "wer entscheidet" in lines[1]
