import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from features import compute_one
from features.catalog import AttributeCode, Catalog, FeatureDef
from features.cells import attribute, identifier, instant, label, number
from features.errors import InputContractError, RefusedError
from features.lead_history import read_history
from features.project import HygieneSettings

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)


def feature(name, family, **more):
    return FeatureDef(name, family, "Interest", "", **more)


CATALOG = Catalog(
    (
        feature("visits", "count", of="kind:0"),
        feature("visits of the account", "count", of="kind:0", owner="account"),
        feature("colleagues", "colleagues"),
        feature("colleagues active", "colleagues_active", days=30),
        feature("seniorities active", "seniorities_active", days=30),
        feature("size", "attribute", of="account_size"),
        feature("stage", "attribute", of="stage", type="category"),
        feature("budget", "criterion_met", of="budget"),
        feature("age", "lead_age_days"),
        feature("dwell", "dwell_s"),
    ),
    (AttributeCode("account_size", "number"), AttributeCode("stage", "category", ("new", "mql"), tracked=True)),
    kinds=("visit",),
    topics=(),
    criteria=("Budget", "budget"),
)


def visit(time, who="L1", **more):
    return {"lead_id": who, "occurred_at": f"2026-01-{time}Z", "kind": "visit", **more}


def history(**parts):
    lead = {"lead_id": "L1", "created_at": "2026-01-02T00:00:00Z", "account_id": "A"}
    colleague = {"lead_id": "L2", "created_at": "2026-01-03T00:00:00Z", "seniority": "chief"}
    return {"lead": lead, "account": {"size": 12}, "colleagues": [colleague], **parts}


def seen(request, as_of=FEBRUARY):
    return dict(zip(CATALOG.names, compute_one(request, as_of, CATALOG).tolist(), strict=True))


def test_a_lead_with_its_colleagues_and_account():
    account_only = {"account_id": "A", "occurred_at": "2026-01-09T00:00+02:00", "kind": " visit "}
    rows = [visit("05T10:00", duration_s=2.5), visit("06T10:00", "L2"), visit("07T10:00", kind="mail"), account_only]
    found = seen(history(interactions=rows))
    assert found["visits"] == 1
    assert found["visits of the account"] == 3
    assert found["colleagues"] == found["colleagues active"] == found["seniorities active"] == 1
    assert (found["size"], found["age"], found["dwell"]) == (12, 30, 2.5)


def test_a_lead_alone_needs_nothing_but_itself():
    found = seen({"lead": {"lead_id": "L1", "created_at": None}})
    assert (found["visits"], found["colleagues"]) == (0, 0)
    assert np.isnan([found["size"], found["age"], found["budget"], found["stage"]]).all()


def test_changes_and_assessments_count_before_the_date_only():
    changes = [{"changed_at": f"2026-0{month}-01T00:00Z", "field": "stage", "value": "mql"} for month in (1, 2)]
    changes[0]["value"] = "new"
    met = [{"assessed_at": f"2026-0{month}-01T00:00Z", "criterion": "BUDGET", "met": month - 1} for month in (1, 2)]
    request = history(lead_changes=changes, assessments=met)
    assert [(seen(request, at)["stage"], seen(request, at)["budget"]) for at in moments(0, 1)] == [(0, 0), (1, 1)]


def moments(*seconds):
    return [FEBRUARY + timedelta(seconds=after) for after in seconds]


def test_changes_and_assessments_of_colleagues_are_not_the_leads():
    of_colleague = {"lead_id": "L2", "changed_at": "2026-01-05T00:00Z", "field": "stage", "value": "mql"}
    assert np.isnan(seen(history(lead_changes=[of_colleague]))["stage"])


def test_an_interaction_sent_twice_counts_once():
    same = visit("05T10:00") | {"occurred_at": "2026-01-05T11:00+01:00", "topic": None}
    assert seen(history(interactions=[visit("05T10:00"), same, visit("05T10:00", actor="x")]))["visits"] == 2


def test_a_history_that_was_read_serves_several_dates():
    known = read_history(history(interactions=[visit("05T10:00")]))
    assert [seen(known, datetime(2026, 1, day, tzinfo=UTC))["visits"] for day in (5, 6)] == [0, 1]


def test_events_of_bots_and_test_leads_do_not_count():
    catalog = replace(CATALOG, hygiene=HygieneSettings(internal_domains=("acme.com",)))
    rows = [visit("05T10:00:07", actor="Googlebot/2.1"), visit("06T10:00:07", "L2"), visit("07T10:00:07")]
    tester = {"lead_id": "L2", "created_at": "2026-01-03T00:00:00Z", "email": "qa@acme.com"}
    values = compute_one(history(interactions=rows, colleagues=[tester]), FEBRUARY, catalog)
    assert values[:2].tolist() == [1, 1]


