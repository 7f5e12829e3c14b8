"""The worker: takes messages that are due, sends them signed, several at once, and notes what came of each."""

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Literal

from numpy.random import Generator

from features.project import expand_environment
from features.webhook_settings import WebhookSettings
from serving.delivery.outgoing import NotReachedError, Request, Way, send
from serving.delivery.schedule import SECOND, after_answer, after_failure
from serving.delivery.signing import Secret, secret_of, signed_headers
from serving.delivery.targets import TargetRefusedError
from serving.store.connection import Store
from serving.store.outbox import Leased, Noted, Taker, forget_delivered, gone_endpoints, is_any_due, lease, note

AT_ONCE, OF_ONE_ENDPOINT = 12, 4
"""Messages in flight, and those of one endpoint among them: a slow receiver does not stop the others."""
MARGIN_S = 15
TURN_S = 0.5
"""While messages are in flight, new ones are looked for this often."""
DAY = 86_400 * SECOND
Outcome = Literal["delivered", "pending", "dead", "lost"]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where messages of an endpoint go, and what they are signed with."""

    url: str = field(repr=False)
    secrets: tuple[Secret, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """What a worker works with: the store, receivers by name, how requests go out, its name, clock and chance."""

    store: Store
    receivers: Mapping[str, Receiver]
    way: Way
    worker: str
    now: Callable[[], int]
    rng: Generator


@dataclass(frozen=True, slots=True)
class Until:
    """When a worker ends: `stopped` at once; `idle` is asked where nothing is due, waits a moment, and may end it."""

    stopped: Callable[[], bool]
    idle: Callable[[], bool]


def receivers_of(settings: WebhookSettings) -> dict[str, Receiver]:
    """The endpoints with their addresses and secrets from the environment.

    Raises:
        ProjectFileError: a variable is not set, or holds no signing secret.
    """
    return {
        one.name: Receiver(
            expand_environment(one.url),
            tuple(secret_of(expand_environment(name), name[2:-1]) for name in one.secret.split()),
        )
        for one in settings.endpoints
    }


def deliver(desk: Desk, until: Until) -> Counter[Outcome]:
    """Send what is due until somebody stops it; gives what came of the attempts. What is in flight then is noted.

    Raises:
        SinkError: the store is gone.
    """
    done: Counter[Outcome] = Counter()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="deliver") as threads:
        flying: dict[Future[Outcome], str] = {}
        while True:
            for one in () if until.stopped() else _taken(desk, Counter(flying.values())):
                flying[threads.submit(_send_and_note, desk, one)] = one.endpoint
            if not flying and (until.stopped() or (not _is_any_due(desk) and until.idle())):
                return done
            for landed in wait(flying, TURN_S, FIRST_COMPLETED).done if flying else ():
                del flying[landed]
                done[landed.result()] += 1


def forget(desk: Desk, keep_days: float) -> None:
    """Delete messages that were delivered long ago."""
    with desk.store.writing() as connection:
        forget_delivered(connection, desk.now() - int(keep_days * DAY))


def _is_any_due(desk: Desk) -> bool:
    with desk.store.reading() as connection:
        return is_any_due(connection, desk.now())


def _taken(desk: Desk, flying: Counter[str]) -> tuple[Leased, ...]:
    """New messages for the free places, none of endpoints that have their share; a quiet store is not written to."""
    free, full = AT_ONCE - flying.total(), [name for name, number in flying.items() if number >= OF_ONE_ENDPOINT]
    if free <= 0 or not _is_any_due(desk):
        return ()
    now = desk.now()
    until = now + int((desk.way.seconds + MARGIN_S) * SECOND)
    with desk.store.writing() as connection:
        return lease(connection, Taker(desk.worker, free, OF_ONE_ENDPOINT, full), now, until)


def _send_and_note(desk: Desk, message: Leased) -> Outcome:
    noted = _sent(desk, message)
    with desk.store.writing() as connection:
        return noted.state if note(connection, message.id, desk.worker, noted, desk.now()) else "lost"


def _sent(desk: Desk, message: Leased) -> Noted:
    """What came of sending a message now."""
    receiver = desk.receivers.get(message.endpoint)
    now = desk.now()
    if receiver is None:
        return Noted("dead", None, "no endpoint of that name in [serve.webhooks]", now)
    with desk.store.reading() as connection:
        if message.endpoint in gone_endpoints(connection):
            return Noted("dead", None, "not sent: the endpoint said that it is gone (410)", now)
    body = message.payload.encode()
    headers = signed_headers(message.id, now // SECOND, body, receiver.secrets)
    try:
        answer = send(Request("POST", receiver.url, {**headers, "content-type": "application/json"}, body), desk.way)
    except (NotReachedError, TargetRefusedError) as error:
        return after_failure(str(error), message.attempts, desk.now(), desk.rng)
    return after_answer(answer, message.attempts, desk.now(), desk.rng)
