"""Pages of leads: every lead once and in order, whoever sees what; counts that are those of the pages."""

import re

import numpy as np
import pytest
from published import NOW, lead, publish
from sqlalchemy import text

from serving.store.lead_keys import PLACES, SORTS, Scope, Wanted, _Shape, _statement
from serving.store.leads import lead_choices, leads_page, neighbours, place_counts

EXPLAIN = {"sqlite": "explain query plan", "postgresql": "explain"}
OWNERS = ("Ann", "Bo", None)


def some_leads(n=60, seed=3):
    rng = np.random.default_rng(seed)
    return [
        lead(
            f"L{i}" if i % 7 else f"Ø{i} å",
            owner=OWNERS[rng.integers(3)],
            priority=float(rng.integers(4)),
            score=None if i % 9 == 0 else int(rng.integers(40, 44)),
            due_at=None if i % 3 else NOW + int(rng.integers(3)),
            account_name=None if i % 4 else f"Company {rng.integers(3)}",
            do_not_contact=bool(rng.random() < 0.1),
            customer=bool(rng.random() < 0.1),
            is_open=bool(rng.random() < 0.9),
            snoozed_until=int(NOW + rng.integers(-1, 2)) if rng.random() < 0.3 else None,
            band="AB"[rng.integers(2)],
            source=("web", "fair")[rng.integers(2)],
            search=f"l{i} straße_{i % 5} 100%",
        )
        for i in range(n)
    ]


def all_pages(store, scope, wanted, size):
    with store.reading() as connection:
        found, after = leads_page(connection, scope, wanted, None, size)
        while after is not None:
            more, after = leads_page(connection, scope, wanted, after, size)
            found += more
    return found


def place_of(row):
    if row["customer"] or row["do_not_contact"]:
        return "customer" if row["customer"] else "do_not_contact"
    return None if not row["is_open"] else "snoozed" if (row["snoozed_until"] or 0) > NOW else "open"


def seen(rows, visible, **wanted):
    return {
        row["lead_id"] for row in rows
        if (visible is None or row["owner"] in visible) and all(row[name] == value for name, value in wanted.items())
    }  # fmt: skip


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("whose", ["anybody", "nobody", "one"])
def test_a_list_without_filters_is_read_in_the_order_of_an_index(store, sort, whose):
    shape = _Shape("open", sort, (), 0, whose, after=True, limit=31)
    values = {
        "publication": 1,
        "now": NOW,
        "owner": "Ann",
        "after_key": "x" if sort == "company" else 3,
        "after_id": "L1",
    }
    with store.reading() as connection:
        dialect = connection.dialect
        if dialect.name == "postgresql":  # of few rows it would read all
            connection.execute(text("set local enable_seqscan = off"))
            connection.execute(text("set local enable_bitmapscan = off"))
        said = _statement(shape).params(**values).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        plan = connection.exec_driver_sql(f"{EXPLAIN[dialect.name]} {str(said).replace('%', '%%')}").all()
    lines = " ".join(str(row[-1]) for row in plan)
    assert "ix_lead_" in lines
    assert not re.search("Sort|TEMP B-TREE", lines)


@pytest.mark.parametrize("visible", [None, (), (None,), ("Ann",), ("Ann", None)])
def test_pages_show_every_lead_once_and_in_order(store, visible):
    rows = some_leads()
    publish(store, rows)
    for sort in SORTS:
        found = all_pages(store, Scope(1, visible, NOW), Wanted(sort=sort), 7)
        assert len(found) == len({row.lead_id for row in found})
        assert {row.lead_id for row in found} == seen([r for r in rows if place_of(r) == "open"], visible)
        assert found == all_pages(store, Scope(1, visible, NOW), Wanted(sort=sort), 1000)
    by_priority = [row.priority for row in all_pages(store, Scope(1, visible, NOW), Wanted(), 7)]
    assert by_priority == sorted(by_priority, reverse=True)


def test_counts_are_those_of_the_pages(store):
    rows = some_leads()
    publish(store, rows)
    for visible in (None, (), ("Ann", None)):
        scope = Scope(1, visible, NOW)
        with store.reading() as connection:
            counts = place_counts(connection, scope)
        assert counts == {place: len(all_pages(store, scope, Wanted(place), 9)) for place in PLACES}


@pytest.mark.parametrize(
    ("wanted", "like"),
    [
        (Wanted(band="A"), {"band": "A"}),
        (Wanted(source="fair", band="B"), {"source": "fair", "band": "B"}),
        (Wanted(sales_qualified=False), {}),
        (Wanted(sales_qualified=True), {"sales_qualified": True}),
    ],
)
def test_filters(store, wanted, like):
    rows = some_leads()
    publish(store, rows)
    found = {row.lead_id for row in all_pages(store, Scope(1, None, NOW), wanted, 50)}
    assert found == seen([row for row in rows if place_of(row) == "open"], None, **like)


@pytest.mark.parametrize(("search", "n"), [("STRASSE_1", 0), ("Straße_1", 1), ("straße_", 2), ("%", 2), ("_1 l1", 1)])
def test_search_takes_signs_as_they_are(store, search, n):
    publish(store, [lead("1", search="l1 straße_1 100%"), lead("2", search="l2 straße_2 100%"), lead("3", search="x")])
    assert len(all_pages(store, Scope(1, None, NOW), Wanted(search=search), 5)) == n


def test_paging_goes_on_while_leads_change(store):
    rows = [lead(f"L{i:02}", priority=float(i)) for i in range(10)]
    publish(store, rows)
    with store.writing() as connection:
        first, after = leads_page(connection, Scope(1, None, NOW), Wanted(), None, 4)
        connection.exec_driver_sql("delete from lead where lead_id in ('L08', 'L05')")
        second, _ = leads_page(connection, Scope(1, None, NOW), Wanted(), after, 4)
    assert [row.lead_id for row in first + second] == ["L09", "L08", "L07", "L06", "L04", "L03", "L02", "L01"]


def test_neighbours_are_those_of_the_worklist(store):
    publish(store, some_leads())
    scope = Scope(1, ("Ann", None), NOW)
    listed = all_pages(store, scope, Wanted(), 100)
    around = [None, *(row.lead_id for row in listed), None]
    with store.reading() as connection:
        for i, row in enumerate(listed):
            assert neighbours(connection, scope, (row.priority, row.lead_id)) == (around[i], around[i + 2])


def test_choices_are_those_of_leads_that_one_sees(store):
    publish(store, [lead("1", owner="Ann", band="A"), lead("2", owner="Bo", band="B", source="fair")])
    with store.reading() as connection:
        choices = lead_choices(connection, Scope(1, ("Ann",), NOW))
    assert (choices.bands, choices.sources) == (("A",), ())
