"""Whether two systems gave the same features: `python -m benchmarks.features.equality ONE OTHER` prints what differs.

Whole numbers must be equal; other columns may differ by 1e-9 of the value (interest, whose positive and negative
points may cancel, also by 1e-9 of a point). Null and NaN are the same: not known.
"""

import argparse
import json
from pathlib import Path

import duckdb

from benchmarks.features import spec
from benchmarks.features.duckdb_common import kind_code_sql

RELATIVE = 1e-9
ABSOLUTE = dict.fromkeys(spec.DECAYS, 1e-9)
COLUMNS_AT_ONCE = 11


def differences(one: Path, other: Path) -> dict[str, object]:
    """Rows of both files, how many share their keys, the shared columns, and in how many rows each of them differs."""
    connection = duckdb.connect()
    connection.execute("set threads = 2; set TimeZone = 'UTC'")
    rows = [_one_row(connection, f"select count(*) from '{path}'")[0] for path in (one, other)]
    types = [_types(connection, path) for path in (one, other)]
    shared = [name for name in spec.NAMES if name in types[0] and name in types[1]]
    differing: dict[str, int] = {}
    matched = -1
    for first in range(0, len(shared), COLUMNS_AT_ONCE):
        names = shared[first : first + COLUMNS_AT_ONCE]
        query = _query(_side(one, names, types[0]), _side(other, names, types[1]), names)
        matched, *counts = _one_row(connection, query)
        differing |= {name: count for name, count in zip(names, counts, strict=True) if count}
    same = bool(shared) and not differing and matched == rows[0] == rows[1]
    return {"rows": rows, "matched": matched, "columns": len(shared), "differing": differing, "equal": same}


def _one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    return connection.execute(query).fetchone()


def _types(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"describe select * from '{path}'").fetchall()}


def _side(path: Path, names: list[str], types: dict[str, str]) -> str:
    """Keys and columns of a file as text and numbers; kinds in words become their codes."""
    values = [kind_code_sql(name) if types[name] == "VARCHAR" else name for name in names]
    known = [f"coalesce({value}::double, 'nan') as {name}" for value, name in zip(values, names, strict=True)]
    return f"select lead_id::varchar as lead_id, epoch_us(as_of) as as_of, {', '.join(known)} from '{path}'"


def _query(one: str, other: str, names: list[str]) -> str:
    counts = ", ".join(f"count(*) filter (where not ({_same(name)}))" for name in names)
    return f"select count(*), {counts} from ({one}) a join ({other}) b on a.lead_id = b.lead_id and a.as_of = b.as_of"


def _same(name: str) -> str:
    """Not-a-number equals itself in DuckDB, and is greater than every difference."""
    a, b = f"a.{name}", f"b.{name}"
    if name in spec.EXACT:
        return f"{a} = {b}"
    close = f"abs({a} - {b}) <= {RELATIVE} * greatest(abs({a}), abs({b})) + {ABSOLUTE.get(name, 0.0)}"
    return f"{a} = {b} or (not isnan({a}) and not isnan({b}) and {close})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("one", type=Path)
    parser.add_argument("other", type=Path)
    found = parser.parse_args()
    print(json.dumps(differences(found.one, found.other)))
