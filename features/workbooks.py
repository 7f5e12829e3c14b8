"""One sheet of an Excel workbook as columns of text."""

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from features.errors import InputContractError
from features.text_files import FileRows, UnreadableRow, shown_text

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

Cells = tuple[str | None, ...]
_NO_VALUE = "#N/A"


def read_workbook(path: Path, shown: str, sheet: str | None) -> FileRows:
    """Rows of one sheet (the first unless `sheet` names another): the first row that is not empty is the header.

    Cells are text: whole numbers without a decimal point, dates as ISO 8601, `#N/A` as missing; empty rows are
    skipped. Lines are the sheet's row numbers.

    Raises:
        InputContractError: not an Excel file, no such sheet, no header.
    """
    grid = _sheet_rows(path, shown, sheet)
    if not grid:
        raise InputContractError(f"{shown}: the sheet is empty. Expected a header row with the names of the columns")
    (_, header), *body = grid
    width = max(index for index, name in enumerate(header, start=1) if name)
    fitting = [(number, cells) for number, cells in body if not any(cells[width:])]
    columns = [pa.array([_cell(cells, index) for _, cells in fitting], pa.string()) for index in range(width)]
    rows = pa.Table.from_arrays(columns, [name or "" for name in header[:width]])
    numbers = np.array([number for number, _ in fitting], np.int64)
    unreadable = tuple(_too_wide(shown, number, cells, width) for number, cells in body if any(cells[width:]))
    return FileRows(shown, rows, lambda positions: numbers[positions], unreadable, unit="row")


def _cell(cells: Cells, index: int) -> str | None:
    return cells[index] if index < len(cells) else None


def _too_wide(shown: str, number: int, cells: Cells, width: int) -> UnreadableRow:
    used = max(index for index, cell in enumerate(cells, start=1) if cell)
    text = shown_text(" | ".join(cell or "" for cell in cells))
    expected = f"{width} cells, as in the header"
    return UnreadableRow(shown, number, "wrong number of fields", expected, f"{used} cells", text)


def _sheet_rows(path: Path, shown: str, sheet: str | None) -> list[tuple[int, Cells]]:
    """Row numbers and cells of the rows that are not empty."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # styles and validations that openpyxl does not keep are no concern of ours
        try:
            book = load_workbook(path, read_only=True, data_only=True)
        except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
            raise InputContractError(f"{shown}: cannot be read as an Excel (.xlsx) file: {error}") from error
        try:
            return list(_filled_rows(book[_sheet_name(book.sheetnames, shown, sheet)]))
        finally:
            book.close()


def _sheet_name(names: list[str], shown: str, sheet: str | None) -> str:
    if sheet is None:
        return names[0]
    if sheet in names:
        return sheet
    near = get_close_matches(sheet, names, 1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(map(repr, names))}"
    raise InputContractError(f"{shown}: no sheet {sheet!r}; {hint}")


def _filled_rows(sheet: "ReadOnlyWorksheet") -> Iterator[tuple[int, Cells]]:
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = tuple(_text(value) for value in row)
        if any(cells):
            yield number, cells


def _text(value: object) -> str | None:
    if value is None or value == _NO_VALUE:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
