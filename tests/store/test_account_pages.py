"""Pages of accounts: every account that somebody sees once, by its best open lead, however few leads are looked at."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from published import NOW, lead, publish

from serving.store import accounts
from serving.store.accounts import accounts_page
from serving.store.lead_keys import Scope

OWNERS = ("Ann", "Bo", None)


def some_leads(n=80, seed=5):
    """Leads of a dozen accounts, many with the same priority, one account far larger than the others."""
    rng = np.random.default_rng(seed)
    return [
        lead(
            f"L{i}",
            account_key=f"A{0 if rng.random() < 0.4 else rng.integers(1, 16)}",
            owner=OWNERS[rng.integers(3)],
            priority=float(rng.integers(5)),
            score=None if i % 9 == 0 else int(rng.integers(100)),
            sales_qualified=bool(rng.random() < 0.3),
            is_open=bool(rng.random() < 0.8),
        )
        for i in range(n)
    ]


def expected(rows, visible):
    """The slow way: all leads of each account."""
    seen = defaultdict(list)
    for row in rows:
        if row["is_open"] and (visible is None or row["owner"] in visible):
            seen[row["account_key"]].append(row)
    found = [
        (
            max(one["priority"] for one in leads),
            key,
            len(leads),
            sum(bool(one["sales_qualified"]) for one in leads),
            max((one["score"] for one in leads if one["score"] is not None), default=None),
        )
        for key, leads in seen.items()
    ]
    return sorted(found, key=lambda one: one[:2], reverse=True)


@pytest.mark.parametrize("looks", [(), (1,), (2, 7), (256,)])
@pytest.mark.parametrize("visible", [None, (), (None,), ("Ann",), ("Ann", None), ("Ann", "Bo")])
@pytest.mark.parametrize("size", [1, 4, 30])
def test_every_account_once_and_in_order(store, monkeypatch, looks, visible, size):
    monkeypatch.setattr(accounts, "LOOKS", looks)
    rows = some_leads()
    publish(store, rows)
    scope = Scope(1, visible, NOW)
    with store.reading() as connection:
        pages = [accounts_page(connection, scope, None, size)]
        while pages[-1][1] is not None:
            pages.append(accounts_page(connection, scope, pages[-1][1], size))
    found = [row for page, _ in pages for row in page]
    assert [
        (one.best_priority, one.account_key, one.leads, one.qualified, one.best_score) for one in found
    ] == expected(rows, visible)
    assert all(len(page) == size for (page, _), _ in pairwise(pages))


def test_a_page_does_not_read_all_leads(store, monkeypatch):
    rows = [lead(f"L{i:03}", account_key=f"A{i}", priority=float(i)) for i in range(300)]
    publish(store, rows)
    scope = Scope(1, None, NOW)
    asked = []
    monkeypatch.setattr(accounts, "_summed", lambda *of, known=accounts._summed: asked.append(of[3]) or known(*of))
    with store.reading() as connection:
        first, after = accounts_page(connection, scope, None, 30)
        second, _ = accounts_page(connection, scope, after, 30)
    assert [row.account_key for row in (*first, *second)] == [f"A{i}" for i in range(299, 239, -1)]
    assert [len(keys) for keys in asked] == [256, 256]
