"""Wrong inputs, one by one: one clear message, the right exit code, nothing written."""

import json
import resource

import pytest
from openpyxl import Workbook
from projects import CLOCK, EVENTS, LEADS, read

from features.errors import InputContractError, ProjectFileError
from features.project import read_project
from features.tables import read_tables

DEALS = "lead_id,status,closed_at\n1,won,2026-02-01\n"


def refused(directory, tables, settings=None, head='timezone = "UTC"', *, kind=InputContractError):
    """The message with which these tables are refused; no quarantine, and nothing half-written, is left then."""
    with pytest.raises(kind) as caught:
        read(directory, tables, settings, head)
    assert not [path for path in directory.rglob("*") if path.is_dir() or path.suffix == ".part"]
    assert type(caught.value) is kind
    return str(caught.value)


def test_missing_column(tmp_path):
    message = refused(tmp_path, {"leads": "Record ID,Create Date,City\n1,2026-01-01,Bonn\n"})
    assert message == (
        "leads: the required column lead_id is missing. leads.csv has 'Record ID', 'Create Date', 'City'. "
        "Nearest is 'Record ID'. In ripelead.toml, [tables.leads], expected: columns = { lead_id = \"Record ID\" }"
    )


def test_missing_column_of_a_query_is_named_in_the_query(tmp_path):
    message = refused(tmp_path, {}, {"leads": "sql = \"select '1' as lead_id, now() as created\""})
    assert "the required column created_at is missing" in message
    assert message.endswith('expected: select "created" as created_at, …')


@pytest.mark.parametrize(("table", "text"), [("interactions", "occurred_at,kind\n"), ("deals", "status\n")])
def test_neither_lead_nor_account(tmp_path, table, text):
    assert f"{table}: the required column lead_id is missing" in refused(tmp_path, {table: text})


def test_mapped_column_that_is_not_there(tmp_path):
    message = refused(tmp_path, {"leads": LEADS}, {"leads": 'columns = { source = "Createdat" }'})
    assert "source = 'Createdat', but leads.csv has no such column; did you mean 'created_at'?" in message


def test_canonical_name_that_does_not_exist(tmp_path):
    settings = {"deals": 'columns = { closd_at = "closed_at" }'}
    message = refused(tmp_path, {"deals": DEALS}, settings, kind=ProjectFileError)
    assert "[tables.deals] columns: deals has no column 'closd_at'; did you mean 'closed_at'?" in message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('exclude = ["Statuss"]', "exclude: deals.csv has no column 'Statuss'; did you mean 'status'?"),
        ('values = { statuz = { a = "won" } }', "values: no column 'statuz'; did you mean 'status'?"),
        ("values = { Stage = { a = 'won' } }\ncolumns = { status = 'Stage' }", "use its mapped name 'status'"),
    ],
)
def test_names_in_settings_that_do_not_exist(tmp_path, line, message):
    deals = DEALS.replace("status", "Stage") if "Stage" in line else DEALS
    assert message in refused(tmp_path, {"deals": deals}, {"deals": line})


def test_required_column_excluded(tmp_path):
    message = refused(tmp_path, {}, {"leads": 'exclude = ["lead_id"]'}, kind=ProjectFileError)
    assert "lead_id is required and cannot be excluded" in message


def test_wrong_types(tmp_path):
    text = "lead_id,occurred_at,kind\n1,yesterday,a\n1,13/01/2026,b\n2,2026-01-02,c\n"
    message = refused(tmp_path, {"interactions": text})
    assert message.startswith(
        "interactions: 2 of 3 rows of interactions.csv cannot be used, so the table is refused as a whole. "
        "Most often (2): occurred_at is not a time, such as interactions.csv line 2: 'yesterday'. Expected a time such"
    )


def test_deal_stages_that_are_not_mapped(tmp_path):
    message = refused(tmp_path, {"deals": "lead_id,status\n1,closedwon\n"})
    assert "status is not open, won or lost, such as deals.csv line 2: 'closedwon'" in message
    assert 'values = { status = { "Closed Won" = "won"' in message


def test_keys_that_do_not_match(tmp_path):
    message = refused(tmp_path, {"interactions": EVENTS.replace("\n1,", "\nA1,").replace("\n2,", "\nA2,")})
    assert "lead_id is not in leads, such as interactions.csv line 2: 'A1'" in message


