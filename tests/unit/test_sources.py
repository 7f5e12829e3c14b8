"""Reading: the same rows from every kind of file, and the line of every row that cannot be read."""

import gzip
import json
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from projects import write_project
from pyarrow import parquet

from features.delimited import read_delimited, seen_delimiter
from features.errors import InputContractError, ProjectFileError
from features.json_lines import read_json_lines
from features.project import read_project
from features.queries import with_project_paths
from features.sources import read_source, unique_names
from features.text_files import TextFile

TABLE = "lead_id,city\n1,Bonn\n2,Århus\n"
ROWS = [{"lead_id": "1", "city": "Bonn"}, {"lead_id": "2", "city": "Århus"}]


def source_of(tmp_path, lines, **files):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_source(write_project(tmp_path, {}, {"leads": lines}), "leads")


def split(tmp_path, content, **settings):
    path = tmp_path / "x.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_delimited(TextFile(path, "x.csv", **settings))


def lines_of(rows):
    return rows.lines(np.arange(rows.rows.num_rows)).tolist()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", TABLE),
        ("a.txt", TABLE.replace(",", "|")),
        ("a.tsv", TABLE.replace(",", "\t")),
        ("a.csv.gz", gzip.compress(TABLE.replace(",", ";").encode(), mtime=0)),
        ("a.csv", "\ufeff" + TABLE),
        ("a.csv", TABLE.replace("\n", "\r\n")),
        ("a.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS)),
        ("a.ndjson.gz", gzip.compress("\n".join(json.dumps(row) for row in ROWS).encode(), mtime=0)),
    ],
)
def test_text_files_of_every_kind_give_the_same_rows(tmp_path, name, content):
    source = source_of(tmp_path, f'file = "{name}"', **{name: content})
    assert source.rows.to_pylist() == ROWS
    assert source.unreadable == ()


def test_encoding_is_a_setting(tmp_path):
    source = source_of(tmp_path, 'file = "a.csv"\nencoding = "cp1252"', **{"a.csv": TABLE.encode("cp1252")})
    assert source.rows.to_pylist() == ROWS


def test_parquet_keeps_its_types_and_counts_rows(tmp_path):
    parquet.write_table(pa.table({"lead_id": [1, 2], "score": [0.5, None]}), tmp_path / "a.parquet")
    source = source_of(tmp_path, 'file = "a.parquet"')
    assert source.rows.to_pylist() == [{"lead_id": 1, "score": 0.5}, {"lead_id": 2, "score": None}]
    assert source.place(1) == "a.parquet row 2"


def test_excel_cells_are_text_and_lines_are_rows_of_the_sheet(tmp_path):
    book = Workbook()
    rows = (["lead_id", "when", "ok"], [], [1, datetime(2026, 1, 2, 3), True], [2.5, "#N/A", None])
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    source = source_of(tmp_path, 'file = "a.xlsx"')
    assert source.rows.to_pylist() == [
        {"lead_id": "1", "when": "2026-01-02T03:00:00", "ok": "true"},
        {"lead_id": "2.5", "when": None, "ok": None},
    ]
    assert source.place(1) == "a.xlsx row 4"


def test_excel_row_wider_than_its_header_is_unreadable(tmp_path):
    book = Workbook()
    for row in (["lead_id"], [1], [2, "stray"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    source = source_of(tmp_path, 'file = "a.xlsx"')
    assert [(row.line, row.reason) for row in source.unreadable] == [(3, "wrong number of fields")]


def test_unknown_sheet_names_the_nearest(tmp_path):
    book = Workbook()
    book.active.title = "Contacts"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InputContractError, match="no sheet 'Contact'; did you mean 'Contacts'"):
        source_of(tmp_path, 'file = "a.xlsx"\nsheet = "Contact"')


def test_query_reads_files_next_to_the_project(tmp_path):
    source = source_of(
        tmp_path, """sql = "select lead_id::varchar as lead_id, city from 'a.csv'" """, **{"a.csv": TABLE}
    )
    assert source.rows.to_pylist() == ROWS
    assert source.place(0) == "the query of [tables.leads] row 1"


def test_query_prefers_the_project_to_the_current_folder(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.csv").write_text("lead_id,city\n9,wrong\n")
    monkeypatch.chdir(elsewhere)
    source = source_of(
        tmp_path, """sql = "select lead_id::varchar as lead_id, city from 'a.csv'" """, **{"a.csv": TABLE}
    )
    assert source.rows.to_pylist() == ROWS


def test_only_names_of_files_are_made_absolute(tmp_path):
    (tmp_path / "a.csv").write_text(TABLE)
    query = "select 'b.csv', 'web' -- don't\nfrom \"a.csv\""
    assert with_project_paths(query, tmp_path) == f"select 'b.csv', 'web' -- don't\nfrom \"{tmp_path / 'a.csv'}\""


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select 1; select 2", "expected one SELECT, got SELECT, SELECT"),
        ("drop table leads", "expected one SELECT, got DROP"),
        ("copy (select 1) to 'x.csv'", "expected one SELECT, got COPY"),
        ("install httpfs", "expected one SELECT"),
        ("selct 1", "not valid SQL: Parser Error"),
        ("", "expected one SELECT, got nothing"),
    ],
)
def test_only_one_select_is_a_query(tmp_path, query, message):
    with pytest.raises(ProjectFileError, match=message):
        source_of(tmp_path, f'sql = "{query}"')


