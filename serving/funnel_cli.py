"""The command `funnel`: conversions and times between stages, velocity, cost per SQL, return, and what is to come."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.cli import HERE, ProjectFolder, app, err, exit_code, out, parse_as_of, read_checked, status
from features.errors import InputContractError, RefusedError
from serving.plain_tables import refuse_format, write_plain
from training.settings import read_all

if TYPE_CHECKING:
    from datetime import datetime

    from training.funnel.found import Forecast, Funnel
    from training.funnel.reached import Reached
    from training.funnel.run import Ground


class By(StrEnum):
    """What the text is broken down by; the file always has both."""

    source = "source"
    month = "month"


@app.command()
def funnel(
    as_of: Annotated[
        str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; rows from then on are unseen")
    ],
    directory: ProjectFolder = HERE,
    by: Annotated[By | None, typer.Option("--by", help="also by source, or by month of creation")] = None,
    out_file: Annotated[Path | None, typer.Option("--out", help="file for all figures, .csv or .parquet")] = None,
) -> None:
    """Print how leads go from stage to stage, how fast, at what cost per SQL, and what is to come of the open ones."""
    from features.histories import build_histories
    from serving.funnel_words import funnel_table, funnel_text
    from training.funnel.run import Ground

    project, settings = read_all(directory)
    moment = parse_as_of(as_of, project)
    if out_file is not None:
        refuse_format(out_file)
    tables = read_checked(project, untimed=settings.label.column is not None)
    if not tables.timed:
        raise InputContractError("leads: not all have a creation time: without times there are no steps to follow")
    with status("counting leads by stage"):
        found = _funnel(Ground(project, settings, tables, build_histories(tables, project.hygiene)), moment)
    if out_file is not None:
        write_plain(funnel_table(found), out_file)
    out.print(funnel_text(found, by), markup=False)
    if out_file is not None:
        out.print(f"wrote all figures to {out_file}", markup=False)
    raise typer.Exit(exit_code(tables))


def _funnel(ground: "Ground", as_of: "datetime") -> "Funnel":
    import pandas as pd

    from features.cells import instant
    from serving.funnel_stages import reached_with
    from serving.lifecycle.history import all_events, process_of
    from training.funnel.run import funnel_of

    events = all_events(process_of(ground.project, ground.settings.label.deals_of_account), ground.tables)
    end = pd.Timestamp(ground.tables.data_end).to_pydatetime()
    if as_of > end:
        err.print(f"note: observation ends {end:%Y-%m-%d %H:%M} UTC: leads are followed until then", markup=False)
    found = reached_with(ground, events, min(instant(as_of), instant(end) + 1))
    if not len(found.lead):
        raise InputContractError(f"no lead was created before {as_of:%Y-%m-%d %H:%M} UTC: expected a later --as-of")
    return funnel_of(ground, found, _by_model(ground, found))


def _by_model(ground: "Ground", found: "Reached") -> "tuple[Forecast, ...]":
    """Forecasts of the champion; none, which is said, where there is no champion that fits."""
    from serving.champion import champion_of
    from serving.funnel_forecast import model_forecasts
    from serving.open_leads import refuse_missing_inputs

    try:
        bundle = champion_of(ground.project)
        refuse_missing_inputs(bundle, ground.tables)
        return model_forecasts(ground, found, bundle)
    except RefusedError as error:
        err.print(f"note: no forecast by a model: {error}", markup=False)
        return ()
