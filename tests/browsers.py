"""A headless Chromium, a server in a thread, and pages of somebody who is signed in."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from servers import missing
from sites import new_session

from serving.web.app import create_app
from serving.web.credentials import cookie_name

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@contextmanager
def chromium():
    """The browser of the machine; tests are skipped where there is none, and fail on CI."""
    found = next((path for path in CHROMIUM if Path(path).exists()), None)
    if found is None:
        missing("Chromium is not installed (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def served(site):
    """Address of a server of this site, on a free port."""
    config = uvicorn.Config(create_app(site), port=0, log_level="error", access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@dataclass
class Seen:
    """What a browser said and asked for while pages were looked at."""

    said: list = field(default_factory=list)
    asked: list = field(default_factory=list)

    def nothing_but(self, address):
        """No error was said, no dialog opened, and nobody else was asked."""
        assert self.said == []
        assert [url for url in self.asked if not url.startswith((address, "data:"))] == []


@contextmanager
def visit(browser, site, address, who=("manager", None), **options):
    """A page of somebody, and what the browser says meanwhile."""
    context = browser.new_context(**options)
    if who is not None:
        token = new_session(site, *who)
        context.add_cookies([{"name": cookie_name(site), "value": token, "url": address}])
    page, seen = context.new_page(), Seen()
    page.on("console", lambda message: seen.said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.said.append(str(error)))
    page.on("dialog", lambda dialog: (seen.said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: seen.asked.append(request.url))
    page.set_default_timeout(10_000)
    yield page, seen
    context.close()


def prefer(page, address, language, theme):
    """Cookies of a language and a theme."""
    pairs = {"ripelead-language": language, "ripelead-theme": theme}
    page.context.add_cookies([{"name": name, "value": value, "url": address} for name, value in pairs.items()])


def follow(link):
    """Click what leads to a page, and wait until that is there: the click itself waits only until it begins."""
    with link.page.expect_navigation():
        link.click()
