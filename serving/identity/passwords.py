"""Passwords: argon2id with the parameters of argon2-cffi (RFC 9106, low memory), long ones, and none of the worst.

Checking a password takes the same work whether or not anybody has that name.
"""

import secrets
import unicodedata
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from serving.language.translations import msg

LEAST, MOST = 12, 1000
# The most frequent ones of at least twelve characters in lists of leaked passwords, and what people make of this name.
_LEAKED = """
123456789012 1234567890123 12345678901234 123456789abc 1234567890ab 1234567890qw 0987654321qw 123123123123
111222333444 1q2w3e4r5t6y 1qaz2wsx3edc 1qazxsw23edc q1w2e3r4t5y6 qwertyuiop12 qwertyuiop123 qwertyuiopas qwerty123456
qwerty1234567 qwertyqwerty asdfghjkl123 zaq12wsxcde3 abcdefghijkl abcdefg12345 abcd12345678 password1234 password12345
password123456 passwordpassword passw0rd1234 p@ssw0rd1234 p@ssword1234 mypassword123 changeme1234 changemechangeme
letmein12345 letmeinletmein welcome12345 welcome123456 iloveyou1234 iloveyouiloveyou administrator administrator1
admin1234567 admin12345678 adminadminadmin correcthorsebatterystaple trustno1trustno1 sunshine1234 princess1234
football1234 monkey123456 dragon123456 unbelievable superman1234 hallo1234567 passwort1234 passwort12345
passwort123456 passwortpasswort schalke04schalke adgangskode1 adgangskode12 adgangskode123 kodeord12345
summer2024!! summer2025!! summer2026!! sommer2024!! sommer2025!! sommer2026!! winter2024!! winter2025!! winter2026!!
ripelead1234 ripelead12345 ripeleadripelead salesforce123 hubspot12345 microsoft123
"""
_WORST = frozenset(_LEAKED.split())
_HASHER = PasswordHasher()
# One hashing takes 64 MiB: many at once would be a way to exhaust the machine.
_AT_ONCE = BoundedSemaphore(4)


def refusal(password: str, name: str) -> str | None:
    """Why a password is not taken for a user of this name, as a message; None when it is.

    >>> refusal("qwertyuiop12", "ann"), refusal("brown tea at four", "ann")
    ('it is among the most frequent ones', None)
    """
    plain = _normal(password).casefold()
    if not LEAST <= len(plain) <= MOST:
        return msg("expected 12 to 1000 characters")
    if plain in _WORST:
        return msg("it is among the most frequent ones")
    if len(set(plain)) < 5:
        return msg("expected at least five different characters")
    own = name.partition("@")[0]
    if len(own) >= 3 and len(plain.replace(own, "")) < LEAST - 4:
        return msg("it is made from the user's name")
    return None


def new_password() -> str:
    """A random one with 120 bits."""
    return secrets.token_urlsafe(15)


def hashed(password: str) -> str:
    """The argon2id hash of a password, with its salt and parameters."""
    with _AT_ONCE:
        return _HASHER.hash(_normal(password))


def fits(stored: str | None, password: str) -> bool:
    """Whether a password is the one that was hashed; without a hash (no such user) False after the same work."""
    nobodys = _of_nobody()  # asked for in any case: the first time it takes as long as another check
    try:
        with _AT_ONCE:
            _HASHER.verify(nobodys if stored is None else stored, _normal(password)[: MOST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Whether a hash was made with weaker parameters than today's; hash again when the password is at hand."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _of_nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))


def _normal(password: str) -> str:
    """One spelling of what looks the same on different keyboards; lone halves of characters cannot be encoded."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode("utf-8")
