"""Passwords, names and secrets: what is taken, what is kept, what hostile input does."""

import pytest
from argon2 import PasswordHasher
from hypothesis import example, given
from hypothesis import strategies as st

from serving.identity import passwords
from serving.identity.names import user_name
from serving.identity.passwords import fits, hashed, new_password, outdated, refusal
from serving.identity.paths import page_after, sign_in_page
from serving.identity.tokens import KeyText, hash_of, key_text, new_key, new_token, same, token_hash

HOSTILE = ["", " ", "\0", "a\0b", "\ud800", "\u202eadmin", "' or 1=1 --", "{{7*7}}", "<script>", "x" * 10_000, "a\r\nb"]
NO_KEYS = ["rl_", "rl_abc_def", f"rl_{'g' * 12}_{'a' * 43}", f"rl_{'0' * 12}_{'a' * 44}", f" rl_{'0' * 12}_{'a' * 43}"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Hashes that take no time; the parameters themselves are tested below."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
    passwords._of_nobody.cache_clear()
    yield
    passwords._of_nobody.cache_clear()


def test_a_password_fits_its_hash_only():
    stored = hashed("brown tea at four")
    assert stored.startswith("$argon2id$")
    assert "brown" not in stored
    assert fits(stored, "brown tea at four")
    assert not fits(stored, "brown tea at five")
    assert hashed("brown tea at four") != stored


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_passwords_fit_nothing(text):
    assert not fits(hashed("brown tea at four"), text)
    assert not fits(None, text)
    assert not fits("no hash", text)


def test_without_a_user_the_same_work_is_done(monkeypatch):
    checked = []

    class Watched(PasswordHasher):
        def verify(self, stored, password):
            checked.append(stored)
            return super().verify(stored, password)

    monkeypatch.setattr(passwords, "_HASHER", Watched(1, 8, 1))
    assert not fits(None, "brown tea at four")
    assert checked[0].startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_other_spellings_of_the_same_letters_fit():
    assert fits(hashed("Fürth um halb vier"), "Fu\u0308rth um halb vier")


def test_weaker_hashes_are_outdated():
    assert outdated(PasswordHasher(1, 8, 1, hash_len=16).hash("x"))
    assert not outdated(hashed("brown tea at four"))


def test_todays_parameters_are_those_of_the_library():
    assert outdated(hashed("x")) is False
    assert PasswordHasher().check_needs_rehash(hashed("x"))


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "12 to 1000"), ("x" * 1001, "12 to 1000"), ("Password1234", "frequent"), ("QwertyUiop12", "frequent"),
        ("aaaaaaaaaaaa", "five different"), ("121212121212", "five different"), ("anna.smith2026", "user's name"),
    ],
)  # fmt: skip
def test_bad_passwords_are_refused(password, why):
    assert why in refusal(password, "anna.smith@example.com")


def test_good_passwords_are_taken():
    assert refusal("brown tea at four", "anna.smith@example.com") is None
    assert refusal(new_password(), "ann") is None
    assert len({new_password() for _ in range(100)}) == 100


@pytest.mark.parametrize(("text", "name"), [(" Ann ", "ann"), ("ＡNN", "ann"), ("Søren@X.dk", "søren@x.dk")])
def test_a_name_has_one_spelling(text, name):
    assert user_name(text) == user_name(user_name(text)) == name


@pytest.mark.parametrize("text", [*HOSTILE, "key:ann", "a b", "a/b", "x" * 101])
def test_names_that_could_mislead_are_refused(text):
    with pytest.raises(ValueError, match="expected a name"):
        user_name(text)


def test_keys_and_tokens_have_256_bits_and_are_found_again():
    key = new_key()
    assert key_text(key.shown) == key
    assert len(key.shown) == 3 + 12 + 1 + 43
    assert key.secret not in repr(key)
    assert token_hash(new_token())
    assert len(new_token()) == 43
    assert key.secret_hash == hash_of(key.secret) != key.secret


@pytest.mark.parametrize(
    "text",
    [
        *HOSTILE,
        "rl_",
        "rl_abc_def",
        "rl_" + "g" * 12 + "_" + "a" * 43,
        pytest.param(new_key().shown + "a", id="longer"),
    ],
)
def test_what_is_no_key_or_token_is_none(text):
    assert key_text(text) is None
    assert token_hash(text) is None


def test_secrets_are_compared_whole():
    assert same("ab", "ab")
    assert not same("ab", "abc")
    assert key_text(KeyText("0" * 12, "a" * 43).shown).prefix == "0" * 12


@given(st.text(max_size=60))
@example("//evil.example")
@example("/\\evil.example")
@example("/\t/evil.example")
@example("https://evil.example")
@example("javascript:alert(1)")
@example("/ /evil.example")
@example("/%0d%0aset-cookie:x")
@example("\ud800")
def test_the_page_after_signing_in_is_on_this_server(text):
    for page in (page_after(text), page_after("/" + text)):
        assert page.startswith("/")
        assert not page.startswith(("//", "/\\"))
        assert page.isascii()
        assert page.isprintable()
        assert sign_in_page(page).startswith("/sign-in")


def test_the_page_that_was_asked_for_is_kept():
    assert page_after("/leads/a%2Fb?tab=why&x=å") == "/leads/a%2Fb?tab=why&x=%C3%A5"
    assert page_after("/sign-out") == page_after(None) == "/"
