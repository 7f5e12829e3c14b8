"""Account A: L1 created on day 0, L2 on day 2, L3 on day 4. L9 has no account."""

from worlds import World, deal, event, lead

from features.deals import deals_by_lead

TEAM = (lead("L3", 4, account="A"), lead("L1", 0, account="A"), lead("L2", 2, account="A"), lead("L9"))
SHARED = deal("won", 10, who=None, account_id="A", amount=5.0)


def leads_of(of_account, *deals, events=(), leads=TEAM):
    found = deals_by_lead(World(leads, events, deals).tables(), of_account)
    return sorted(zip(found["lead_id"], found["status"], strict=True))


def test_deals_of_leads_stay_with_their_leads():
    own = (deal("won", 5, who="L2"), deal("lost", 6, who="L9"))
    for rule in ("all", "primary", "last_touch"):
        assert leads_of(rule, *own) == [("L2", "won"), ("L9", "lost")]


def test_a_deal_of_an_account_counts_for_all_its_leads():
    assert leads_of("all", SHARED, deal("lost", 3, who="L9")) == [
        ("L1", "won"), ("L2", "won"), ("L3", "won"), ("L9", "lost"),
    ]  # fmt: skip


def test_the_primary_lead_was_created_first_ties_by_id():
    assert leads_of("primary", SHARED) == [("L1", "won")]
    younger_first = (lead("L1", 3, account="A"), lead("L2", 1, account="A"))
    assert leads_of("primary", SHARED, leads=younger_first) == [("L2", "won")]
    twins = (lead("L2", 0, account="A"), lead("L1", 0, account="A"))
    assert leads_of("primary", SHARED, leads=twins) == [("L1", "won")]


def test_the_last_touch_before_the_deal_closed():
    events = (event(3, who="L1"), event(9, who="L3"), event(10, who="L2"))
    assert leads_of("last_touch", SHARED, events=events) == [("L3", "won")]


def test_without_any_touch_the_primary_lead_has_the_deal():
    assert leads_of("last_touch", SHARED, events=(event(11, who="L3"),)) == [("L1", "won")]


def test_of_equally_late_touches_the_lead_created_first_has_the_deal():
    assert leads_of("last_touch", SHARED, events=(event(9, who="L3"), event(9, who="L2"))) == [("L2", "won")]


def test_a_deal_goes_to_the_last_touch_before_it_was_opened_whatever_comes_later():
    still_open = deal("open", None, who=None, account_id="A", opened=5)
    assert leads_of("last_touch", still_open, events=(event(3, who="L2"), event(50, who="L1"))) == [("L2", "open")]


def test_a_lead_created_after_the_deal_closed_has_no_part_in_it():
    late = (lead("L1", 0, account="A"), lead("L2", 20, account="A"))
    assert leads_of("all", SHARED, leads=late) == [("L1", "won")]


def test_each_deal_of_an_account_has_its_own_last_touch():
    deals = (deal("lost", 5, who=None, account_id="A"), SHARED)
    events = (event(3, who="L2"), event(9, who="L3"))
    assert leads_of("last_touch", *deals, events=events) == [("L2", "lost"), ("L3", "won")]


def test_deals_of_accounts_without_leads_are_left_out():
    assert leads_of("all", deal("won", 5, who=None, account_id="Z")) == []
    assert leads_of("last_touch", deal("won", 5, who=None, account_id="Z"), deal("won", 5)) == [("L1", "won")]


def test_columns_and_types_stay_those_of_deals():
    tables = World(TEAM, deals=(SHARED,)).tables()
    for rule in ("all", "primary", "last_touch"):
        assert deals_by_lead(tables, rule).dtypes.equals(tables.deals.dtypes)
    assert deals_by_lead(tables, "primary")["amount"].tolist() == [5]


def test_no_deals():
    assert leads_of("all") == []
