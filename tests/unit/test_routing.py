"""Routing (row M22): every lead once, load kept, the same in any order of rows, idempotent."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import write_project
from trained import command

from features.routing_settings import RoutingSettings
from serving.routing.assign import ALL_FULL, NO_TERRITORY, Books, Waiting, route

REPS = ("anna", "ben", "carla")
TERRITORIES, SKILLS = st.sampled_from([None, "DE", "DK", "SE"]), st.sampled_from([None, "energy", "retail"])
LEADS = st.lists(
    st.builds(
        Waiting,
        lead_id=st.sampled_from([f"L{i}" for i in range(30)]),
        account_id=st.sampled_from([None, "A", "B"]),
        territory=TERRITORIES,
        skill=SKILLS,
        rank=st.tuples(st.sampled_from([0.1, 0.5]), st.just(0.0)),
    ),
    max_size=15,
    unique_by=lambda lead: lead.lead_id,
)
SETTINGS = st.builds(
    RoutingSettings,
    reps=st.just(REPS),
    territories=st.sampled_from([{}, {"anna": ("DE",), "ben": ("DK", "DE")}, dict.fromkeys(REPS, ("DE",))]),
    skills=st.sampled_from([{}, {"carla": ("energy",)}]),
    capacity=st.integers(0, 5),
    capacities=st.sampled_from([{}, {"ben": 1}, {"anna": 0}]),
    keep_account=st.booleans(),
)
BOOKS = st.builds(
    Books,
    load=st.dictionaries(st.sampled_from(REPS), st.integers(0, 6)),
    of_account=st.dictionaries(st.sampled_from("AB"), st.sampled_from((*REPS, "somebody else"))),
    turns=st.lists(st.sampled_from(REPS), max_size=4),
)


@given(LEADS, BOOKS, SETTINGS)
def test_m22_every_lead_goes_to_one_rep_or_waits_with_a_reason(leads, books, settings):
    found = route(leads, books, settings)
    ids = [one.lead_id for one in found.given]
    assert Counter(ids + list(found.waiting)) == Counter(lead.lead_id for lead in leads)
    assert set(found.waiting.values()) <= {ALL_FULL, NO_TERRITORY}


@given(LEADS, BOOKS, SETTINGS)
def test_m22_nobody_gets_more_than_there_is_room_for(leads, books, settings):
    got = Counter(one.rep for one in route(leads, books, settings).given)
    for rep, n in got.items():
        assert books.load.get(rep, 0) + n <= settings.capacity_of(rep)


@given(LEADS, BOOKS, SETTINGS, st.randoms(use_true_random=False))
def test_m22_the_order_of_rows_changes_nothing(leads, books, settings, rng):
    shuffled = rng.sample(leads, len(leads))
    assert route(shuffled, books, settings) == route(leads, books, settings)


@given(LEADS, BOOKS, SETTINGS)
def test_nobody_waits_while_a_rep_of_the_territory_has_room(leads, books, settings):
    found = route(leads, books, settings)
    load = Counter(books.load) + Counter(one.rep for one in found.given)
    for lead in leads:
        if found.waiting.get(lead.lead_id) == ALL_FULL:
            named = [rep for rep in REPS if lead.territory in settings.territories.get(rep, ())]
            fitting = named or [rep for rep in REPS if rep not in settings.territories]
            assert all(load[rep] >= settings.capacity_of(rep) for rep in fitting)


def who(leads, settings, books=Books()):  # noqa: B008
    return {one.lead_id: (one.rep, one.why) for one in route(leads, books, settings).given}


def test_m22_territory_then_skill_then_load_then_turn():
    settings = RoutingSettings(
        reps=("anna", "ben", "carla", "dora"),
        territories={"anna": ("DE",), "ben": ("de",)},
        skills={"ben": ("Energy",)},
    )
    leads = [Waiting("a", territory="DE", skill="energy"), Waiting("b", territory="DE"), Waiting("c"), Waiting("d")]
    found = who(leads, settings, Books(load={"dora": 2}, turns=("carla",)))
    assert found == {
        "a": ("ben", ("territory DE", "skill energy")),
        "b": ("anna", ("territory DE",)),
        "c": ("carla", ("in turn, by load",)),
        "d": ("carla", ("in turn, by load",)),
    }


def test_round_robin_starts_with_who_waited_longest():
    settings = RoutingSettings(reps=REPS)
    leads = [Waiting(f"L{i}", rank=(1 - i / 10, 0.0)) for i in range(6)]
    found = who(leads, settings, Books(turns=("ben", "anna")))
    assert [found[f"L{i}"][0] for i in range(6)] == ["carla", "ben", "anna", "carla", "ben", "anna"]


def test_m1_the_ripest_lead_gets_the_last_place():
    settings = RoutingSettings(reps=("anna",), capacity=1)
    found = route([Waiting("cold", rank=(0.1, 90.0)), Waiting("ripe", rank=(0.8, 1.0))], Books(), settings)
    assert [one.lead_id for one in found.given] == ["ripe"]
    assert found.waiting == {"cold": ALL_FULL}


def test_m24_colleagues_go_to_the_same_rep_while_there_is_room():
    settings = RoutingSettings(reps=REPS, capacity=2)
    leads = [Waiting(name, account_id="A") for name in "xyz"]
    assert [rep for rep, _ in who(leads, settings).values()] == ["anna", "anna", "ben"]


# On disk -------------------------------------------------------------------------------------------------------------
LEADS_CSV = (
    "lead_id,created_at,account_id,owner,country\n"
    "a,2026-01-01T00:00:00Z,X,,DE\nb,2026-01-01T00:00:00Z,X,,DE\nc,2026-01-01T00:00:00Z,,,DK\n"
    "d,2026-01-01T00:00:00Z,,ben,DE\ne,2026-01-01T00:00:00Z,,,DE\n"
)
DECISIONS = "lead_id,decided_at,decision\n" + "".join(f"{who},2026-01-02T00:00:00Z,accept\n" for who in "abcd")
TOML = """
[label]
horizon_days = 30
[routing]
reps = ["anna", "ben"]
stages = ["sal"]
territories = { ben = ["DK"] }
"""


@pytest.fixture
def project(tmp_path):
    write_project(tmp_path, {"leads": LEADS_CSV, "decisions": DECISIONS})
    toml = tmp_path / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + TOML, encoding="utf-8")
    return tmp_path


def owners(directory, as_of="2026-01-05T00:00:00Z"):
    from features.project import read_project
    from serving.lifecycle.history import all_events, process_of, tables_of_history
    from serving.lifecycle.replay import state_at

    read = read_project(directory)
    process = process_of(read, "all")
    tables = tables_of_history(read, process, datetime.now(UTC), untimed=False)
    states = state_at(all_events(process, tables), datetime.fromisoformat(as_of))
    return {row["lead_id"]: row["owner"] for row in states.to_pylist() if row["owner"]}


def run(directory, as_of="2026-01-05T00:00:00Z", *more):
    return command("route", "-p", directory, "--as-of", as_of, *more)


def test_m22_leads_of_the_stage_get_an_owner_on_record(project, capsys):
    assert run(project) == 0
    assert owners(project) == {"a": "anna", "b": "anna", "c": "ben"}
    shown = capsys.readouterr().out
    assert "b → anna: account X; lead 2 of 20" in shown
    assert "3 leads got a rep, 0 wait" in shown


def test_m22_a_second_run_and_an_earlier_date_add_nothing(project):
    assert run(project) == 0
    files = sorted((project / "stages").glob("*.parquet"))
    assert run(project) == run(project, "2026-01-03T00:00:00Z") == run(project, "2026-02-05T00:00:00Z") == 0
    assert sorted((project / "stages").glob("*.parquet")) == files


def test_a_dry_run_writes_nothing(project, capsys):
    assert run(project, "2026-01-05T00:00:00Z", "--dry-run") == 0
    assert "3 leads would get a rep" in capsys.readouterr().out
    assert owners(project) == {}


def test_nothing_is_routed_before_sales_accepted_it(project):
    assert run(project, "2026-01-02T00:00:00Z") == 0
    assert owners(project) == {}


def test_leads_of_a_rep_who_left_are_routed_again_and_those_a_person_gave_away_are_not(project):
    assert run(project) == 0
    moved = ("stages", "move", "a", "reassign", "-p", project, "--by", "x", "--reason", "partner", "--owner", "partner")
    assert command(*moved, "--at", "2026-01-06T00:00:00Z") == 0
    toml = project / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('"anna"', '"carla"'), encoding="utf-8")
    assert run(project, "2026-01-07T00:00:00Z") == 0
    assert owners(project, "2026-01-08T00:00:00Z") == {"a": "partner", "b": "carla", "c": "ben"}


def test_the_hand_over_says_who_got_the_lead_and_why(project, capsys):
    assert run(project) == 0
    assert command("handover", "c", "-p", project, "--as-of", "2026-01-05T00:00:00Z") == 0
    assert "Given to ben on 2026-01-04: territory DK; lead 2 of 20" in capsys.readouterr().out


@pytest.mark.parametrize(("line", "message"), [
    ("", "[routing] names no reps"),
    ('reps = ["anna", "anna"]', "expected each name once"),
    ('reps = ["anna"]\nskills = { bob = ["x"] }', "'bob' is not among reps"),
])  # fmt: skip
def test_wrong_settings_are_one_sentence(tmp_path, capsys, line, message):
    write_project(tmp_path, {"leads": LEADS_CSV})
    toml = tmp_path / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + f"\n[routing]\n{line}\n", encoding="utf-8")
    assert run(tmp_path) == 2
    assert message in capsys.readouterr().err


def test_a_hostile_territory_prints_as_one_plain_line(tmp_path, capsys):
    leads = 'lead_id,created_at,country\na,2026-01-01T00:00:00Z,"D\x1b[31mE\nX"\n'
    write_project(
        tmp_path, {"leads": leads, "decisions": "lead_id,decided_at,decision\na,2026-01-02T00:00:00Z,accept\n"}
    )
    toml = tmp_path / "ripelead.toml"
    named = TOML.replace('ben = ["DK"]', 'ben = ["D [31mE X"]')
    toml.write_text(toml.read_text(encoding="utf-8") + named, encoding="utf-8")
    assert run(tmp_path) == 0
    assert "a → ben: territory D [31mE X; lead 1 of 20" in capsys.readouterr().out
