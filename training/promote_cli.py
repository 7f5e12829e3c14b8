"""Commands about champion and challenger: gate, promote, rollback, retrain."""

import time
from typing import Annotated

import typer

from features.cli import HERE, ProjectFolder, app, err, out, read_checked, utc_now
from features.errors import ModelRefusedError, ProjectFileError
from features.project import Project
from training.dataset import load_dataset
from training.gate.decision import GateDecision
from training.promotion import Asked, ask_gate, decision_for, mirror, refusal
from training.promotion import promote as run_promotion
from training.registry import registry_of
from training.settings import TrainingSettings, read_all

MARKS = {"passed": "✓", "warning": "!", "refused": "✗"}
Force = Annotated[bool, typer.Option("--force", help="promote although the gate refuses; needs --reason")]
Reason = Annotated[str | None, typer.Option("--reason", help="why you overrule the gate; it is logged")]
Anyway = Annotated[bool, typer.Option("--force", help="train although the champion knows these data and settings")]


@app.command()
def gate(directory: ProjectFolder = HERE) -> None:
    """Say what the gate thinks of the challenger, without promoting; exit code 4 if it would refuse."""
    project, settings = read_all(directory)
    asked = _asked(project, settings)
    decision = decision_for(asked, asked.registry.standing())
    print_decision(decision)
    raise typer.Exit(0 if decision.passed else ModelRefusedError.exit_code)


@app.command()
def promote(directory: ProjectFolder = HERE, force: Force = False, reason: Reason = None) -> None:
    """Make the challenger the champion if it passes the gate; exit code 4 with the reasons if not."""
    if force != bool(reason and reason.strip()):
        raise ProjectFileError('--force and --reason go together, such as --force --reason "new CRM since May"')
    project, settings = read_all(directory)
    asked = _asked(project, settings)
    standing = asked.registry.standing()
    if standing.champion is not None and standing.challenger == standing.champion:
        out.print(f"champion: {standing.champion[:12]} already; `ripelead train` makes a challenger")
        return mirror(project, settings, asked.registry, note)
    done = run_promotion(asked, utc_now(), reason)
    print_decision(done.decision)
    if not done.happened:
        raise refusal(done.decision)
    out.print(f"champion: {done.decision.challenger[:12]}{' (forced)' if done.forced else ''}")
    return mirror(project, settings, asked.registry, note)


@app.command()
def rollback(directory: ProjectFolder = HERE) -> None:
    """Make the champion before the present one champion again."""
    project, settings = read_all(directory)
    registry = registry_of(project)
    version = registry.rollback(utc_now())
    out.print(f"champion: {version[:12]} (rolled back)")
    mirror(project, settings, registry, note)


@app.command()
def retrain(directory: ProjectFolder = HERE, force: Anyway = False) -> None:
    """Train when there is something new, ask the gate, and promote or say why not; for cron and Airflow."""
    from training.retrain import retrain as run_retraining

    began = time.perf_counter()
    project, settings = read_all(directory)
    done = run_retraining(project, settings, utc_now, anyway=force)
    if done.decision is not None:
        print_decision(done.decision)
    for reason in done.summary.reasons if done.decision is None else ():
        note(reason)
    out.print(done.summary.to_json(round(time.perf_counter() - began, 1)), markup=False)
    raise typer.Exit(done.summary.exit_code)


def note(what: str) -> None:
    """Tell people what should be known, beside the result."""
    err.print(f"note: {what}", markup=False)


def print_decision(decision: GateDecision) -> None:
    """The decision with every check."""
    verdict = "passed" if decision.passed else "refused"
    against = "no champion yet" if decision.champion is None else f"against the champion {decision.champion[:12]}"
    out.print(f"\ngate: {verdict} (challenger {decision.challenger[:12]}, {against})", markup=False)
    out.print(decision.compared, markup=False)
    out.print(f"{decision.rows:,} rows of {decision.leads:,} leads, of which {decision.winning_leads:,} won")
    for check in decision.checks:
        out.print(f"{MARKS[check.outcome]} {check.name}: {check.sentence}", markup=False)
    out.print("")


def _asked(project: Project, settings: TrainingSettings) -> Asked:
    """The gate on the project's tables, which are read only if it has to be asked anew."""
    untimed = settings.label.column is not None
    decide_now = ask_gate(
        project, settings, lambda: load_dataset(project, settings, read_checked(project, untimed=untimed))
    )
    return Asked(settings, registry_of(project), decide_now)
