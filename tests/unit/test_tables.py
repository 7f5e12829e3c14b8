"""The door: what is used, what is quarantined and why, and that nothing is lost or depends on the order of rows."""

import csv
import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import CLOCK, EVENTS, read, reasons, write_project

from features.errors import InputContractError, ProjectFileError
from features.quarantine import safe_cell, write_quarantine
from features.tables import SPECS, counts_text, empty_table, read_tables, tables_from_frames

MAPPED = 'columns = { lead_id = "Record ID", created_at = "Create Date", source = "Origin" }\n'
HEADER = "Record ID,Create Date,Origin,Industry\n"


def table(**columns):
    """CSV text of columns."""
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(row) for row in rows)]) + "\n"


def test_columns_values_and_missing_tokens_are_applied(tmp_path):
    leads = HEADER + " 7.0 ,2026-01-01, Web ,Select\n8,2026-01-02,n/a,IT\n9,2026-01-03,fair,None\n"
    settings = MAPPED + 'missing = ["select"]\nvalues = { source = { Web = "inbound", "*" = "other" } }'
    found = read(tmp_path, {"leads": leads}, {"leads": settings}).leads
    assert found["lead_id"].tolist() == ["7", "8", "9"]
    assert found["source"].fillna("?").tolist() == ["inbound", "?", "other"]
    assert found["Industry"].fillna("?").tolist() == ["?", "IT", "?"]


def test_a_mapped_value_is_never_missing_and_a_missing_one_can_be_mapped(tmp_path):
    leads = "lead_id,created_at,country\n1,2026-01-01,NA\n2,2026-01-02,\n3,2026-01-02,null\n"
    settings = 'values = { country = { "NA" = "Namibia", "" = "unknown" } }'
    found = read(tmp_path, {"leads": leads}, {"leads": settings}).leads
    assert found["country"].fillna("?").tolist() == ["Namibia", "unknown", "unknown"]


def test_types_of_the_canonical_columns(tmp_path):
    found = read(tmp_path, {"interactions": EVENTS})
    assert {str(found.interactions[name].dtype) for name in ("lead_id", "kind", "topic", "actor")} == {"str"}
    assert found.interactions["occurred_at"].dtype == "datetime64[us, UTC]"
    assert found.interactions["value"].dtype == "float64"
    assert list(found.deals.columns) == [column.name for column in SPECS["deals"].columns]


def test_a_table_that_is_not_given_is_empty_and_typed(tmp_path):
    found = read(tmp_path, {})
    pd.testing.assert_frame_equal(found.spend, empty_table("spend"))
    assert str(found.spend["month"].dtype) == "datetime64[us, UTC]"


def test_whole_numbers_that_no_float_holds_are_rounded(tmp_path):
    query = "select '1' lead_id, timestamptz '2026-01-03' occurred_at, 'call' kind, 9007199254740993::bigint as value"
    found = read(tmp_path, {}, {"interactions": f'sql = "{query}"'}).interactions
    assert found["value"].tolist() == [9007199254740992.0]


def test_columns_that_are_not_given_share_memory_and_nothing_else(tmp_path):
    found = read(tmp_path, {"leads": "lead_id,created_at\n1,2026-01-01\n2,2026-01-02\n"}).leads
    assert found[["email", "name", "title"]].isna().all(axis=None)
    found.loc[0, "email"] = "a@x.org"
    assert found["email"].fillna("?").tolist() == ["a@x.org", "?"]
    assert found[["name", "title", "owner"]].isna().all(axis=None)


def test_attributes_keep_their_types_from_a_query(tmp_path):
    query = (
        "select '1' as lead_id, timestamp '2026-01-01' as created_at, 3 as seats, true as vip, 'IT' as field, "
        "timestamp '2026-05-01 10:00' as renewal, [1, 2] as tags"
    )
    lead = read(tmp_path, {}, {"leads": f'sql = "{query}"'}).leads.iloc[0]
    assert (lead["seats"], lead["vip"], lead["field"], lead["tags"]) == (3.0, True, "IT", "[1, 2]")
    assert lead["renewal"] == pd.Timestamp("2026-05-01 10:00")


