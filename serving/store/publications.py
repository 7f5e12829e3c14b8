"""Publications: one is built beside the current one, becomes current in one transaction, and the former ones go."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from serving.store.connection import Store
from serving.store.schema import ACCOUNT, DOCUMENT, LEAD, PAGE, PUBLICATION, SCORE_POINT, columns_of

BUILDING, CURRENT, FORMER = "building", "current", "former"
ROWS_AT_ONCE = 2_000
KEPT_US = 400 * 86_400_000_000
"""How long a lead's scores are kept."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The head of a publication; times in microseconds, `summary` is JSON."""

    id: int
    as_of: int
    finished_at: int | None
    model_version: str
    data_end: int | None
    newest_event: int | None
    summary: str


_CURRENT = select(*columns_of(PUBLICATION, Publication)).where(PUBLICATION.c.state == CURRENT)
CURRENT_NUMBER = select(PUBLICATION.c.id).where(PUBLICATION.c.state == CURRENT).scalar_subquery()
"""Number of the current publication inside of other statements."""
_DOCUMENT = select(DOCUMENT.c.body).where(
    DOCUMENT.c.publication == bindparam("publication"), DOCUMENT.c.name == bindparam("wanted")
)


def current(connection: Connection) -> Publication | None:
    """The publication that readers see; None before the first."""
    row = connection.execute(_CURRENT).first()
    return None if row is None else Publication(*row)


def held_publication(connection: Connection) -> int | None:
    """Number of the current publication, which stays current until this transaction ends; None before the first.

    A publication that becomes current meanwhile waits, or is found at the second look.
    """
    wanted = select(PUBLICATION.c.id).where(PUBLICATION.c.state == CURRENT).with_for_update(read=True)
    number = connection.scalar(wanted)
    return connection.scalar(wanted) if number is None else int(number)


def begin(store: Store, head: Mapping[str, Any]) -> int:
    """Number of a new publication that nobody sees yet; what a killed run left is removed first."""
    with store.writing() as connection:
        left = connection.scalars(select(PUBLICATION.c.id).where(PUBLICATION.c.state != CURRENT)).all()
    for number in left:
        remove(store, number)
    with store.writing() as connection:
        added = insert(PUBLICATION).values(**head, state=BUILDING).returning(PUBLICATION.c.id)
        return int(connection.execute(added).scalar_one())


def add(store: Store, number: int, what: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """Add rows of leads, accounts or documents to a publication that is being built; gives their number."""
    table, count = {"lead": LEAD, "account": ACCOUNT, "document": DOCUMENT}[what], 0
    stream = iter(rows)
    while some := list(islice(stream, ROWS_AT_ONCE)):
        with store.writing() as connection:
            connection.execute(insert(table), [{**row, "publication": number} for row in some])
        count += len(some)
    return count


def finish(connection: Connection, number: int, head: Mapping[str, Any]) -> None:
    """Make a publication current, and keep its scores as points of the leads' past.

    Points from before `KEPT_US`, and pages that were made from the former publication, go.
    """
    connection.execute(update(PUBLICATION).where(PUBLICATION.c.state == CURRENT).values(state=FORMER))
    connection.execute(update(PUBLICATION).where(PUBLICATION.c.id == number).values(**head, state=CURRENT))
    names = ("lead_id", "as_of", "model_version", "score", "propensity")
    scored = select(*(LEAD.c[name] for name in names)).where(LEAD.c.publication == number, LEAD.c.is_open)
    known = select(SCORE_POINT.c.lead_id).where(*(SCORE_POINT.c[name] == LEAD.c[name] for name in names[:3]))
    connection.execute(insert(SCORE_POINT).from_select(names, scored.where(~known.exists())))
    as_of = select(PUBLICATION.c.as_of).where(PUBLICATION.c.id == number).scalar_subquery()
    connection.execute(delete(SCORE_POINT).where(SCORE_POINT.c.as_of < as_of - KEPT_US))
    connection.execute(delete(PAGE))


def former_scores(connection: Connection, as_of: int) -> dict[str, int]:
    """The score of each lead in the publication before one of a time; of the same time, what that one compared with."""
    present = current(connection)
    if present is None:
        return {}
    score = LEAD.c.score if present.as_of < as_of else LEAD.c.score_before
    rows = connection.execute(
        select(LEAD.c.lead_id, score).where(LEAD.c.publication == present.id, LEAD.c.is_open, score.is_not(None))
    )
    return {lead_id: said for lead_id, said in rows}  # noqa: C416  (rows are no pairs to the type checker)


def remove(store: Store, number: int) -> None:
    """Remove a publication that is not current, some rows at a time, so that nobody waits long."""
    for table, key in ((LEAD, LEAD.c.lead_id), (ACCOUNT, ACCOUNT.c.account_key)):
        while True:
            with store.writing() as connection:
                some = connection.scalars(select(key).where(table.c.publication == number).limit(ROWS_AT_ONCE)).all()
                if not some:
                    break
                connection.execute(delete(table).where(table.c.publication == number, key.in_(some)))
    with store.writing() as connection:
        connection.execute(delete(DOCUMENT).where(DOCUMENT.c.publication == number))
        connection.execute(delete(PUBLICATION).where(PUBLICATION.c.id == number, PUBLICATION.c.state != CURRENT))


def former(connection: Connection) -> Iterator[int]:
    """Numbers of the publications that are over."""
    yield from connection.scalars(select(PUBLICATION.c.id).where(PUBLICATION.c.state == FORMER)).all()


def document(connection: Connection, number: int, name: str) -> str | None:
    """The JSON of a publication's document; None where it has none of that name."""
    found: str | None = connection.scalar(_DOCUMENT, {"publication": number, "wanted": name})
    return found
