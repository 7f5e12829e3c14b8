"""Commands of the serving layer, score and explain, and the entry point `ripelead`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from features.cli import ProjectFolder, app, exit_code, out, parse_as_of, progress_bar, read_checked, run
from features.errors import ProjectFileError
from features.tables import Tables
from serving.score import Scored, score_leads
from serving.sinks import check_format, write_scores
from training.bundle import Bundle, load_bundle
from training.cli import HERE, read_all, registry_of

AsOf = Annotated[str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")]
NOTHING_TO_DO = 99


@app.command()
def score(
    as_of: AsOf,
    out_file: Annotated[Path, typer.Option("--out", help="file to write: .parquet or .csv")],
    directory: ProjectFolder = HERE,
    show: Annotated[int, typer.Option(help="ripest leads to print", min=0)] = 10,
) -> None:
    """Score every open lead as of a time, with class, rules and reasons; written as a whole or not at all."""
    check_format(out_file)
    bundle, tables, moment = _opened(directory, as_of)
    with progress_bar("features") as progress:
        scored = score_leads(bundle, tables, moment, progress=progress)
    write_scores(scored.frame, out_file)
    if show:
        print_ranked(scored.frame.head(show))
    out.print(_summary(scored, tables, out_file, bundle), markup=False)
    if scored.frame.empty:
        raise typer.Exit(NOTHING_TO_DO)
    raise typer.Exit(exit_code(tables))


@app.command()
def explain(lead_id: str, as_of: AsOf, directory: ProjectFolder = HERE) -> None:
    """Say in words why one lead is ripe or not, and what is missing."""
    from features.histories import restrict
    from serving.words import explanation

    bundle, tables, moment = _opened(directory, as_of)
    if lead_id not in set(tables.leads["lead_id"]):
        raise ProjectFileError(f"no lead {lead_id!r} in the project's leads: check the id (it is case-sensitive)")
    wanted = pd.Index([lead_id])
    alone = restrict(tables, wanted)
    scored = score_leads(bundle, alone, moment, only=wanted)
    out.print(explanation(scored.frame, lead_id, alone, bundle, moment), markup=False)


def _opened(directory: Path, as_of: str) -> tuple[Bundle, Tables, Any]:
    project, settings = read_all(directory)
    moment = parse_as_of(as_of, project)
    bundle = load_bundle(registry_of(project).bundle_path("champion"))
    return bundle, read_checked(project, untimed=settings.label.column is not None), moment


def print_ranked(frame: pd.DataFrame) -> None:
    """The ripest leads: score, class, BANT verdict, and under each the strongest reasons in words."""
    out.print("\nripest leads (score 50 is the average lead; 10 more double the odds)", markup=False)
    row: Any
    for rank, row in enumerate(frame.itertuples(), start=1):
        qualified = "sales qualified" if row.sales_qualified else "not yet qualified"
        bant = f"BANT {'yes' if row.bant_qualified else 'no'} ({row.bant_met} met)"
        facts = f"{row.propensity:6.1%}  {qualified}  {bant}  {row.points:,.0f} points  {row.stage}"
        out.print(f"{rank:3d}  {row.lead_id}  score {row.score} {row.band}  {facts}", markup=False)
        for line in _strongest(row.reasons):
            out.print(f"       {line}", markup=False)


def _strongest(reasons: list[dict[str, Any]], most: int = 3) -> list[str]:
    named = [reason for reason in reasons if reason["group"] not in ("Start", "Other")]
    return [f"{reason['points']:+3d}  {reason['sentence']}" for reason in named[:most]]


def _summary(scored: Scored, tables: Tables, path: Path, bundle: Bundle) -> str:
    facts = {
        "leads": scored.leads,
        "scored": len(scored.frame),
        "closed_or_later": scored.leads - len(scored.frame),
        "sales_qualified": int(scored.frame["sales_qualified"].sum()),
        "quarantined_rows": sum(count.quarantined for count in tables.counts),
        "left_out_interactions": sum(scored.left_out.values()),
        "model_version": bundle.version[:12],
        "out": str(path),
    }
    return json.dumps(facts)


def main() -> None:
    """Entry point of the command `ripelead`."""
    sys.exit(run(app))


if __name__ == "__main__":
    main()
