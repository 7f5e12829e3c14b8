"""Frameworks on hand-made leads; each test is named after the row of the source documents that it shows."""

from pathlib import Path

import pytest
from worlds import World, assessment, change, day, event, lead, snapshots

from features.attribute_points import tracked_fields
from features.errors import ProjectFileError
from features.frameworks.definition import parse_framework, read_frameworks, shipped_names
from features.frameworks.facts import facts_of
from features.frameworks.statement import statements
from features.rule_settings import PointSettings, RuleSettings

HERE = Path()


def says(world, name, at=10.0, language="en", points=None, **rules):
    """What one framework says of lead L1; `name` is a shipped one, or the text of one."""
    framework = parse_framework(name, "own") if "\n" in name else None
    known = {"own": framework} if framework else read_frameworks(RuleSettings(frameworks=(name,), **rules), HERE)
    tables, histories, settings = world.tables(), world.histories(), PointSettings(**(points or {}))
    facts = facts_of(histories.leads, tables, known, settings, tracked_fields(tables.lead_changes))
    at_day = snapshots(histories, [("L1", day(at))])
    return statements(histories, facts, at_day, known, settings, language)[0]


def states(statement):
    return {one.name: one.state for one in statement.criteria}


def criterion(statement, name):
    return next(one for one in statement.criteria if one.name == name)


def assessed(*names, **more):
    return World((lead(**more),), assessments=tuple(assessment(5, name, 1) for name in names))


def timed(met, deadline_in_days):
    """Timing assessed on day 5, with a deadline so many days after day 10."""
    row = {**assessment(5, "timing", met), "deadline": day(10 + deadline_in_days)}
    return World((lead(),), assessments=(row,))


def test_m04_bant_three_of_four_is_enough_and_four_of_four_a_setting():
    three = assessed("budget", "need", "timing")
    assert says(three, "bant").outcome == "met"
    assert says(three, "bant_all").outcome == "open"
    assert says(three, "bant", at_least=4).outcome == "open"
    assert says(assessed("budget", "need"), "bant").outcome == "open"


def test_m04_what_is_denied_cannot_be_made_up_and_what_is_unknown_is_asked():
    world = World((lead(),), assessments=(assessment(5, "budget", 0), assessment(5, "need", 0)))
    found = says(world, "bant", language="de")
    assert (found.outcome, states(found)["timing"]) == ("not_met", "unknown")
    assert criterion(found, "timing").question.startswith("Bis wann")


@pytest.mark.parametrize("missing", ["fit", "need", "interest", "budget"])
def test_m05_minimum_rule_wants_always_all_four(missing):
    every = ("fit", "need", "interest", "budget")
    assert says(assessed(*every), "minimum").outcome == "met"
    without = assessed(*(name for name in every if name != missing))
    assert says(without, "minimum").outcome == "open"
    denied = World((lead(),), assessments=(*without.assessments, assessment(5, missing, 0)))
    assert says(denied, "minimum").outcome == "not_met"


def test_m05_a_competitor_and_a_student_do_not_fit_whatever_they_do():
    events = tuple(event(day_, "demo_requested") for day_ in range(9))
    for who in ({"competitor": True}, {"title": "Student"}):
        found = says(World((lead(**who),), events), "minimum")
        assert (found.outcome, states(found)["fit"], states(found)["need"]) == ("not_met", "not_met", "met")


def test_m06_seven_properties_of_a_sales_qualified_lead():
    world = World(
        (lead(title="Head of IT", contact_verified=True),),
        (event(1, "demo_requested"), event(2, "demo_attended"), event(3, "contract_review_planned")),
    )
    found = says(world, "sales_qualified")
    assert states(found) == dict.fromkeys(
        ("score", "contact", "need", "intent", "budget", "authority", "timeframe"), "met"
    )
    assert found.outcome == "met"
    assert says(World((lead(title="Head of IT"),)), "sales_qualified").outcome == "open"


def test_m07_sales_accepts_bant_and_location():
    four = ("budget", "authority", "need", "timing")
    assert says(assessed(*four, country="DK"), "sal").outcome == "met"
    assert says(assessed(*four), "sal").outcome == "open"
    assert says(assessed(*four, "location", country="US"), "sal").outcome == "met"


@pytest.mark.parametrize(
    ("world", "grade"),
    [
        (World((lead(title="Geschäftsführerin"),)), 1.0),
        (World((lead(title="Teamleiter Einkauf"),)), 0.7),
        (World((lead(title="Trainee"),), (event(2, "introduced_to_decider"),)), 0.6),
        (World((lead(title="Trainee"),)), 0.2),
        (World((lead(title="Ninja"),)), None),
    ],
)
def test_m08_authority_is_graded_decides_influences_or_has_introduced_us(world, grade):
    found = criterion(says(world, "bant_signals"), "authority")
    assert found.grade == grade
    assert found.state == ("unknown" if grade is None else "met" if grade >= 0.5 else "not_met")


@pytest.mark.parametrize(
    ("deadline", "state"), [(30, "met"), (365, "met"), (366, "not_met"), (0, "unknown"), (-1, "unknown")]
)
def test_m09_timing_is_a_deadline_within_a_reasonable_time(deadline, state):
    assert states(says(timed(1, deadline), "bant_all"))["timing"] == state
    assert states(says(timed(1, deadline), "bant"))["timing"] == "met"


def test_m10_every_framework_is_configuration_and_a_company_adds_its_own(tmp_path):
    assert {"champ", "anum", "meddic", "meddpicc", "faint", "note", "gpctba_ci"} <= set(shipped_names())
    own = 'title = "Ours"\nat_least = 1\n[criteria]\nmoney = { like = "budget" }\naudit = { assessed_as = ["iso"] }\n'
    (tmp_path / "ours.toml").write_text(own, encoding="utf-8")
    (framework,) = read_frameworks(RuleSettings(frameworks=("ours.toml",)), tmp_path).values()
    assert framework.criteria["money"].question["da"]
    assert says(assessed("ISO"), own).outcome == "met"


