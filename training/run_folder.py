"""A training run as a whole: trained, before the gate, drawn, and registered as the challenger."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from features.errors import RefusedError
from features.files import replaced_directory
from features.project import Project
from features.tables import Tables
from training.gate.candidate import Candidate
from training.gate.decide import decide
from training.gate.decision import GateDecision, decision_to_json
from training.gate.suspects import suspects_of
from training.judge import Say
from training.publish import write_report
from training.registry import Registry, registry_of
from training.settings import TrainingSettings
from training.train import Run, train


def make_run(project: Project, settings: TrainingSettings, tables: Tables, target: Path, at: datetime, say: Say) -> Run:
    """Train into the folder `target`, which appears whole, and make the model the challenger."""
    registry = registry_of(project)
    with replaced_directory(target) as folder:
        run = train(project, settings, tables, folder, say)
        run = replace(run, gate=_gate(project, settings, run, registry, say))
        say("drawing the report")
        write_report(project, settings, run)
    registry.register(target, at)
    return replace(run, directory=target)


def _gate(project: Project, settings: TrainingSettings, run: Run, registry: Registry, say: Say) -> GateDecision | None:
    """The gate's decision, kept as `gate.json`; None when the champion cannot be compared, which costs no run."""
    candidate = Candidate(run.version, run.directory, run.evaluation, suspects_of(run.audit))
    try:
        champion = registry.standing().champion
        say("asking the gate" if champion is None else f"comparing with the champion {champion[:12]}")
        folder = None if champion is None else registry.directory / champion
        decision = decide(project, settings, run.dataset, candidate, folder)
    except RefusedError as error:
        say(f"the gate cannot decide yet: {error}")
        return None
    (run.directory / "gate.json").write_text(decision_to_json(decision), encoding="utf-8")
    return decision
