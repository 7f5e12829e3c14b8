"""Signing in with name and password: guessing is slowed down, and an answer never says whether a name exists."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore

from serving.identity.buckets import Rate
from serving.identity.names import user_name
from serving.identity.passwords import fits, hashed, outdated
from serving.identity.tokens import hash_of, new_token, token_hash
from serving.store.audit import Line, log
from serving.store.rates import give_back, take_one_of_each
from serving.store.sessions import revoke_session, start_session
from serving.store.users import User, set_password_hash, user_named
from serving.web.limits import too_many
from serving.web.site import Site

# Failed attempts: ten at once for a name and one more each minute; for an address (many people may share one) five
# times as many.
BY_NAME, BY_ADDRESS = Rate(1, 10), Rate(5, 50)
US_AN_HOUR = 3_600_000_000
# A sign-in takes a thread for a sixth of a second, or as long as the provider lets it wait: the others stay for pages.
_TURNS = BoundedSemaphore(8)
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody typed, and where from."""

    name: str
    password: str = field(repr=False)
    address: str

    @property
    def spelled(self) -> str | None:
        """The name in its one spelling; None for what can be nobody's."""
        try:
            return user_name(self.name)
        except ValueError:
            return None

    @property
    def rates(self) -> dict[str, Rate]:
        """The buckets that a failed attempt takes from; names and addresses stand in none of them."""
        name = self.spelled or self.name.encode("utf-8", "replace").decode()
        return {f"signin:name:{hash_of(name)}": BY_NAME, f"signin:from:{hash_of(self.address)}": BY_ADDRESS}


@dataclass(frozen=True, slots=True)
class Refused:
    """No sign-in: `wait_us` above 0 where it was not even tried."""

    wait_us: int


@contextmanager
def turn() -> Iterator[None]:
    """One of the few sign-ins that a worker does at a time.

    Raises:
        Problem: 429 where all are taken.
    """
    if not _TURNS.acquire(blocking=False):
        raise too_many("many people sign in at this moment", 2_000_000)
    try:
        yield
    finally:
        _TURNS.release()


def checked_user(site: Site, attempt: Attempt) -> User | Refused:
    """The user whose name and password were typed; a failed attempt is counted and written down."""
    with site.store.writing() as connection:
        grant = take_one_of_each(connection, attempt.rates, site.now)
        user = user_named(connection, attempt.spelled) if attempt.spelled else None
    if grant.tokens == 0:
        return Refused(grant.wait_us)
    active = user if user is not None and user.disabled_at is None else None
    stored = None if active is None else active.password_hash
    right = fits(stored, attempt.password)
    with site.store.writing() as connection:
        if active is None or stored is None or not right:
            told = {"from": attempt.address}
            log(connection, Line(site.now, NOBODY, "sign_in_failed", None if user is None else user.name, told))
            return Refused(0)
        give_back(connection, attempt.rates, site.now)
        if outdated(stored):
            set_password_hash(connection, active.id, hashed(attempt.password))
    return active


def begin_session(site: Site, user: User, former_token: str | None, way: str) -> str:
    """The token of a new session; the one that the browser had before ends."""
    token, former = new_token(), token_hash(former_token or "")
    with site.store.writing() as connection:
        if former is not None:
            revoke_session(connection, former, site.now)
        lasts_us = round(site.settings.session_hours * US_AN_HOUR)
        start_session(connection, hash_of(token), user.id, site.now, lasts_us)
        log(connection, Line(site.now, user.name, "signed_in", user.name, {"way": way}))
    return token
