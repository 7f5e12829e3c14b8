"""The commands `crm-file` and `crm-push`: scores as a CRM imports them, and straight into it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.cli import HERE, WARN_QUARANTINED, ProjectFolder, app, err, out, utc_now
from features.crm_settings import DynamicsSettings, HubSpotSettings, SalesforceSettings
from features.errors import ProjectFileError, SinkError
from features.project import Project, expand_environment
from training.settings import TrainingSettings, read_all

if TYPE_CHECKING:
    from features.tables import Tables
    from serving.crm.calls import Pushed
    from serving.crm.rows import CrmRows, Mapped
    from serving.lifecycle.history import Process

Settings = HubSpotSettings | SalesforceSettings | DynamicsSettings


class Format(StrEnum):
    """CRMs that take a file."""

    hubspot = "hubspot"
    salesforce = "salesforce"
    dynamics = "dynamics"


KINDS: dict[str, type[HubSpotSettings] | type[SalesforceSettings] | type[DynamicsSettings]] = {
    "hubspot": HubSpotSettings,
    "salesforce": SalesforceSettings,
    "dynamics": DynamicsSettings,
}
Scores = Annotated[Path, typer.Option("--scores", help="Parquet file that `ripelead score` wrote")]


@app.command(name="crm-file")
def crm_file(
    form: Annotated[Format, typer.Option("--format", help="the CRM that takes the file")],
    scores: Scores,
    out_file: Annotated[Path, typer.Option("--out", help="file to write: .csv; for Dynamics .json or .jsonl")],
    directory: ProjectFolder = HERE,
    before: Annotated[
        Path | None, typer.Option(help="of Dynamics: an earlier score file, from which the trend follows")
    ] = None,
) -> None:
    """Write scores as a file that a CRM imports; a lead that cannot be in it is named beside it, with the reason."""
    from serving.crm.rows import write_refused

    opened = _opened(directory, form)
    _refuse_wrong_ending(out_file, opened.settings)
    if before is not None and form != Format.dynamics:
        raise ProjectFileError(f"--before: is for --format dynamics, whose records hold a trend; not for {form}")
    rows = _rows(opened, scores)
    written = _write(opened.settings, rows, before, out_file)
    beside = out_file.with_suffix(".refused.csv")
    write_refused(written.refused, beside)
    where = f", {len(written.refused):,} refused (see {beside})" if written.refused else ""
    out.print(f"wrote {len(written.ids):,} leads to {out_file}{where}", markup=False)
    raise typer.Exit(int(len(written.refused) > WARN_QUARANTINED * max(len(written.ids) + len(written.refused), 1)))


@dataclass(frozen=True, slots=True)
class Opened:
    """A project, its settings, and those of the CRM."""

    project: Project
    training: TrainingSettings
    settings: Settings

    @property
    def mapped(self) -> "Mapped":
        """What goes where."""
        from serving.crm.files import DYNAMICS
        from serving.crm.rows import Mapped

        first = DYNAMICS if isinstance(self.settings, DynamicsSettings) else ()
        return Mapped((*first, *self.settings.fields.items()), self.settings.owners)


def _opened(directory: Path, crm: str) -> Opened:
    project, training = read_all(directory)
    return Opened(project, training, project.section(f"crm.{crm}", KINDS[crm]))


def _refuse_wrong_ending(path: Path, settings: Settings) -> None:
    ending = ".csv"
    if isinstance(settings, DynamicsSettings):
        ending = ".json" if settings.form == "records" else ".jsonl"
    if path.suffix.lower() != ending:
        raise ProjectFileError(f"--out {path}: expected a file ending in {ending}")


def _rows(opened: Opened, scores: Path) -> "CrmRows":
    """The leads of a score file under the names of the CRM."""
    from serving.crm.rows import crm_rows, ids_from, owners_of, read_scores
    from serving.lifecycle.history import process_of
    from serving.score_files import time_of_score_file

    mapped, column = opened.mapped, opened.settings.id_column
    as_of = time_of_score_file(scores)
    table = read_scores(scores, as_of, mapped)
    if column == "lead_id" and not mapped.asks_for_owner:
        return _said_reasons(crm_rows(table, mapped, None, {}), mapped)
    process = process_of(opened.project, opened.training.label.deals_of_account)
    tables = _tables(opened, process)
    ids = None if column == "lead_id" else ids_from(tables, column)
    owners = owners_of(process, tables, as_of) if mapped.asks_for_owner else {}
    return _said_reasons(crm_rows(table, mapped, ids, owners), mapped)


def _tables(opened: Opened, process: "Process") -> "Tables":
    from serving.lifecycle.history import tables_of_history

    untimed = opened.training.label.column is not None
    tables = tables_of_history(opened.project, process, utc_now(), untimed=untimed)
    if quarantined := sum(count.quarantined for count in tables.counts):
        err.print(f"note: {quarantined:,} rows cannot be used; `ripelead check` says which and why", markup=False)
    return tables


def _said_reasons(rows: "CrmRows", mapped: "Mapped") -> "CrmRows":
    """The rows without a column of reasons where no lead has any, so that those in the CRM are not taken for new."""
    name = dict(mapped.fields).get("reasons")
    if name is None or rows.values[name].null_count < len(rows.ids):
        return rows
    err.print(f"note: the scores have no reasons (--explain none): {name} is left out", markup=False)
    return rows.without(name)


def _write(settings: Settings, rows: "CrmRows", before: Path | None, path: Path) -> "CrmRows":
    from serving.crm.files import write_dynamics, write_import_csv

    if isinstance(settings, DynamicsSettings):
        return write_dynamics(rows, settings, _scores_of(before), path)
    id_name = settings.external_id if isinstance(settings, SalesforceSettings) else settings.id_property or "Record ID"
    return write_import_csv(rows, id_name, path)


def _scores_of(path: Path | None) -> dict[str, int]:
    from serving.score_files import read_score_file, time_of_score_file

    if path is None:
        return {}
    table = read_score_file(path, ("lead_id", "as_of", "score"), time_of_score_file(path))
    return dict(zip(table["lead_id"].to_pylist(), table["score"].to_pylist(), strict=True))


class Api(StrEnum):
    """CRMs whose API is called."""

    hubspot = "hubspot"
    salesforce = "salesforce"


@app.command(name="crm-push")
def crm_push(
    to: Annotated[Api, typer.Option("--to", help="the CRM that is called")],
    scores: Scores,
    directory: ProjectFolder = HERE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be sent; call nobody")] = False,
) -> None:
    """Write scores into a CRM by its API; a lead that was not taken is named in a file, with the CRM's reason."""
    from serving.crm.rows import write_refused

    opened = _opened(directory, to)
    rows = _rows(opened, scores)
    if dry_run:
        out.print(_planned(opened.settings, rows), markup=False)
        raise typer.Exit(0)
    found = _push(opened, rows)
    beside, refused = directory / "crm" / f"{to}-not-sent.csv", (*rows.refused, *found.refused)
    write_refused(refused, beside)
    waiting = sum(one.again for one in refused)
    where = f" (see {beside})" if refused else ""
    counts = f"{len(found.sent):,} leads sent, {len(refused) - waiting:,} refused, {waiting:,} to be tried again"
    out.print(f"{counts}{where}", markup=False)
    if found.stopped is not None or waiting:
        err.print(f"ripelead: {found.stopped or 'not all leads were taken'}: the same command goes on", markup=False)
        raise typer.Exit(SinkError.exit_code)
    raise typer.Exit(int(len(refused) > WARN_QUARANTINED * max(len(found.sent) + len(refused), 1)))