def test_excluded_columns_are_left_out_by_either_name(tmp_path):
    leads = HEADER + "1,2026-01-01,Web,IT\n"
    found = read(tmp_path, {"leads": leads}, {"leads": MAPPED + 'exclude = ["Origin", "Industry"]'}).leads
    assert "Industry" not in found
    assert found["source"].isna().all()


def test_unreadable_optional_value_is_missing_and_noted(tmp_path):
    deals = table(lead_id=["1", "2"], status=["open", "open"], amount=["12,50".replace(",", "."), "twelve"])
    found = read(tmp_path, {"deals": deals})
    assert found.deals["amount"].isna().tolist() == [False, True]
    assert any(
        "deals.amount: 1 row with an unreadable value" in note and "deals.csv line 3: 'twelve'" in note
        for note in found.notes
    )


def test_interactions_take_the_account_of_their_lead(tmp_path):
    leads = table(lead_id=["1", "2"], created_at=["2026-01-01"] * 2, account_id=["A", ""])
    events = table(
        lead_id=["1", "1", "2", ""], account_id=["", "B", "A", "A"], occurred_at=["2026-01-05"] * 4, kind=list("abcd")
    )
    found = read(tmp_path, {"leads": leads, "interactions": events, "accounts": "account_id\nB\n"})
    assert found.interactions["account_id"].tolist() == ["A", "A", "A", "A"]
    assert any("interactions.account_id: 1 row with another account than the lead's" in note for note in found.notes)


def test_orphans_are_quarantined(tmp_path):
    leads = table(lead_id=["1", "2"], created_at=["2026-01-01"] * 2, account_id=["A", ""])
    events = table(
        lead_id=["1", "9", "", "", "", "1", "2"],
        account_id=["", "A", "A", "B", "", "", ""],
        occurred_at=["2026-01-05"] * 7,
        kind=list("abcdefg"),
    )
    found = read(tmp_path, {"leads": leads, "interactions": events})
    assert found.interactions["kind"].tolist() == ["a", "c", "f", "g"]
    assert reasons(found, "interactions") == {
        "account_id is in neither accounts nor leads": 1,
        "lead_id is not in leads": 1,
        "neither lead_id nor account_id": 1,
    }


@pytest.mark.parametrize("reverse", [False, True])
def test_of_conflicting_leads_the_fullest_is_kept_whatever_the_order(tmp_path, reverse):
    rows = [
        "1,2026-01-01,,b",
        "1,2026-01-01,web,b",
        "1,2026-01-01,web,a",
        "1,2026-01-01,web,a",
        "2,2026-01-01,,",
        "3,2026-01-01,,",
        "4,2026-01-01,,",
    ]
    leads = "\n".join(["lead_id,created_at,source,city", *(reversed(rows) if reverse else rows)])
    found = read(tmp_path, {"leads": leads})
    assert found.leads.set_index("lead_id").loc["1", ["source", "city"]].tolist() == ["web", "a"]
    assert reasons(found, "leads") == {"conflicts with another row of the same lead_id": 2, "repeats another row": 1}


def test_equal_interaction_ids_are_one_interaction(tmp_path):
    events = table(
        lead_id=["1", "1", "1", "1"],
        occurred_at=["2026-01-05", "2026-01-06", "2026-01-05", "2026-01-05"],
        kind=["a", "a", "a", "a"],
        interaction_id=["x", "x", "", "y"],
    )
    found = read(tmp_path, {"interactions": events})
    assert reasons(found, "interactions") == {"conflicts with another row of the same interaction_id": 1}
    assert len(found.interactions) == 3


def test_rows_that_differ_in_a_column_without_a_name_are_no_repeats(tmp_path):
    events = table(
        lead_id=["1"] * 4,
        occurred_at=["2026-01-05"] * 4,
        kind=["a"] * 4,
        link=["x", "y", "x", "x"],
        page=["1", "1", "2", "1"],
    )
    found = read(tmp_path, {"interactions": events})
    assert len(found.interactions) == 3
    assert reasons(found, "interactions") == {"repeats another row": 1}


