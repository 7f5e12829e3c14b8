"""What a rep does in a morning, with and without JavaScript, in three languages."""

import pytest
from browsers import follow, visit
from odd_ids import rename
from sqlalchemy import select, update

from serving.language.page_words import lead_path
from serving.language.translations import LANGUAGES, translation_to
from serving.store.schema import LEAD

WAYS = [(language, script) for language in LANGUAGES for script in (True, False)]


@pytest.fixture
def owner(acme):
    """Somebody who owns three leads that marketing has qualified."""
    site, _ = acme
    with site.store.writing() as connection:
        chosen = select(LEAD.c.lead_id).where(LEAD.c.is_open, LEAD.c.owner.is_distinct_from("Anna")).limit(3)
        known = {"owner": "Anna", "stage": "mql", "due_at": None, "snoozed_until": None}
        changed = connection.execute(update(LEAD).where(LEAD.c.lead_id.in_(chosen)).values(known))
    assert changed.rowcount == 3
    return "Anna"


@pytest.mark.parametrize(("language", "script"), WAYS)
def test_a_morning(browser, acme, language, script):
    site, address = acme
    to = translation_to(language)
    with visit(browser, site, address, java_script_enabled=script, locale=language) as (page, seen):
        page.goto(address)
        assert page.title() == f"{to.text('Worklist')} · Ripelead"
        first = page.locator("tbody th a.name").first
        name, path = first.inner_text(), first.get_attribute("href")

        follow(page.get_by_role("link", name=to.text("Next page")))
        assert page.locator("tbody th a.name").first.get_attribute("href") != path
        follow(page.get_by_role("link", name=to.text("First page")))

        page.get_by_role("combobox", name=to.text("Class"), exact=True).select_option("yes")
        page.get_by_label(to.text("Search"), exact=True).fill(name)
        follow(page.get_by_role("button", name=to.text("Show"), exact=True))
        assert "qualified=yes" in page.url
        assert all(name == text for text in page.locator("tbody th a.name").all_inner_texts())
        follow(page.get_by_role("link", name=to.text("Clear"), exact=True))

        follow(page.get_by_role("columnheader", name=to.text("Score")).get_by_role("link"))
        assert page.locator("th[aria-sort=descending]").inner_text().startswith(to.text("Score"))
        scores = [int(text) for text in page.locator("td.score b").all_inner_texts()]
        assert scores == sorted(scores, reverse=True)

        follow(page.locator("tbody th a.name").first)
        assert page.locator(".number .big").inner_text() == str(scores[0])
        page.locator("summary", has_text=to.text("Data are wrong")).click()
        page.get_by_label(to.text("What is wrong"), exact=True).fill("title")
        page.locator("#reason-data").fill(f"left {language} {script}")
        follow(page.locator("form", has=page.locator("#reason-data")).get_by_role("button"))
        assert page.get_by_text(f"left {language} {script}").is_visible()
        seen.nothing_but(address)


@pytest.mark.parametrize("script", [True, False])
def test_decisions_move_leads(browser, acme, owner, script):
    site, address = acme
    with visit(browser, site, address, ("rep", owner), java_script_enabled=script) as (page, _):
        page.goto(f"{address}/leads?owner=mine&stage=mql")
        follow(page.locator("tbody th a.name").first)
        lead = page.url
        page.locator(".act > summary", has_text="Snooze").click()
        page.locator("#until-snooze").fill("2026-02-01")
        follow(page.locator("form", has=page.locator("#until-snooze")).get_by_role("button"))
        assert page.get_by_text("snoozed until Feb 1, 2026").is_visible()
        follow(page.get_by_role("button", name="Wake"))
        follow(page.get_by_role("button", name="Accept"))
        assert page.locator(".tags .badge").first.inner_text() == "SAL"
        page.goto(f"{address}/leads?owner=mine&stage=sal")
        assert any(lead.endswith(one.get_attribute("href")) for one in page.locator("tbody th a.name").all())


@pytest.mark.parametrize("script", [True, False])
def test_leads_with_odd_ids_are_worked_like_all_others(browser, acme, script):
    site, address = acme
    ids = [f"{one}{'' if script else '/.'}" for one in ("..", "a/../b", "?id=1#y", r"\\share", "a%2fb")]
    rename(site, ids)
    with visit(browser, site, address, java_script_enabled=script) as (page, seen):
        for lead_id in ids:
            lead = address + lead_path(lead_id)
            page.goto(lead)
            page.locator("summary", has_text="Note").click()
            page.locator("#note").fill(f"called {lead_id}")
            follow(page.locator("form", has=page.locator("#note")).get_by_role("button"))
            assert page.get_by_text(f"called {lead_id}").is_visible()
            for link in ("What would change it", "Similar leads"):
                follow(page.get_by_role("link", name=link))
                follow(page.locator(".head .fresh a"))
                assert page.url == lead
            follow(page.get_by_role("link", name="Hand-over"))
            assert page.locator("h1").count() == 1
        seen.nothing_but(address)


@pytest.mark.parametrize("script", [True, False])
def test_language_and_colours_are_chosen_and_kept(browser, acme, script):
    site, address = acme
    with visit(browser, site, address, java_script_enabled=script, locale="en") as (page, _):
        page.goto(f"{address}/leads?sort=score")
        for button in ("Dansk", "Mørk"):
            page.locator(".menu > summary").click()
            follow(page.get_by_role("button", name=button))
        assert page.locator("html").get_attribute("lang") == "da"
        assert page.locator("html").get_attribute("data-theme") == "dark"
        assert page.url == f"{address}/leads?sort=score"
        page.locator(".menu > summary").click()
        follow(page.get_by_role("button", name="Log ud"))
        assert page.url.endswith("/sign-in")
        assert page.locator("html").get_attribute("lang") == "da"


def test_keys(browser, acme):
    site, address = acme
    with visit(browser, site, address) as (page, _):
        page.goto(f"{address}/leads")
        names = [one.get_attribute("href") for one in page.locator("[data-row]").all()]

        def focused():
            return page.evaluate("document.activeElement.getAttribute('href')")

        for key, expected in (("j", 0), ("j", 1), ("k", 0), ("k", 0), ("j", 1)):
            page.keyboard.press(key)
            assert focused() == names[expected]
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "search"
        page.keyboard.type("jk?/")
        assert page.locator("#search").input_value() == "jk?/"
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        assert page.get_by_role("dialog").is_visible()
        page.get_by_label("Shortcuts of single keys are on").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        assert focused() not in names
        page.goto(f"{address}/leads")
        page.keyboard.press("j")
        assert focused() not in names


def test_enter_opens_and_the_next_lead_follows_the_list(browser, acme):
    site, address = acme
    with visit(browser, site, address) as (page, _):
        page.goto(f"{address}/leads")
        names = [one.get_attribute("href") for one in page.locator("[data-row]").all()]
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{names[0]}")
        page.locator("a[rel=next]").click()
        page.wait_for_url(f"**{names[1]}")
        page.locator("a[rel=prev]").click()
        page.wait_for_url(f"**{names[0]}")


def test_the_first_tab_skips_to_the_content(browser, acme):
    site, address = acme
    with visit(browser, site, address) as (page, _):
        page.goto(f"{address}/leads")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
