"""Pages that cost much to make, kept until what they were made from changes."""

from sqlalchemy import Connection, delete, insert, select

from serving.store.schema import PAGE


def kept_page(connection: Connection, key: tuple[str, str, str], version: str) -> str | None:
    """The page of a lead (id, name, language) as JSON; None where there is none of this version."""
    lead_id, name, language = key
    where = (PAGE.c.lead_id == lead_id, PAGE.c.name == name, PAGE.c.language == language, PAGE.c.version == version)
    found: str | None = connection.scalar(select(PAGE.c.body).where(*where))
    return found


def keep_page(connection: Connection, key: tuple[str, str, str], version: str, body: str, now: int) -> None:
    """Keep a page in place of the former version."""
    lead_id, name, language = key
    where = (PAGE.c.lead_id == lead_id, PAGE.c.name == name, PAGE.c.language == language)
    connection.execute(delete(PAGE).where(*where))
    row = {"lead_id": lead_id, "name": name, "language": language, "version": version, "body": body, "made_at": now}
    connection.execute(insert(PAGE).values(row))
