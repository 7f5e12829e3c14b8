"""The files of a bundle, read once: the bytes that are hashed are the bytes that are parsed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

from features.errors import ModelRefusedError
from training.bundle import FILES, MANIFEST, SCHEMA, json_text

MOST_BYTES = 256 * 2**20
"""Of one file; the largest, explanation tables, are kept below 64 MiB when they are built."""
_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of one bundle by name; `version` is its id, computed from them; `where` names it in messages."""

    where: str
    version: str
    files: Mapping[str, bytes]

    def text(self, name: str) -> str:
        """A file as UTF-8 text."""
        return self.files[name].decode("utf-8")

    def json(self, name: str) -> Any:  # noqa: ANN401 - whatever stands there; the caller makes something typed of it
        """A file as JSON, without the numbers that JSON does not know (NaN, Infinity).

        Raises:
            ValueError: not JSON.
        """
        return json.loads(self.text(name), parse_constant=_refuse_constant)


def read_contents(directory: Path) -> Contents:
    """Files of the bundle in `directory`, each with the sha256 that the manifest names.

    A bundle of a registry stands in a folder called by its id, so one that was put in its place is refused too.

    Raises:
        ModelRefusedError: something is missing, added, changed, too large or in the place of another bundle.
    """
    manifest = _manifest(directory)
    present = {path.name for path in directory.iterdir()} - {MANIFEST}
    if present != set(FILES) or set(manifest["files"]) != set(FILES):
        odd = ", ".join(sorted((present ^ set(FILES)) | (set(manifest["files"]) ^ set(FILES))))
        raise ModelRefusedError(f"{directory}: missing or unexpected files in the bundle: {odd}")
    contents = contents_of(str(directory), {name: _read(directory / name) for name in FILES})
    for name, content in contents.files.items():
        if sha256(content).hexdigest() != manifest["files"][name]:
            raise ModelRefusedError(f"{directory}: {name} was changed after the bundle was made: restore or retrain it")
    if contents.version != manifest["id"]:
        raise ModelRefusedError(f"{directory}: the manifest's id does not fit its files: restore or retrain the bundle")
    _refuse_misplaced(directory, contents.version)
    return contents


def contents_of(where: str, files: Mapping[str, bytes]) -> Contents:
    """Contents of files that are at hand."""
    lines = (f"{sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return Contents(where, sha256("".join(lines).encode()).hexdigest(), files)


def pack(contents: Contents) -> bytes:
    """The files as one run of bytes, for another process."""
    head = {"where": contents.where, "sizes": {name: len(content) for name, content in contents.files.items()}}
    return b"".join([json.dumps(head).encode(), b"\n", *contents.files.values()])


def unpack(packed: bytes) -> Contents:
    """What `pack` packed; its id is computed again from what arrived."""
    end = packed.index(b"\n")
    head, at, files = json.loads(packed[:end]), end + 1, {}
    for name, size in head["sizes"].items():
        files[name] = packed[at : at + size]
        at += size
    return contents_of(head["where"], files)


def _manifest(directory: Path) -> dict[str, Any]:
    try:
        text = _read(directory / MANIFEST)
        manifest = json.loads(text)
        read = {"files": dict(manifest["files"]), "id": str(manifest["id"])}
    except (ModelRefusedError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelRefusedError(
            f"{directory}: no readable {MANIFEST}: this is not a bundle, or it is damaged"
        ) from error
    if manifest.get("schema_version") != SCHEMA:
        raise ModelRefusedError(f"{directory}: bundle schema {manifest.get('schema_version')!r}, expected {SCHEMA}")
    if text != json_text(manifest).encode():  # nothing vouches for the manifest but its own form
        raise ModelRefusedError(f"{directory}: {MANIFEST} was changed after the bundle was made: restore or retrain it")
    return read


def _read(path: Path) -> bytes:
    if not path.is_file():  # a pipe would wait for ever
        raise ModelRefusedError(f"{path}: expected a file: restore or retrain the bundle")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ModelRefusedError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > MOST_BYTES:
        raise ModelRefusedError(f"{path}: larger than {MOST_BYTES / 2**20:,.0f} MiB, which no bundle's file is")
    return content


def _refuse_misplaced(directory: Path, version: str) -> None:
    named = directory.resolve().parent.name
    if _ID.fullmatch(named) and named != version:
        raise ModelRefusedError(
            f"{directory}: expected the bundle {named[:12]}, got {version[:12]}: it was replaced after it was "
            "registered; restore it, or go back with `ripelead rollback`"
        )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
