"""The stage history of a project: what its tables tell of, and what its log holds."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from features.deals import DealsOfAccount
from features.frameworks.definition import Framework
from features.project import Project
from features.stage_settings import StageSettings
from features.tables import Tables, read_tables, without_interactions
from serving.lifecycle.evidence import frameworks_of
from serving.lifecycle.log import read_log
from serving.lifecycle.recorded import Pauses, moving_events, recorded_events

TELLING = ("leads", "accounts", "deals", "decisions", "lead_changes", "interactions")


@dataclass(frozen=True, slots=True)
class Process:
    """How leads move: settings, the folder of the log (there may be none yet), whose deals of accounts are.

    `frameworks` are those that the settings ask for, the gates as one of them.
    """

    settings: StageSettings
    folder: Path
    of_account: DealsOfAccount
    frameworks: Mapping[str, Framework] = field(default_factory=dict)

    @property
    def pauses(self) -> Pauses:
        """For how long recycled and rejected leads stay away."""
        return Pauses(self.settings.recycle_days, self.settings.reject_days)


def process_of(project: Project, of_account: DealsOfAccount) -> Process:
    """The process that the project file describes; raises `ProjectFileError` naming the key at fault."""
    settings = project.section("stages", StageSettings)
    return Process(settings, project.directory / settings.log, of_account, frameworks_of(project, settings))


def usual_process(of_account: DealsOfAccount) -> Process:
    """The process of a project that sets nothing and has no log."""
    return Process(StageSettings.model_validate({}), Path(os.devnull), of_account)


def tables_of_history(project: Project, process: Process, clock: datetime, *, untimed: bool) -> Tables:
    """The tables that stages are derived from; interactions only where they say whose a deal of an account is.

    Assessments and spend say nothing about stages: they are not read.

    Raises:
        InputContractError: a table as a whole cannot be used.
    """
    told = replace(project, tables={name: table for name, table in project.tables.items() if name in TELLING})
    small = read_tables(without_interactions(told), clock=clock, untimed=untimed)
    if process.of_account == "last_touch" and bool(small.deals["lead_id"].isna().any()):
        return read_tables(told, clock=clock, untimed=untimed)
    return small


def stage_events(process: Process, tables: Tables) -> pa.Table:
    """The events that stages follow from; `all_events` also has those that say since when, and whose a lead is."""
    return pa.concat_tables([moving_events(tables, process.of_account, process.pauses), read_log(process.folder)])


def all_events(process: Process, tables: Tables) -> pa.Table:
    """Every stage event of a project, columns `EVENTS`: derived ones and those of the log."""
    return pa.concat_tables([recorded_events(tables, process.of_account, process.pauses), read_log(process.folder)])
