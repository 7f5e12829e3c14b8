"""Commands `nurture`, the next content of leads, and `audience`, hashed addresses for retargeting."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import pandas as pd
import pyarrow as pa
import typer

from features.cli import HERE, ProjectFolder, app, err, exit_code, out, parse_as_of, read_checked, utc_now
from features.errors import ProjectFileError
from features.nurture_settings import AudienceSettings, NurtureSettings
from features.tables import Tables
from serving.language.translations import Language
from serving.nurture.audience import Platform
from training.settings import read_all

AsOf = Annotated[str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")]


@app.command()
def nurture(
    as_of: AsOf,
    lead_id: Annotated[
        str | None, typer.Argument(help="one lead; without it, what is offered by phase and topic")
    ] = None,
    directory: ProjectFolder = HERE,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="file with the offers of all leads, .csv or .parquet")
    ] = None,
    language: Annotated[Language, typer.Option(help="language of the lines")] = Language.en,
) -> None:
    """Name the content to offer next, by what won leads of the same phase and topic consumed, with the counts."""
    from serving.language.content_words import content_line, offers_of_group
    from serving.language.translations import translation_to
    from serving.nurture.next_content import LISTED, offered_to, offers
    from serving.plain_tables import refuse_format, write_plain

    if out_file is not None:
        refuse_format(out_file)
    project, settings = read_all(directory)
    moment = parse_as_of(as_of, project)
    nurturing, to = project.section("nurture", NurtureSettings), translation_to(str(language))
    if settings.label.column is not None:
        raise ProjectFileError("nurture counts what leads consumed before they were won or lost: it needs dated deals")
    tables = read_checked(project, untimed=False)
    people = _open_leads(tables, moment, lead_id)
    counts, listed = offers(tables, moment, people, nurturing, settings.label.deals_of_account)
    if out_file is not None:
        write_plain(pa.Table.from_pandas(listed, schema=LISTED, preserve_index=False), out_file)
        out.print(f"wrote {len(listed):,} offers for {listed['lead_id'].nunique():,} leads to {out_file}", markup=False)
    own = [content_line(to, one) for one in offered_to(listed)] if lead_id is not None else None
    lines = list(offers_of_group(to, counts, nurturing)) if own is None else own
    for line in lines or [to.text("Nothing to offer: no content that enough won leads consumed.")]:
        out.print(line, markup=False)
    raise typer.Exit(exit_code(tables))


def _open_leads(tables: Tables, as_of: datetime, lead_id: str | None) -> pd.Series:
    """The leads that are not won, lost or away as of the date, or the one that is asked for."""
    leads = tables.leads.loc[~(tables.leads["created_at"] > as_of), "lead_id"]
    if lead_id is None:
        deals = tables.deals
        closed = deals[deals["status"].isin(["won", "lost"]) & (deals["closed_at"] < as_of)]
        return leads[~leads.isin(closed["lead_id"])]
    if not (leads == lead_id).any():
        raise ProjectFileError(f"no lead {lead_id!r} in the project's leads by then: check the id and --as-of")
    return leads[leads == lead_id]


@app.command()
def audience(
    as_of: AsOf,
    out_file: Annotated[Path, typer.Option("--out", help="CSV file to write, one hashed address a line")],
    directory: ProjectFolder = HERE,
    platform: Annotated[
        Platform, typer.Option(help="how addresses are normalised: plain (Meta, LinkedIn, Microsoft), or google")
    ] = "plain",
) -> None:
    """Write hashed e-mail addresses of leads that touched site or social channels and agreed to it, for retargeting."""
    from serving.lifecycle.recorded import Pauses, recorded_events
    from serving.lifecycle.replay import state_at
    from serving.nurture.audience import audience_of
    from serving.plain_tables import write_plain

    if out_file.suffix.lower() != ".csv":
        raise ProjectFileError(f"--out {out_file}: expected a file ending in .csv")
    project, settings = read_all(directory)
    moment, own = parse_as_of(as_of, project), project.section("audience", AudienceSettings)
    tables = read_checked(project, untimed=settings.label.column is not None)
    states = state_at(recorded_events(tables, settings.label.deals_of_account, Pauses()), utc_now())
    found = audience_of(tables, states, moment, own, platform)
    write_plain(found.table(platform), out_file)
    if project.project.data_end is not None and project.project.data_end < utc_now():
        end = f"{project.project.data_end:%Y-%m-%d}"
        err.print(f"note: [project] data_end = {end} hides what came later, withdrawals of consent too", markup=False)
    left = sum(found.left_out.values())
    out.print(f"wrote {len(found.hashes):,} hashed addresses to {out_file}; {left:,} leads are left out", markup=False)
    for reason, n in found.left_out.items():
        out.print(f"{n:>9,}  {reason}", markup=False)
    if own.consent not in tables.leads and not (tables.lead_changes["field"] == own.consent).any():
        out.print(f"no consent is known: leads have no column {own.consent!r}; see [audience] consent", markup=False)
    raise typer.Exit(exit_code(tables))
