"""Rules on rows of the interactions table."""

import pandas as pd
import pytest
from worlds import event, frame, lead

from features.project import HygieneSettings
from features.traffic import excluded_rows, fitting, rows_of_reps

LEADS = (lead("L1", email="a@customer.com"), lead("L2", email="Test@QA.Acme.com"), lead("L3"))


def judged(*rows, leads=LEADS, **rules):
    return excluded_rows(frame("interactions", rows), frame("leads", leads), HygieneSettings(**rules))


def is_bot(actor: str) -> bool:
    return bool(judged(event(1, actor=actor)).counts["bot"])


@pytest.mark.parametrize(
    "actor",
    ["bot", "Bot 7", "chat-bot", "Googlebot/2.1 (+http://www.google.com)", "my_bot_3", "AhrefsBot/7.0", "Web Crawler",
     "HeadlessChrome", "bot@acme.com", "Baiduspider"],
)  # fmt: skip
def test_bots(actor):
    assert is_bot(actor)


@pytest.mark.parametrize(
    "actor", ["Jane Abbott", "A. Talbot", "Botha, P.", "abbot@acme.com", "Robotics Ltd", "Turbotax"]
)
def test_people_and_firms_whose_names_hold_bot(actor):
    assert not is_bot(actor)


def test_bot_patterns_are_settings():
    assert not judged(event(1, actor="bot"), bots=()).mask.any()
    assert judged(event(1, actor="Scanner [x]"), bots=("*SCANNER*",)).mask.all()


def test_all_events_of_leads_at_an_internal_domain_or_below_it_are_left_out():
    rows = event(1), event(2, who="L2"), event(3, who="L3"), event(4, who=None, account_id="A")
    found = judged(*rows, internal_domains=("@acme.COM", "other.org"))
    assert found.mask.tolist() == [False, True, False, False]
    assert found.counts == {"clock never set": 0, "bot": 0, "internal actor": 0, "internal lead": 1}


def test_a_domain_is_not_the_end_of_another():
    leads = lead("L1", email="a@notacme.com"), lead("L2", email="b@acme.com.tr"), lead("L3", email="acme.com")
    assert not judged(
        event(1), event(1, who="L2"), event(1, who="L3"), leads=leads, internal_domains=("acme.com",)
    ).mask.any()


def test_what_own_people_do_outbound_counts():
    rows = [event(1, actor="Jo@acme.com", direction=way) for way in ("inbound", "outbound", None)]
    assert judged(*rows, internal_actors=("*@acme.com",)).mask.tolist() == [True, False, True]


def test_a_clock_that_was_never_set():
    years = [frame("interactions", [{"occurred_at": 0}]), frame("interactions", [event(1)])]
    rows = pd.concat(years, ignore_index=True)
    assert excluded_rows(rows, frame("leads", ()), HygieneSettings()).mask.tolist() == [True, False]
    assert not excluded_rows(rows, frame("leads", ()), HygieneSettings(first_year=1900)).mask.any()


def test_the_first_rule_that_hits_has_the_row():
    found = judged(event(1, who="L2", actor="bot"), internal_domains=("acme.com",), internal_actors=("bot",))
    assert found.counts == {"clock never set": 0, "bot": 1, "internal actor": 0, "internal lead": 0}


def test_tables_without_the_columns_lose_nothing():
    rules = HygieneSettings(internal_domains=("acme.com",), internal_actors=("qa",))
    found = excluded_rows(pd.DataFrame({"kind": ["visit"]}), pd.DataFrame({"lead_id": ["L1"]}), rules)
    assert found.mask.tolist() == [False]
    assert not excluded_rows(frame("interactions", ()), frame("leads", ()), rules).mask.size


def test_switched_off():
    rows = event(1, who="L2", actor="bot"), event(-20_000)
    assert not judged(*rows, internal_domains=("acme.com",), enabled=False).mask.any()


def test_nothing_fits_no_pattern():
    assert fitting(["", "bot", None], ()).tolist() == [False, False, False]


def test_an_empty_domain_makes_no_lead_internal():
    assert not judged(event(1), internal_domains=("", "@")).mask.any()


REPS = HygieneSettings(rep_activities="exclude", rep_actors=("*@acme.com",), rep_kinds=("call_attempt",))


def test_what_sales_did_is_outbound_or_of_its_kinds_or_by_one_of_them():
    rows = [
        event(1, "visit"),
        event(2, "visit", direction="outbound"),
        event(3, "call_attempt", direction="inbound"),
        event(4, "visit", actor="Jo@ACME.com"),
        event(5, "visit", actor="jo@customer.com"),
        event(6, "visit", who=None, account_id="A", direction="outbound"),
    ]
    assert rows_of_reps(frame("interactions", rows), REPS).tolist() == [False, True, True, True, False, True]
    assert not rows_of_reps(frame("interactions", rows), HygieneSettings(rep_actors=("*",))).any()
    assert rows_of_reps(pd.DataFrame({"lead_id": ["L1"]}), REPS).tolist() == [False]


def test_without_hygiene_nothing_can_be_left_out():
    with pytest.raises(ValueError, match="needs enabled = true"):
        HygieneSettings(enabled=False, rep_activities="exclude")
