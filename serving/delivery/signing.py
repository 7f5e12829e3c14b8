"""Signatures of webhooks as Standard Webhooks 1.0.0 wants them: HMAC-SHA256 (`v1`) over id, time and body."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from features.errors import ProjectFileError

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
TOLERANCE_S = 300
ID, TIME, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


class SignatureError(ValueError):
    """A message whose signature, time or headers are not what its sender would send."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing key; its representation does not show it."""

    key: bytes = field(repr=False)


def secret_of(text: str, name: str) -> Secret:
    """The key behind `whsec_…`; errors say the variable `name`, never the value.

    Raises:
        ProjectFileError: not base64 with the prefix, or not of 24 to 64 bytes.
    """
    expected = f"expected {PREFIX} and {LEAST_BYTES} to {MOST_BYTES} bytes in base64"
    if not text.startswith(PREFIX):
        raise ProjectFileError(f"${{{name}}} holds no signing secret: {expected}, got no {PREFIX} at its start")
    body = text.removeprefix(PREFIX)
    try:
        key = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ProjectFileError(f"${{{name}}} holds no signing secret: {expected}, got no base64") from None
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ProjectFileError(f"${{{name}}} holds no signing secret: {expected}, got {len(key)} bytes")
    return Secret(key)


def signed_headers(message_id: str, at_s: int, body: bytes, secrets: Sequence[Secret]) -> dict[str, str]:
    """The three headers of one attempt at `at_s` (Unix seconds); one signature for each secret, the newest first.

    Raises:
        ValueError: an id with other characters than letters, digits, _ and - (a full stop would make it ambiguous).
    """
    if not _ID.fullmatch(message_id):
        raise ValueError(f"expected a message id of letters, digits, _ and -, got {message_id!r}")
    if not secrets:
        raise ValueError("expected at least one secret")
    signatures = " ".join(_signature(message_id, str(at_s), body, secret) for secret in secrets)
    return {ID: message_id, TIME: str(at_s), SIGNATURE: signatures}


def verified_id(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret], now_s: int, tolerance_s: int = TOLERANCE_S
) -> str:
    """The id of a message that one of `secrets` signed, at most `tolerance_s` seconds away from `now_s`.

    Raises:
        SignatureError: a header is missing, the time is too far away, or no signature fits.
    """
    given = {name.lower(): value for name, value in headers.items()}
    if missing := [name for name in (ID, TIME, SIGNATURE) if not given.get(name)]:
        raise SignatureError(f"no header {', '.join(missing)}")
    if not re.fullmatch(r"[0-9]{1,12}", given[TIME]):
        raise SignatureError(f"{TIME} is not a time in Unix seconds")
    if abs(now_s - int(given[TIME])) > tolerance_s:
        raise SignatureError(f"{TIME} is more than {tolerance_s} seconds away")
    wanted = [_signature(given[ID], given[TIME], body, secret).encode() for secret in secrets]
    for signature in given[SIGNATURE].split(" "):
        if any(hmac.compare_digest(one, signature.encode()) for one in wanted):
            return given[ID]
    raise SignatureError("no signature fits")


def _signature(message_id: str, at_s: str, body: bytes, secret: Secret) -> str:
    digest = hmac.new(secret.key, f"{message_id}.{at_s}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