@pytest.mark.parametrize("name", shipped_names())
def test_m10_every_framework_can_be_met_by_assessments_and_asks_in_three_languages(name):
    (framework,) = read_frameworks(RuleSettings(frameworks=(name,)), HERE).values()
    names = [next(iter(one.assessed_as)) for one in framework.criteria.values()]
    assert says(assessed(*names), name).outcome == "met"
    assert says(World((lead(),)), name).outcome == "open"
    assert all(set(one.question) == set(one.name) == {"en", "de", "da"} for one in framework.criteria.values())


@pytest.mark.parametrize("name", shipped_names())
def test_what_interactions_say_counts_for_a_month(name):
    (framework,) = read_frameworks(RuleSettings(frameworks=(name,)), HERE).values()
    for one in framework.criteria.values():
        left = 0.5 ** (30 / one.half_life_days) if one.half_life_days else 1
        assert all(signal.grade * left >= framework.met_from for signal in one.signals)


def test_m20_m21_pricing_pages_introductions_and_contract_calls_are_evidence_with_dates():
    events = (event(1, "pricing_page_view"), event(3, "pricing_page_view"), event(4, "introduced_to_cfo"))
    found = says(World((lead(),), events), "bant_signals")
    pieces = {one.name: [(piece.what, piece.at) for piece in one.evidence] for one in found.criteria}
    assert pieces["budget"] == [("2 × pricing_page_view", day(3))]
    assert pieces["authority"] == [("1 × introduced_to_decider or introduction or introduced_to_cfo", day(4))]


def test_an_assessment_that_says_no_stands_until_something_newer_says_otherwise():
    title = (lead(title="CEO"),)
    no = (assessment(5, "authority", 0),)
    for events, state in (
        ((), "not_met"),
        ((event(4, "introduction"),), "not_met"),
        ((event(6, "introduction"),), "met"),
    ):
        found = says(World(title, events, assessments=no), "bant_signals")
        assert states(found)["authority"] == state
    assert states(says(World(title, assessments=no), "bant_signals", at=4))["authority"] == "met"


def test_evidence_fades_to_unknown_and_says_so():
    half_a_year = 'title = "x"\n[criteria]\nneed = { half_life_days = 180, assessed_as = ["need"] }\n'
    yes, no = (World((lead(),), assessments=(assessment(0, "need", met),)) for met in (1, 0))
    for world, fresh in ((yes, "met"), (no, "not_met")):
        assert states(says(world, half_a_year, at=180))["need"] == fresh
        old = criterion(says(world, half_a_year, at=181), "need")
        assert (old.state, old.evidence[0].note) == ("unknown", "no longer counts: too old")


def test_evidence_expires():
    text = 'title = "x"\n[criteria]\nneed = { max_age_days = 30, assessed_as = ["need"] }\n'
    world = World((lead(),), assessments=(assessment(0, "need", 1),))
    assert [states(says(world, text, at=at))["need"] for at in (30, 30.1)] == ["met", "unknown"]


def test_a_gate_may_let_pass_what_is_unknown_but_never_what_is_denied():
    text = 'title = "x"\nat_least = 1\n[criteria]\nfit = { required = true, when_unknown = "asks" }\nneed = {}\n'
    assert says(assessed("need"), text).outcome == "met"
    assert says(assessed("need"), text.replace("asks", "blocks")).outcome == "open"
    denied = World((lead(),), assessments=(assessment(5, "need", 1), assessment(5, "fit", 0)))
    assert says(denied, text).outcome == "not_met"


def test_a_score_can_be_asked_for_beside_the_number():
    text = 'title = "x"\nat_least = 1\nmin_score = 0.6\n[criteria]\na = { weight = 3 }\nb = { weight = 2 }\n'
    assert says(assessed("a"), text).outcome == "met"
    assert says(assessed("b"), text).outcome == "open"


def test_a_title_is_evidence_as_of_the_date():
    world = World((lead(title="CEO"),), lead_changes=(change(3, "title", "Trainee"), change(8, "title", "CEO")))
    grades = [criterion(says(world, "bant_signals", at=at), "authority").grade for at in (3, 4, 8, 9)]
    assert grades == [None, 0.2, 0.2, 1.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('title = "x"\n[criteria]\na = { wait = 3 }\n', "unknown key 'criteria.a.wait'"),
        ('title = "x"\n[criteria]\na = { like = "bugdet" }\n', "did you mean 'budget'"),
        ('title = "x"\nat_least = 2\n[criteria]\na = {}\n', "there are only 1 criteria"),
        ('title = "x"\n[criteria]\na = { weight = 0 }\n', "expected more than 0"),
        ('title = "x"\n', "criteria: is missing"),
        ("title = \n", "not valid TOML"),
    ],
)
def test_a_framework_that_is_wrong_is_refused_with_what_to_do(text, said):
    with pytest.raises(ProjectFileError, match=said):
        parse_framework(text, "ours.toml")


def test_an_unknown_framework_is_refused_with_the_nearest_one(tmp_path):
    for name, said in (("medic", "did you mean 'meddic'"), ("gone.toml", "cannot be read")):
        with pytest.raises(ProjectFileError, match=said):
            read_frameworks(RuleSettings(frameworks=(name,)), tmp_path)
    with pytest.raises(ProjectFileError, match="comes twice"):
        read_frameworks(RuleSettings(frameworks=("bant", "bant")), tmp_path)
