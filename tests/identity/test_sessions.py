"""Sessions, users and keys in the store, on both databases: found by one query, ended when they should be."""

import pytest
from sqlalchemy import event, select

from serving.identity.roles import ALLOWED
from serving.identity.tokens import KeyText, new_key
from serving.store.audit import Line, log
from serving.store.keys import _BY_PREFIX, NewKey, add_key, all_keys, find_key, revoke_keys, touch_key
from serving.store.schema import SESSION
from serving.store.sessions import (
    _BY_TOKEN,
    find_session,
    revoke_session,
    start_session,
    to_be_touched,
    touch_session,
)
from serving.store.upkeep import forget_expired
from serving.store.users import (
    NewUser,
    add_user,
    all_users,
    anybody,
    disable_user,
    enable_user,
    revoke_sessions_of,
    set_access,
    set_password_hash,
    set_preferences,
    user_named,
    user_of_subject,
)

MINUTE, HOUR = 60_000_000, 3_600_000_000
HASH = "f" * 64


@pytest.fixture
def ann(connection):
    user = add_user(connection, NewUser("ann", "rep", "Ann B."), 0)
    start_session(connection, HASH, user, 0, 12 * HOUR)
    return user


def found(connection, now=1, token=HASH):
    return find_session(connection, token, now, 2 * HOUR)


def test_a_session_says_who_it_is(connection, ann):
    session = found(connection)
    assert (session.user, session.identity.name, session.identity.owner) == (ann, "ann", "Ann B.")
    assert session.identity.permissions == ALLOWED["rep"]
    assert session.identity.credential == HASH
    assert HASH not in repr(session)


def test_a_session_is_found_by_one_query(connection, ann):
    seen = []
    event.listen(connection, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
    assert found(connection)
    assert len(seen) == 1


def test_finding_a_session_or_key_reads_no_whole_table(connection, ann):
    for query, wanted in ((_BY_TOKEN, HASH), (_BY_PREFIX, "p")):
        if connection.dialect.name == "sqlite":
            compiled = str(query.compile(compile_kwargs={"literal_binds": False}, dialect=connection.dialect))
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", (wanted,)).all()
            assert plan
            assert not [step for *_, step in plan if step.startswith("SCAN")]


@pytest.mark.parametrize("token", ["", "e" * 64, HASH.upper(), "%", "' or 1=1 --"])
def test_other_tokens_find_nothing(connection, ann, token):
    assert found(connection, token=token) is None


def test_a_session_ends_after_its_time_however_busy(connection, ann):
    for hour in range(12):
        touch_session(connection, HASH, hour * HOUR)
        assert found(connection, hour * HOUR)
    touch_session(connection, HASH, 12 * HOUR - 1)
    assert found(connection, 12 * HOUR - 1)
    assert found(connection, 12 * HOUR) is None


def test_a_session_ends_when_it_is_idle(connection, ann):
    assert found(connection, 2 * HOUR - 1)
    assert found(connection, 2 * HOUR) is None


def test_a_session_is_written_at_most_once_a_minute(connection, ann):
    assert not to_be_touched(found(connection), MINUTE - 1, 2 * HOUR)
    assert to_be_touched(found(connection), MINUTE, 2 * HOUR)
    touch_session(connection, HASH, 5 * MINUTE)
    touch_session(connection, HASH, 3 * MINUTE)
    assert found(connection).seen_at == 5 * MINUTE


def test_what_ended_stays_ended(connection, ann):
    revoke_session(connection, HASH, 5)
    touch_session(connection, HASH, 6)
    assert found(connection, 7) is None


def test_all_sessions_of_a_user_end_together(connection, ann):
    start_session(connection, "e" * 64, ann, 0, HOUR)
    bo = add_user(connection, NewUser("bo", "admin"), 0)
    start_session(connection, "d" * 64, bo, 0, HOUR)
    assert revoke_sessions_of(connection, ann, 5) == 2
    assert [found(connection, 6, token) is None for token in (HASH, "e" * 64, "d" * 64)] == [True, True, False]


def test_a_disabled_user_has_no_session_not_even_when_enabled_again(connection, ann):
    disable_user(connection, ann, 5)
    assert found(connection, 6) is None
    enable_user(connection, ann)
    assert found(connection, 7) is None


def test_a_change_of_role_holds_at_once(connection, ann):
    set_access(connection, ann, "manager", None)
    assert found(connection).identity.permissions == ALLOWED["manager"]
    assert found(connection).identity.owner is None


def test_preferences_come_with_the_session(connection, ann):
    set_preferences(connection, ann, "da", "dark")
    assert (found(connection).identity.language, found(connection).identity.theme) == ("da", "dark")


def test_what_is_over_is_forgotten(connection, ann):
    start_session(connection, "e" * 64, ann, 0, 13 * HOUR)
    log(connection, Line(0, "ann", "signed_in"))
    log(connection, Line(12 * HOUR, "ann", "signed_in"))
    assert forget_expired(connection, 24 * HOUR + 1, 1) == 1
    start_session(connection, "d" * 64, ann, 0, 12 * HOUR + 1)
    forget_expired(connection, 12 * HOUR, 1)
    assert connection.scalars(select(SESSION.c.token_hash)).all() == ["d" * 64]


def test_users_are_found_by_name_and_subject(connection, ann):
    bo = add_user(connection, NewUser("bo", "admin", subject="https://id.example 7"), 3)
    set_password_hash(connection, ann, "$argon2id$x")
    assert user_named(connection, "ann").password_hash == "$argon2id$x"
    assert "argon2id" not in repr(user_named(connection, "ann"))
    assert user_of_subject(connection, "https://id.example 7").id == bo
    assert anybody(connection)
    disable_user(connection, bo, 4)
    disable_user(connection, ann, 4)
    assert not anybody(connection)
    assert user_named(connection, "Ann") is user_of_subject(connection, "7") is None
    assert [user.name for user in all_users(connection)] == ["ann", "bo"]


def test_a_key_is_proven_by_its_secret(connection):
    text = new_key()
    add_key(connection, text, NewKey("crm", ("score", "leads.all"), "Ann B."), "cli", 0)
    key = find_key(connection, text, 1)
    assert key.identity.permissions == {"score"}
    assert (key.identity.name, key.identity.owner, key.identity.role) == ("key:crm", "Ann B.", "service")
    assert find_key(connection, KeyText(text.prefix, new_key().secret), 1) is None
    assert find_key(connection, new_key(), 1) is None


def test_keys_expire_and_are_revoked(connection):
    early, late = new_key(), new_key()
    add_key(connection, early, NewKey("a", (), None, 10), "cli", 0)
    add_key(connection, late, NewKey("b", ()), "cli", 1)
    assert find_key(connection, early, 9)
    assert find_key(connection, early, 10) is None
    assert revoke_keys(connection, [late.prefix], 5) == 1
    assert revoke_keys(connection, [late.prefix], 6) == 0
    assert find_key(connection, late, 6) is None
    assert [key.name for key in all_keys(connection)] == ["b", "a"]


def test_the_use_of_a_key_is_written_at_most_once_a_minute(connection):
    text = new_key()
    add_key(connection, text, NewKey("a", ()), "cli", 0)
    assert find_key(connection, text, 1).to_be_touched(1)
    touch_key(connection, text.prefix, MINUTE)
    assert not find_key(connection, text, 1).to_be_touched(2 * MINUTE - 1)
    assert find_key(connection, text, 1).to_be_touched(2 * MINUTE)
