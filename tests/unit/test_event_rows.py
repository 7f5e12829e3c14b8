"""Rows become the same records wherever they are made: at once, at some positions, or where they are to lie."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.event_records import FIELDS, NARROW, record_type, taken
from features.event_rows import EVERY, TOGETHER, EventRows

OPTIONAL = ("duration", "value", "rest", "account", "topic", "direction")
layouts = st.sampled_from([FIELDS, NARROW])


def rows_of(number, absent, fields, used=EVERY):
    made = np.random.default_rng(number)
    columns = {name: made.integers(-100, 100, number).astype(kind) for name, kind in fields if name != "row"}
    columns = {name: column for name, column in columns.items() if name not in absent}
    return EventRows(columns, 10, record_type(frozenset(absent), fields), used)


def plainly(rows):
    """Records as numpy would fill them."""
    records = np.zeros(len(rows), rows.dtype)
    records["row"] = np.arange(len(rows)) + rows.first
    for name in rows.columns:
        records[name] = rows.columns[name]
    return records


numbers = st.one_of(st.integers(0, 20), st.integers(TOGETHER - 1, TOGETHER + 1), st.just(3 * TOGETHER + 5))


@given(numbers, st.sets(st.sampled_from(OPTIONAL)), layouts, st.data())
def test_records_are_what_numpy_makes_of_the_rows_that_count(number, absent, fields, data):
    used = np.array(data.draw(st.lists(st.booleans(), min_size=number, max_size=number)), bool)
    rows = rows_of(number, absent, fields, used)
    keep = np.flatnonzero(used)
    assert rows.records().tolist() == plainly(rows)[keep].tolist()
    every = rows_of(number, absent, fields)
    assert every.records().tolist() == plainly(every).tolist()
    assert every.taken(keep).tolist() == taken(plainly(every), keep).tolist()


@given(numbers, st.sets(st.sampled_from(OPTIONAL)), layouts, st.integers(0, 2**32))
def test_rows_are_placed_in_the_room_of_their_group_in_order_and_the_rest_is_named(number, absent, fields, seed):
    rows, made = rows_of(number, absent, fields), np.random.default_rng(seed)
    group, begun = made.integers(-1, 3, number), made.integers(0, 3, 3)
    room = np.zeros((3, 1 + number // 4, rows.dtype.itemsize // 8), np.int64)
    begun = np.minimum(begun, room.shape[1])
    left = rows.place(group, begun.copy(), room)
    want, without = plainly(rows), []
    for g in range(3):
        mine = np.flatnonzero(group == g)
        fits = mine[: room.shape[1] - begun[g]]
        placed = room[g].reshape(-1).view(rows.dtype)
        assert placed[begun[g] : begun[g] + len(fits)].tolist() == want[fits].tolist()
        assert not room[g, begun[g] + len(fits) :].any()
        without += list(mine[len(fits) :])
    assert left.tolist() == sorted(without)
