"""Bringing the store to the newest schema, once at a time however many processes start."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from features.errors import ProjectFileError
from serving.store.connection import Store

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK = 4_151_617


def upgrade(store: Store) -> None:
    """Run the migrations that the store lacks, in one transaction.

    Raises:
        ProjectFileError: the store was made by a newer release.
    """
    if not _is_newest(store):
        _migrate(store)


def newest() -> str:
    """The newest revision there is: the number that the name of its file begins with."""
    return max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def _is_newest(store: Store) -> bool:
    """Asked without Alembic, whose import would take longer than all else that opens a store."""
    with store.reading() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [newest()]


def _migrate(store: Store) -> None:
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = _config()
    script = ScriptDirectory.from_config(config)
    with store.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        present = MigrationContext.configure(connection).get_current_revision()
        if present is not None and present not in {one.revision for one in script.walk_revisions()}:
            raise ProjectFileError(
                f"the store has schema {present}, which this release does not know: a newer release made it; "
                "install that one, or name another [serve] store"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
