"""Pictures of the pages for the documents, made by a headless Chromium from a project that was published.

`make screenshots P=demo` writes docs/*.png; whoever calls it looks at them. Names in the demo are made up.
"""

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import select

from serving.identity.tokens import hash_of, new_token
from serving.store.schema import LEAD
from serving.store.sessions import start_session
from serving.store.users import NewUser, add_user, user_named
from serving.web.app import create_app
from serving.web.credentials import cookie_name
from serving.web.site import Site, open_site

CHROMIUM = "/usr/bin/chromium"
DAY_US = 86_400_000_000
DOCS = Path(__file__).parents[1] / "docs"
WHO = "anna.berg"


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its file, the page, how it is looked at."""

    name: str
    path: str
    language: str = "en"
    theme: str = "light"
    width: int = 1360
    height: int = 850


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a project that was published")
    parser.add_argument("--at", default="2026-01-01T06:00:00", help="what the pages take for now, in UTC")
    given = parser.parse_args()
    now = datetime.fromisoformat(given.at).replace(tzinfo=UTC)
    site = open_site(given.project, lambda: now)
    site.model.refresh()
    token = _session(site)
    with _served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for shot in _shots(site):
            _take(browser, (cookie_name(site), token), address, shot)
            print(f"docs/{shot.name}.png")
        browser.close()


def _shots(site: Site) -> tuple[Shot, ...]:
    with site.store.reading() as connection:
        chosen = select(LEAD.c.lead_id).where(LEAD.c.is_open, LEAD.c.agreement == "ask", LEAD.c.score < 90)
        lead_id = connection.scalars(chosen.order_by(LEAD.c.priority.desc())).first()
    return (
        Shot("worklist", "/leads"),
        Shot("lead", f"/leads/{lead_id}", height=1000),
        Shot("disagreements", "/disagreements?kind=ask", "de", "dark"),
        Shot("worklist-phone", "/leads", "da", width=390, height=844),
    )


def _take(browser: Browser, session: tuple[str, str], address: str, shot: Shot) -> None:
    context = browser.new_context(viewport={"width": shot.width, "height": shot.height}, device_scale_factor=1)
    cookies = {session[0]: session[1], "ripelead-language": shot.language, "ripelead-theme": shot.theme}
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
    page = context.new_page()
    page.goto(address + shot.path)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=DOCS / f"{shot.name}.png")
    context.close()


def _session(site: Site) -> str:
    token = new_token()
    with site.store.writing() as connection:
        known = user_named(connection, WHO)
        user = known.id if known else add_user(connection, NewUser(WHO, "manager", None), site.now)
        start_session(connection, hash_of(token), user, site.now, DAY_US)
    return token


@contextmanager
def _served(site: Site) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(site), port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    main()