def test_repeated_spend_is_counted_and_noted(tmp_path):
    found = read(tmp_path, {"spend": table(month=["2026-01", "2026-01"], amount=["5", "5"])})
    assert found.spend["amount"].sum() == 10
    assert found.spend["month"].tolist() == [pd.Timestamp("2026-01-01", tz="UTC")] * 2
    assert any("spend: 1 row" in note for note in found.notes)


def test_deal_status_is_open_won_or_lost(tmp_path):
    deals = table(
        lead_id=["1"] * 5,
        status=["Won", "open", "closedwon", "lost", "OPEN"],
        closed_at=["2026-02-01", "", "2026-02-01", "", "2026-03-01"],
    )
    found = read(tmp_path, {"deals": deals})
    assert found.deals["status"].tolist() == ["won", "open", "open"]
    assert reasons(found, "deals") == {"status is not open, won or lost": 1, "won or lost without closed_at": 1}


def test_met_is_from_0_to_1(tmp_path):
    assessments = table(
        lead_id=["1"] * 5,
        assessed_at=["2026-02-01"] * 5,
        criterion=["need"] * 5,
        met=["0", "0.5", "true", "2", "-1"],
    )
    found = read(tmp_path, {"assessments": assessments})
    assert found.assessments["met"].tolist() == [0.0, 0.5, 1.0]
    assert reasons(found, "assessments") == {"met is outside 0…1": 2}


def test_decisions_may_say_how_probable_a_hand_over_was(tmp_path):
    decisions = table(
        lead_id=["1"] * 6,
        decided_at=[f"2026-02-0{day}" for day in range(1, 7)],
        decision=["accept"] * 6,
        exploration=["True", "false", "", "2", "1", ""],
        worked_probability=["0.05", "1", "", "0.5", "0", "1.5"],
    )
    found = read(tmp_path, {"decisions": decisions})
    assert found.decisions["worked_probability"].tolist()[:2] == [0.05, 1.0]
    assert found.decisions["exploration"].tolist()[:2] == [1.0, 0.0]
    assert reasons(found, "decisions") == {
        "worked_probability is outside 0…1": 2,
        "exploration is neither true nor false": 1,
    }


def test_data_end_is_the_latest_thing_that_has_happened(tmp_path):
    deals = table(
        lead_id=["1"] * 3, status=["won", "won", "open"], closed_at=["2026-03-01", "2026-09-01", "2026-12-01"]
    )
    found = read(tmp_path, {"interactions": EVENTS, "deals": deals})
    assert found.data_end == datetime(2026, 3, 1, tzinfo=UTC)
    assert found.data_end.tzinfo is UTC
    assert "data_end is 2026-03-01 00:00 UTC: the latest closed deal" in found.notes
    assert reasons(found, "deals") == {"closed_at is after now": 1}
    assert found.deals["closed_at"].isna().tolist() == [False, True]


def test_rows_after_a_configured_end_are_quarantined_however_many(tmp_path):
    leads = table(lead_id=["1", "2", "3"], created_at=["2026-01-01", "2026-02-01", "2026-02-01"])
    events = table(
        lead_id=["1", "1", "1", "2"],
        occurred_at=["2026-01-10", "2026-01-10T00:00:01", "2026-01-09", "2026-01-05"],
        kind=list("abcd"),
    )
    found = read(tmp_path, {"leads": leads, "interactions": events}, head='timezone = "UTC"\ndata_end = "2026-01-10"')
    assert found.data_end == datetime(2026, 1, 10, tzinfo=UTC)
    assert found.leads["lead_id"].tolist() == ["1"]
    assert found.interactions["kind"].tolist() == ["a", "c"]
    assert reasons(found, "interactions") == {"lead_id is not in leads": 1, "occurred_at is after the data's end": 1}


def test_data_end_is_never_later_than_the_clock(tmp_path):
    assert read(tmp_path, {}, head='timezone = "UTC"\ndata_end = "2030-01-01"').data_end == CLOCK
    assert read(tmp_path, {}).data_end == datetime(2026, 1, 2, tzinfo=UTC)


def test_flat_leads_need_no_times(tmp_path):
    project = write_project(tmp_path, {"leads": "lead_id,Converted\n1,1\n2,0\n"})
    found = read_tables(project, clock=CLOCK, untimed=True)
    assert not found.timed
    assert found.leads["Converted"].tolist() == ["1", "0"]
    assert found.data_end == CLOCK
    assert read(tmp_path, {}).timed


