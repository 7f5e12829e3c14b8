"""Next content (row M25): counts of what won and lost leads consumed, by hand."""

from datetime import timedelta

import pandas as pd
import pytest
from worlds import World, day, deal, event, lead, moment

from features.nurture_settings import NurtureSettings
from serving.nurture.next_content import offered_to, offers

SETTINGS = NurtureSettings(least=5)
AS_OF = moment(day(100))


def closed(number, status, *kinds):
    """A lead that sales takes over on day 10 and closes on day 20, with these kinds on day 15."""
    who = f"{status}{number}"
    events = tuple(event(15, kind, who, topic="price") for kind in ("visit", *kinds))
    decision = {"lead_id": who, "decided_at": day(10), "decision": "accept"}
    return lead(who), events, deal(status, 20, who), decision


def world(*people, more=(), accepted=True):
    """Those people, and the open lead L1, whose topic is price."""
    decisions = tuple(person[3] for person in people)
    if accepted:
        decisions += ({"lead_id": "L1", "decided_at": day(30), "decision": "accept"},)
    return World(
        leads=(lead("L1"), *(person[0] for person in people)),
        interactions=(event(95, topic="price"), *more, *(one for person in people for one in person[1])),
        deals=tuple(person[2] for person in people),
        decisions=decisions,
    ).tables()


def offered(tables, as_of=AS_OF, settings=SETTINGS):
    return offered_to(offers(tables, as_of, pd.Series(["L1"]), settings, "all")[1])


def people(n_won, n_lost, kind="case_study_view"):
    lost = [closed(i, "lost", kind) if i < n_lost else closed(i, "lost") for i in range(8)]
    return [*(closed(i, "won", kind) if i < n_won else closed(i, "won") for i in range(8)), *lost]


def test_m25_content_of_won_leads_is_offered_with_its_counts():
    (found,) = offered(world(*people(6, 2)))
    assert (found.kind, found.topic) == ("case_study_view", "price")
    assert (found.won_consumed, found.won_leads, found.lost_consumed, found.lost_leads) == (6, 8, 2, 8)


@pytest.mark.parametrize(("n_won", "n_lost"), [(4, 0), (5, 5), (5, 8)])
def test_m25_below_the_support_or_without_a_gap_nothing_is_offered(n_won, n_lost):
    assert offered(world(*people(n_won, n_lost))) == ()


def test_m25_what_a_lead_had_is_not_offered_again():
    had = event(90, "case_study_view", topic="price")
    other = event(90, "case_study_view", topic="security")
    assert offered(world(*people(6, 0), more=(had,))) == ()
    assert len(offered(world(*people(6, 0), more=(other,)))) == 1


def test_m25_before_sales_took_over_only_that_phase_counts():
    assert offered(world(*people(6, 0), accepted=False)) == ()


def test_m25_outcomes_and_reading_at_or_after_the_date_do_not_count():
    tables = world(*people(6, 0))
    assert offered(tables, as_of=moment(day(20))) == ()
    late = tuple(event(20, "webinar_attended", f"won{i}", topic="price") for i in range(8))
    assert [one.kind for one in offered(world(*people(6, 0), more=late))] == ["case_study_view"]


def test_a_lead_of_another_topic_gets_what_all_leads_had():
    more = tuple(event(96 + i / 10, topic="security") for i in range(3))
    (found,) = offered(world(*people(6, 0), more=more))
    assert (found.topic, found.won_leads) == (None, 8)


def test_projects_without_deals_or_interactions_offer_nothing():
    assert offered(World(leads=(lead("L1"),)).tables()) == ()
    assert len(offers(world(*people(6, 2)), AS_OF, pd.Series([], dtype="str"), SETTINGS, "all")[1]) == 0
    assert offered(world(*people(6, 2)), as_of=moment(day(-500))) == ()
    assert offered(World(leads=(lead("L1"),), interactions=(event(1),)).tables(), AS_OF + timedelta(days=1)) == ()