def test_a_history_read_by_other_rules_is_refused():
    with pytest.raises(InputContractError, match=r"other \[hygiene\] rules than the catalog's"):
        compute_one(read_history(history()), FEBRUARY, replace(CATALOG, hygiene=HygieneSettings()))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"lead": None}, r"^lead: expected an object with keys, got None"),
        ({"lead": {"created_at": None}}, r"^lead, lead_id: is missing: expected a value, got None"),
        ({"lead": {"lead_id": "L1"}}, r"^lead, created_at: is missing: expected a time such as 2026"),
        ({"lead": {"lead_id": "L1", "created_at": "yesterday"}}, r"created_at: expected a time .*, got 'yesterday'"),
        ({"leed": {}}, r"unknown key 'leed'; did you mean 'lead'"),
        ({"account": {"account_id": "B"}}, r"account_id: expected 'A', the lead's, got 'B'"),
        ({"colleagues": [{"lead_id": "L1", "created_at": None}]}, r"colleagues: lead_id 'L1' comes twice"),
        ({"colleagues": [{"lead_id": "L2"}]}, r"^colleagues, item 1, created_at: is missing"),
        ({"colleagues": {"lead_id": "L2"}}, r"^colleagues: expected a list of objects"),
        ({"interactions": ["visit"]}, r"^interactions, item 1, expected an object with keys, got 'visit'"),
        ({"interactions": [visit("05T10:00"), visit("05T10:00", kind=" ")]}, r"item 2, kind: is missing: .* got ' '"),
        ({"interactions": [visit("05T10:00", "L9")]}, r"lead_id: expected 'L1' or one of the 1 coll.*got 'L9'"),
        ({"interactions": [visit("05T10:00", None)]}, r"expected a lead_id or an account_id, got neither"),
        ({"interactions": [visit("05T10:00", None, account_id="B")]}, r"account_id: expected 'A', the lead's, got 'B'"),
        ({"interactions": [visit("05T10:00", duration=3)]}, r"unknown key 'duration'; did you mean 'duration_s'"),
        ({"interactions": [visit("05T10:00", value="much")]}, r"value: expected a number such as .*, got 'much'"),
        ({"interactions": [{"lead_id": "L1", "kind": "x"}]}, r"item 1, occurred_at: is missing: expected a time"),
        ({"interactions": [visit("05T10:00") | {"occurred_at": "2026-01-05 10:00"}]}, r"no time zone: write its offs"),
        ({"lead_changes": [{"changed_at": "2026-01-05T10:00Z"}]}, r"^lead_changes, item 1, field: is missing"),
        ({"assessments": [{"assessed_at": None, "criterion": "need", "met": 2}]}, r"met: expected 0 .* to 1 .*, got 2"),
        ({"assessments": [{"criterion": "need", "met": 1}]}, r"^assessments, item 1, assessed_at: is missing"),
    ],
)
def test_wrong_input_is_refused_with_place_expected_and_got(parts, message):
    with pytest.raises(RefusedError, match=message):
        compute_one(history(**parts), FEBRUARY, CATALOG)


def test_one_interaction_id_with_two_contents_is_refused():
    rows = [visit("05T10:00", interaction_id="7"), visit("06T10:00", interaction_id=7.0)]
    with pytest.raises(InputContractError, match="interaction_id '7' comes twice with different contents"):
        read_history(history(interactions=rows))


def test_colleagues_need_an_account():
    with pytest.raises(InputContractError, match="account_id: is missing: expected one, for there are colleagues"):
        read_history(history(lead={"lead_id": "L1", "created_at": None}, account=None))


@pytest.mark.parametrize("as_of", [None, "2026-01-01T00:00Z", datetime(2026, 1, 1), datetime(1066, 1, 1, tzinfo=UTC)])
def test_the_date_is_an_aware_time(as_of):
    with pytest.raises(InputContractError, match=r"^as_of: "):
        compute_one(history(), as_of, CATALOG)


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-31T10:30:00.5+01:00",
        " 2026-01-31 09:30:00,500Z",
        "2026-01-31 09:30:00.5 UTC",
        "2026-01-31 05:00:00.500000999 -0430",
        datetime(2026, 1, 31, 10, 30, 0, 500_000, timezone(timedelta(hours=1))),
        pd.Timestamp("2026-01-31T09:30:00.5Z"),
    ],
)
def test_times_are_microseconds_since_1970(value):
    assert instant(value) == pd.Timestamp("2026-01-31T09:30:00.5Z").value // 1000


def test_cells_are_read_as_at_the_door():
    assert [label(value) for value in (" a ", "N/A", "", None, 12.0, 2.5, True)] == [
        "a",
        None,
        None,
        None,
        "12",
        "2.5",
        "true",
    ]
    assert [identifier(value) for value in ("12.0", 12, "1.5", "-7.00", None)] == ["12", "12", "1.5", "-7", None]
    assert [number(value) for value in ("1e3", 2, Decimal("0.5"), None, "null", float("nan"))] == [
        1e3,
        2,
        0.5,
        None,
        None,
        None,
    ]
    assert [attribute(value) for value in (True, 3, " x ", "none")] == [True, 3.0, "x", None]


def test_features_is_imported_without_anything_heavy():
    code = "import sys, features; print(sorted({'numpy', 'pandas', 'numba', 'pyarrow', 'pydantic'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_features_has_nothing_else():
    import features

    with pytest.raises(AttributeError, match="no attribute 'compute_two'"):
        features.compute_two  # noqa: B018
