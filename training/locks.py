"""Locks that die with their process, so that two commands cannot change the same thing at once."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.errors import OverlapError, SinkError

_PAUSE_S = 0.02


@contextmanager
def held(path: Path, doing: str, wait_s: float) -> Iterator[None]:
    """Hold the lock file `path`, waiting up to `wait_s` for whoever holds it; `doing` names what they do in messages.

    The file stays: removing it would let two processes lock two files of one name.

    Raises:
        OverlapError: another process holds it still.
        SinkError: the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise SinkError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        _acquire(descriptor, doing, wait_s)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, doing: str, wait_s: float) -> None:
    import fcntl

    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise OverlapError(f"another process is {doing}: nothing done; run again when it has finished") from (
                    error
                )
            time.sleep(_PAUSE_S)
        else:
            return
