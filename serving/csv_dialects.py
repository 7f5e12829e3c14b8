"""Scores as CSV: for programs, for spreadsheets of a country, and for imports into a CRM.

No dialect has a `sep=` line: programs would take it for the header. A text cell that a spreadsheet would run as a
formula gets a leading apostrophe; numbers are left alone.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TextIO

import pyarrow as pa
import pyarrow.compute as pc

from features.quarantine import safe_cell

DialectName = Literal["iso", "excel-de", "excel-da", "crm"]
# The shortest text field that CRMs make by default (Salesforce: Text(255)); HubSpot's takes more.
CRM_CELL = 255
NOT_FOR_CRM = ("Start", "Other")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are written; `times` gives the text of a time, `reasons` those of a column of reasons."""

    delimiter: str
    decimal: str
    encoding: str
    line_end: str
    truth: tuple[str, str]
    times: Callable[[datetime], str]
    reasons: Callable[[pa.ChunkedArray], list[str]]


@contextmanager
def csv_writer(path: Path, dialect: Dialect) -> Iterator[Callable[[pa.Table], None]]:
    """A writer of score tables into one CSV file, the header first."""
    with path.open("w", encoding=dialect.encoding, newline="") as stream:
        writer = _LineWriter(stream, dialect)
        headed = False

        def write(table: pa.Table) -> None:
            nonlocal headed
            if not headed:
                writer.row(table.column_names)
                headed = True
            for cells in zip(*_columns(table, dialect), strict=True):
                writer.row(cells)

        yield write


class _LineWriter:
    """Rows of a CSV file. Rows with a carriage return are quoted whole: csv before Python 3.13 forgets to."""

    def __init__(self, stream: TextIO, dialect: Dialect) -> None:
        comma, end = dialect.delimiter, dialect.line_end
        self._plain = csv.writer(stream, delimiter=comma, lineterminator=end, quoting=csv.QUOTE_MINIMAL)
        self._quoted = csv.writer(stream, delimiter=comma, lineterminator=end, quoting=csv.QUOTE_ALL)

    def row(self, cells: list[object] | tuple[object, ...]) -> None:
        """Write one row."""
        has_return = any(isinstance(cell, str) and "\r" in cell for cell in cells)
        (self._quoted if has_return else self._plain).writerow(cells)


def _columns(table: pa.Table, dialect: Dialect) -> list[list[object]]:
    return [_cells(table[field.name], field.type, dialect) for field in table.schema]


def _cells(column: pa.ChunkedArray, kind: pa.DataType, dialect: Dialect) -> list[object]:
    if pa.types.is_list(kind):
        return list(dialect.reasons(column))
    if pa.types.is_timestamp(kind):
        return _by_value(column, lambda moment: dialect.times(moment.astimezone(UTC)))
    if pa.types.is_boolean(kind):
        return _by_value(column, lambda value: dialect.truth[bool(value)])
    if pa.types.is_floating(kind) and dialect.decimal != ".":
        return [None if value is None else repr(value).replace(".", dialect.decimal) for value in column.to_pylist()]
    if pa.types.is_string(kind):
        return _by_value(column, safe_cell)
    return list(column.to_pylist())


def _by_value(column: pa.ChunkedArray, text: Callable[..., str]) -> list[object]:
    """The text of each cell, made once for each different value; empty where there is none."""
    found: dict[object, str | None] = {None: None}
    for value in column.unique().to_pylist():
        if value is not None:
            found[value] = text(value)
    return [found[value] for value in column.to_pylist()]


def _iso_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def _local_time(form: str) -> Callable[[datetime], str]:
    """A date as people write it, with the time of day (UTC) where it is not midnight."""

    def text(moment: datetime) -> str:
        return moment.strftime(form if (moment.hour, moment.minute, moment.second) == (0, 0, 0) else f"{form} %H:%M")

    return text


def reasons_as_json(column: pa.ChunkedArray) -> list[str]:
    """All reasons of a lead as one JSON list of objects."""
    return _joined(column, _as_objects, ", ", ("[", "]"))


def reasons_as_lines(column: pa.ChunkedArray) -> list[str]:
    """The reasons of a lead for people who open a spreadsheet: a line each, the sentence and its points."""
    return [safe_cell(text) for text in _joined(column, _as_sentences, "\n", ("", ""))]


def reasons_in_short(column: pa.ChunkedArray) -> list[str]:
    """The strongest reasons as one text of at most `CRM_CELL` characters; starting point and remainder are left out.

    Sentences are whole unless not even one fits.
    """
    return [safe_cell(_short(rows)) for rows in column.to_pylist()]


def _short(rows: list[dict[str, object]]) -> str:
    said = [f"{row['sentence']} ({row['points']:+d})" for row in rows if row["group"] not in NOT_FOR_CRM]
    text = said[0] if said else ""
    for sentence in said[1:]:
        if len(text) + 2 + len(sentence) > CRM_CELL - 1:
            break
        text = f"{text}; {sentence}"
    return text if len(text) < CRM_CELL else f"{text[: CRM_CELL - 2]}…"


def _joined(
    column: pa.ChunkedArray, texts: Callable[[pa.StructArray], pa.Array], between: str, around: tuple[str, str]
) -> list[str]:
    """The texts of each lead's reasons joined; one array operation per chunk instead of a loop over reasons."""
    found: list[str] = []
    for chunk in column.chunks:
        counts = pc.list_value_length(chunk).fill_null(0)
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(counts).cast(pa.int32())])
        lists = pa.ListArray.from_arrays(offsets, texts(chunk.flatten()))
        found += pc.binary_join_element_wise(around[0], pc.binary_join(lists, between), around[1], "").to_pylist()
    return found


def _as_objects(reasons: pa.StructArray) -> pa.Array:
    parts: list[pa.Array | str] = []
    for number, field in enumerate(reasons.type):
        parts += [f'{"{" if number == 0 else ", "}"{field.name}": ', _as_json(reasons.field(number))]
    return pc.binary_join_element_wise(*parts, "}", "")


def _as_json(values: pa.Array) -> pa.Array:
    """JSON of each value, made once for each different one."""
    coded = values.dictionary_encode(null_encoding="encode")
    texts = [json.dumps(value, ensure_ascii=False) for value in coded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(coded.indices)


def _as_sentences(reasons: pa.StructArray) -> pa.Array:
    points = reasons.field("points")
    signs = pc.if_else(pc.greater(points, 0), "+", "")
    return pc.binary_join_element_wise(reasons.field("sentence"), " (", signs, points.cast(pa.string()), ")", "")


DIALECTS: Mapping[DialectName, Dialect] = {
    "iso": Dialect(",", ".", "utf-8", "\n", ("False", "True"), _iso_time, reasons_as_json),
    "excel-de": Dialect(";", ",", "utf-8-sig", "\r\n", ("FALSCH", "WAHR"), _local_time("%d.%m.%Y"), reasons_as_lines),
    "excel-da": Dialect(";", ",", "utf-8-sig", "\r\n", ("FALSK", "SAND"), _local_time("%d-%m-%Y"), reasons_as_lines),
    "crm": Dialect(",", ".", "utf-8", "\n", ("false", "true"), lambda moment: f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                   reasons_in_short),
}  # fmt: skip