@pytest.mark.parametrize("time", ["2026-01-01", "2026-01-01 09:30:00"])
def test_naive_times(tmp_path, time):
    message = refused(tmp_path, {"leads": f"lead_id,created_at\n0,2026-01-01T00:00:00Z\n1,{time}\n"}, head="")
    assert message.startswith(f"leads.created_at, leads.csv line 3: the time {time!r} has no time zone")
    assert message.endswith('[project]\ntimezone = "Europe/Berlin"')


def test_naive_times_of_a_query(tmp_path):
    query = "sql = \"select '1' as lead_id, timestamp '2026-01-01' as created_at\""
    assert "the query of [tables.leads] row 1" in refused(tmp_path, {}, {"leads": query}, head="")


@pytest.mark.parametrize(
    ("leads", "message"),
    [
        ("lead_id,created_at\n", "leads: leads.csv has no usable row. Expected at least one lead"),
        ("", "leads.csv: is empty. Expected a header line"),
    ],
)
def test_no_leads(tmp_path, leads, message):
    assert message in refused(tmp_path, {"leads": leads})


def test_empty_json_lines_have_no_leads(tmp_path):
    (tmp_path / "leads.jsonl").write_text("")
    assert "has no usable row" in refused(tmp_path, {}, {"leads": 'file = "leads.jsonl"'})


def test_other_tables_may_be_empty(tmp_path):
    empty = {"interactions": "lead_id,occurred_at,kind\n", "deals": "lead_id,status\n"}
    assert len(read(tmp_path, empty).interactions) == 0


def test_unknown_kind_is_no_error(tmp_path):
    assert (
        read(tmp_path, {"interactions": EVENTS.replace("email_open", "fax_sent")}).interactions["kind"][0] == "fax_sent"
    )


def test_duplicate_ids_of_most_leads(tmp_path):
    leads = "lead_id,created_at,stage\n" + "".join(f"1,2026-01-01,{stage}\n" for stage in "abc")
    assert "conflicts with another row of the same lead_id" in refused(tmp_path, {"leads": leads})


def test_file_that_is_mostly_of_another_encoding(tmp_path):
    leads = b"lead_id,created_at,city\n1,2026-01-01,K\xf6ln\n2,2026-01-01,M\xfcnchen\n3,2026-01-01,Bonn\n"
    message = refused(tmp_path, {"leads": leads})
    assert "(2): not utf-8 text, such as leads.csv line 2: '1,2026-01-01,K\\\\xf6ln'" in message
    assert 'encoding = "cp1252"' in message


@pytest.mark.parametrize(
    ("name", "start"), [("leads.csv", b"lead_id,created_at\n1,"), ("leads.jsonl", b'\n{"lead_id": "')]
)
def test_a_line_of_2_gb(tmp_path, name, start):
    """A sparse file: it takes no disk, and must take neither its time nor its memory."""
    with (tmp_path / name).open("wb") as stream:
        stream.write(start)
        stream.truncate(2 * 1024**3)
    (tmp_path / "ripelead.toml").write_text(f'[project]\nname = "x"\n[tables.leads]\nfile = "{name}"\n')
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputContractError, match=rf"{name} line 2: longer than 8 MiB"):
        read_tables(read_project(tmp_path), clock=CLOCK)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 * 1024


def test_project_file_typo(tmp_path):
    message = refused(tmp_path, {}, {"leads": 'colums = { lead_id = "a" }'}, kind=ProjectFileError)
    assert message == "ripelead.toml [tables.leads]: unknown key 'colums'; did you mean 'columns'?"


def test_excel_in_place_of_csv(tmp_path):
    book = Workbook()
    book.save(tmp_path / "book.xlsx")
    message = refused(tmp_path, {"leads": (tmp_path / "book.xlsx").read_bytes()})
    assert (
        message == "leads.csv: expected text, but this is an Excel or zip file: name it accordingly (.xlsx, .parquet)"
    )


def test_empty_sheet(tmp_path):
    Workbook().save(tmp_path / "leads.xlsx")
    assert "the sheet is empty" in refused(tmp_path, {}, {"leads": 'file = "leads.xlsx"'})


def test_json_array_in_place_of_lines(tmp_path):
    (tmp_path / "leads.jsonl").write_text(json.dumps([{"lead_id": 1}, {"lead_id": 2}], indent=1))
    assert "expected" in refused(tmp_path, {}, {"leads": 'file = "leads.jsonl"'}).lower()


@pytest.mark.parametrize(("kind", "code"), [(ProjectFileError, 2), (InputContractError, 3)])
def test_exit_codes(kind, code):
    assert kind("x").exit_code == code