def test_query_that_cannot_run_is_one_message(tmp_path):
    with pytest.raises(InputContractError, match=r"the query of \[tables.leads\]: DuckDB cannot run it: .*nope.csv"):
        source_of(tmp_path, "sql = \"select * from 'nope.csv'\"")


def test_pattern_concatenates_files_and_knows_their_lines(tmp_path):
    files = {"e-1.csv": "lead_id\n1\n2\n", "e-2.csv": "lead_id,extra\n3,x\n", "f.csv": "lead_id\n9\n"}
    source = source_of(tmp_path, 'file = "e-*.csv"', **files)
    assert source.rows.to_pylist() == [
        {"lead_id": "1", "extra": None},
        {"lead_id": "2", "extra": None},
        {"lead_id": "3", "extra": "x"},
    ]
    assert [source.place(position) for position in range(3)] == ["e-1.csv line 2", "e-1.csv line 3", "e-2.csv line 2"]


def test_files_of_different_types_do_not_concatenate(tmp_path):
    parquet.write_table(pa.table({"lead_id": [1]}), tmp_path / "e-1.parquet")
    parquet.write_table(pa.table({"lead_id": ["x"]}), tmp_path / "e-2.parquet")
    with pytest.raises(InputContractError, match=r"leads: the files e-1.parquet … e-2.parquet do not fit together"):
        source_of(tmp_path, 'file = "e-*.parquet"')


def test_variable_in_a_path(tmp_path, monkeypatch):
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "a.csv").write_text(TABLE, encoding="utf-8")
    monkeypatch.setenv("RIPELEAD_TEST", str(tmp_path / "exports"))
    source = source_of(tmp_path, 'file = "${RIPELEAD_TEST}/a.csv"')
    assert source.rows.num_rows == 2
    assert source.place(0) == "${RIPELEAD_TEST}/a.csv line 2"


@pytest.mark.parametrize("name", ["nope.csv", "nope-*.csv"])
def test_missing_file_names_table_and_path(tmp_path, name):
    with pytest.raises(InputContractError) as caught:
        source_of(tmp_path, f'file = "{name}"')
    assert f"[tables.leads] file = '{name}': there is no such file: {tmp_path / name}" in str(caught.value)


@pytest.mark.parametrize("name", ["a.xls", "a.json", "a"])
def test_unknown_kind_of_file_lists_the_known_ones(tmp_path, name):
    with pytest.raises(InputContractError, match=r"files of this kind are not read; known are \.csv"):
        source_of(tmp_path, f'file = "{name}"', **{name: "x"})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"PK\x03\x04rest", "this is an Excel or zip file"),
        ("a.csv", b"PAR1rest", "this is a Parquet file"),
        ("a.csv", TABLE.encode("utf-16"), 'this is UTF-16 text: set encoding = "utf-16"'),
        ("a.csv", b"", "is empty. Expected a header line"),
        ("a.csv", "id;Größe\n".encode("cp1252"), "line 1: not utf-8 text"),
        ("a.csv.gz", gzip.compress(TABLE.encode(), mtime=0)[:-9], "the compressed file is damaged or cut short"),
        ("a.parquet", b"PAR1", "cannot be read as Parquet"),
        ("a.xlsx", b"lead_id\n1\n", "cannot be read as an Excel"),
    ],
)
def test_file_that_is_not_what_its_name_says(tmp_path, name, content, message):
    with pytest.raises(InputContractError, match=message):
        source_of(tmp_path, f'file = "{name}"', **{name: content})


def test_rows_with_a_wrong_number_of_fields_have_their_lines(tmp_path):
    rows = split(tmp_path, 'a,b\n1,2\n3\n\n"x\ny",4\n5,6,7\n8,9\n')
    assert [(bad.line, bad.reason, bad.value, bad.text) for bad in rows.unreadable] == [
        (3, "wrong number of fields", "1 fields", "3"),
        (7, "wrong number of fields", "3 fields", "5,6,7"),
    ]
    assert rows.rows.column("a").to_pylist() == ["1", "x\ny", "8"]
    assert lines_of(rows) == [2, 5, 8]


