"""The command `handover`: everything sales needs to know of one lead, as text, JSON, or a page to print."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from features.cells import instant
from features.cli import HERE, ProjectFolder, app, err, out, parse_as_of, utc_now
from features.errors import ProjectFileError
from features.histories import build_histories
from features.project import Project
from features.snapshots import Snapshots
from features.some_leads import Some, Wanted, read_some
from serving.champion import champion_of
from serving.handover.compose import Model, account_of, compose
from serving.handover.source import LeadSource
from serving.language.translations import Language, translation_to
from serving.lead.similar import around_closed
from serving.lead.what_if import actionable_kinds
from training.bundle import Bundle
from training.registry import registry_of
from training.settings import TrainingSettings, read_all

ENDINGS = (".html", ".json", ".txt")


@app.command()
def handover(
    lead_id: str,
    as_of: Annotated[
        str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")
    ],
    directory: ProjectFolder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of text")] = False,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="file to write: .html (a page to read and print), .json or .txt")
    ] = None,
    language: Annotated[Language, typer.Option(help="language of the package")] = Language.en,
) -> None:
    """Hand a lead over: who it is, what happened, why now, what is known and what to ask, and what to do next."""
    from features.files import write_text

    kind = "json" if as_json else "txt"
    if out_file is not None:
        kind = _kind(out_file, as_json)
    project, settings = read_all(directory)
    moment = parse_as_of(as_of, project)
    said = _said(kind, project, settings, (lead_id, moment, str(language)))
    if out_file is None:
        out.print(said, markup=False)
        return
    write_text(out_file, said + "\n")
    out.print(f"wrote the hand-over of {lead_id} to {out_file}", markup=False)


def _kind(path: Path, as_json: bool) -> str:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise ProjectFileError(f"--out {path}: expected a file ending in {', '.join(ENDINGS)}")
    if as_json and ending != ".json":
        raise ProjectFileError(f"--json with --out {path}: expected a file ending in .json")
    return ending[1:]


def _said(kind: str, project: Project, settings: TrainingSettings, asked: tuple[str, datetime, str]) -> str:
    from serving.handover.as_json import handover_json
    from serving.handover.page import handover_page
    from serving.handover.text import handover_text
    from serving.language.phrases import phrases_of

    lead_id, moment, language = asked
    bundle = _champion(project)
    read = _read(project, bundle, lead_id, moment, untimed=settings.label.column is not None)
    source = _source(project, settings, read, asked)
    model = None if bundle is None else Model(bundle, phrases_of(bundle, language))
    found = compose(source, read, model)
    return {"json": handover_json, "html": handover_page, "txt": handover_text}[kind](found)


def _champion(project: Project) -> Bundle | None:
    """The model in use; None where none was promoted yet. A damaged one is refused."""
    registry = registry_of(project)
    return champion_of(project) if "champion" in registry.aliases() else None


def _read(project: Project, bundle: Bundle | None, lead_id: str, as_of: datetime, *, untimed: bool) -> Some:
    def choose(leads: pd.DataFrame, deals: pd.DataFrame) -> list[str]:
        return [lead_id, *around_closed(leads, deals, as_of)]

    kinds = () if bundle is None else actionable_kinds(bundle)
    read = read_some(project, Wanted(choose, kinds), clock=utc_now(), untimed=untimed)
    if quarantined := sum(count.quarantined for count in read.tables.counts):
        err.print(f"note: {quarantined:,} rows cannot be used; `ripelead check` says which and why", markup=False)
    return read


def _source(project: Project, settings: TrainingSettings, read: Some, asked: tuple[str, datetime, str]) -> LeadSource:
    lead_id, moment, language = asked
    alone = account_of(read.tables, lead_id)
    if not (alone.leads["lead_id"] == lead_id).any():
        raise ProjectFileError(f"no lead {lead_id!r} in the project's leads: check the id (it is case-sensitive)")
    histories = build_histories(alone, project.hygiene)
    number = np.flatnonzero(histories.lead_ids == lead_id)
    if histories.created[number[0]] > instant(moment):
        raise ProjectFileError(
            f"--as-of {moment:%Y-%m-%d}: lead {lead_id!r} was created later: expected a time after it"
        )
    snapshot = Snapshots(number, np.array([instant(moment)]))
    return LeadSource(project, settings, alone, histories, snapshot, lead_id, moment, translation_to(language))
