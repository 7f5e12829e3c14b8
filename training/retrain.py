"""Retraining without anybody watching: train when there is something new, ask the gate, promote or say why not."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from features.cli import exit_code, print_left_out, read_checked
from features.errors import ModelRefusedError, OverlapError, ProjectFileError, RefusedError
from features.project import Project
from features.tables import Tables
from training.cli import new_run_folder, say
from training.dataset import load_dataset
from training.fingerprint import data_fingerprint
from training.gate.decision import GateDecision
from training.locks import held
from training.origin import read_origin, settings_fingerprint
from training.promotion import Asked, ask_gate, mirror, promote
from training.registry import Registry, registry_of
from training.settings import TrainingSettings

Outcome = Literal["promoted", "refused", "nothing_new", "busy", "failed"]
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a scheduler reads: one line of JSON at the end of stdout.

    `champion` is who is champion now, `former` who was before; `data` is the fingerprint of the tables, `run` the
    folder of the training if there was one. `reasons` speak for the outcome.
    """

    outcome: Outcome
    exit_code: int
    challenger: str | None = None
    champion: str | None = None
    former: str | None = None
    data: str | None = None
    run: str | None = None
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self, seconds: float) -> str:
        """One line of strict JSON."""
        return json.dumps({**asdict(self), "seconds": seconds}, ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Retrained:
    """What came of it, and the gate's decision if it was asked."""

    summary: Summary
    decision: GateDecision | None = None


@dataclass(frozen=True, slots=True)
class _Job:
    project: Project
    settings: TrainingSettings
    registry: Registry
    tables: Tables
    data: str
    clock: Clock

    def made_from_this(self, version: str | None) -> bool:
        """Whether a registered model comes from these data and settings."""
        origin = None if version is None else read_origin(self.registry.directory / version)
        if origin is None:
            return False
        return (origin.data, origin.settings) == (self.data, settings_fingerprint(self.project, self.settings))


def retrain(project: Project, settings: TrainingSettings, clock: Clock, *, anyway: bool) -> Retrained:
    """Train, ask the gate and promote; `anyway` trains also when data and settings are those of the champion.

    A challenger that was made from the same data and settings before, and not promoted, is not trained again: the gate
    is asked about it. Refusals of the data or of the registry end in the summary as well.
    """
    registry = registry_of(project)
    try:
        with held(registry.directory / ".retrain.lock", f"retraining {project.directory}", 0):
            tables = read_checked(project, untimed=settings.label.column is not None)
            job = _Job(project, settings, registry, tables, data_fingerprint(tables), clock)
            return _retrained(job, anyway=anyway)
    except OverlapError as error:
        return Retrained(Summary("busy", error.exit_code, reasons=(str(error),)))
    except RefusedError as error:
        return Retrained(Summary("failed", error.exit_code, reasons=(str(error),)))


def _retrained(job: _Job, *, anyway: bool) -> Retrained:
    before = job.registry.standing()
    if not anyway and job.made_from_this(before.champion):
        return _nothing_new(job, "The champion was trained on these data with these settings.")
    run = None
    if anyway or not job.made_from_this(before.challenger):
        run = str(_train(job))
    elif before.challenger is not None:
        say(f"the challenger {before.challenger[:12]} was trained on these data: asking the gate again")
    if job.registry.standing().challenger == before.champion:
        return _nothing_new(job, "The training gave the champion again, byte for byte.", run)
    return _before_the_gate(job, run)


def _before_the_gate(job: _Job, run: str | None) -> Retrained:
    decide_now = ask_gate(job.project, job.settings, lambda: load_dataset(job.project, job.settings, job.tables))
    done = promote(Asked(job.settings, job.registry, decide_now), job.clock(), None)
    mirror(job.project, job.settings, job.registry, say)
    summary = Summary(
        outcome="promoted" if done.happened else "refused",
        exit_code=exit_code(job.tables) if done.happened else ModelRefusedError.exit_code,
        challenger=done.decision.challenger,
        champion=done.champion,
        former=done.former,
        data=job.data,
        run=run,
        reasons=done.decision.reasons,
        warnings=done.decision.warnings,
    )
    return Retrained(summary, done.decision)


def _train(job: _Job) -> object:
    from training.publish import track
    from training.run_folder import make_run

    target = new_run_folder(job.project)
    run = make_run(job.project, job.settings, job.tables, target, job.clock(), say)
    print_left_out(run.dataset.histories.left_out)
    if job.settings.tracking.enabled:
        say("logging to MLflow")
        try:
            track(job.project, job.settings, run)
        except ProjectFileError as error:
            say(f"{error}\n  the run is complete without it")
    return target


def _nothing_new(job: _Job, reason: str, run: str | None = None) -> Retrained:
    standing = job.registry.standing()
    code = OverlapError.exit_code
    summary = Summary(
        "nothing_new", code, standing.challenger, standing.champion, standing.former, job.data, run, (reason,)
    )
    return Retrained(summary)
