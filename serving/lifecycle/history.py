"""The stage history of a project: what its tables tell of, and what its log holds."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from features.deals import DealsOfAccount
from features.project import Project
from features.stage_settings import StageSettings
from features.tables import Tables, read_tables, without_interactions
from serving.lifecycle.log import read_log
from serving.lifecycle.recorded import Pauses, recorded_events


@dataclass(frozen=True, slots=True)
class Process:
    """How a project's leads move: its settings, where its log lies, and whose deals of accounts are."""

    settings: StageSettings
    folder: Path
    of_account: DealsOfAccount

    @property
    def pauses(self) -> Pauses:
        """For how long recycled and rejected leads stay away."""
        return Pauses(self.settings.recycle_days, self.settings.reject_days)


def process_of(project: Project, of_account: DealsOfAccount) -> Process:
    """The process that the project file describes; raises `ProjectFileError` naming the key at fault."""
    settings = project.section("stages", StageSettings)
    return Process(settings, project.directory / settings.log, of_account)


def tables_of_history(project: Project, process: Process, clock: datetime, *, untimed: bool) -> Tables:
    """The tables that stages are derived from; interactions only where they say whose a deal of an account is.

    Raises:
        InputContractError: a table as a whole cannot be used.
    """
    small = read_tables(without_interactions(project), clock=clock, untimed=untimed)
    if process.of_account == "last_touch" and bool(small.deals["lead_id"].isna().any()):
        return read_tables(project, clock=clock, untimed=untimed)
    return small


def all_events(process: Process, tables: Tables) -> pa.Table:
    """Every stage event of a project, columns `EVENTS`: derived ones and those of the log."""
    return pa.concat_tables([recorded_events(tables, process.of_account, process.pauses), read_log(process.folder)])
