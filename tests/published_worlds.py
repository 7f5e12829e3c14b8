"""A small world as it is published, for tests of pages and of the API."""

from datetime import UTC, datetime

from features.tables import read_tables
from serving.lifecycle.history import process_of
from serving.publish.gathered import Asked
from serving.publish.publish import publish
from serving.store.connection import open_store
from training.bundle import load_bundle
from training.registry import registry_of
from training.settings import read_all

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


def asked_of(world):
    """What publishes a trained world as of `AS_OF`."""
    project, settings = read_all(world)
    bundle = load_bundle(registry_of(project).bundle_path("champion"))
    return Asked(project, bundle, process_of(project, settings.label.deals_of_account), AS_OF, AS_OF)


def publish_world(world, path):
    """Publish it into the SQLite file `path`."""
    asked, store = asked_of(world), open_store(f"sqlite:///{path}")
    publish(asked, read_tables(asked.project, clock=AS_OF), store)
    store.close()
