"""The worklist: leads by priority, with what a rep asks before calling the first one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from serving.pages.cursor import cursor_of
from serving.pages.freshness import Freshness, freshness
from serving.pages.lead_lines import LeadLine, Telling, lead_lines
from serving.pages.page_counts import PageCounts
from serving.store.connection import Store
from serving.store.lead_keys import Key, Place, Scope, Sort, Visible, Wanted
from serving.store.leads import leads_page
from serving.store.publications import current

ROWS = 30
QUALIFIED = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Filters:
    """What was asked for; empty text where a filter is not set."""

    tab: Place = "open"
    sort: Sort = "priority"
    owner: str = ""
    band: str = ""
    stage: str = ""
    agreement: str = ""
    contact: str = ""
    source: str = ""
    qualified: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader can set filters to, beside what is the same for everybody."""

    owners: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Worklist:
    """A page of the worklist."""

    page: str
    language: str
    scores: Freshness | None
    counts: Mapping[Place, int]
    filters: Filters
    options: Options
    leads: tuple[LeadLine, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: how the CRM names them as an owner, and whose leads they see."""

    owner: str | None
    visible: Visible


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: filters, the place after which the page begins, and how it is told."""

    filters: Filters
    after: Key | None
    language: str
    telling: Telling
    stale_after_hours: float


def worklist(store: Store, counts: PageCounts, reader: Reader, asked: Asked) -> Worklist:
    """A page of the worklist as one consistent view of the store."""
    filters, now = asked.filters, asked.telling.now
    with store.reading() as connection:
        published = current(connection)
        if published is None:
            return Worklist("worklist", asked.language, None, {}, filters, Options(), (), None)
        scope = Scope(published.id, reader.visible, now)
        counted = counts.of(connection, scope)
        narrow = replace(scope, visible=narrowed(reader, filters.owner))
        rows, last = leads_page(connection, narrow, wanted(filters), asked.after, ROWS)
    return Worklist(
        page="worklist",
        language=asked.language,
        scores=freshness(published, now, asked.stale_after_hours),
        counts=counted.places,
        filters=filters,
        options=Options(owner_choices(reader), counted.choices.bands, counted.choices.sources),
        leads=lead_lines(rows, asked.telling),
        next=None if last is None else cursor_of(filters.sort, last),
    )


def wanted(filters: Filters) -> Wanted:
    """The filters as the store asks for them."""
    return Wanted(
        place=filters.tab,
        sort=filters.sort,
        band=filters.band or None,
        stage=filters.stage or None,
        agreement=filters.agreement or None,
        contact=filters.contact or None,
        source=filters.source or None,
        sales_qualified=QUALIFIED.get(filters.qualified),
        search=filters.search or None,
    )


def narrowed(reader: Reader, choice: str) -> Visible:
    """Owners whose leads are shown: `mine`, `pool`, or all that somebody sees.

    >>> narrowed(Reader("Ann", ("Ann", None)), "pool"), narrowed(Reader(None, ()), "pool")
    ((None,), ())
    """
    if choice not in ("mine", "pool") or (choice == "mine" and reader.owner is None):
        return reader.visible
    owner = reader.owner if choice == "mine" else None
    return (owner,) if reader.visible is None or owner in reader.visible else ()


def owner_choices(reader: Reader) -> tuple[str, ...]:
    """What somebody can narrow the owners to."""
    pool = reader.visible is None or None in reader.visible
    return tuple(name for name, possible in (("mine", reader.owner is not None), ("pool", pool)) if possible)
