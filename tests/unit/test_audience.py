"""Audiences (row M25): hashes as platforms take them, nobody without known consent, every lead accounted for."""

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import World, change, day, deal, event, lead, moment

from features.nurture_settings import AudienceSettings
from serving.lifecycle.recorded import Pauses, recorded_events
from serving.lifecycle.replay import state_at
from serving.nurture.audience import REASONS, audience_of, hashed, normalised

AS_OF = moment(day(100))


def found(world, platform="plain", rules=None):
    tables = world.tables()
    states = state_at(recorded_events(tables, "all", Pauses()), AS_OF + timedelta(days=300))
    return audience_of(tables, states, AS_OF, rules or AudienceSettings(), platform)


def person(who="L1", email="ann@acme.example", **more):
    return lead(who, **{"email": email, "consent": "yes"} | more)


def left_out(*leads, more=(), **tables):
    touches = tuple(event(99, "page_view", one["lead_id"]) for one in leads)
    result = found(World(leads=leads, interactions=(*touches, *more), **tables))
    assert len(result.hashes) + sum(result.left_out.values()) == len(leads)
    return result.left_out


def test_hashes_are_those_that_platforms_compute():
    # printf test@example.com | sha256sum
    known = "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"
    assert hashed(" Test@Example.com ") == known == hashed("test@example.com", "google")
    assert normalised("J.Doe+b2b@googlemail.com", "google") == "jdoe@googlemail.com"
    assert normalised("J.Doe+b2b@acme.example", "google") == "j.doe+b2b@acme.example"


def test_m25_who_agreed_and_touched_the_site_is_exported_and_nothing_but_the_hash():
    result = found(World(leads=(person(),), interactions=(event(99, "page_view"),)))
    assert result.hashes == (hashed("ann@acme.example"),)
    assert result.table("google").column_names == ["Email"]
    assert result.left_out == {}


@pytest.mark.parametrize("consent", [None, float("nan"), "", "  "])
def test_m25_consent_that_is_not_known_is_no_consent(consent):
    assert left_out(person(consent=consent)) == {"no consent known": 1}


@pytest.mark.parametrize("consent", ["no", "false", False, 0, "withdrawn", "maybe"])
def test_m25_any_other_value_is_a_no(consent):
    assert left_out(person(consent=consent)) == {"consent refused": 1}


@pytest.mark.parametrize("email", ["ann@", "info@acme.example", "ann@mailinator.com"])
def test_addresses_that_reach_no_person_are_left_out(email):
    assert left_out(person(email=email)) == {"e-mail address of no person": 1}
    assert left_out(person(email=None)) == {"no e-mail address": 1}


def test_m25_one_refusal_counts_for_every_lead_with_the_address():
    again = person("L2", " Ann@ACME.example", consent="no")
    assert left_out(person(), again) == {"consent refused": 2}
    assert left_out(person(), person("L2", "Ann@acme.example")) == {"same address as another lead": 1}


def test_m25_a_withdrawal_counts_even_after_the_date():
    assert left_out(person(), more=(event(150, "unsubscribe"),)) == {"unsubscribed": 1}
    later = (change(1, "consent", "yes"), change(150, "consent", "no"))
    assert left_out(person(), lead_changes=later) == {"consent refused": 1}


def test_m25_consent_counts_from_the_day_it_was_given():
    assert left_out(person(), lead_changes=(change(101, "consent", "yes"),)) == {"no consent known": 1}
    assert left_out(person(), lead_changes=(change(99, "consent", "yes"),)) == {}
    twice = (change(99, "consent", "yes"), change(99, "consent", "no"))
    assert left_out(person(), lead_changes=twice) == {"consent refused": 1}


def test_customers_and_people_who_want_to_be_left_alone_are_left_out():
    assert left_out(person(), deals=(deal("won", 50),)) == {"customer or disqualified": 1}
    silent = ({"lead_id": "L1", "decided_at": day(50), "decision": "do_not_contact"},)
    assert left_out(person(), decisions=silent) == {"not to be contacted": 1}
    assert left_out(person(), deals=(deal("lost", 50),)) == {}


def test_the_last_touch_must_be_recent_and_before_the_date():
    world = World(leads=(person("A"), person("B", "b@acme.example")), interactions=(event(100, "page_view", "A"),))
    assert found(world).left_out == {"no touch of late": 2}


COLUMN = st.lists(st.tuples(st.sampled_from([None, "yes", "no", "?"]), st.integers(0, 3)), min_size=1, max_size=8)


@settings(max_examples=15)
@given(COLUMN)
def test_m25_nobody_without_a_yes_under_every_lead_is_ever_exported(rows):
    leads = tuple(person(f"L{i}", f"p{who}@acme.example", consent=said) for i, (said, who) in enumerate(rows))
    result = found(World(leads=leads, interactions=tuple(event(99, "page_view", one["lead_id"]) for one in leads)))
    refused = {who for said, who in rows if said in ("no", "?")}
    agreed = {who for said, who in rows if said == "yes"} - refused
    assert set(result.hashes) == {hashed(f"p{who}@acme.example") for who in agreed}
    assert set(result.left_out) <= set(REASONS)
    assert len(result.hashes) + sum(result.left_out.values()) == len(leads)


def test_without_a_consent_column_nobody_is_exported():
    leads = (lead("L1", email="ann@acme.example"),)
    result = found(World(leads=leads, interactions=(event(99, "page_view"),)))
    assert (result.hashes, result.left_out) == ((), {"no consent known": 1})
    assert len(result.table("plain")) == 0
    assert isinstance(result.table("plain").to_pandas(), pd.DataFrame)