def test_a_kind_that_looks_misspelt_is_noted_and_used(tmp_path):
    events = table(
        lead_id=["1"] * 4,
        occurred_at=[f"2026-01-0{day}" for day in range(1, 5)],
        kind=["webinar_atended", "webinar_atended", "our_own_kind", "page_view"],
    )
    found = read(tmp_path, {"interactions": events})
    assert [note for note in found.notes if "interactions.kind" in note] == [
        "interactions.kind 'webinar_atended' (2 rows): did you mean 'webinar_attended'? "
        "It is used as its own kind; map it in [tables.interactions] values"
    ]
    assert len(found.interactions) == 4


def test_unknown_direction_is_noted(tmp_path):
    events = table(lead_id=["1"], occurred_at=["2026-01-05"], kind=["page_view"], direction=["IN"])
    assert any("interactions.direction 'IN' (1 row)" in note for note in read(tmp_path, {"interactions": events}).notes)


def test_counts_text_is_a_table(tmp_path):
    text = counts_text(read(tmp_path, {"interactions": EVENTS + EVENTS.splitlines()[1] + "\n"}))
    assert text.splitlines()[1:] == [
        "leads                    2           2             0",
        "interactions             3           2             1",
        "    1 row: repeats another row",
    ]


def test_quarantine_file_says_line_reason_and_row(tmp_path):
    deals = 'lead_id,status,note\n1,open,"two\nlines"\n1,=cmd(),x\n1,open,y\n1,open\n'
    found = read(tmp_path, {"deals": deals})
    (path,) = write_quarantine(tmp_path, found)
    with path.open(encoding="utf-8", newline="") as stream:
        short, status = csv.DictReader(stream)
    assert (short["line"], short["reason"], short["row"]) == ("6", "wrong number of fields", "1,open")
    assert (status["line"], status["column"], status["value"]) == ("4", "status", "'=cmd()")
    assert json.loads(status["row"]) == {"lead_id": "1", "status": "=cmd()", "note": "x"}
    assert status["file"] == "deals.csv"


def test_quarantine_of_an_earlier_run_is_removed(tmp_path):
    old = tmp_path / "quarantine" / "leads.csv"
    old.parent.mkdir()
    old.write_text("old")
    assert write_quarantine(tmp_path, read(tmp_path, {})) == ()
    assert list(old.parent.iterdir()) == []


@pytest.mark.parametrize("text", ["=1", "+x", "-x", "@x", "\tx", "\rx", "-", "+1+1", "=-1"])
def test_no_cell_is_a_formula(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "x", "-12.5", "+3", "1e5", "-1,5", "a=b"])
def test_other_cells_stay_as_they_are(text):
    assert safe_cell(text) == text


def test_tables_from_frames_fills_what_is_not_given():
    leads = pd.DataFrame({"lead_id": [1], "created_at": ["2026-01-01"], "account_id": ["A"], "city": ["Bonn"]})
    events = pd.DataFrame({"lead_id": ["1"], "occurred_at": [pd.Timestamp("2026-01-02")], "kind": ["x"]})
    found = tables_from_frames(CLOCK, leads=leads, interactions=events)
    assert found.leads.loc[0, ["lead_id", "city"]].tolist() == ["1", "Bonn"]
    assert found.interactions["account_id"].tolist() == ["A"]
    assert (len(found.deals), found.timed) == (0, True)
    with pytest.raises(ValueError, match="unknown tables"):
        tables_from_frames(CLOCK, events=events)


def test_clock_must_be_aware(tmp_path):
    with pytest.raises(ValueError, match="clock has no time zone"):
        read_tables(write_project(tmp_path, {}), clock=datetime(2026, 1, 1))


