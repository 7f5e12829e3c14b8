"""The command `explain`: one lead in words, or as JSON."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from features.cells import instant
from features.cli import HERE, ProjectFolder, app, err, out, parse_as_of, utc_now
from features.errors import ProjectFileError
from features.histories import restrict
from features.project import Project
from features.some_leads import Some, Wanted, read_some
from features.tables import Tables
from serving.champion import champion_of
from serving.language.translations import Language
from serving.lead.contact_advice import contact_advice
from serving.lead.explanation import Explanation, is_open_at, lead_summary
from serving.lead.movement import Movement, movement
from serving.lead.recorded_scores import model_of, read_recorded
from serving.lead.similar import SimilarLead, around_closed, similar_leads
from serving.lead.team_advice import team_advice
from serving.lead.what_if import actionable_kinds, usual_interactions, what_would_change
from serving.lifecycle.history import process_of
from training.bundle import Bundle
from training.registry import registry_of
from training.settings import read_all


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lead of which project, as of when, by which model."""

    project: Project
    bundle: Bundle
    lead_id: str
    as_of: datetime


@app.command()
def explain(  # noqa: PLR0913, PLR0917  (one parameter per option)
    lead_id: str,
    as_of: Annotated[
        str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")
    ],
    directory: ProjectFolder = HERE,
    since: Annotated[str | None, typer.Option("--since", help="an earlier time: say why the score moved")] = None,
    against: Annotated[
        Path | None, typer.Option("--against", help="score file written at that earlier time, .parquet or .csv (iso)")
    ] = None,
    similar: Annotated[bool, typer.Option("--similar", help="also the most similar won and lost leads")] = False,
    language: Annotated[Language, typer.Option(help="language of the sentences")] = Language.en,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of text")] = False,
) -> None:
    """Say in words why one lead is ripe or not, what is missing, and what would change it."""
    from serving.language.phrases import phrases_of
    from serving.lead.explain_json import closed_json, explanation_json
    from serving.lead.words import closed_text, explanation_text

    project, settings = read_all(directory)
    moment = parse_as_of(as_of, project)
    earlier = None if since is None else _parse_since(since, project)
    bundle = champion_of(project)
    asked = Asked(project, bundle, lead_id, moment)
    read = _read(asked, untimed=settings.label.column is not None, similar=similar)
    alone = restrict(read.tables, pd.Index([lead_id]))
    phrases = phrases_of(bundle, language)
    process = process_of(project, bundle.policy.deals_of_account)
    lead = lead_summary(bundle, alone, lead_id, moment, phrases, process)
    if lead is None:
        out.print(closed_json(lead_id, moment) if as_json else closed_text(lead_id, moment, language), markup=False)
        return
    usual = usual_interactions(read.examples, actionable_kinds(bundle))
    explanation = Explanation(
        lead,
        what_would_change(bundle, alone, lead_id, moment, usual),
        _movement(asked, alone, earlier, against),
        _similar(asked, read.tables) if similar else None,
        contact_advice(project, alone, lead_id, instant(moment)),
        team_advice(project.team, alone, lead_id, moment),
    )
    said = explanation_json if as_json else explanation_text
    out.print(said(explanation, phrases, language), markup=False)


def _parse_since(text: str, project: Project) -> datetime:
    try:
        return parse_as_of(text, project)
    except ProjectFileError as error:
        raise ProjectFileError(str(error).replace("--as-of", "--since", 1)) from error


def _read(asked: Asked, *, untimed: bool, similar: bool) -> Some:
    """The tables with the interactions of the lead's account, and of those of closed leads if they are looked at."""

    def choose(leads: pd.DataFrame, deals: pd.DataFrame) -> list[str]:
        return [asked.lead_id, *(around_closed(leads, deals, asked.as_of) if similar else ())]

    wanted = Wanted(choose, actionable_kinds(asked.bundle))
    read = read_some(asked.project, wanted, clock=utc_now(), untimed=untimed)
    if quarantined := sum(count.quarantined for count in read.tables.counts):
        err.print(f"note: {quarantined:,} rows cannot be used; `ripelead check` says which and why", markup=False)
    if not (read.tables.leads["lead_id"] == asked.lead_id).any():
        raise ProjectFileError(f"no lead {asked.lead_id!r} in the project's leads: check the id (it is case-sensitive)")
    return read


def _movement(asked: Asked, tables: Tables, since: datetime | None, against: Path | None) -> Movement | None:
    """Why the score moved; None when nobody asked, or when the lead had no score then (which is said)."""
    then = None if against is None else read_recorded(against, asked.lead_id, since)
    since = then.as_of if then is not None else since
    if since is None:
        return None
    if not since < asked.as_of:
        raise ProjectFileError(f"--since {since:%Y-%m-%dT%H:%M:%SZ}: expected a time before --as-of")
    created = tables.leads.loc[tables.leads["lead_id"] == asked.lead_id, "created_at"].iloc[0]
    if created > since or (then is None and not is_open_at(asked.bundle, tables, asked.lead_id, since)):
        err.print(f"note: by today's data the lead was not open as of {since:%Y-%m-%d %H:%M} UTC: nothing to compare")
        return None
    registry = registry_of(asked.project)
    version = registry.champion_at(since) if then is None else then.model_version
    former = model_of(registry, version, asked.bundle)
    return movement((former, asked.bundle), tables, asked.lead_id, (since, asked.as_of), then)


def _similar(asked: Asked, tables: Tables) -> tuple[SimilarLead, ...] | None:
    """The similar leads; None where it is not known when leads were won or lost (which is said)."""
    if asked.bundle.policy.outcome_column is not None or not tables.timed:
        err.print("note: --similar needs dated deals: in a flat table nobody knows when an outcome was known")
        return None
    return similar_leads(asked.bundle, tables, asked.lead_id, asked.as_of, asked.project.snapshots)