def _push(opened: Opened, rows: "CrmRows") -> "Pushed":
    from time import sleep

    from serving.crm import hubspot, salesforce
    from serving.crm.calls import Caller, UnavailableError
    from serving.delivery.allowed import rules_of
    from serving.delivery.outgoing import Way

    way = Way(rules_of(opened.project), seconds=300, answer_bytes=500_000_000)
    settings = opened.settings
    try:
        if isinstance(settings, HubSpotSettings):
            caller = Caller(hubspot.NAME, way, sleep).signed_in(expand_environment(settings.token))
            return hubspot.push(rows, settings, expand_environment(settings.url), caller)
        if isinstance(settings, SalesforceSettings):
            return salesforce.push(rows, salesforce.signed_in(settings, Caller(salesforce.NAME, way, sleep)))
    except UnavailableError as error:
        raise SinkError(str(error)) from error
    raise ProjectFileError("--to: Dynamics takes a file: see `ripelead crm-file`")


def _planned(settings: Settings, rows: "CrmRows") -> str:
    """What would be sent, with the first lead as it would be written."""
    from serving.crm.hubspot import BATCH

    calls = -(-len(rows.ids) // BATCH)
    way = f"{calls:,} calls" if isinstance(settings, HubSpotSettings) else "a bulk job"
    lines = [f"would send {len(rows.ids):,} leads in {way}, and refuse {len(rows.refused):,}"]
    if rows.ids:
        first = {name: str(value) for name, value in rows.values.slice(0, 1).to_pylist()[0].items()}
        lines += [f"the first is {rows.ids[0]!r}:", *(f"  {name}: {value}" for name, value in first.items())]
    return "\n".join(lines)
