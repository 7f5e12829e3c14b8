"""The project's own model registry: bundles by id, the aliases champion and challenger, and an append-only log.

The log is the truth: the aliases follow from it, and `aliases.json` is a copy for people and other programs. A command
that is killed between the two leaves the copy behind, which the next command writes again.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from features.errors import ModelRefusedError, OverlapError
from features.files import replaced_directory, replaced_file, write_text
from features.project import Project
from training.bundle import verify_files
from training.locks import held
from training.promotion_log import Event, Standing, append_event, read_log, standing_after

Alias = Literal["champion", "challenger"]
MODELS = "models"
KEPT = ("evaluation.json", "audit.json", "gate.json", "origin.json", "seen_by_judged.npy", "seen_by_shipped.npy")
"""Files of a run that stand beside its bundle, as far as the run has them."""
WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Registry:
    """Folder `models/` of a project: `<id>/bundle` and what belongs to it, `promotions.jsonl`, `aliases.json`."""

    directory: Path

    def register(self, run: Path, at: datetime) -> str:
        """Keep a run's bundle with what belongs to it and make it the challenger; gives the bundle's id.

        The model that judged it is kept as a bundle of its own, under its own id.
        """
        version = verify_files(run / "bundle")
        with self._changing():
            if (run / "judged").exists():
                self._keep(run / "judged", verify_files(run / "judged"), {})
            self._keep(run / "bundle", version, {name: run / name for name in KEPT if (run / name).exists()})
            self._happened({"event": "registered", "at": at.isoformat(), "bundle": version})
        return version

    def _keep(self, bundle: Path, version: str, beside: Mapping[str, Path]) -> None:
        """A bundle under its id with files beside it; what stands there already is a copy of the same bundle."""
        target = self.directory / version
        if (target / "bundle").exists():
            for name, path in beside.items():
                with replaced_file(target / name) as temporary:
                    shutil.copy(path, temporary)
            return
        with replaced_directory(target) as folder:
            shutil.copytree(bundle, folder / "bundle")
            for name, path in beside.items():
                shutil.copy(path, folder / name)

    def aliases(self) -> dict[str, str]:
        """Bundle id by alias; empty before the first training.

        Raises:
            ModelRefusedError: the log is damaged, or there is none and `aliases.json` is.
        """
        standing = standing_after(self.log())
        found = {"challenger": standing.challenger, "champion": standing.champion}
        if None in found.values():  # registries that were made before the log held all of it
            found = {alias: version or self._copied().get(alias) for alias, version in found.items()}
        return {alias: version for alias, version in found.items() if version is not None}

    def standing(self) -> Standing:
        """Challenger and champions, also of a registry that was made before the log held all of it."""
        aliases, logged = self.aliases(), standing_after(self.log())
        champions = logged.champions or tuple(aliases[alias] for alias in ("champion",) if alias in aliases)
        return Standing(aliases.get("challenger"), champions)

    def bundle_path(self, alias: Alias) -> Path:
        """Folder of the bundle behind an alias.

        Raises:
            ModelRefusedError: there is none yet.
        """
        aliases = self.aliases()
        version = aliases.get(alias)
        if version is None:
            todo = "`ripelead train`" if alias == "challenger" or not aliases else "`ripelead promote`"
            raise ModelRefusedError(f"no {alias} yet in {self.directory}: run {todo} first")
        return self.directory / version / "bundle"

    def kept(self, prefix: str) -> Path | None:
        """Folder of the one bundle whose id starts with `prefix`; bundles are kept when another takes over."""
        if not prefix.isalnum():
            return None
        found = [path for path in self.directory.glob(f"{prefix}*") if (path / "bundle").is_dir()]
        return found[0] / "bundle" if len(found) == 1 else None

    def champion_at(self, moment: datetime) -> str | None:
        """Id of the bundle that was champion at an aware time, by the log; None when there was none yet."""
        events = [event for event in self.log() if event["event"] in ("promoted", "rolled back")]
        return standing_after(e for e in events if datetime.fromisoformat(e["at"]) <= moment).champion

    def evaluation(self, alias: Alias) -> str:
        """Text of `evaluation.json` of the model behind an alias."""
        return (self.bundle_path(alias).parent / "evaluation.json").read_text(encoding="utf-8")

    def promote(
        self, at: datetime, reasons: tuple[str, ...], *, over: Standing | None = None, forced: str | None = None
    ) -> str:
        """Make the challenger the champion and log it; `forced` is a person's reason to do so against the gate.

        Raises:
            OverlapError: `over` is whom the gate compared, and meanwhile they are no longer who they were.
        """
        with self._changing():
            version = self.bundle_path("challenger").parent.name
            former = self.aliases().get("champion")
            if over is not None and (over.challenger, over.champion) != (version, former):
                raise OverlapError("another command changed champion or challenger meanwhile: run again")
            event = {"event": "promoted", "at": at.isoformat(), "bundle": version, "former": former, "reasons": reasons}
            self._happened(event if forced is None else {**event, "forced": forced})
        return version

    def refuse(self, at: datetime, reasons: tuple[str, ...]) -> None:
        """Log that the gate refused the challenger."""
        with self._changing():
            version = self.bundle_path("challenger").parent.name
            self._happened({"event": "refused", "at": at.isoformat(), "bundle": version, "reasons": reasons})

    def rollback(self, at: datetime) -> str:
        """Make the champion before the present one champion again and log it.

        Raises:
            ModelRefusedError: there was none, or its bundle is damaged.
        """
        with self._changing():
            present = self.bundle_path("champion").parent.name
            former = standing_after(self.log()).former
            if former is None:
                raise ModelRefusedError(f"no champion before {present[:12]}: nothing to roll back to")
            verify_files(self.directory / former / "bundle")
            self._happened({"event": "rolled back", "at": at.isoformat(), "bundle": former, "former": present})
        return former

    def log(self) -> list[Event]:
        """All that happened, oldest first.

        Raises:
            ModelRefusedError: the log is damaged before its last line.
        """
        return read_log(self.directory / "promotions.jsonl")

    def mend(self) -> bool:
        """Write `aliases.json` again where it is not what the log says; gives whether it was not."""
        with self._changing():
            if not self.log() or self._same_as_copied():
                return False
            self._copy_aliases()
            return True

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with held(self.directory / ".lock", f"changing the models in {self.directory}", WAIT_S):
            yield

    def _happened(self, event: Mapping[str, Any]) -> None:
        """Log first: a copy that is not written any more can be made again, an event that is not logged is lost."""
        append_event(self.directory / "promotions.jsonl", event)
        self._copy_aliases()

    def _copy_aliases(self) -> None:
        text = json.dumps(self.aliases(), indent=1, sort_keys=True) + "\n"
        write_text(self.directory / "aliases.json", text)

    def _copied(self) -> dict[str, str]:
        path = self.directory / "aliases.json"
        try:
            return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
        except (OSError, ValueError, TypeError) as error:
            raise ModelRefusedError(f"{path}: not readable: restore it, or train and promote again") from error

    def _same_as_copied(self) -> bool:
        try:
            return self._copied() == self.aliases()
        except ModelRefusedError:
            return False


def registry_of(project: Project) -> Registry:
    """The project's model registry."""
    return Registry(project.directory / MODELS)
