"""The work folder of a run: beside its output, named by the run key, so that the same command finds it again."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from features.errors import SinkError

KEY_DIGITS = 16
PART = ".part"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run keeps what is its own: all names start with a dot and the output's name."""

    folder: Path
    name: str

    @property
    def lock(self) -> Path:
        """The lock file."""
        return self.folder / f".{self.name}.lock"

    @property
    def marker(self) -> Path:
        """The file that says that the output is complete."""
        return self.folder / f"{self.name}.done"

    def work(self, key: str) -> Path:
        """The work folder of a run key."""
        return self.folder / f".{self.name}.{key[:KEY_DIGITS]}.work"

    def leftovers(self, key: str) -> list[Path]:
        """Work folders of other run keys for the same output."""
        pattern = re.compile(rf"\.{re.escape(self.name)}\.[0-9a-f]{{{KEY_DIGITS}}}\.work")
        found = (path for path in self.folder.iterdir() if pattern.fullmatch(path.name))
        return sorted(path for path in found if path != self.work(key))


@contextmanager
def said_as_sink_error(output: str) -> Iterator[None]:
    """What the file system refuses is a `SinkError` that names the output."""
    try:
        yield
    except OSError as error:
        raise SinkError(
            f"cannot write {output}: {error.strerror or error}. What is scored is kept: the same command goes on"
        ) from error


def open_work_folder(place: Place, key: str) -> Path:
    """The run's work folder, made if needed; those of other keys and half-written files are removed.

    Only for the holder of the lock.
    """
    for path in place.leftovers(key):
        shutil.rmtree(path)
    folder = place.work(key)
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name.endswith(PART):
            path.unlink()
    return folder


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path beside `path` in the work folder; what was written there becomes `path`, synced, if the block ends well.

    After a kill the part is removed by `open_work_folder`.
    """
    part = path.with_name(path.name + PART)
    try:
        yield part
        sync(part)
        part.replace(path)
        sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Make a file or the entries of a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
