"""JSON lines as columns of text: one object a line, with the lines that are none."""

import json
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pyarrow as pa

from features.text_files import (
    FileRows,
    Positions,
    TextFile,
    UnreadableRow,
    bounded_lines,
    damage_named,
    has_marks,
    not_text,
    open_text,
    shown_text,
)

Cells = dict[str, str | None]
_LINES_A_BLOCK = 50_000
# Numbers are kept as they are written: no digit is lost, and whole numbers stay whole.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=lambda _: None)


def read_json_lines(file: TextFile) -> FileRows:
    """Rows of a JSON lines file: every value as it is written, nested ones as JSON; empty lines are skipped.

    Raises:
        InputContractError: a line over the limit, damaged compression.
    """
    numbers: list[Positions] = []
    blocks: list[pa.Table] = []
    unreadable: list[UnreadableRow] = []
    with damage_named(file), open_text(file) as stream:
        lines = enumerate(bounded_lines(stream, file), start=1)
        while block := list(islice(lines, _LINES_A_BLOCK)):
            good = list(_objects(block, file, unreadable))
            numbers.append(np.array([line for line, _ in good], np.int64))
            blocks.append(pa.Table.from_pylist([cells for _, cells in good], _schema(good)))
    at = np.concatenate([np.empty(0, np.int64), *numbers])
    rows = pa.concat_tables([pa.table({}), *blocks], promote_options="default")
    return FileRows(file.shown, rows, lambda positions: at[positions], tuple(unreadable))


def _schema(good: list[tuple[int, Cells]]) -> pa.Schema:
    names = {name: None for _, cells in good for name in cells}
    return pa.schema([(name, pa.string()) for name in names])


def _objects(
    block: list[tuple[int, str]], file: TextFile, unreadable: list[UnreadableRow]
) -> Iterator[tuple[int, Cells]]:
    """Lines with their cells; lines that are no object go to `unreadable`."""
    for line, text in block:
        if has_marks(text):
            unreadable.append(not_text(file, line, text.rstrip()))
        elif text.strip():
            try:
                yield line, _cells(text)
            except (ValueError, RecursionError) as error:
                unreadable.append(_no_object(file, line, text, str(error)))


def _no_object(file: TextFile, line: int, text: str, problem: str) -> UnreadableRow:
    expected = 'one JSON object a line, such as {"lead_id": "1"}'
    return UnreadableRow(file.shown, line, "not a JSON object", expected, problem, shown_text(text.rstrip()))


def _cells(text: str) -> Cells:
    found = _DECODER.decode(text)
    if not isinstance(found, dict):
        raise ValueError(f"a JSON {type(found).__name__}")
    return {name: _cell(value) for name, value in found.items()}


def _cell(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
