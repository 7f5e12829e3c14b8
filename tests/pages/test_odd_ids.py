"""Every page and act about a lead is reached by the links that pages show, whatever the lead's id is."""

import re
from html import unescape

import pytest
from odd_ids import ODD, rename
from published import lead, publish
from sites import PAGE, client_of, sign_in, site_in, world_site
from sqlalchemy import insert

from serving.language.page_words import lead_path, path_below
from serving.live.account_history import AccountHistory
from serving.store.schema import ACCOUNT
from serving.web.app import create_app

BESIDE = ("/handovers/", "/what-if/", "/similar/")
OF_EACH_SORT = ("..", "a/../b", "?id=1&x=2#y", "100%", "a\nb", "a+b c")


@pytest.fixture(scope="module")
def boss(tmp_path_factory):
    site = site_in(tmp_path_factory.mktemp("odd_ids"))
    publish(site.store, [lead(one) for one in ODD])
    with site.store.writing() as connection:
        histories = {one: AccountHistory(None, [{"lead_id": one}]).packed() for one in ODD}
        rows = [{"publication": 1, "account_key": one, "history": packed} for one, packed in histories.items()]
        connection.execute(insert(ACCOUNT), rows)
    yield sign_in(client_of(create_app(site)), site, "manager")
    site.store.close()


@pytest.fixture(scope="module")
def knowing(world, published, tmp_path_factory):
    """Who looks at a site with a model."""
    site = world_site(world, published, tmp_path_factory.mktemp("odd_ids") / "acme")
    rename(site, OF_EACH_SORT)
    yield sign_in(client_of(create_app(site)), site, "manager")
    site.store.close()


def links(text, name="href"):
    """Addresses in a page."""
    return [unescape(one) for one in re.findall(rf'{name}="(/[^"]+)"', text)]


@pytest.mark.parametrize("lead_id", OF_EACH_SORT, ids=repr)
def test_links_of_a_lead_lead_to_its_pages_and_back(knowing, lead_id):
    page = knowing.get(lead_path(lead_id), headers=PAGE)
    there = [address for address in links(page.text) if address.startswith(BESIDE)]
    assert len(there) == len(BESIDE)
    for address in there:
        assert knowing.get(address).json()["lead_id"] == lead_id
        again = knowing.get(address, headers=PAGE)
        assert again.status_code == 200
        assert address.startswith("/handovers/") or lead_path(lead_id) in links(again.text)


@pytest.mark.parametrize("lead_id", ODD, ids=ascii)
def test_every_address_means_the_lead_that_it_was_written_for(boss, lead_id):
    assert boss.get(lead_path(lead_id)).json()["lead_id"] == lead_id
    assert boss.get(lead_path(lead_id), headers=PAGE).status_code == 200
    for folder in BESIDE:
        # A lead that nobody knows is 404; this one only has no model.
        assert boss.get(path_below(folder, lead_id)).status_code == 503


@pytest.mark.parametrize("lead_id", ODD, ids=ascii)
def test_an_act_ends_on_the_page_that_it_began_on(boss, lead_id):
    page = boss.get(lead_path(lead_id), headers=PAGE)
    (address,) = {one for one in links(page.text, "action") if one.startswith("/acts/")}
    answer = boss.post(address, data={"kind": "note", "note": "called"}, headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, lead_path(lead_id))
    assert boss.get(lead_path(lead_id)).json()["said"][0]["note"] == "called"


@pytest.mark.parametrize("lead_id", ODD, ids=ascii)
def test_another_language_shows_the_same_lead(boss, lead_id):
    page = boss.get(lead_path(lead_id), headers=PAGE).text
    here = unescape(re.search(r'name="next" value="([^"]+)"', page)[1])
    answer = boss.post("/preferences", data={"language": "da", "next": here})
    assert boss.get(answer.headers["location"]).json()["lead_id"] == lead_id


def test_the_worklist_links_to_all_of_them(boss):
    found, after = [], ""
    while after is not None:
        page = boss.get(f"/leads?after={after}")
        found += links(boss.get(f"/leads?after={after}", headers=PAGE).text)
        after = page.json()["next"]
    assert {lead_path(one) for one in ODD} <= set(found)
