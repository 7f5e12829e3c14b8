"""The bundle that the server scores with: the champion, swapped while requests go on, and never for a bad one."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from features.errors import ModelRefusedError, RefusedError
from serving.language.phrases import Phrases, phrases_of
from serving.language.translations import LANGUAGES
from training.bundle import Bundle, load_bundle
from training.registry import Registry

LOG = "promotions.jsonl"
Mark = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Served:
    """A bundle with its sentences in every language; a request keeps the one it began with."""

    bundle: Bundle
    phrases: Mapping[str, Phrases]


@dataclass(frozen=True, slots=True)
class Refused:
    """The champion that was not taken, and why."""

    version: str
    reason: str


class ModelInUse:
    """The champion of a registry. `refresh` looks whether it changed; readers never wait for it.

    A bundle that is damaged or scores its golden rows differently is refused and the former goes on.
    """

    def __init__(self, registry: Registry, load: Callable[[Path], Bundle] = load_bundle) -> None:
        self._registry, self._load = registry, load
        self._served: Served | None = None
        self._refused: Refused | None = None
        self._seen: Mark | None = None
        self._looked = False
        self._former: Served | None = None
        self._gone: set[str] = set()
        self._turn = threading.Lock()

    @property
    def served(self) -> Served | None:
        """What scores now; None before the first promotion."""
        return self._served

    @property
    def refused(self) -> Refused | None:
        """The champion that cannot be used; None when all is well."""
        return self._refused

    @property
    def looked(self) -> bool:
        """Whether the registry was looked at."""
        return self._looked

    def required(self) -> Served:
        """What scores now.

        Raises:
            ModelRefusedError: there is none.
        """
        if self._served is None:
            why = "no model has been promoted yet: run `ripelead train` and `ripelead promote`"
            raise ModelRefusedError(why if self._refused is None else self._refused.reason)
        return self._served

    @property
    def known(self) -> tuple[Served, ...]:
        """The model in use, and the one before it where it was read."""
        return tuple(one for one in (self._served, self._former) if one is not None)

    def served_as(self, version: str) -> Served | None:
        """The model whose version begins so: the one in use, or the one before it, whose scores stand until the night.

        None where it is no longer kept, or cannot be used.
        """
        for one in self.known:
            if one.bundle.version.startswith(version):
                return one
        with self._turn:
            if version not in self._gone:
                self._former = self._kept(version) or self._former
        former = self._former
        return former if former is not None and former.bundle.version.startswith(version) else None

    def _kept(self, version: str) -> Served | None:
        path = self._registry.kept(version)
        try:
            return None if path is None else _served(self._load(path))
        except RefusedError:
            return None
        finally:
            self._gone.add(version)

    def refresh(self) -> bool:
        """Take the champion if it is another one than before; whether something was taken or refused."""
        with self._turn:
            mark = self._mark()
            if self._looked and mark == self._seen:
                return False
            changed = self._take()
            self._seen, self._looked = mark, True
            return changed

    def _take(self) -> bool:
        version = ""
        try:
            path = self._registry.bundle_path("champion")
            version = path.parent.name
            if self._served is not None and self._served.bundle.version == version:
                self._refused = None
                return False
            bundle = self._load(path)
        except RefusedError as error:
            self._refused = Refused(version, str(error)) if version or self._registry_is_damaged() else None
            return self._refused is not None
        self._former, self._served = self._served or self._former, _served(bundle)
        self._refused = None
        return True

    def _registry_is_damaged(self) -> bool:
        try:
            return "champion" in self._registry.aliases()
        except ModelRefusedError:
            return True

    def _mark(self) -> Mark | None:
        """What tells one state of the promotion log from the next, without reading it."""
        try:
            found = (self._registry.directory / LOG).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _served(bundle: Bundle) -> Served:
    return Served(bundle, {language: phrases_of(bundle, language) for language in LANGUAGES})
