"""What a Spark worker needs before it can run the product: its code, in a place for compiled kernels too.

Spark ships the functions of this module by value, so they stand alone: nothing but the standard library and pyspark
is imported, and nothing of the product before `prepare` has made it importable.
"""

import hashlib
import importlib
import importlib.util
import os
import pickle
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PACKAGES = ("features", "training", "serving")


def code_root(package: str) -> Path:
    """The folder that holds the product's packages, from the `__file__` of one of them."""
    return Path(package).parent.parent


def fingerprint(root: Path) -> str:
    """Sixteen hex digits that name the files of the packages in `root` and their contents."""
    digest = hashlib.sha256()
    for file in _files(root):
        digest.update(f"{file.relative_to(root).as_posix()}\n".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(root: Path) -> list[Path]:
    """The packages' files, with the words of other languages; without what Python and numba compiled."""
    found = (file for package in PACKAGES for file in sorted((root / package).rglob("*")))
    return [file for file in found if file.is_file() and "__pycache__" not in file.parts]


def write_archive(root: Path, folder: Path) -> Path:
    """The packages in `root` as a zip in `folder`, called by their fingerprint."""
    path = folder / f"ripelead-{fingerprint(root)}.zip"
    if path.exists():
        return path
    temporary = path.with_suffix(f".{os.getpid()}")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _files(root):
            archive.write(file, file.relative_to(root).as_posix())
    temporary.replace(path)
    return path


def own_folder() -> Path:
    """A folder of this user on this machine for code and compiled kernels; another user's is never used."""
    folder = Path(tempfile.gettempdir()) / f"ripelead-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o022:
        return Path(tempfile.mkdtemp(prefix="ripelead-"))
    return folder


def prepare(archive: str) -> None:
    """Make the product, as the driver has it, importable in this process.

    An installation of the same code is used where it may be written to; else the shipped archive is unpacked,
    once a machine. Kernels are compiled into the folder of the code, so once a machine too.
    """
    wanted = archive.removeprefix("ripelead-").removesuffix(".zip")
    if getattr(sys, "_ripelead_code", None) == wanted:
        return
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    if not _installed(wanted):
        sys.path.insert(0, str(_unpacked(archive, own_folder() / wanted)))
        for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
            del sys.modules[name]  # of another job with other code, in a worker that Spark uses again
        importlib.invalidate_caches()
    sys._ripelead_code = wanted  # type: ignore[attr-defined]
    _one_thread()


def _installed(wanted: str) -> bool:
    spec = importlib.util.find_spec(PACKAGES[0])
    places = list(spec.submodule_search_locations or ()) if spec else []
    roots = [Path(place).parent for place in places if Path(place).is_dir()]
    # Compiled kernels are kept beside the code.
    return any(os.access(root / PACKAGES[0], os.W_OK) and fingerprint(root) == wanted for root in roots)


def _unpacked(archive: str, target: Path) -> Path:
    if not target.exists():
        from pyspark import SparkFiles

        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        with zipfile.ZipFile(SparkFiles.get(archive)) as packed:
            packed.extractall(temporary)
        try:
            temporary.rename(target)
        except OSError:  # another worker was faster
            if not target.exists():
                raise
    return target


def _one_thread() -> None:
    """Spark runs one task a core; libraries that start a thread a core would only stand in each other's way."""
    import pyarrow as pa

    pa.set_cpu_count(1)


def batchwise(archive: str, function: str, argument: object) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """`function` (`module:name`) of (argument, batches) for `mapInArrow`."""
    packed = pickle.dumps(argument)

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        prepare(archive)
        yield from _named(function)(pickle.loads(packed), batches)  # noqa: S301 - the driver's own bytes

    return run


def blockwise(archive: str, function: str, argument: object, told: Any) -> Callable[[Any, Any, Any], Any]:  # noqa: ANN401
    """`function` (`module:name`) of (argument, left, right) for a cogroup's `applyInArrow`.

    It gives the rows and counts by name; the counts are added to `told`, an accumulator with `Sums`.
    """
    packed = pickle.dumps(argument)

    def run(_key: Any, left: Any, right: Any) -> Any:  # noqa: ANN401 - Arrow tables
        prepare(archive)
        rows, counts = _named(function)(pickle.loads(packed), left, right)  # noqa: S301 - the driver's own bytes
        told.add(counts)
        return rows

    return run


class Sums:
    """Counts by name as what an accumulator adds up (an `AccumulatorParam` of pyspark)."""

    def zero(self, _value: dict[str, int]) -> dict[str, int]:
        """No counts."""
        return {}

    def addInPlace(self, one: dict[str, int], other: dict[str, int]) -> dict[str, int]:  # noqa: N802 - pyspark's name
        """The sum by name."""
        return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _named(function: str) -> Callable[..., Any]:
    module, name = function.split(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found
