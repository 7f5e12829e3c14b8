"""The commands `user`, `user key` and `audit`: what they change, print once, and refuse."""

import io
import json

import pytest
from sites import PROJECT
from trained import command

from serving.identity import passwords
from serving.identity.passwords import fits
from serving.identity.tokens import key_text
from serving.store.keys import all_keys, find_key
from serving.store.users import all_users
from serving.user_cli import store_of

GOOD = "brown tea at four\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    from argon2 import PasswordHasher

    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
    (tmp_path / "ripelead.toml").write_text(PROJECT)
    return tmp_path


@pytest.fixture
def ripelead(project, monkeypatch, capsys):
    """Runs a command with something on standard input: exit code, output, errors."""

    def run(*arguments, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = command(*arguments, "-p", project)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def users(project):
    store = store_of(project)
    with store.reading() as connection:
        found = {user.name: user for user in all_users(connection)}
    store.close()
    return found


def test_the_first_admin_is_made_with_a_password_from_standard_input(ripelead, project):
    assert ripelead("user", "add", " Ann@X.com", "--role", "admin", typed=GOOD)[0] == 0
    ann = users(project)["ann@x.com"]
    assert ann.role == "admin"
    assert fits(ann.password_hash, GOOD.strip())


def test_a_made_password_is_printed_once(ripelead, project):
    _, shown, _ = ripelead("user", "add", "bo", "--role", "rep", "--owner", "Bo B.", "--generate")
    made = shown.splitlines()[-1]
    assert fits(users(project)["bo"].password_hash, made)
    _, shown, _ = ripelead("user", "password", "bo", "--generate")
    assert shown.splitlines()[-1] != made
    assert not fits(users(project)["bo"].password_hash, made)


@pytest.mark.parametrize(("arguments", "typed", "said"), [
    (["user", "add", "ann", "--role", "king"], GOOD, "king"),
    (["user", "add", "ann", "--role", "service"], GOOD, "service"),
    (["user", "add", "a b", "--role", "rep"], GOOD, "expected a name"),
    (["user", "add", "ann", "--role", "rep"], "short\n", "12 to 1000"),
    (["user", "add", "ann", "--role", "rep"], "", "12 to 1000"),
    (["user", "role", "nobody", "rep"], "", "no user 'nobody'"),
    (["user", "disable", "nobody"], "", "no user 'nobody'"),
    (["user", "password", "nobody"], GOOD, "no user 'nobody'"),
    (["user", "key", "add", "crm", "--scope", "users"], "", "expected one of export"),
    (["user", "key", "add", "crm", "--scope", "leads.all", "--owner", "Ann"], "", "exclude each other"),
    (["user", "key", "revoke", "crm"], "", "no key 'crm'"),
    (["audit", "--since", "2026-01-01"], "", "--purpose"),
    (["audit", "--since", "2026-01-01T00:00:00Z"], "", "data_subject_request"),
    (["audit", "--since", "2026-01-01T00:00:00Z", "--purpose", "curiosity"], "", "expected --purpose"),
    (["audit", "--since", "2026-01-01T00:00:00Z", "--purpose", "data_subject_request"], "", "--lead"),
])  # fmt: skip
def test_wrong_input_is_said_in_a_sentence(ripelead, arguments, typed, said):
    code, _, told = ripelead(*arguments, typed=typed)
    assert code == 2
    assert said in told
    assert "Traceback" not in told


def test_users_are_changed_and_listed(ripelead, project):
    ripelead("user", "add", "ann", "--role", "rep", "--owner", "Ann B.", typed=GOOD)
    assert ripelead("user", "add", "ANN", "--role", "rep", typed=GOOD)[0] == 2
    ripelead("user", "role", "ann", "manager")
    assert (users(project)["ann"].role, users(project)["ann"].owner) == ("manager", "Ann B.")
    ripelead("user", "role", "ann", "rep", "--owner", "")
    assert users(project)["ann"].owner is None
    ripelead("user", "disable", "ann")
    assert "disabled" in ripelead("user", "list")[1]
    ripelead("user", "enable", "ann")
    assert "password" in ripelead("user", "list")[1]


def test_a_key_is_shown_once_and_ends_at_once(ripelead, project):
    _, shown, _ = ripelead("user", "key", "add", "crm", "--scope", "score", "--scope", "leads.all")
    key = key_text(shown.strip())
    store = store_of(project)
    with store.reading() as connection:
        kept = all_keys(connection)[0]
        assert find_key(connection, key, kept.created_at).scopes == ("score", "leads.all", "leads.own_and_pool")
    assert 364 < (kept.expires_at - kept.created_at) / 86_400e6 <= 365
    listed = ripelead("user", "key", "list")[1]
    assert key.prefix in listed
    assert key.secret not in listed
    assert ripelead("user", "key", "add", "crm", "--scope", "score")[0] == 2
    assert "revoked 1 key" in ripelead("user", "key", "revoke", f"rl_{key.prefix}")[1]
    assert "revoked" in ripelead("user", "key", "list")[1]
    store.close()


def test_reading_the_log_is_in_the_log(ripelead):
    ripelead("user", "add", "ann", "--role", "rep", typed=GOOD)
    asked = ["audit", "--since", "2020-01-01T00:00:00Z", "--purpose"]
    ripelead(*asked, "account_review")
    lines = [json.loads(line) for line in ripelead(*asked, "incident")[1].splitlines()]
    assert [(line["action"], line["object"]) for line in lines] == [("user_added", "ann"), ("audit_read", None)]
    assert lines[1]["purpose"] == "account_review"
    assert lines[0]["who"].startswith("cli")
    assert ripelead(*asked, "data_subject_request", "--lead", "L1")[1] == ""


def test_a_user_is_linked_with_the_provider(ripelead, project):
    ripelead("user", "add", "ann", "--role", "rep", typed=GOOD)
    ripelead("user", "add", "bo", "--role", "rep", typed=GOOD)
    assert "names no issuer" in ripelead("user", "link", "ann", "7")[2]
    with (project / "ripelead.toml").open("a") as file:
        file.write('[serve.oidc]\nissuer = "https://id.example"\n')
    assert ripelead("user", "link", "ann", "7")[0] == 0
    assert users(project)["ann"].subject == "https://id.example 7"
    assert "linked with ann" in ripelead("user", "link", "bo", "7")[2]
