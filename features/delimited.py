"""Delimited text files as columns of text, with the lines of rows that cannot be split."""

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from features.errors import InputContractError
from features.text_files import (
    MARKS,
    FileRows,
    Positions,
    TextFile,
    UnreadableRow,
    bounded_lines,
    damage_named,
    has_marks,
    is_utf8,
    not_text,
    open_bytes,
    open_marked,
    open_text,
    shown_text,
    size,
)

Mask = npt.NDArray[np.bool_]
DELIMITERS = (",", ";", "|", "\t")


@dataclass(frozen=True, slots=True)
class _Split:
    """A file split into cells: the rows that fit the header, and (record, fields, text) of the others.

    `marked`: a byte that is no text may stand in a cell as a mark.

    Records are counted from 1, the header; empty lines are no records.
    """

    rows: pa.Table
    misfits: tuple[tuple[int, int, str], ...] = ()
    marked: bool = False


def read_delimited(file: TextFile) -> FileRows:
    """Rows of a delimited file, every cell text.

    Raises:
        InputContractError: no header, a line over the limit, a quote that is never closed, damaged compression.
    """
    with damage_named(file):
        delimiter, names = _header(file)
        split = _split(file, delimiter, names)
        _refuse_open_quote(split, file, delimiter)
        return _located(split, file, delimiter)


def _header(file: TextFile) -> tuple[str, list[str]]:
    with open_text(file) as stream:
        lines = (line for line in bounded_lines(stream, file) if line.strip())
        first = next(lines, "")
        delimiter = file.delimiter or seen_delimiter(first)
        try:
            names = next(csv.reader(chain([first], lines), delimiter=delimiter))
        except csv.Error as error:
            raise InputContractError(f"{file.shown} line 1: the header cannot be read: {error}") from error
    _refuse_odd_header(first, file)
    return delimiter, names


def _refuse_odd_header(first: str, file: TextFile) -> None:
    if not first:
        raise InputContractError(f"{file.shown}: is empty. Expected a header line with the names of the columns")
    if has_marks(first) or "\0" in first:
        row = not_text(file, 1, first)
        raise InputContractError(f"{file.shown} line 1: {row.reason}: {row.text!r}. Expected {row.expected}")


def seen_delimiter(header: str) -> str:
    """The delimiter that stands most often in `header` outside quotes; the comma when none does.

    >>> seen_delimiter('id;"name, first";date')
    ';'
    """
    outside = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=outside.count)


def _split(file: TextFile, delimiter: str, names: list[str]) -> _Split:
    """All cells at once where the file is clean; else once more, row by row, with what is wrong."""
    columns = [str(index) for index in range(len(names))]
    try:
        with open_bytes(file) if is_utf8(file) else open_marked(file) as stream:
            rows = _arrow_rows(stream, file, arrow_csv.ParseOptions(delimiter=delimiter), columns)
        split = _Split(rows.slice(1), marked=not is_utf8(file))
    except pa.ArrowInvalid:
        split = _split_carefully(file, delimiter, columns)
    return replace(split, rows=split.rows.rename_columns(names))


def _split_carefully(file: TextFile, delimiter: str, columns: list[str]) -> _Split:
    misfits: list[tuple[int, int, str]] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        misfits.append((row.number, row.actual_columns, row.text))
        return "skip"

    options = arrow_csv.ParseOptions(delimiter=delimiter, invalid_row_handler=note)
    try:
        with open_marked(file) as stream:
            rows = _arrow_rows(stream, file, options, columns, threads=False)
    except pa.ArrowInvalid as error:
        if "straddl" in str(error):
            _refuse_overlong(file, delimiter)
        raise InputContractError(f"{file.shown}: cannot be read as delimited text: {error}") from error
    return _Split(rows.slice(1), tuple(misfits), marked=True)


def _arrow_rows(
    stream: BinaryIO, file: TextFile, options: arrow_csv.ParseOptions, columns: list[str], threads: bool = True
) -> pa.Table:
    options.newlines_in_values = True
    return arrow_csv.read_csv(
        stream,
        arrow_csv.ReadOptions(column_names=columns, block_size=file.line_limit, use_threads=threads),
        options,
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False),
    )


def _refuse_overlong(file: TextFile, delimiter: str) -> None:
    """Say which row is the longest, or which quote that is never closed made it so."""
    longest = max((sum(map(len, cells)), start) for start, cells in _records(file, delimiter))
    raise InputContractError(_overlong(longest[1], file))


def _overlong(line: int, file: TextFile) -> str:
    return (
        f"{file.shown} line {line}: a row longer than {size(file.line_limit)}. "
        "Probably a quote that opens there is never closed"
    )


