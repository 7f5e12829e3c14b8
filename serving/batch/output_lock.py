"""One writer per output: a lock that dies with its process, so that overlapping cron jobs cannot mix their rows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.errors import OverlapError, SinkError


@contextmanager
def output_lock(path: Path, output: str) -> Iterator[None]:
    """Hold the lock file `path`; it is gone afterwards. `output` names in messages what is being written.

    Raises:
        OverlapError: another process holds it.
        SinkError: the folder cannot be written.
    """
    descriptor = _acquired(path, output)
    try:
        yield
    finally:
        # Removed while it is held: who waits for it finds another file at the path and tries again.
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _acquired(path: Path, output: str) -> int:
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise SinkError(f"cannot write {output}: {error.strerror or error}") from error
        if _held(descriptor, path, output):
            return descriptor
        os.close(descriptor)


def _held(descriptor: int, path: Path, output: str) -> bool:
    """Whether the locked file is still the one at the path (its last holder may have removed it meanwhile)."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise OverlapError(f"another run is writing {output}: nothing done; run again when it has finished") from error
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
