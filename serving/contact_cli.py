"""The command `contact`: which open leads to contact now, which it is too early for, which are going cold (row M23)."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from features.cli import HERE, ProjectFolder, app, exit_code, out, parse_as_of, read_checked, status
from features.contact_window import FLAGS
from features.errors import InputContractError
from features.project import Project
from features.tables import Tables
from serving.lead.explain_words import shown_id
from serving.plain_tables import refuse_format, write_plain
from training.settings import TrainingSettings, read_all

WORDS = {"too_early": "too early", "now": "now", "going_cold": "going cold", "gone": "interest is gone"}
SHOWN = 20


@app.command()
def contact(
    as_of: Annotated[
        str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")
    ],
    directory: ProjectFolder = HERE,
    out_file: Annotated[Path | None, typer.Option("--out", help="file for all open leads, .csv or .parquet")] = None,
) -> None:
    """Say which open leads to contact now, which it is too early for, and whose interest is going cold."""
    project, settings = read_all(directory)
    moment = parse_as_of(as_of, project)
    if out_file is not None:
        refuse_format(out_file)
    tables = read_checked(project, untimed=settings.label.column is not None)
    with status("following interest"):
        found = contact_table(project, settings, tables, moment)
    if out_file is not None:
        write_plain(found, out_file)
    out.print(_text(found), markup=False)
    if out_file is not None:
        out.print(f"wrote {len(found):,} open leads to {out_file}", markup=False)
    raise typer.Exit(exit_code(tables))


def contact_table(project: Project, settings: TrainingSettings, tables: Tables, as_of: datetime) -> pa.Table:
    """A row per open lead: lead_id, as_of and the columns of `contact_columns`; most interest first.

    Raises:
        InputContractError: leads have no creation times.
    """
    from features.deals import deals_by_lead
    from features.histories import build_histories
    from features.snapshots import closings_by_lead, is_open, snapshots_at
    from serving.lead.contact_advice import contact_columns

    if not tables.timed:
        raise InputContractError("leads: not all have a creation time: without times nobody knows when to contact them")
    histories = build_histories(tables, project.hygiene)
    snapshots = snapshots_at(histories, as_of)
    if settings.label.column in histories.leads:
        snapshots = snapshots.take(histories.leads[settings.label.column].isna().to_numpy()[snapshots.lead])
    elif not settings.label.repeat:
        closings = closings_by_lead(deals_by_lead(tables, settings.label.deals_of_account), histories.lead_ids)
        snapshots = snapshots.take(is_open(closings, snapshots))
    found = contact_columns(project, tables, histories, snapshots)
    ids = pa.array(histories.lead_ids[snapshots.lead], pa.string())
    moments = pa.array(snapshots.as_of, pa.timestamp("us", tz="UTC"))
    whole = found.add_column(0, "as_of", moments).add_column(0, "lead_id", ids)
    return whole.sort_by([("interest", "descending"), ("lead_id", "ascending")])


def _text(found: pa.Table) -> str:
    counts = Counter(found["contact"].to_pylist())
    lines = [f"{WORDS[flag]:<18}{counts.get(flag, 0):>9,}" for flag in FLAGS]
    cold = [row for row in found.to_pylist() if row["contact"] == "going_cold"][:SHOWN]
    if cold:
        lines.append("going cold, most interest first (interest now, at its best, days silent):")
        lines += [
            f"  {shown_id(row['lead_id'])}  {row['interest']:g}  {row['most_interest']:g}  {row['silent_days']:.0f}"
            for row in cold
        ]
    return "\n".join(lines)