IDS = st.sampled_from(["1", "2", "3", "9", ""])
DAYS = st.sampled_from(["2026-01-01", "2026-01-02T10:00:00Z", "2026-12-01", "x", ""])
LEAD_ROWS = st.lists(st.tuples(IDS, DAYS, st.sampled_from(["A", "B", ""]), st.sampled_from(["web", ""])), max_size=8)
EVENT_ROWS = st.lists(
    st.tuples(IDS, st.sampled_from(["A", "C", ""]), DAYS, st.sampled_from(["open", "click", ""])), max_size=8
)
# Enough good rows that no table is refused as a whole.
GOOD_LEADS = [(f"L{i}", "2026-01-01", "", "") for i in range(9)]
GOOD_EVENTS = [(f"L{i}", "", "2026-01-01", "open") for i in range(9)]


def texts(leads, events):
    lead_lines = ["lead_id,created_at,account_id,source", *map(",".join, leads)]
    event_lines = ["lead_id,account_id,occurred_at,kind", *map(",".join, events)]
    return {"leads": "\n".join(lead_lines) + "\n", "interactions": "\n".join(event_lines) + "\n"}


def contents(tables):
    frames = (tables.leads, tables.interactions)
    return [sorted(map(str, frame.astype("str").fillna("").to_numpy().tolist())) for frame in frames]


@settings(max_examples=20)
@given(LEAD_ROWS, EVENT_ROWS)
def test_counts_always_balance(tmp_path_factory, leads, events):
    found = read(tmp_path_factory.mktemp("p"), texts(leads + GOOD_LEADS, events + GOOD_EVENTS))
    bad = {rows.table: len(rows.faults) + len(rows.unreadable) for rows in found.quarantine}
    for count, rows, frame in zip(found.counts, (leads, events), (found.leads, found.interactions), strict=True):
        assert count.read == len(rows) + 9
        assert (count.used, count.quarantined) == (len(frame), count.read - len(frame))
        assert bad.get(count.table, 0) == count.quarantined == sum(count.reasons.values())


@settings(max_examples=15)
@given(LEAD_ROWS, EVENT_ROWS, st.randoms())
def test_order_and_repeated_rows_change_nothing(tmp_path_factory, leads, events, random):
    leads, events = leads + GOOD_LEADS, events + GOOD_EVENTS
    plain = read(tmp_path_factory.mktemp("p"), texts(leads, events))
    shuffled = read(
        tmp_path_factory.mktemp("p"), texts(random.sample(leads, len(leads)), random.sample(events, len(events)))
    )
    twice = read(tmp_path_factory.mktemp("p"), texts(leads + leads, events + events))
    assert contents(plain) == contents(shuffled) == contents(twice)
    assert plain.data_end == shuffled.data_end == twice.data_end


def test_every_row_of_a_lead_is_in_leads(tmp_path):
    found = read(
        tmp_path,
        {
            "interactions": EVENTS,
            "decisions": table(
                lead_id=["1", "9", "1"], decided_at=["2026-01-03"] * 3, decision=["accept", "accept", "reject"]
            ),
        },
    )
    assert set(found.decisions["lead_id"]) <= set(found.leads["lead_id"])


def test_names_that_do_not_exist_are_refused(tmp_path):
    with pytest.raises(
        ProjectFileError, match=r"deals has no column 'stage'; known are|deals has no column 'stage'; did"
    ):
        read(tmp_path, {"deals": "lead_id,status\n"}, {"deals": 'columns = { stage = "status" }'})
    with pytest.raises(
        InputContractError, match=r"lead_id = 'Recordid', but leads.csv has no such column; did you mean 'Record ID'"
    ):
        read(tmp_path, {"leads": HEADER}, {"leads": 'columns = { lead_id = "Recordid" }'})


def test_a_lead_created_after_the_latest_interaction_is_kept(tmp_path):
    leads = "lead_id,created_at\n1,2026-01-01T00:00:00Z\n2,2026-06-30T20:00:00Z\n3,2026-07-02T00:00:00Z\n"
    events = "lead_id,occurred_at,kind\n1,2026-01-03T00:00:00Z,email_open\n"
    found = read(tmp_path, {"leads": leads, "interactions": events})
    assert found.leads["lead_id"].tolist() == ["1", "2"]
    assert reasons(found, "leads") == {"created_at is after now": 1}


def test_an_empty_table_is_one_of_its_own_each_time():
    first = empty_table("deals")
    first["more"] = 1
    del first["status"]
    second = empty_table("deals")
    assert list(second.columns) == [column.name for column in SPECS["deals"].columns]
