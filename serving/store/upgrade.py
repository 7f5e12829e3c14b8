"""Bringing the store to the newest schema, once at a time however many processes start."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from features.errors import ProjectFileError
from serving.store.connection import Store

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK = 4_151_617


def upgrade(store: Store) -> None:
    """Run the migrations that the store lacks, in one transaction.

    Raises:
        ProjectFileError: the store was made by a newer release.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    newest = script.get_current_head()
    with store.reading() as connection:
        if MigrationContext.configure(connection).get_current_revision() == newest:
            return
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


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
