"""The command `accounts`: accounts in order of their propensity, with the roles that are covered and missing."""

from pathlib import Path
from typing import Annotated, Any

import typer

from features.cli import HERE, ProjectFolder, app, exit_code, out, parse_as_of, read_checked
from serving.champion import champion_of
from serving.language.translations import Language
from training.settings import read_all


@app.command()
def accounts(
    as_of: Annotated[
        str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")
    ],
    directory: ProjectFolder = HERE,
    out_file: Annotated[Path | None, typer.Option("--out", help="file to write, .csv or .parquet")] = None,
    language: Annotated[Language, typer.Option(help="language of the lines")] = Language.en,
    show: Annotated[int, typer.Option(help="ripest accounts to print", min=0)] = 10,
) -> None:
    """Rank accounts by what their open leads say together, and name the roles of the buying team that are missing."""
    from serving.accounts import account_table
    from serving.plain_tables import refuse_format, write_plain

    if out_file is not None:
        refuse_format(out_file)
    project, settings = read_all(directory)
    moment = parse_as_of(as_of, project)
    bundle = champion_of(project)
    tables = read_checked(project, untimed=settings.label.column is not None)
    found = account_table(bundle, tables, moment, project.team)
    if out_file is not None:
        write_plain(found, out_file)
        out.print(f"wrote {len(found):,} accounts to {out_file}", markup=False)
    for row in found.slice(0, show).to_pylist():
        out.print(_line(row, str(language)), markup=False)
    if not len(found):
        out.print("no account has an open lead then", markup=False)
    raise typer.Exit(exit_code(tables))


def _line(row: dict[str, Any], language: str) -> str:
    from serving.language.role_words import account_line
    from serving.language.translations import translation_to

    return account_line(translation_to(language), row)
