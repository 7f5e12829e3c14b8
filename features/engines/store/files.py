"""The folder of a feature store: data files that never change, and a manifest, written last, that names them."""

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from features.engines.fingerprints import FileMark
from features.errors import ProjectFileError, SinkError
from features.files import write_text

STORE_SCHEMA = 4
MANIFEST = "manifest.json"
LOCK = "lock"
OWN_NAMES = re.compile(
    r"(events|owners|ids|rows|leads|accounts|snapshots|places|leading|rejected|waiting)-\d{6}\.(arrow|bin|npy|parquet)"
    r"|\.manifest\.json\.\d+\.part|lock|clock"
)


class DamagedStoreError(ValueError):
    """What is in the folder is no whole store of this version; whoever updates it starts from scratch."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EventFiles(_Frozen):
    """One part of the events: its number, its records, and whether its rows have ids of their own."""

    number: int
    records: int
    has_ids: bool


class RowFiles(_Frozen):
    """One part of the feature rows: its number, and how many rows it holds (some may be superseded)."""

    number: int
    rows: int


class Tally(_Frozen):
    """Row accounting of interactions, as `features.engines.accounting` keeps it; `latest` in microseconds."""

    read: int = 0
    reasons: Mapping[str, int] = {}
    blamed: Mapping[str, int] = {}
    left_out: Mapping[str, int] = {}
    doubts: Mapping[str, int] = {}
    examples: Mapping[str, str] = {}
    kinds: Mapping[str, int] = {}
    directions: Mapping[str, int] = {}
    latest: int


class Manifest(_Frozen):
    """The state of a store. Files are named by what they hold and the number of the update that wrote them.

    `sources` are the files of the interactions, `waiting` counts by reason the rows that may become usable. `places`
    has those of all rows in its first file, and of those that moved since in each of the others.
    """

    schema_version: int
    number: int
    code: str
    settings: str
    end: int
    columns: tuple[tuple[str, str], ...]
    fields: tuple[str, ...]
    catalog: Mapping[str, Any]
    sources: Mapping[str, FileMark]
    labels: Mapping[str, tuple[str, ...]]
    tally: Tally
    waiting: Mapping[str, int]
    next_lead: int
    next_account: int
    events: tuple[EventFiles, ...]
    rows: tuple[RowFiles, ...]
    leads: str
    accounts: str
    snapshots: str
    places: tuple[str, ...]
    leading: str | None
    waiting_rows: tuple[str, ...]
    rejected: tuple[str, ...]
    sizes: Mapping[str, int] = {}


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a store; None where there is none yet.

    Raises:
        DamagedStoreError: not readable, of another version, or files are missing or cut short.
    """
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedStoreError(f"{MANIFEST} cannot be read") from error
    digest, _, body = text.partition("\n")
    if hashlib.sha256(body.encode()).hexdigest() != digest:
        raise DamagedStoreError(f"{MANIFEST} is damaged")
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as error:
        raise DamagedStoreError("it was written by another version") from error
    if manifest.schema_version != STORE_SCHEMA:
        raise DamagedStoreError("it was written by another version")
    return manifest


def refuse_incomplete(folder: Path, manifest: Manifest) -> None:
    """Raises `DamagedStoreError` when a file that the manifest names is missing or has another size."""
    for name, size in manifest.sizes.items():
        try:
            found = (folder / name).stat().st_size
        except OSError as error:
            raise DamagedStoreError(f"{name} is missing") from error
        if found != size:
            raise DamagedStoreError(f"{name} has {found:,} bytes instead of {size:,}")


def commit(folder: Path, manifest: Manifest, names: set[str], former: Mapping[str, int]) -> None:
    """Make `manifest` with the files `names` the state of the store, and remove the other files of `former` states.

    Raises:
        SinkError: the folder cannot be written.
    """
    sync(folder, names - set(former))
    sizes = {name: (folder / name).stat().st_size for name in sorted(names)}
    body = manifest.model_copy(update={"sizes": sizes}).model_dump_json()
    write_text(folder / MANIFEST, f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}")
    sweep(folder, names)


def sync(folder: Path, names: Collection[str]) -> None:
    """Wait until files are on disk."""
    with ThreadPoolExecutor(4) as threads:  # a disk takes several at once
        list(threads.map(_sync, (folder / name for name in names)))


def sweep(folder: Path, keep: set[str]) -> None:
    """Remove the store's own files that are not among `keep`; a file that is still open elsewhere may stay."""
    for path in folder.iterdir():
        if path.name not in keep and path.name != LOCK and OWN_NAMES.fullmatch(path.name):
            with suppress(OSError):
                path.unlink()


def last_number(folder: Path) -> int:
    """The highest number of an update in the folder, finished or not."""
    numbers = [int(path.name.partition("-")[2][:6]) for path in folder.glob("*-??????.*") if _is_own(path)]
    return max(numbers, default=0)


def _is_own(path: Path) -> bool:
    return OWN_NAMES.fullmatch(path.name) is not None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder of a store, made where it is missing, for one writer at a time.

    Raises:
        ProjectFileError: the folder holds other things and no store.
        SinkError: another update is under way, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strange = [path.name for path in folder.iterdir() if path.name != MANIFEST and not _is_own(path)]
        if strange and not (folder / MANIFEST).exists():
            raise ProjectFileError(f"{folder}: holds other files ({strange[0]}, …). Expected a new or empty folder")
        with (folder / LOCK).open("w") as stream:
            _take(stream.fileno(), folder)
            yield
    except OSError as error:
        raise SinkError(f"cannot write {folder}: {error.strerror or error}") from error


def _take(descriptor: int, folder: Path) -> None:
    """The lock ends with the process, however it ends."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise SinkError(f"{folder}: another update is under way. Run again when it is done") from error


def clock_of(folder: Path) -> int:
    """The present in nanoseconds, as the file system of the folder sees it."""
    path = folder / "clock"
    path.write_bytes(b"")
    moment = path.stat().st_mtime_ns
    path.unlink()
    return moment


def save(path: Path, array: npt.NDArray[Any]) -> str:
    """Write an array; returns the file's name."""
    with path.open("wb") as stream:
        np.save(stream, array)
    return path.name


def load(path: Path) -> npt.NDArray[Any]:
    """A written array, mapped into memory.

    Raises:
        DamagedStoreError: it is not one.
    """
    try:
        found: npt.NDArray[Any] = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise DamagedStoreError(f"{path.name} cannot be read") from error
    return found


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
