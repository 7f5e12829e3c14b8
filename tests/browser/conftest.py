"""A browser and a served world for the tests of a file; closed behind it: while open, an event loop runs here."""

import pytest
from browsers import chromium, served
from sites import world_site

from serving.pages import accounts, disagreements, worklist


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def acme(world, published, tmp_path_factory):
    """A published world with a model, and the address where it is served."""
    site = world_site(world, published, tmp_path_factory.mktemp("browser") / "acme")
    with pytest.MonkeyPatch.context() as patch:
        for module in (worklist, disagreements, accounts):  # what holds for six rows holds for thirty
            patch.setattr(module, "ROWS", 6)
        with served(site) as address:
            yield site, address
