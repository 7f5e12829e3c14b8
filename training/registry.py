"""The project's own model registry: bundles by id, the aliases champion and challenger, and an append-only log."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from features.errors import ModelRefusedError, SinkError
from features.files import replaced_directory, write_text
from training.bundle import verify_files

Alias = Literal["champion", "challenger"]


@dataclass(frozen=True, slots=True)
class Registry:
    """Folder `models/` of a project: `<id>/bundle`, `<id>/evaluation.json`, `aliases.json`, `promotions.jsonl`."""

    directory: Path

    def register(self, run: Path) -> str:
        """Keep a run's bundle and evaluation and make it the challenger; gives the bundle's id."""
        version = verify_files(run / "bundle")
        target = self.directory / version
        if not target.exists():
            with replaced_directory(target) as folder:
                shutil.copytree(run / "bundle", folder / "bundle")
                shutil.copy(run / "evaluation.json", folder / "evaluation.json")
        self._set_aliases({**self.aliases(), "challenger": version})
        return version

    def aliases(self) -> dict[str, str]:
        """Bundle id by alias; empty before the first training."""
        path = self.directory / "aliases.json"
        try:
            return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
        except (OSError, ValueError, TypeError) as error:
            raise ModelRefusedError(f"{path}: not readable: restore it, or train and promote again") from error

    def bundle_path(self, alias: Alias) -> Path:
        """Folder of the bundle behind an alias.

        Raises:
            ModelRefusedError: there is none yet.
        """
        version = self.aliases().get(alias)
        if version is None:
            todo = "`ripelead train`" if alias == "challenger" or not self.aliases() else "`ripelead promote`"
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
        before = [event["bundle"] for event in events if datetime.fromisoformat(event["at"]) <= moment]
        return before[-1] if before else None

    def evaluation(self, alias: Alias) -> str:
        """Text of `evaluation.json` of the model behind an alias."""
        return (self.bundle_path(alias).parent / "evaluation.json").read_text(encoding="utf-8")

    def promote(self, at: datetime, reasons: tuple[str, ...]) -> str:
        """Make the challenger the champion and log it."""
        version = self.bundle_path("challenger").parent.name
        former = self.aliases().get("champion")
        self._log(
            {
                "event": "promoted",
                "at": at.isoformat(),
                "bundle": version,
                "former": former,
                "reasons": reasons,
            }
        )
        self._set_aliases({**self.aliases(), "champion": version})
        return version

    def refuse(self, at: datetime, reasons: tuple[str, ...]) -> None:
        """Log that the gate refused the challenger."""
        version = self.bundle_path("challenger").parent.name
        self._log({"event": "refused", "at": at.isoformat(), "bundle": version, "reasons": reasons})

    def rollback(self, at: datetime) -> str:
        """Make the champion before the present one champion again and log it.

        Raises:
            ModelRefusedError: there was none.
        """
        present = self.bundle_path("champion").parent.name
        former = self._former(present)
        if former is None:
            raise ModelRefusedError(f"no champion before {present[:12]}: nothing to roll back to")
        verify_files(self.directory / former / "bundle")
        self._log({"event": "rolled back", "at": at.isoformat(), "bundle": former, "former": present})
        self._set_aliases({**self.aliases(), "champion": former})
        return former

    def log(self) -> list[Mapping[str, Any]]:
        """All promotions, refusals and rollbacks, oldest first."""
        path = self.directory / "promotions.jsonl"
        if not path.exists():
            return []
        try:
            return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError) as error:
            raise ModelRefusedError(f"{path}: not readable, so the former champion is not known: restore it") from error

    def _former(self, present: str) -> str | None:
        """Champion that `present` took over from, as its promotion recorded it; rollbacks do not make new history."""
        taken = [
            e for e in self.log() if e["event"] == "promoted" and e["bundle"] == present and e["former"] != present
        ]
        return taken[-1]["former"] if taken else None

    def _set_aliases(self, aliases: Mapping[str, str]) -> None:
        write_text(self.directory / "aliases.json", json.dumps(aliases, indent=1, sort_keys=True) + "\n")

    def _log(self, event: Mapping[str, Any]) -> None:
        path = self.directory / "promotions.jsonl"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(event, sort_keys=True) + "\n")
        except OSError as error:
            raise SinkError(f"cannot write {path}: {error.strerror or error}") from error
