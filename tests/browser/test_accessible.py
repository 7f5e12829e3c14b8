"""Every page in every language and theme: accessible, without a foreign request, and usable at 360 pixels."""

import gzip
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import prefer, visit
from sites import PAGE
from sqlalchemy import select

import serving.web
from serving.language.translations import LANGUAGES
from serving.store.schema import LEAD

STATIC = Path(serving.web.__file__).parent / "static"
THEMES = ("light", "dark")
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}
WORST = ("serious", "critical")
STILL = {"reduced_motion": "reduce"}
"""Colours change at once, not in a tenth of a second."""


@pytest.fixture(scope="module")
def paths(acme):
    site, _ = acme
    with site.store.reading() as connection:
        chosen = select(LEAD.c.lead_id, LEAD.c.account_key).where(LEAD.c.is_open, LEAD.c.account_id.is_not(None))
        lead_id, key = connection.execute(chosen.order_by(LEAD.c.rank)).first()
    return (
        "/leads", "/leads?search=zzz", f"/leads/{lead_id}", f"/what-if/{lead_id}", f"/handovers/{lead_id}",
        "/disagreements?kind=ask", "/accounts", f"/accounts/{key}", "/funnel", "/model", "/quality", "/deliveries",
        "/account", "/nothing",
    )  # fmt: skip


def findings(page, rules=RULES):
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate("options => axe.run(document, options)", rules)["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found if one["impact"] in WORST]


def findings_in_both_themes(page):
    """Those of the page in light, and those of its colours in dark: nothing else of a page differs."""
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    light = findings(page)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    return light + findings(page, COLOURS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_serious_finding_on_any_page(browser, acme, paths, language):
    site, address = acme
    with visit(browser, site, address, ("admin", None), **STILL) as (page, seen):
        prefer(page, address, language, "light")
        for path in paths:
            page.goto(address + path)
            assert page.locator("html").get_attribute("lang") == language
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            assert not findings_in_both_themes(page), path
        missing = [text for text in seen.said if "404" not in text]
        seen.said[:] = missing
        seen.nothing_but(address)


def test_the_theme_is_a_mark_of_the_page_and_changes_nothing_else(browser, acme, paths):
    site, address = acme
    marks = re.compile(r'data-theme="\w+"|aria-pressed="\w+"')
    with visit(browser, site, address, ("admin", None)) as (page, _):
        for path in paths:
            texts = []
            for theme in THEMES:
                prefer(page, address, "en", theme)
                texts.append(page.request.get(address + path, headers=PAGE).text())
            assert ('data-theme="dark"' in texts[1]) != path.startswith("/handovers/")  # a sheet of paper
            assert marks.sub("", texts[0]) == marks.sub("", texts[1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sign_in_page_has_no_serious_finding(browser, acme, language):
    site, address = acme
    with visit(browser, site, address, None, **STILL) as (page, seen):
        prefer(page, address, language, "light")
        page.goto(f"{address}/sign-in")
        assert not findings_in_both_themes(page)
        seen.nothing_but(address)


@pytest.mark.parametrize("most", [360, 1021, 1280])
def test_nothing_is_wider_than_a_screen_in_its_longest_words(browser, acme, paths, most):
    site, address = acme
    with visit(browser, site, address, ("admin", None), viewport={"width": most, "height": 740}) as (page, _):
        prefer(page, address, "de", "light")
        wide = []
        for path in (*paths, "/leads?contact=gone"):
            page.goto(address + path)
            width = page.evaluate("document.documentElement.scrollWidth")
            wide += [(path, width)] if width > most else []
        assert not wide


def test_targets_are_large_enough_on_a_phone(browser, acme, paths):
    site, address = acme
    small = """() => [...document.querySelectorAll("button, select, input, summary, nav a, .name, .button")]
        .map(one => [one.getBoundingClientRect(), one.outerHTML.slice(0, 90)])
        .filter(([box]) => box.width > 1 && (box.height < 24 && box.width < 400)).map(([box, html]) => html)"""
    with visit(browser, site, address, ("admin", None), viewport={"width": 360, "height": 740}) as (page, _):
        for path in paths[:4]:
            page.goto(address + path)
            assert [html for html in page.evaluate(small) if "checkbox" not in html and "radio" not in html] == []


def test_print_shows_content_without_furniture(browser, acme):
    site, address = acme
    with visit(browser, site, address) as (page, _):
        page.goto(f"{address}/leads")
        page.emulate_media(media="print", color_scheme="dark")
        assert not page.locator(".top, .filters, .pager").first.is_visible()
        assert page.locator("tbody tr").first.is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_styles_and_scripts_are_small():
    def compressed(ending):
        return sum(len(gzip.compress(path.read_bytes())) for path in STATIC.rglob(f"*{ending}"))

    assert compressed(".css") <= 20 * 1024
    assert compressed(".js") <= 40 * 1024
