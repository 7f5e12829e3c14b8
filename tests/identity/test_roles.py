"""Who may what: every role, permission and owner asserted."""

import pytest

from serving.identity.roles import ALLOWED, HUMAN_ROLES, PERMISSIONS, ROLES
from serving.identity.who import Identity, permissions_of_key, sees, visible_owners

#            permission            rep  manager  marketing  data_scientist  admin  service
MATRIX = """
             leads.own_and_pool    x    x        x          x               x      x
             leads.all             -    x        x          x               x      x
             leads.act             x    x        -          -               x      x
             funnel                -    x        x          x               x      x
             model                 x    x        x          x               x      x
             quality               -    x        x          x               x      x
             score                 -    -        -          x               x      x
             interactions.write    -    -        -          -               x      x
             export                -    x        -          x               x      x
             webhooks              -    -        -          -               x      x
             metrics               -    -        -          x               x      x
             users                 -    -        -          -               x      -
             audit                 -    -        -          -               x      -
"""
ROWS = [line.split() for line in MATRIX.strip().splitlines()]


def person(role, owner=None):
    return Identity("ann", role, owner, ALLOWED[role], "session", "")


def test_every_role_has_exactly_these_permissions():
    assert [row[0] for row in ROWS] == sorted(PERMISSIONS, key=[row[0] for row in ROWS].index)
    for permission, *marks in ROWS:
        assert {role: person(role).may(permission) for role in ROLES} == dict(
            zip(ROLES, [mark == "x" for mark in marks], strict=True)
        ), permission


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("mine", [None, "Ann"])
@pytest.mark.parametrize("owner", [None, "Ann", "ann", "Bo", ""])
def test_reps_see_their_own_and_the_pool_all_others_see_all(role, mine, owner):
    expected = role != "rep" or owner is None or (mine is not None and owner == mine)
    assert sees(person(role, mine), owner) is expected


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("mine", [None, "Ann"])
def test_the_owners_of_queries_are_those_that_are_seen(role, mine):
    owners = visible_owners(person(role, mine))
    seen = tuple(owner for owner in ("Ann", "Bo", None) if sees(person(role, mine), owner))
    assert seen == (("Ann", "Bo", None) if owners is None else owners)


@pytest.mark.parametrize("owner", [None, "Ann"])
@pytest.mark.parametrize("scope", [*PERMISSIONS, "everything", ""])
def test_a_key_may_what_its_scopes_say_and_never_more_than_a_service(owner, scope):
    expected = scope in ALLOWED["service"] and not (owner and scope == "leads.all")
    assert permissions_of_key([scope], owner) == ({scope} if expected else set())


def test_a_key_without_leads_sees_none():
    key = Identity("key:x", "service", None, permissions_of_key(["score"], None), "key", "p")
    assert visible_owners(key) == ()
    assert not sees(key, None)
    assert not sees(key, "Ann")


def test_a_key_of_an_owner_sees_theirs_and_the_pool():
    permissions = permissions_of_key(["leads.all", "leads.own_and_pool"], "Ann")
    assert visible_owners(Identity("key:x", "service", "Ann", permissions, "key", "p")) == ("Ann", None)


def test_people_are_no_services():
    assert set(HUMAN_ROLES) == set(ROLES) - {"service"}
