"""What job titles say (row M8), on lists of real titles with the grade that people expect of them."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.titles import GRADES, UNKNOWN, title_of, titles_of

DATA = Path(__file__).parents[1] / "data"


def listed(name):
    with (DATA / f"{name}.csv").open(encoding="utf-8") as file:
        return [(row["title"], row["language"], row["grade"]) for row in csv.DictReader(file, delimiter=";")]


def share_right(rows):
    return sum(title_of(title).grade == grade for title, _, grade in rows) / len(rows)


def test_m08_authority_of_three_hundred_titles_in_three_languages():
    rows = listed("titles") + listed("titles_held_out")
    assert len(rows) > 300
    for language in ("en", "de", "da"):
        assert share_right([row for row in rows if row[1] == language]) >= 0.95


def test_titles_written_before_the_rules_are_right_too():
    assert share_right(listed("titles_held_out")) >= 0.95


@pytest.mark.parametrize("name", ["titles_public", "titles_public_blind"])
def test_random_titles_of_public_lists_are_right_or_said_to_be_unknown(name):
    found = [(title_of(title).grade, grade) for title, _, grade in listed(name)]
    assert sum(said == grade for said, grade in found) / len(found) >= 0.9
    assert sum(said not in (grade, "unknown") for said, grade in found) / len(found) <= 0.03


@pytest.mark.parametrize(
    ("title", "grade", "role"),
    [
        ("Geschäftsführer", "decides", "management"),
        ("GESCHAEFTSFUEHRERIN", "decides", "management"),
        ("Assistenz der Geschäftsführung", "works_on_it", None),
        ("Assistant to the CEO, CFO and COO", "works_on_it", None),
        ("Leiter Einkauf", "decides", "purchaser"),
        ("Einkäufer*in (m/w/d)", "works_on_it", "purchaser"),
        ("Indkøbschef", "decides", "purchaser"),
        ("Produktionsleiter", "decides", "production_manager"),
        ("Teamleiterin Vertrieb", "influences", "team_lead"),
        ("Software Engineer", "works_on_it", "specialist"),
        ("Vice President", "decides", "management"),
        ("Head of IT", "decides", "management"),
        ("Owner / Account Manager", "decides", "management"),
        ("Prokurist und Assistent", "decides", "management"),
        ("Leitende/r Angestellte/r", "influences", "specialist"),
    ],
)
def test_grade_and_seat_in_the_buying_team(title, grade, role):
    found = title_of(title)
    assert (found.grade, found.role) == (grade, role)


@pytest.mark.parametrize(
    ("title", "grade", "standing"),
    [
        ("ex-CEO", "unknown", "former"),
        ("ehemaliger Vorstand", "unknown", "former"),
        ("ehemaliger Vorstand, Berater", "works_on_it", "current"),
        ("Werkstudentin", "works_on_it", "student"),
        ("Student", "unknown", "student"),
        ("Freelance CFO", "works_on_it", "freelance"),
        ("im Ruhestand", "unknown", "outside"),
        ("Ninja", "unknown", "current"),
        ("Expert", "works_on_it", "current"),
    ],
)
def test_who_has_left_or_studies_has_no_authority(title, grade, standing):
    found = title_of(title)
    assert (found.grade, found.standing) == (grade, standing)


def test_a_missing_title_is_unknown():
    codes, different = titles_of(pd.Series(["CEO", None, "CEO", ""], dtype="str"))
    assert [different[code].grade for code in codes] == ["decides", "unknown", "decides", "unknown"]
    assert title_of(None) is UNKNOWN


@given(st.text(max_size=300))
def test_any_text_has_a_grade(text):
    assert title_of(text).grade in GRADES


@given(st.sampled_from([title for title, _, _ in listed("titles")]))
def test_case_and_outer_spaces_change_nothing(title):
    assert title_of(f" {title.upper()}  ").grade == title_of(title).grade
