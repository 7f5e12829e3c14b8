"""Odd tables: whatever the columns hold, every check runs, and says what it says in plain text."""

import json

import numpy as np
import pandas as pd
import pytest
from audit_worlds import END, FLAT, TIMED, audit_of, flat_leads, timed_tables, wins
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import InputContractError
from features.tables import tables_from_frames
from training.audit.section import audit_section
from training.audit.suspects import to_json
from training.audit.words import full_text

N = 60
NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12).map(lambda text: f"x{text}")
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.floats(), st.text(max_size=6), st.just("<b>&'\""),
    st.datetimes().map(lambda moment: moment.isoformat()),
)  # fmt: skip
COLUMNS = st.one_of(
    st.just([None] * N),
    CELLS.map(lambda cell: [cell] * N),
    st.lists(CELLS, min_size=N, max_size=N),
    st.lists(st.none() | st.floats(), min_size=N, max_size=N),
    st.permutations(range(N)),
    st.lists(st.text(min_size=20), min_size=N, max_size=N, unique=True),
)


def checked(found):
    assert found.not_run == ()
    json.loads(to_json(found))
    assert full_text(found)
    assert audit_section(found).content is found
    return found


def as_read(column):
    """A column as a file gives it: of one type, or text."""
    kinds = {type(cell) for cell in column if cell is not None}
    plain = len(kinds) == 1 and kinds <= {bool, int, float}
    return pd.Series(column) if plain else pd.Series([None if c is None else str(c) for c in column], dtype="str")


@settings(max_examples=10, deadline=None)
@given(st.dictionaries(NAMES, COLUMNS, max_size=4), st.integers(0, N))
def test_any_columns_and_any_number_of_wins(tmp_path_factory, columns, number):
    leads = flat_leads(np.arange(N) < number, **{name: as_read(column) for name, column in columns.items()})
    tables = tables_from_frames(END, leads=leads)
    if number == 0:
        with pytest.raises(InputContractError, match="no value counts as a conversion"):
            audit_of(tmp_path_factory.mktemp("x"), FLAT, tables)
    else:
        checked(audit_of(tmp_path_factory.mktemp("x"), FLAT, tables))


@pytest.mark.parametrize("won", [np.zeros(300, bool), np.ones(300, bool), np.array([True]), np.array([False])])
def test_dated_leads_that_all_end_alike_or_stand_alone(tmp_path, won):
    assert checked(audit_of(tmp_path, TIMED, timed_tables(won))).suspects == ()


@pytest.mark.parametrize("year", [1900, 2199])
def test_dates_far_away(tmp_path, year):
    won = wins(300)
    created = pd.Series(pd.date_range("2025-01-01", periods=300, freq="12h", tz="UTC"))
    created[::50] = pd.Timestamp(f"{year}-01-01", tz="UTC")
    odd = pd.DataFrame({"lead_id": ["L00001"] * 9, "occurred_at": pd.Timestamp(f"{year}-06-01", tz="UTC"), "kind": "x"})
    checked(audit_of(tmp_path, TIMED, timed_tables(won, created=created.dt.as_unit("us"), interactions=odd)))


def test_more_columns_than_a_small_table_has_wins(tmp_path):
    won, rng = wins(400), np.random.default_rng(1)
    wide = {f"c{i}": rng.normal(0, 1, 400) for i in range(60)}
    assert checked(audit_of(tmp_path, FLAT, tables_from_frames(END, leads=flat_leads(won, **wide)))).suspects == ()


def test_every_lead_with_a_kind_of_its_own(tmp_path):
    won = wins(500)
    kinds = pd.DataFrame({"lead_id": [f"L{i:05d}" for i in range(500)], "kind": [f"<i>{i}</i>" for i in range(500)]})
    kinds["occurred_at"] = pd.Timestamp("2025-02-01", tz="UTC")
    checked(audit_of(tmp_path, TIMED, timed_tables(won, interactions=kinds)))