def _refuse_open_quote(split: _Split, file: TextFile, delimiter: str) -> None:
    """A quote still open at the end has swallowed rows; only a last record of several lines can be one."""
    last = split.rows.slice(max(split.rows.num_rows - 1, 0)).to_pylist()
    texts = [text for _, _, text in split.misfits[-1:]] + [str(cell) for row in last for cell in row.values()]
    if not any("\n" in text or "\r" in text for text in texts):
        return
    start = 1
    for start, _ in _records(file, delimiter):  # noqa: B007
        pass
    with open_text(file) as stream:
        tail = list(islice(bounded_lines(stream, file), start - 1, None))
    if _ends_in_quotes(tail, delimiter):
        raise InputContractError(
            f"{file.shown} line {start}: a quote that opens there is never closed; the rest of the file would be "
            "one cell. Close it, or double a quote that belongs to the text"
        )


def _ends_in_quotes(lines: Iterable[str], delimiter: str) -> bool:
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _located(split: _Split, file: TextFile, delimiter: str) -> FileRows:
    """Rows with their lines; rows with a byte that is no text are taken out."""
    total = split.rows.num_rows + len(split.misfits) + 1
    misfit = np.array([number for number, _, _ in split.misfits], np.int64)
    spoilt = _with_marks(split.rows) if split.marked else np.zeros(split.rows.num_rows, np.bool_)
    bad_cells = np.flatnonzero(spoilt)
    bad_records = _records_of(bad_cells, misfit)
    skipped = np.sort(np.concatenate([misfit, bad_records]))

    def lines(positions: Positions) -> Positions:
        return _line_numbers(_records_of(positions, skipped), total, file, delimiter)

    texts = [delimiter.join(map(str, row.values())) for row in split.rows.take(bad_cells).to_pylist()]
    rows = split.rows.filter(pa.array(~spoilt)) if spoilt.any() else split.rows
    unreadable = [
        *_misfit_rows(split, _line_numbers(misfit, total, file, delimiter), file),
        *(
            not_text(file, int(line), text)
            for line, text in zip(_line_numbers(bad_records, total, file, delimiter), texts, strict=True)
        ),
    ]
    return FileRows(file.shown, rows, lines, tuple(unreadable))


def _misfit_rows(split: _Split, lines: Positions, file: TextFile) -> Iterator[UnreadableRow]:
    expected = f"{split.rows.num_columns} fields, as in the header"
    for line, (_, fields, text) in zip(lines.tolist(), split.misfits, strict=True):
        if has_marks(text):
            yield not_text(file, line, text)
        else:
            got = f"{fields} fields"
            yield UnreadableRow(file.shown, line, "wrong number of fields", expected, got, shown_text(text))


def _with_marks(rows: pa.Table) -> Mask:
    spoilt = np.zeros(rows.num_rows, np.bool_)
    for column in rows.columns:
        spoilt |= np.asarray(pc.match_substring_regex(column, MARKS))
    return spoilt


def _records_of(positions: Positions, skipped: Positions) -> Positions:
    """Record numbers of the rows at `positions` when the sorted records `skipped` are no rows."""
    before = skipped - np.arange(len(skipped)) - 2
    found: Positions = positions + 2 + np.searchsorted(before, positions, side="right")
    return found


def _line_numbers(records: Positions, total: int, file: TextFile, delimiter: str) -> Positions:
    """Lines at which `records` start; the records themselves when the file has as many line ends as records."""
    if len(records) == 0 or _one_line_a_record(total, file):
        return records
    starts = np.fromiter((line for line, _ in islice(_records(file, delimiter), int(records.max()))), np.int64)
    found: Positions = starts[records - 1]
    return found


def _one_line_a_record(total: int, file: TextFile) -> bool:
    line_ends, last = 0, b""
    with open_bytes(file) as stream:
        while block := stream.read(1 << 20):
            line_ends += block.count(b"\n")
            last = block[-1:]
    return line_ends == (total if last == b"\n" else total - 1)


def _records(file: TextFile, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line at which each record starts, and its cells; raises `InputContractError` at a cell over the limit."""
    start = 1
    with open_text(file) as stream, _cells_up_to(2 * file.line_limit):
        reader = csv.reader(bounded_lines(stream, file), delimiter=delimiter)
        try:
            for cells in reader:
                if cells:
                    yield start, cells
                start = reader.line_num + 1
        except csv.Error as error:
            raise InputContractError(_overlong(start, file)) from error


@contextmanager
def _cells_up_to(limit: int) -> Iterator[None]:
    """The csv module has one limit a process."""
    before = csv.field_size_limit(limit)
    try:
        yield
    finally:
        csv.field_size_limit(before)