def test_bytes_that_are_no_text_spoil_their_row_only(tmp_path):
    rows = split(tmp_path, b"a,b\n1,ok\n2,M\xfcller\n3,\xc3\xa5\n4,\xff,\xfe\n")
    assert rows.rows.to_pylist() == [{"a": "1", "b": "ok"}, {"a": "3", "b": "å"}]
    assert sorted((bad.line, bad.reason, bad.text) for bad in rows.unreadable) == [
        (3, "not utf-8 text", "2,M\\xfcller"),
        (5, "not utf-8 text", "4,\\xff,\\xfe"),
    ]
    assert lines_of(rows) == [2, 4]


def test_json_lines_that_are_no_objects_have_their_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1, "b": 1.50}\n\n[1]\nnope\n{"a": true, "b": {"c": null}}\n{"a": "\xfc"}\n')
    rows = read_json_lines(TextFile(path, "a.jsonl"))
    assert rows.rows.to_pylist() == [{"a": "1", "b": "1.50"}, {"a": "true", "b": '{"c": null}'}]
    assert lines_of(rows) == [1, 5]
    assert [(bad.line, bad.reason) for bad in rows.unreadable] == [
        (3, "not a JSON object"),
        (4, "not a JSON object"),
        (6, "not utf-8 text"),
    ]


def test_deeply_nested_json_is_an_unreadable_row(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("[" * 100_000)
    assert read_json_lines(TextFile(path, "a.jsonl")).unreadable[0].reason == "not a JSON object"


@pytest.mark.parametrize("content", ['a,b\n1,2\n3,"open\n4,5\n6,7\n', 'a,b\n1,2\n"open,3\n4,5\n6,7\n'])
def test_quote_that_is_never_closed_names_its_line(tmp_path, content):
    with pytest.raises(InputContractError, match=r"x.csv line 3: a quote that opens there is never closed"):
        split(tmp_path, content)


def test_quote_that_swallows_more_than_the_limit_names_its_line(tmp_path):
    with pytest.raises(InputContractError, match=r"x.csv line 2: a row longer than 1,000 bytes"):
        split(tmp_path, 'a,b\n1,"open\n' + "2,3\n" * 2000, line_limit=1000)


@pytest.mark.parametrize("content", ["a,b\n1,2\n3," + "x" * 5000 + "\n4,5\n", "a,b\n1,2\n" + "x" * 5000])
def test_line_over_the_limit_names_its_number(tmp_path, content):
    with pytest.raises(InputContractError, match=r"x.csv line 3: longer than 1,000 bytes"):
        split(tmp_path, content, line_limit=1000)


def test_json_line_over_the_limit_names_its_number(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n{"a": "' + "x" * 5000 + '"}\n')
    with pytest.raises(InputContractError, match=r"a.jsonl line 2: longer than 1,000 bytes"):
        read_json_lines(TextFile(path, "a.jsonl", line_limit=1000))


def test_repeated_and_empty_column_names(tmp_path):
    source = source_of(tmp_path, 'file = "a.csv"', **{"a.csv": "lead_id,mail,,mail\n1,a,b,c\n"})
    assert source.rows.column_names == ["lead_id", "mail", "column 3", "mail (2)"]
    assert unique_names(["a", "b"]) == ["a", "b"]


def test_delimiter_is_seen_outside_quotes():
    assert seen_delimiter('"a,b,c";d') == ";"
    assert seen_delimiter("only") == ","


CELL = st.text(alphabet='ab"\n;, å', max_size=4)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6))
def test_lines_agree_with_a_plain_count(tmp_path_factory, cells):
    """Oracle: write each record after counting the line ends before it."""
    text, starts = "a;b\n", []
    for left, right in cells:
        starts.append(1 + text.count("\n"))
        text += ";".join('"' + cell.replace('"', '""') + '"' for cell in (left, right)) + "\n"
    rows = split(tmp_path_factory.mktemp("csv"), text, delimiter=";")
    assert [tuple(row.values()) for row in rows.rows.to_pylist()] == cells
    assert lines_of(rows) == starts


def test_a_table_for_spark_alone_is_not_read_on_one_machine(tmp_path):
    toml = (
        '[project]\nname = "x"\n[tables.leads]\nfile = "l.csv"\n[tables.interactions]\nspark = { format = "delta" }\n'
    )
    (tmp_path / "ripelead.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(ProjectFileError, match="--engine spark"):
        read_source(read_project(tmp_path), "interactions")
