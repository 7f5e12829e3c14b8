"""Reading what a few leads need: the same rows of their accounts as reading everything."""

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.histories import restrict
from features.project import read_project
from features.some_leads import Wanted, read_some
from features.tables import read_tables

CLOCK = datetime(2026, 6, 1, tzinfo=UTC)
LOGS = ("leads", "interactions", "deals", "lead_changes", "assessments", "decisions", "accounts")
IDS = ("L1", " L1 ", "L2", "L3", "L4", "gone", "", "7")
TIMES = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "yesterday", "2027-01-01T00:00:00Z", "")
TOML = """
[project]
name = "p"
[tables.leads]
file = "leads.csv"
[tables.interactions]
file = "interactions.{kind}"
[tables.deals]
file = "deals.csv"
"""
LEADS = "lead_id,created_at,account_id\nL1,2026-01-01T00:00:00Z,A\nL2,2026-01-01T00:00:00Z,A\n" \
        "L3,2026-01-01T00:00:00Z,\n7,2026-01-01T00:00:00Z,B\nL1,2026-01-01T00:00:00Z,B\n"  # fmt: skip
DEALS = "lead_id,account_id,status,closed_at\nL3,,won,2026-02-01T00:00:00Z\n,B,lost,2026-02-01T00:00:00Z\n"
ROWS = st.tuples(
    st.sampled_from(IDS), st.sampled_from(("", "A", "B", "C")), st.sampled_from(TIMES[:2] * 4 + TIMES),
    st.sampled_from(("visit", "Visit ", "call", "")), st.sampled_from(("", "i1", "i2", "i3")),
)  # fmt: skip
COLUMNS = ["lead_id", "account_id", "occurred_at", "kind", "interaction_id"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("some")
    (folder / "leads.csv").write_text(LEADS)
    (folder / "deals.csv").write_text(DEALS)
    return folder


def project_of(folder, rows, kind):
    good = [("L3", "", TIMES[0], "visit", "")] * 40  # or the table would be refused as a whole
    frame = pd.DataFrame([*rows, *good], columns=COLUMNS)
    path = folder / f"interactions.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    (folder / "ripelead.toml").write_text(TOML.format(kind=kind))
    return read_project(folder)


@settings(max_examples=15)
@given(st.lists(ROWS, max_size=25), st.sampled_from(("csv", "parquet")), st.sampled_from(("L1", "L2", "L3", "7", "no")))
def test_rows_of_an_account_are_those_of_the_whole(folder, rows, kind, lead):
    project = project_of(folder, rows, kind)
    whole = restrict(read_tables(project, clock=CLOCK), pd.Index([lead]))
    some = restrict(read_some(project, Wanted(lambda _, __: [lead]), clock=CLOCK).tables, pd.Index([lead]))
    for name in LOGS:
        expected, got = (getattr(tables, name).reset_index(drop=True) for tables in (whole, some))
        pd.testing.assert_frame_equal(got, expected)


def test_leads_are_chosen_from_leads_and_deals(folder):
    project = project_of(folder, [("L1", "", TIMES[0], "visit", "")], "csv")
    read = read_some(project, Wanted(lambda leads, deals: deals["lead_id"].dropna()), clock=CLOCK)
    assert set(read.tables.interactions["lead_id"]) == {"L3"}


def test_examples_of_a_kind_are_anybodys(folder):
    project = project_of(folder, [("L1", "", TIMES[0], " call", ""), ("L1", "", "never", "call", "")], "parquet")
    read = read_some(project, Wanted(lambda _, __: ["L2"], ("call", "demo")), clock=CLOCK)
    assert read.examples["lead_id"].tolist() == ["L1"]
    assert read.tables.interactions["lead_id"].tolist() == ["L1"]  # L2's colleague


def test_without_interactions_there_are_none(folder):
    project = project_of(folder, [], "csv")
    (folder / "ripelead.toml").write_text(
        TOML.format(kind="csv").replace("[tables.interactions]", "[tables.decisions]")
    )
    (folder / "interactions.csv").write_text("lead_id,decided_at,decision\nL1,2026-01-01T00:00:00Z,accept\n")
    read = read_some(read_project(project.directory), Wanted(lambda _, __: ["L1"], ("call",)), clock=CLOCK)
    assert (len(read.tables.interactions), len(read.examples)) == (0, 0)
