"""Processor of one page of a list in a store of 100,000 leads, by what it is filtered, searched and ordered by.

Writes `docs/benchmarks/pages-speed.md`. Run: `python -m benchmarks.pages_speed`. How pages do under load, with the web
server around them, is in `benchmarks/pages_load.py`.
"""

import platform
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.pages_store import AS_OF, OWNERS, fill
from features.files import write_text
from serving.language.translations import translation_to
from serving.pages.accounts import AskedAccounts, accounts
from serving.pages.cursor import key_of
from serving.pages.disagreements import AskedKind, disagreements
from serving.pages.lead_lines import Telling
from serving.pages.page_counts import PageCounts
from serving.pages.worklist import Asked, Filters, Reader, worklist
from serving.store.connection import Store, open_store

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "pages-speed.md"
LEADS, TIMES, HOURS = 100_000, 15, 36.0
TELLING = Telling(AS_OF, None, {})
LISTS = {
    "first page": Filters(),
    "band A": Filters(band="A"),
    "band E (the last ones of the order)": Filters(band="E"),
    "rules yes, model no": Filters(agreement="framework_only"),
    "source and stage": Filters(source="partner", stage="opportunity"),
    "search, found often": Filters(search="hansen"),
    "search, found once": Filters(search="l099999"),
    "search, found nowhere": Filters(search="zzz"),
    "by score": Filters(sort="score"),
    "by what is due first": Filters(sort="due"),
    "by company": Filters(sort="company"),
    "customers": Filters(tab="customer"),
}
READERS = {"all leads": Reader(None, None), "own and pool": Reader(OWNERS[0], (OWNERS[0], None))}


def main() -> None:
    """Fill a store, measure, write the page."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/store.db")
        fill(store, LEADS)
        lists = {name: partial(page_of, filters=one) for name, one in LISTS.items()} | OTHERS
        rows = [
            (name, *(measured(partial(work, store, reader)) for reader in READERS.values()))
            for name, work in lists.items()
        ]
        store.close()
    write_text(PAGE, text_of(rows))


def page_of(store: Store, reader: Reader, filters: Filters, after: str = "") -> str | None:
    """A page of the worklist; what comes next."""
    place = key_of(filters.sort, after) if after else None
    return worklist(store, COUNTS, reader, Asked(filters, place, "en", TELLING, HOURS)).next


def hundredth_page(store: Store, reader: Reader) -> None:
    """A page far down the list."""
    page_of(store, reader, Filters(), DEEP)


def disagreeing(store: Store, reader: Reader) -> None:
    """Disagreements of one kind."""
    disagreements(store, COUNTS, reader, AskedKind("framework_only", None, "en", TELLING, HOURS))


def companies(store: Store, reader: Reader) -> None:
    """Accounts by their best lead."""
    accounts(store, reader, AskedAccounts(translation_to("en"), TELLING, HOURS), None)


COUNTS = PageCounts()
DEEP = "WyJwcmlvcml0eSIsIDUwMC4wLCAiTDA1MDAwMCJd"
OTHERS: dict[str, Callable[[Store, Reader], None]] = {
    "a page far down": hundredth_page,
    "disagreements": disagreeing,
    "accounts": companies,
}


def measured(work: Callable[[], object]) -> float:
    """Milliseconds of the processor, the least of some times; counts are there already."""
    work()
    found = []
    for _ in range(TIMES):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return min(found) * 1000


def text_of(rows: list[tuple[str, float, float]]) -> str:
    """The page."""
    lines = [f"| {name} | {every:.1f} | {own:.1f} |" for name, every, own in rows]
    return "\n".join(
        [
            "# Processor of a page",
            "",
            "<!-- Made by `python -m benchmarks.pages_speed`; do not edit. -->",
            "",
            f"Context of a page of 30 lines, from a store of {LEADS:,} made-up leads of eight owners in SQLite, a",
            f"fifth of them without an owner. Milliseconds of one processor, the least of {TIMES}; HTML costs",
            f"1 to 3 more. Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}.",
            "",
            "| list | of all leads | of own leads and the pool |",
            "|---|--:|--:|",
            *lines,
            "",
            "Lists in the order of an index cost the same however many leads there are and however far down they",
            "begin. Rare filters, searches and other orders of filtered lists read the index of priorities once,",
            "without the rows. Accounts are found by their best leads, and then summed.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
