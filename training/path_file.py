"""`paths.npz`: the explanation tables of a bundle, or the reason why it has none; the same model, the same bytes."""

from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
import numpy.typing as npt

from features.errors import ModelRefusedError
from training.path_kernel import Coding, Program
from training.path_tables import PathTables

FORMAT = 1
EPOCH = (1980, 1, 1, 0, 0, 0)
CREATED_ON_UNIX = 3
ENCRYPTED = 1
REASON = "reason"


def write_path_tables(path: Path, tables: PathTables | str) -> None:
    """Write tables, or why there are none."""
    if isinstance(tables, str):
        _write(path, {"format": np.array(FORMAT), REASON: np.array(tables)})
        return
    scalars = {"format": np.array(FORMAT), "features": np.array(tables.features), "bias": np.array(tables.bias)}
    _write(path, {**scalars, **tables.coding._asdict(), **tables.program._asdict()})


def read_path_tables(content: bytes) -> PathTables | str:
    """Tables of a file as it was written, or why there are none. Its sha256 is the caller's to check first.

    Raises:
        ModelRefusedError: not such a file.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            found = {entry.filename.removesuffix(".npy"): _array(archive, entry) for entry in archive.infolist()}
        if int(found["format"]) != FORMAT:
            raise ValueError(f"format {found['format']}, expected {FORMAT}")
        return str(found[REASON]) if REASON in found else _tables(found)
    except (OSError, BadZipFile, ValueError, KeyError, TypeError, EOFError, NotImplementedError) as error:
        raise ModelRefusedError(
            f"paths.npz: no readable explanation tables ({error}): restore or retrain it"
        ) from error


def _array(archive: ZipFile, entry: ZipInfo) -> npt.NDArray[Any]:
    """An array that is as long as it says; a few compressed bytes could say that they are terabytes."""
    if entry.compress_type != ZIP_STORED or entry.flag_bits & ENCRYPTED:
        raise ValueError(f"{entry.filename} is packed; expected it as it is")
    stream = BytesIO(archive.read(entry))
    np.lib.format.read_magic(stream)
    shape, fortran, kind = np.lib.format.read_array_header_1_0(stream)
    if fortran or kind.hasobject or prod(shape) * kind.itemsize != entry.file_size - stream.tell():
        raise ValueError(f"{entry.filename} is not as long as it says")
    # A copy: compiled loops know arrays that may be written to.
    return np.frombuffer(stream.getbuffer()[stream.tell() :], kind).reshape(shape).copy()


def _tables(found: dict[str, npt.NDArray[Any]]) -> PathTables:
    coding = Coding(**{name: found[name] for name in Coding._fields})
    program = Program(**{name: found[name] for name in Program._fields})
    return PathTables(int(found["features"]), float(found["bias"]), coding, program)


def _write(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Like `np.savez` without times, and uncompressed: zlib's bytes differ between versions."""
    with ZipFile(path, "w", ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = ZipInfo(f"{name}.npy", EPOCH)
            entry.create_system = CREATED_ON_UNIX
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
