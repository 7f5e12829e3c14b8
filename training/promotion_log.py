"""The promotion log: one line of JSON per event, appended and never changed; who is champion follows from it.

A line counts once it is there as a whole. A process that is killed while it writes leaves a part of a line at the end:
readers pass over it, and the next event takes its place.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import ModelRefusedError, SinkError

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """Who stands where after all events: the newest registered bundle, and the champions that led here, oldest first.

    A promotion puts a champion on top, a rollback takes it off again.
    """

    challenger: str | None = None
    champions: tuple[str, ...] = ()

    @property
    def champion(self) -> str | None:
        """The present champion."""
        return self.champions[-1] if self.champions else None

    @property
    def former(self) -> str | None:
        """Who a rollback would bring back."""
        return self.champions[-2] if len(self.champions) > 1 else None


def standing_after(events: Iterable[Event]) -> Standing:
    """Replay of the log.

    >>> standing_after([{"event": "promoted", "bundle": "a"}, {"event": "promoted", "bundle": "b"},
    ...                 {"event": "rolled back", "bundle": "a"}])
    Standing(challenger=None, champions=('a',))
    """
    challenger: str | None = None
    champions: list[str] = []
    for event in events:
        bundle = event["bundle"]
        if event["event"] == "registered":
            challenger = bundle
        elif event["event"] == "promoted" and champions[-1:] != [bundle]:
            champions.append(bundle)
        elif event["event"] == "rolled back":
            champions = _until(champions, bundle)
    return Standing(challenger, tuple(champions))


def _until(champions: list[str], bundle: str) -> list[str]:
    """The stack cut back to `bundle` below its top; a bundle that never was champion starts a new one."""
    below = [at for at, name in enumerate(champions[:-1]) if name == bundle]
    return champions[: below[-1] + 1] if below else [bundle]


def read_log(path: Path) -> list[Event]:
    """All events, oldest first; none when there is no log yet. A part of a line at the end does not count.

    Raises:
        ModelRefusedError: a line before the end is no event.
    """
    if not path.is_file():
        return []
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ModelRefusedError(f"{path}: not readable ({error.strerror or error}): restore it") from error
    events = [_event(path, number, line) for number, line in enumerate(lines[:-1], start=1)]
    unfinished = _parsed(lines[-1])
    return events if unfinished is None else [*events, unfinished]


def append_event(path: Path, event: Event) -> None:
    """Write one event to the disk; what is left of an event that was cut off goes first. The caller holds the lock.

    Raises:
        SinkError: the log cannot be written.
    """
    line = json.dumps(event, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            _end_last_line(descriptor)
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SinkError(f"cannot write {path}: {error.strerror or error}") from error


def _end_last_line(descriptor: int) -> None:
    """Leave the file empty or ending with a whole line."""
    size = os.fstat(descriptor).st_size
    content = os.pread(descriptor, size, 0)
    rest = content[content.rfind(b"\n") + 1 :]
    if rest and _parsed(rest) is not None:
        os.write(descriptor, b"\n")  # a person's editor left the end of the line out
    elif rest:
        os.ftruncate(descriptor, size - len(rest))


def _event(path: Path, number: int, line: bytes) -> Event:
    event = _parsed(line)
    if event is None:
        raise ModelRefusedError(
            f"{path}: not readable: line {number} is no event, so who is champion is not known: restore the log"
        )
    return event


def _parsed(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and {"event", "bundle"} <= set(event) else None
