"""The list of accounts (row M24) on a hand-made world: propensities, counts and roles as of a date, by hand."""

from dataclasses import replace

import pytest
from linear import VISITS, linear_bundle
from worlds import World, day, deal, event, lead, moment

from features.team_settings import TeamSettings
from serving.accounts import COLUMNS, account_table

AS_OF = moment(day(10))
TEAM = TeamSettings(roles={"purchaser": 1, "management": 1}, active_days=5)


def listed(world, weight=0.5, as_of=AS_OF):
    """Each visit doubles the odds, which begin at 1 to 4."""
    bundle = linear_bundle({VISITS: 1.0}, bias=-2.0)
    policy = replace(bundle.policy, colleague_weight=weight)
    return account_table(replace(bundle, policy=policy), world.tables(), as_of, TEAM).to_pylist()


WORLD = World(
    leads=(
        lead("L1", account="A", title="CFO"),
        lead("L2", account="A", title="Ninja"),
        lead("L3", account="B", title="Einkäufer"),
        lead("L4", account="B", created=10.5, title="CEO"),
        lead("L5"),
    ),
    interactions=(event(1), event(1.5), event(9, who="L2"), event(12, who="L3"), event(3, who="L5")),
)


def test_m24_by_hand():
    first, second = listed(WORLD)
    p1, p2 = 4 / (4 + 4), 2 / (2 + 4)
    assert (first["account_id"], first["best_lead"], first["open_leads"], first["active_leads"]) == ("A", "L1", 2, 1)
    assert first["propensity"] == pytest.approx(1 - (1 - p1) * (1 - p2) ** 0.5)
    assert (first["roles_covered"], first["roles_wanted"], first["roles_missing"]) == (1, 2, "purchaser")
    assert (second["account_id"], second["leads"], second["roles_missing"]) == ("B", 1, "management")
    assert second["propensity"] == second["best_lead_propensity"] == pytest.approx(0.2)


def test_m24_a_closed_colleague_still_fills_a_role_but_adds_no_chance():
    world = replace(WORLD, deals=(deal("lost", 5, "L1"),))
    (first, _) = sorted(listed(world), key=lambda row: row["account_id"])
    assert (first["best_lead"], first["open_leads"], first["leads"]) == ("L2", 1, 2)
    assert first["roles_missing"] == "purchaser"


def test_without_a_fitted_weight_each_lead_decides_alone():
    first = listed(WORLD, weight=None)[0]
    assert first["propensity"] == pytest.approx(1 - (1 - 0.5) * (1 - 1 / 3))


def test_equal_accounts_are_ordered_by_id_whatever_the_order_of_rows():
    leads = tuple(lead(f"L{i}", account=f"A{i}") for i in (3, 1, 2))
    assert [row["account_id"] for row in listed(World(leads=leads))] == ["A1", "A2", "A3"]


def test_leads_without_accounts_make_an_empty_list():
    bundle = linear_bundle({VISITS: 1.0})
    found = account_table(bundle, World(leads=(lead(),)).tables(), AS_OF, TEAM)
    assert found.schema == COLUMNS
    assert len(found) == 0
