"""Score files: what each dialect writes, and cells that CSV or a spreadsheet could break at."""

import csv
import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import ProjectFileError
from serving.csv_dialects import CRM_CELL
from serving.sinks import SCHEMA, FileTarget, open_writer, target_of

REASONS = [
    {"group": "Start", "feature": "starting point", "value": None, "points": 44, "sentence": "Where leads start"},
    {"group": "Interest", "feature": "x", "value": "2", "points": 12, "sentence": 'Attended 2 "webinars"'},
    {"group": "Fit", "feature": "y", "value": "Süd", "points": -3, "sentence": "Region: Süd"},
    {"group": "Other", "feature": "everything else", "value": None, "points": -2, "sentence": "Everything else"},
]


REASONS_AT = SCHEMA.names.index("reasons")
FIRST = ("lead_id", "as_of", "propensity", "score", "band", "sales_qualified")


def cells(row, *names):
    return [row[SCHEMA.names.index(name)] for name in names]


def scores(lead_id="a-1", as_of="2026-12-31", reasons=REASONS):
    row = dict(zip(FIRST, [lead_id, pd.Timestamp(as_of, tz="UTC"), 0.1234567890123, 51, "B", True], strict=True)) | {
        "bant_qualified": False,
        "points": 3.5,
        "reasons": reasons,
        "model_version": "v",
    }
    return pa.Table.from_pylist([dict.fromkeys(SCHEMA.names) | row], schema=SCHEMA)


def written(path, dialect, *tables):
    with open_writer(path, FileTarget(path, dialect)) as write:
        for table in tables:
            write(table)
    return path.read_bytes()


def rows(content, delimiter=","):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_iso_is_for_programs(tmp_path):
    content = written(tmp_path / "s.csv", "iso", scores(), scores("b"))
    head, first, second = rows(content)
    assert head == SCHEMA.names
    assert cells(first, *FIRST) == ["a-1", "2026-12-31T00:00:00.000000Z", "0.1234567890123", "51", "B", "True"]
    assert json.loads(first[REASONS_AT]) == REASONS
    assert second[0] == "b"


def test_excel_de_is_for_a_german_spreadsheet(tmp_path):
    content = written(tmp_path / "s.csv", "excel-de", scores(as_of="2026-12-31 14:30"))
    assert content.startswith(b"\xef\xbb\xbflead_id;as_of")
    row = rows(content, ";")[1]
    assert cells(row, *FIRST[1:]) == ["31.12.2026 14:30", "0,1234567890123", "51", "B", "WAHR"]
    assert row[REASONS_AT].splitlines() == [
        "Where leads start (+44)",
        'Attended 2 "webinars" (+12)',
        "Region: Süd (-3)",
        "Everything else (-2)",
    ]


def test_excel_da_is_for_a_danish_spreadsheet(tmp_path):
    row = rows(written(tmp_path / "s.csv", "excel-da", scores()), ";")[1]
    names = ("as_of", "propensity", "sales_qualified", "bant_qualified", "points")
    assert cells(row, *names) == ["31-12-2026", "0,1234567890123", "SAND", "FALSK", "3,5"]


def test_crm_is_for_imports(tmp_path):
    row = rows(written(tmp_path / "s.csv", "crm", scores()))[1]
    assert cells(row, "as_of", "sales_qualified", "bant_qualified") == ["2026-12-31T00:00:00Z", "true", "false"]
    assert row[REASONS_AT] == 'Attended 2 "webinars" (+12); Region: Süd (-3)'


@pytest.mark.parametrize("length", [10, 120, 240, 400])
def test_a_crm_cell_fits_the_shortest_field(tmp_path, length):
    many = [{**REASONS[1], "sentence": f"{i}" * length} for i in range(1, 9)]
    cell = rows(written(tmp_path / "s.csv", "crm", scores(reasons=many)))[1][REASONS_AT]
    assert 0 < len(cell) <= CRM_CELL
    assert cell.endswith("(+12)") or cell.endswith("…")


@pytest.mark.parametrize("dialect", ["iso", "excel-de", "excel-da", "crm"])
def test_no_dialect_has_a_line_that_is_no_row(tmp_path, dialect):
    content = written(tmp_path / "s.csv", dialect, scores())
    assert not content.removeprefix(b"\xef\xbb\xbf").startswith(b"sep=")
    assert rows(content, ";" if dialect.startswith("excel") else ",")[0] == SCHEMA.names


@pytest.mark.parametrize(
    ("lead_id", "cell"), [("=1+1", "'=1+1"), ("@home", "'@home"), ("-12.5", "-12.5"), ("+49", "+49"), ("x=1", "x=1")]
)
def test_formulas_are_escaped_and_numbers_are_not(tmp_path, lead_id, cell):
    for dialect in ("iso", "crm"):
        assert rows(written(tmp_path / "s.csv", dialect, scores(lead_id)))[1][0] == cell


@pytest.mark.parametrize("lead_id", ["car\rret", "new\nline", "a,b", "a;b", 'q"q', "ä€😀"])
@pytest.mark.parametrize("dialect", ["iso", "excel-de"])
def test_an_id_with_a_line_break_stays_one_row(tmp_path, lead_id, dialect):
    content = written(tmp_path / "scores.csv", dialect, scores(lead_id))
    _, row = rows(content, ";" if dialect == "excel-de" else ",")
    assert (row[0], len(row)) == (lead_id, len(SCHEMA))


def test_what_is_not_known_is_an_empty_cell(tmp_path):
    bare = dict.fromkeys(SCHEMA.names) | {"lead_id": "a", "propensity": 0.5, "score": 50, "reasons": []}
    content = written(tmp_path / "s.csv", "excel-de", pa.Table.from_pylist([bare], schema=SCHEMA))
    row = rows(content, ";")[1]
    assert cells(row, "lead_id", "propensity", "score") == ["a", "0,5", "50"]
    assert row.count("") == len(SCHEMA) - 3


def test_no_scores_are_a_header(tmp_path):
    assert rows(written(tmp_path / "s.csv", "iso", SCHEMA.empty_table())) == [SCHEMA.names]
    written(tmp_path / "s.parquet", "iso", SCHEMA.empty_table())
    assert pq.read_table(tmp_path / "s.parquet").schema.equals(SCHEMA)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("s.doc", None, None), "ending in .parquet or .csv"),
        (("s.parquet", None, "excel-de"), "is for CSV files"),
        (("s.csv", "scores", None), "is for a database"),
        (("sqlite:///x.db", None, "iso"), "is for CSV files"),
        (("sqlite:///x.db", "drop table x", None), "expected a name of letters"),
        (("postgres//x://", None, None), "not a database URL"),
        (("nodb://x:pw@y/z", None, None), "driver of nodb is not installed"),
        (("${NO_SUCH_URL}", None, None), "is not set"),
    ],
)
def test_targets_that_are_none(arguments, message):
    with pytest.raises(ProjectFileError, match=message) as refused:
        target_of(*arguments)
    assert "pw" not in str(refused.value)
