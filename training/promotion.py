"""Promotion: the gate asked about the registered challenger, the log, and MLflow's aliases brought in line."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from features.errors import ModelRefusedError, ProjectFileError
from features.files import write_text
from features.project import Project
from training.dataset import Dataset
from training.gate.decision import GateDecision, decision_from_json, decision_to_json
from training.promotion_log import Standing
from training.registry import Registry
from training.settings import TrainingSettings

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A project whose challenger stands before the gate; `decide_now` compares it with the champion on today's data."""

    settings: TrainingSettings
    registry: Registry
    decide_now: Callable[[Path, Path | None], GateDecision]


@dataclass(frozen=True, slots=True)
class Promoted:
    """What came of it: the decision, who is champion now, and who was before."""

    decision: GateDecision
    champion: str | None
    former: str | None
    forced: bool = False

    @property
    def happened(self) -> bool:
        """Whether the challenger has become champion."""
        return self.champion == self.decision.challenger


def decision_for(asked: Asked, standing: Standing) -> GateDecision:
    """The gate's decision about the challenger: the one kept with it if it still fits, else a new one, which is kept.

    It fits while the champion and the settings of `[gate]` are those that it was made with.

    Raises:
        ModelRefusedError: there is no challenger, or what belongs to it is damaged.
    """
    folder = asked.registry.bundle_path("challenger").parent
    kept = read_decision(folder)
    if kept is not None and _fits(kept, asked.settings, standing):
        return kept
    champion = None if standing.champion is None else asked.registry.directory / standing.champion
    decision = asked.decide_now(folder, champion)
    write_text(folder / "gate.json", decision_to_json(decision))
    return decision


def _fits(kept: GateDecision, settings: TrainingSettings, standing: Standing) -> bool:
    same = (kept.challenger, kept.champion) == (standing.challenger, standing.champion)
    return same and kept.settings == settings.gate.model_dump(mode="json")


def read_decision(folder: Path) -> GateDecision | None:
    """The decision kept in a folder; None without one, or when it is of another version."""
    path = folder / "gate.json"
    try:
        return decision_from_json(path.read_text(encoding="utf-8")) if path.exists() else None
    except (OSError, ValueError):
        return None


def promote(asked: Asked, at: datetime, force: str | None) -> Promoted:
    """Make the challenger the champion if the gate lets it, or if `force` says why it should be anyway.

    What the gate refuses is logged and comes back as not happened.

    Raises:
        ModelRefusedError: there is no challenger, or champion or challenger is damaged.
        OverlapError: another command changed champion or challenger meanwhile.
    """
    standing = asked.registry.standing()
    decision = decision_for(asked, standing)
    if not decision.passed and force is None:
        asked.registry.refuse(at, decision.reasons)
        return Promoted(decision, standing.champion, standing.champion)
    forced = None if decision.passed else force
    version = asked.registry.promote(at, decision.reasons, over=standing, forced=forced)
    return Promoted(decision, version, standing.champion, forced=forced is not None)


def mirror(project: Project, settings: TrainingSettings, registry: Registry, say: Say) -> None:
    """Bring `aliases.json` and MLflow's aliases in line with the log; MLflow may be away."""
    if registry.mend():
        say("aliases.json was not what the log says: written again")
    if not settings.tracking.enabled:
        return
    from training.tracking import mirror_aliases, store_of

    try:
        for mended in mirror_aliases(store_of(project, settings.tracking), registry.aliases()):
            say(mended)
    except ProjectFileError as error:
        say(f"{error}\n  the promotion log counts; the next train, promote or rollback sets MLflow's aliases")


def ask_gate(
    project: Project, settings: TrainingSettings, read: Callable[[], Dataset]
) -> Callable[[Path, Path | None], GateDecision]:
    """The gate on the project's data, which are read when it is asked."""

    def decide_now(challenger: Path, champion: Path | None) -> GateDecision:
        from training.gate.candidate import registered
        from training.gate.decide import decide

        return decide(project, settings, read(), registered(challenger), champion)

    return decide_now


def refusal(decision: GateDecision) -> ModelRefusedError:
    """The refusal with every reason."""
    lines = "\n".join(f"- {reason}" for reason in decision.reasons)
    return ModelRefusedError(f"the challenger is not promoted:\n{lines}")
