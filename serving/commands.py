"""The commands of all layers as `--help` lists them; the modules of one are imported when it is called."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from features.cli import app

if TYPE_CHECKING:
    from typer import Context

HELP = "Which leads are ripe, and why: point-in-time features, calibrated boosting, exact reasons, beside BANT."


@dataclass(frozen=True, slots=True)
class Listed:
    """What `--help` says of a command, and the modules that add it to the app of all layers."""

    help: str
    modules: tuple[str, ...]


def _in(*modules: str, says: str) -> Listed:
    return Listed(says, modules)


COMMANDS: Mapping[str, Listed] = {
    "init": _in("training.cli", says="Write a commented ripelead.toml with every key and its default."),
    "check": _in(
        "training.cli",
        says="Read and check all tables, say what training would see, and name what may know the outcome.",
    ),
    "features": _in(
        "training.cli", says="Write the feature table of all training snapshots with their outcomes, for notebooks."
    ),
    "train": _in(
        "training.cli",
        says="Train, compare with the rules on the holdout, write the run folder, and register the challenger.",
    ),
    "tune": _in(
        "training.tune_cli",
        says="Search for better [model] settings on the training rows; interrupted or killed, "
        "the same command goes on.",
    ),
    "evaluate": _in("training.cli", says="Print how the model of a run did beside the rules on its holdout."),
    "report": _in("training.cli", says="Say where the report and the pictures of a run are."),
    "mlflow": _in("training.cli", says="Open the MLflow page of the project's runs."),
    "gate": _in(
        "training.promote_cli",
        says="Say what the gate thinks of the challenger, without promoting; exit code 4 if it would refuse.",
    ),
    "promote": _in(
        "training.promote_cli",
        says="Make the challenger the champion if it passes the gate; exit code 4 with the reasons if not.",
    ),
    "rollback": _in("training.promote_cli", says="Make the champion before the present one champion again."),
    "retrain": _in(
        "training.promote_cli",
        says="Train when there is something new, ask the gate, and promote or say why not; for cron and Airflow.",
    ),
    "score": _in(
        "serving.score_cli",
        says="Score every open lead as of a time, with class, rules and reasons; written as a whole or not at all.",
    ),
    "explain": _in(
        "serving.explain_cli",
        says="Say in words why one lead is ripe or not, what is missing, and what would change it.",
    ),
    "qualify": _in(
        "features.rules_cli",
        says="Say what each qualification framework makes of a lead: evidence with dates, "
        "what is missing, what to ask.",
    ),
    "points": _in("features.rules_cli", "training.cli", says="The log of a lead's points, and fitted points."),
    "agreement": _in(
        "serving.agreement_cli",
        says="List the open leads on which model and rules disagree, with the reasons of both and what to ask.",
    ),
    "stages": _in("serving.stages_cli", says="Stages of leads: every night, one lead, who waits too long."),
    "route": _in(
        "serving.routing_cli",
        says="Give each lead that waits for sales to a rep, by territory, skill, load and "
        "turn; a second run adds nothing.",
    ),
    "contact": _in(
        "serving.contact_cli",
        says="Say which open leads to contact now, which it is too early for, and whose interest is going cold.",
    ),
    "accounts": _in(
        "serving.accounts_cli",
        says="Rank accounts by what their open leads say together, and name the roles of the "
        "buying team that are missing.",
    ),
    "funnel": _in(
        "serving.funnel_cli",
        says="Print how leads go from stage to stage, how fast, at what cost per SQL, and "
        "what is to come of the open ones.",
    ),
    "nurture": _in(
        "serving.nurture_cli",
        says="Name the content to offer next, by what won leads of the same phase and topic consumed, with the counts.",
    ),
    "audience": _in(
        "serving.nurture_cli",
        says="Write hashed e-mail addresses of leads that touched site or social channels and "
        "agreed to it, for retargeting.",
    ),
    "handover": _in(
        "serving.handover_cli",
        says="Hand a lead over: who it is, what happened, why now, what is known and what to ask, and what to do next.",
    ),
    "publish": _in(
        "serving.publish_cli",
        says="Bring the page up to date: scores, reasons, stages and histories as of a time, into the server's store.",
    ),
    "serve": _in("serving.serve_cli", says="Serve the page and the API of a project, and send its webhooks."),
    "user": _in("serving.user_cli", "serving.key_cli", says="Who may sign in, as what, and the keys of programs."),
    "audit": _in(
        "serving.audit_cli",
        says="Print who saw and changed what, one JSON object a line; for a purpose, which is written down.",
    ),
    "decisions": _in(
        "serving.decisions_cli", says="Write the decisions of people as a table `decisions`, which training can read."
    ),
    "deliver": _in(
        "serving.deliver_cli",
        says="Send webhooks that are due, signed, again and again; several workers may run at once.",
    ),
    "outbox": _in("serving.deliver_cli", says="Messages to other systems: what waits, what is dead, replay."),
    "digest": _in(
        "serving.digest_cli",
        says="Send reps their own leads: what is due today, then by priority; nobody gets two on one day.",
    ),
    "crm-file": _in(
        "serving.crm_cli",
        says="Write scores as a file that a CRM imports; a lead that cannot be in it is named "
        "beside it, with the reason.",
    ),
    "crm-push": _in(
        "serving.crm_cli",
        says="Write scores into a CRM by its API; a lead that was not taken is named in a file, with the CRM's reason.",
    ),
    "simulate": _in("features.cli", says="Simulate a B2B world with known true propensity, in the canonical tables."),
}


class Commands(TyperGroup):
    """The command line; it lists every command, and loads the one that is called."""

    def resolve_command(self, ctx: "Context", args: list[str]) -> tuple[str | None, object, list[str]]:  # type: ignore[override]
        """The command that was called, in full, and what follows it."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, found if name is None else loaded(name), rest


def command_line() -> Commands:
    """All commands of `ripelead`."""
    return Commands(
        name="ripelead",
        help=HELP,
        rich_markup_mode=None,
        commands=[TyperCommand(name, help=listed.help, rich_markup_mode=None) for name, listed in COMMANDS.items()],
    )


def loaded(name: str) -> object:
    """A command by its name, with its options and what it does."""
    with _without_collections():
        for module in COMMANDS[name].modules:
            import_module(module)
    return get_group(app).commands[name]


@contextmanager
def _without_collections() -> Iterator[None]:
    """What modules make stays: to look through it for garbage, again and again, takes a tenth of their loading."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
