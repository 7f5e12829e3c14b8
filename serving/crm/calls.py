"""Calls of a CRM's API: what may succeed another time is tried again, with the patience that the API asks for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from features.errors import ProjectFileError, SinkError
from serving.crm.rows import Refused
from serving.delivery.outgoing import Answer, NotReachedError, Request, Way, send
from serving.delivery.targets import TargetRefusedError
from serving.language.plain_text import one_line

WAITS_S = (1.0, 5.0, 20.0)
"""Between attempts, unless the API says how long."""
MOST_WAIT_S = 60.0
"""An API that wants more patience than that is left alone: what was not sent is to be tried again."""
MOST_SAID = 300
LATER = (408, 423, 425, 429, 500, 502, 503, 504)


class UnavailableError(ValueError):
    """A CRM that cannot be used now; the same call may succeed another time."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of the leads: how many were taken, which were not, and what stopped the rest (None: nothing)."""

    sent: tuple[str, ...]
    refused: tuple[Refused, ...]
    stopped: str | None = None

    def __add__(self, other: "Pushed") -> "Pushed":
        return Pushed(self.sent + other.sent, self.refused + other.refused, self.stopped or other.stopped)


@dataclass(frozen=True, slots=True)
class Caller:
    """How one CRM is called: its name in messages, the headers of every call, and how to wait."""

    name: str
    way: Way
    sleep: Callable[[float], None]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def signed_in(self, token: str) -> "Caller":
        """The caller with a token."""
        return replace(self, headers={**self.headers, "authorization": f"Bearer {token}"})

    def call(self, request: Request) -> Answer:
        """The answer to a request, 2xx or one that says what is wrong with the request.

        Raises:
            UnavailableError: not reached, too busy or broken, after all attempts.
            ProjectFileError: the address is not one that may be called.
            SinkError: the token is not taken.
        """
        whole = replace(request, headers={**self.headers, **request.headers})
        for wait in (*WAITS_S, None):
            failure, asked = self._once(whole)
            if isinstance(failure, Answer):
                return failure
            if wait is None or asked > MOST_WAIT_S:
                raise UnavailableError(failure)
            self.sleep(max(wait, asked))
        raise AssertionError

    def _once(self, request: Request) -> tuple[Answer | str, float]:
        """An answer that settles it, or what went wrong and the seconds that the API asks for."""
        try:
            answer = send(request, self.way)
        except NotReachedError as error:
            return str(error), 0.0
        except TargetRefusedError as error:
            raise ProjectFileError(f"{self.name}: {error}") from error
        if answer.status in (401, 403):
            raise SinkError(f"{self.name} does not take the token ({answer.status}: {said(answer)})")
        if answer.status in LATER:
            return f"{self.name} answered {answer.status}: {said(answer)}", _asked_s(answer)
        if not answer.whole:
            return f"{self.name}: the answer is larger than {self.way.answer_bytes:,} bytes", MOST_WAIT_S + 1
        return answer, 0.0


def json_of(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer, empty where it is none."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    if isinstance(found, list):  # Salesforce gives its errors as a list
        found = found[0] if found else {}
    return found if isinstance(found, dict) else {}


def said(answer: Answer) -> str:
    """What an API says of an error, on one line."""
    found = json_of(answer)
    words = [str(found[key]) for key in ("errorCode", "error", "error_description", "message") if found.get(key)]
    return one_line(": ".join(words), MOST_SAID) if words else "no reason given"


def _asked_s(answer: Answer) -> float:
    """The seconds of a Retry-After header; a date there is taken as a long time."""
    text = answer.headers.get("retry-after", "0").strip()
    return float(text) if text.isdecimal() and text.isascii() else MOST_WAIT_S + 1
