"""Standard Webhooks: our signatures are what the reference library takes, and the reverse."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from features.errors import ProjectFileError
from serving.delivery.signing import SignatureError, secret_of, signed_headers, verified_id

BODIES = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
KEYS = st.binary(min_size=24, max_size=64)
NOW = 1_780_000_000


def text_of(key):
    return f"whsec_{base64.b64encode(key).decode()}"


@given(KEYS, KEYS, BODIES)
def test_the_reference_takes_our_signatures_with_either_secret(new, old, body):
    now = int(datetime.now(UTC).timestamp())  # the reference library reads the clock
    headers = signed_headers("msg_1", now, body.encode(), [secret_of(text_of(key), "S") for key in (new, old)])
    for key in (new, old):
        Webhook(text_of(key)).verify(body, headers, json_parse=False)


@given(KEYS, BODIES)
def test_we_take_the_signatures_of_the_reference(key, body):
    signature = Webhook(text_of(key)).sign("msg_1", datetime.fromtimestamp(NOW, UTC), body)
    headers = {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(NOW), "Webhook-Signature": f"v1a,x {signature}"}
    assert verified_id(headers, body.encode(), [secret_of(text_of(key), "S")], NOW) == "msg_1"


def test_the_example_of_the_specification():
    """Secret and message of the specification's verification tool."""
    secret = secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "S")
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [secret])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"webhook-id": "msg_2"}, "no signature fits"),
        ({"webhook-timestamp": str(NOW + 1)}, "no signature fits"),
        ({"webhook-timestamp": str(NOW - 301)}, "more than 300 seconds away"),
        ({"webhook-timestamp": str(NOW + 301)}, "more than 300 seconds away"),
        ({"webhook-timestamp": "١٢٣"}, "not a time"),
        ({"webhook-signature": ""}, "no header webhook-signature"),
        ({"webhook-signature": "v1,"}, "no signature fits"),
        ({"webhook-signature": "v1,ä"}, "no signature fits"),
    ],
)
def test_what_was_changed_on_the_way_is_refused(changed, message):
    secrets = [secret_of(text_of(b"k" * 24), "S")]
    headers = {**signed_headers("msg_1", NOW, b"{}", secrets), **changed}
    with pytest.raises(SignatureError, match=message):
        verified_id(headers, b"{}", secrets, NOW)
    with pytest.raises(WebhookVerificationError):  # the reference agrees, but for a second within its tolerance
        Webhook(text_of(b"k" * 24)).verify("{}", headers | {"webhook-signature": "v1,AAAA"})


def test_another_body_is_refused():
    secrets = [secret_of(text_of(b"k" * 24), "S")]
    with pytest.raises(SignatureError, match="no signature fits"):
        verified_id(signed_headers("msg_1", NOW, b"{}", secrets), b"{ }", secrets, NOW)


@pytest.mark.parametrize("text", ["", "topsecret", "whsec_topsecret!", text_of(b"k" * 23), text_of(b"k" * 65)])
def test_a_wrong_secret_is_refused_without_being_shown(text):
    with pytest.raises(ProjectFileError, match=r"\$\{HOOK\} holds no signing secret") as caught:
        secret_of(text, "HOOK")
    assert "topsecret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_secret_does_not_show_itself():
    assert "kkk" not in repr(secret_of(text_of(b"k" * 24), "S"))


def test_an_id_cannot_move_the_border_between_id_and_time():
    with pytest.raises(ValueError, match="expected a message id"):
        signed_headers("msg.1", NOW, b"{}", [secret_of(text_of(b"k" * 24), "S")])
