"""Text files, plain or gzipped, as streams: encoding, bytes that are no text, lines too long to be lines."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.errors import InputContractError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LINE_LIMIT = 8 * 1024 * 1024
SHOWN_CHARACTERS = 300

_MARK_ERRORS = "ripelead-mark"
_FIRST_MARK = 0x10FE00
MARKS = f"[{chr(_FIRST_MARK)}-{chr(_FIRST_MARK + 255)}]"
_MARK = re.compile(MARKS)

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file as the project file describes it; `shown` is its name in messages."""

    path: Path
    shown: str
    encoding: str = "utf-8"
    delimiter: str | None = None
    line_limit: int = LINE_LIMIT


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that could not be split into cells: file, line, why, what was expected, what came, its text (cut)."""

    file: str
    line: int
    reason: str
    expected: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of one file, those without cells, and a function from row positions to line numbers (from 1)."""

    file: str
    rows: pa.Table
    lines: Callable[[Positions], Positions]
    unreadable: tuple[UnreadableRow, ...] = ()
    unit: str = "line"


def open_bytes(file: TextFile) -> BinaryIO:
    """The file's bytes, decompressed where they are gzip.

    Raises:
        InputContractError: another kind of file under a text file's name.
    """
    with file.path.open("rb") as stream:
        magic = stream.read(4)
    _refuse_other_kinds(magic, file)
    return cast(BinaryIO, gzip.open(file.path)) if magic[:2] == b"\x1f\x8b" else file.path.open("rb")


def _refuse_other_kinds(magic: bytes, file: TextFile) -> None:
    kinds = {b"PK\x03\x04": "an Excel or zip file", b"PAR1": "a Parquet file"}
    if magic in kinds:
        raise InputContractError(
            f"{file.shown}: expected text, but this is {kinds[magic]}: name it accordingly (.xlsx, .parquet)"
        )
    if magic[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) and not file.encoding.startswith("utf-16"):
        raise InputContractError(f'{file.shown}: this is UTF-16 text: set encoding = "utf-16" for this table')


def open_text(file: TextFile) -> io.TextIOWrapper:
    """The file as text, line ends kept; a byte that is no text becomes one mark."""
    return io.TextIOWrapper(open_bytes(file), encoding=_codec(file), errors=_mark_errors(), newline="")


def open_marked(file: TextFile) -> BinaryIO:
    """The file's text in UTF-8; a byte that is no text becomes one mark, so that it spoils its own row only."""
    return cast(BinaryIO, io.BufferedReader(_Marked(open_bytes(file), _codec(file)), 1 << 20))


class _Marked(io.RawIOBase):
    def __init__(self, source: BinaryIO, encoding: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)(errors=_mark_errors())

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._source.close()
        super().close()

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill `buffer`; a byte becomes four at most, and a decoder holds back fewer than four."""
        view = memoryview(buffer).cast("B")
        encoded, chunk = b"", b"more"
        while chunk and not encoded:
            chunk = self._source.read(len(view) // 4 - 4)
            encoded = self._decoder.decode(chunk, final=not chunk).encode("utf-8")
        view[: len(encoded)] = encoded
        return len(encoded)


def is_utf8(file: TextFile) -> bool:
    """Whether the file is declared as UTF-8."""
    return codecs.lookup(file.encoding).name in ("utf-8", "utf-8-sig")


def _codec(file: TextFile) -> str:
    return "utf-8-sig" if is_utf8(file) else file.encoding


def _mark_errors() -> str:
    """Name of the decoding error handler; codecs have one registry a process, so it is filled at first use."""

    def mark(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        return "".join(chr(_FIRST_MARK + byte) for byte in error.object[error.start : error.end]), error.end

    codecs.register_error(_MARK_ERRORS, mark)
    return _MARK_ERRORS


def has_marks(text: str) -> bool:
    """Whether a byte of `text` was none of the encoding."""
    return _MARK.search(text) is not None


def shown_text(text: str) -> str:
    """`text` cut for a message, bytes that are no text as `\\xfc`."""
    cut = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
    return _MARK.sub(lambda found: f"\\x{ord(found[0]) - _FIRST_MARK:02x}", cut)


def not_text(file: TextFile, line: int, text: str) -> UnreadableRow:
    """The row of a line that is not in the file's encoding."""
    other = "cp1252" if is_utf8(file) else "utf-8"
    expected = f'{file.encoding} text; a file in another encoding needs encoding = "{other}" or the like'
    bad = "".join(_MARK.findall(text[:LINE_LIMIT])[:10])
    return UnreadableRow(file.shown, line, f"not {file.encoding} text", expected, shown_text(bad), shown_text(text))


def bounded_lines(stream: io.TextIOWrapper, file: TextFile) -> Iterator[str]:
    """Physical lines; raises `InputContractError` at one over the limit, without reading it whole."""
    number = 0
    while line := stream.readline(file.line_limit):
        number += 1
        if len(line) >= file.line_limit:
            raise InputContractError(
                f"{file.shown} line {number}: longer than {size(file.line_limit)}. Expected one row a line: "
                "this is another kind of file, or its line ends were lost"
            )
        yield line


def size(count: int) -> str:
    """Bytes for people: `8 MiB`."""
    return f"{count // 1024**2} MiB" if count >= 1024**2 else f"{count:,} bytes"


@contextmanager
def damage_named(file: TextFile) -> Iterator[None]:
    """Turn what a truncated or unreadable file raises into one message."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputContractError(
            f"{file.shown}: the compressed file is damaged or cut short ({error}): export it again"
        ) from error
    except UnicodeError as error:
        raise InputContractError(f"{file.shown}: not {file.encoding} text: {error}") from error
    except OSError as error:
        raise InputContractError(f"{file.shown}: cannot be read: {error.strerror or error}") from error
