import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contact import Contact, mx_of, verify_contact, verify_email, verify_phone


@pytest.mark.parametrize(
    ("email", "verdict"),
    [
        ("anna.schmidt@acme.example.com", "business"),
        ("Anna.Schmidt@ACME.example.com", "business"),
        ("søren@bøger.dk", "business"),
        ("anna@gmail.com", "freemail"),
        ("info@acme.example.com", "role"),
        ("vertrieb+messe@acme.example.com", "role"),
        ("anna@mailinator.com", "disposable"),
        ("anna@inbox.mailinator.com", "disposable"),
        ("anna@acme", "malformed"),
        ("anna@@acme.example.com", "malformed"),
        ("anna@acme.example.com, bert@acme.example.com", "malformed"),
        ("=cmd|' /C calc'!A0", "malformed"),
        ("   ", "missing"),
        (None, "missing"),
    ],
)
def test_addresses(email, verdict):
    assert verify_email(email) == verdict


@pytest.mark.parametrize(
    ("phone", "country", "verdict"),
    [
        ("+49 30 901820", None, "possible"),
        ("030 901820", "DE", "possible"),
        ("030 901820", None, "malformed"),  # no country: nobody knows whom it would reach
        ("+45 32 12 34 56", None, "possible"),
        ("+45 12", None, "malformed"),
        ("call me", "DE", "malformed"),
        ("", "DE", "missing"),
        (None, None, "missing"),
    ],
)
def test_numbers(phone, country, verdict):
    assert verify_phone(phone, country) == verdict


@pytest.mark.parametrize(
    ("contact", "verified"),
    [
        (Contact("business", "missing"), True),
        (Contact("freemail", "malformed"), True),
        (Contact("role", "possible"), True),
        (Contact("role", "missing"), False),
        (Contact("disposable", "malformed"), False),
        (Contact("missing", "missing"), False),
    ],
)
def test_one_way_to_a_person_is_enough(contact, verified):
    assert contact.verified is verified


@given(st.text(max_size=60), st.text(max_size=30), st.sampled_from([None, "DE", "DK", "XX"]))
def test_no_text_is_too_odd(email, phone, country):
    assert isinstance(verify_contact(email, phone, country).verified, bool)


def test_a_question_to_the_name_server_is_no_when_the_form_is_wrong():
    assert mx_of("anna@@acme") is False
