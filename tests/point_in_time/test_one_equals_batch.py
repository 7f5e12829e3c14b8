"""One lead from a request has the values of its row in the table of all leads, bit for bit."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lead_requests import request_of
from worlds import AS_OFS, all_pairs, full_catalog, moment, snapshots, worlds

from features import compute_one
from features.build import build_features
from features.catalog import AttributeCode
from features.cells import attribute
from features.fit import code_of, encode
from features.histories import build_histories
from features.lead_history import read_history
from features.project import HygieneSettings
from features.values import Reading
from features.values import attribute as attribute_at_the_door

CATALOG = full_catalog()
as_ofs = st.sampled_from(AS_OFS)


HYGIENE = HygieneSettings(
    open_kinds=("Visit",), sent_kinds=("webinar",), click_kinds=("click",), burst_seconds=3600, burst_clicks=2,
    scanner_seconds=2000, duplicate_seconds=3600, exact_minutes=True,
    internal_domains=("acme.com",), internal_actors=("qa*",),
)  # fmt: skip
ALIKE = {"topic": None, "direction": None, "duration_s": None, "value": None}  # so that some repeat others
CLEAN = replace(CATALOG, hygiene=HYGIENE)


def batch(world, catalog=CATALOG):
    """Values by (lead_id, as_of) of every lead at every as-of time."""
    histories = build_histories(world.tables(), catalog.hygiene)
    at = snapshots(histories, all_pairs(world))
    table = build_features(histories, world.tables(), at, catalog)
    keys = zip(histories.lead_ids[at.lead], at.as_of.tolist(), strict=True)
    return dict(zip(keys, table.values, strict=True))


def assert_same_bits(one, other, names=CATALOG.names):
    same = (one.view(np.int64) == np.ascontiguousarray(other).view(np.int64)) | (np.isnan(one) & np.isnan(other))
    assert same.all(), [(names[i], one[i], other[i]) for i in np.flatnonzero(~same)]


@given(worlds())
def test_every_lead_alone_has_the_values_of_its_row_in_the_batch(world):
    rows = batch(world)
    for (lead_id, as_of), expected in rows.items():
        request = json.loads(json.dumps(request_of(world, lead_id)))
        assert_same_bits(compute_one(request, moment(as_of), CATALOG), expected)


@given(worlds(), st.randoms(use_true_random=False))
def test_hygiene_leaves_out_the_same_events(world, rng):
    actors, emails = (None, None, None, "Googlebot/2.1", "QA-7", "Jane"), (None, "a@acme.com", "b@example.com")
    world = replace(
        world,
        interactions=tuple({**row, **ALIKE, "actor": rng.choice(actors)} for row in world.interactions),
        leads=tuple({**row, "email": rng.choice(emails)} for row in world.leads),
    )
    for (lead_id, as_of), expected in batch(world, CLEAN).items():
        assert_same_bits(compute_one(request_of(world, lead_id), moment(as_of), CLEAN), expected)


@given(worlds(), st.randoms(use_true_random=False))
def test_what_sales_did_is_left_out_alike(world, rng):
    rules = HYGIENE.model_copy(
        update={"rep_activities": "exclude", "rep_actors": ("jane",), "rep_kinds": ("click",), "duplicate_seconds": 1}
    )
    rows = tuple({**row, "actor": rng.choice((None, "QA-7", "Jane"))} for row in world.interactions)
    world, catalog = replace(world, interactions=rows), replace(CATALOG, hygiene=rules)
    for (lead_id, as_of), expected in batch(world, catalog).items():
        assert_same_bits(compute_one(request_of(world, lead_id), moment(as_of), catalog), expected)


@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(world, rng):
    request = request_of(world, "L1")
    known = compute_one(request, moment(AS_OFS[-1]), CATALOG)
    for part in ("colleagues", "interactions", "lead_changes", "assessments"):
        rng.shuffle(request[part])
    assert_same_bits(compute_one(request, moment(AS_OFS[-1]), CATALOG), known)


@given(worlds(), as_ofs)
def test_a_history_read_once_serves_every_date(world, as_of):
    request = request_of(world, "L1")
    kept = read_history(request)
    compute_one(kept, moment(AS_OFS[0]), CATALOG)
    assert_same_bits(compute_one(kept, moment(as_of), CATALOG), compute_one(request, moment(as_of), CATALOG))


@given(worlds(), as_ofs)
def test_rows_at_or_after_the_date_change_nothing(world, as_of):
    request = request_of(world, "L1")
    whole = compute_one(request, moment(as_of), CATALOG)
    for part, time in (("interactions", "occurred_at"), ("lead_changes", "changed_at"), ("assessments", "assessed_at")):
        request[part] = [row for row in request[part] if row[time] < moment(as_of).isoformat()]
    assert_same_bits(compute_one(request, moment(as_of), CATALOG), whole)


TEXTS = ("1", "2.5", " steel ", "Steel", "yes", "NO", "n/a", "", "-7e3", "1,5", "inf", "0x1A", "1_000", "12.0", "Ja")
CODES = [
    AttributeCode("x", "number"),
    AttributeCode("x", "boolean"),
    AttributeCode("x", "category", ("1", "2.5", "steel", "True", "true", "12.0")),
]
COLUMNS = st.one_of(
    st.lists(st.none() | st.integers(-(10**6), 10**6), min_size=1),
    st.lists(st.none() | st.floats(-1e9, 1e9) | st.sampled_from((1.0, 2.5, -0.0)), min_size=1),
    st.lists(st.none() | st.booleans(), min_size=1),
    st.lists(st.none() | st.sampled_from(TEXTS) | st.text(max_size=5), min_size=1),
)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.type)
@given(column=COLUMNS)
def test_an_attribute_alone_has_the_code_of_its_column_behind_the_door(code, column):
    """Columns of one type each, as JSON lines have them."""
    if all(value is None for value in column):
        return
    expected = encode(code, attribute_at_the_door(pa.chunked_array([column]), Reading()))
    alone = np.array([code_of(code, attribute(value)) for value in column])
    assert_same_bits(alone, expected, [repr(value) for value in column])
