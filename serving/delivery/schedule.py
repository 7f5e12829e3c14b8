"""When a message is tried again, and when no more: the schedule of Standard Webhooks."""

from numpy.random import Generator

from serving.delivery.outgoing import Answer
from serving.store.outbox import GONE, Noted

SECOND = 1_000_000
DELAYS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""After the first, second, … failed attempt; with the last of them three days and a bit have passed."""
JITTER = 0.1
MOST_ASKED_S = 86_400
MOST_ERROR = 300


def after_answer(answer: Answer, attempts: int, now: int, rng: Generator) -> Noted:
    """What follows from an answer after `attempts` failed ones: delivered, dead, or another attempt."""
    if answer.ok:
        return Noted("delivered", answer.status, None, now)
    if answer.status == GONE:
        return Noted("dead", answer.status, "the endpoint is gone (410)", now)
    return after_failure(f"answered {answer.status}", attempts, now, rng, answer.status, _asked_s(answer))


def after_failure(
    error: str, attempts: int, now: int, rng: Generator, status: int | None = None, asked_s: int = 0
) -> Noted:
    """Another attempt, later each time and a little by chance; dead after the last one."""
    said = error[:MOST_ERROR]
    if attempts >= len(DELAYS_S):
        return Noted("dead", status, said, now)
    delay = DELAYS_S[attempts] * float(rng.uniform(1 - JITTER, 1 + JITTER))
    return Noted("pending", status, said, now + int(max(delay, asked_s) * SECOND))


def _asked_s(answer: Answer) -> int:
    """Seconds of a Retry-After header, at most a day; a date there counts as nothing."""
    text = answer.headers.get("retry-after", "").strip()
    return min(int(text[:9]), MOST_ASKED_S) if text.isdecimal() and text.isascii() else 0
