"""A B2B world in the canonical tables whose true conversion probabilities are known: `ripelead simulate`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import ProjectFileError
from features.project import FILE_NAME, TableName
from features.simulate_chain import b2b_chain, walk
from features.simulate_crm import (
    draw_assessments,
    draw_deals,
    draw_decisions,
    draw_spend,
    draw_stages,
    last_values,
    until,
)
from features.simulate_events import draw_events
from features.simulate_tables import (
    accounts_table,
    assessments_table,
    changes_table,
    deals_table,
    decisions_table,
    interactions_table,
    leads_table,
    spend_table,
)
from features.simulate_truth import write_truth
from features.simulate_world import Calendar, draw_leads

MARK = "# A simulated B2B world"
LEAST_MONTHS, HOLDOUT_SHARE, DRIFT_SHARE = 12, 0.3, 0.25
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """Size and seed of a world; with `drift`, wins become rarer in its last quarter while sales notes get kinder.

    Raises:
        ProjectFileError: no leads, less than a year, or a start that is not the first of a month, 00:00 UTC.
    """

    leads: int = 20_000
    seed: int = 7
    months: int = 24
    start: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    drift: bool = False

    def __post_init__(self) -> None:
        if self.leads < 1:
            raise ProjectFileError(f"a world needs at least 1 lead (got {self.leads})")
        if self.seed < 0:
            raise ProjectFileError(f"the seed must be 0 or more (got {self.seed})")
        if not LEAST_MONTHS <= self.months <= 120:
            raise ProjectFileError(f"a world lasts {LEAST_MONTHS} to 120 months (got {self.months})")
        if self.start.tzinfo is None or self.start != self.first_of_month(0):
            raise ProjectFileError(f"a world starts on the first of a month, 00:00 UTC (got {self.start})")

    def first_of_month(self, number: int) -> datetime:
        """Beginning of month `number` of the world, counted from 0."""
        months = self.start.year * 12 + self.start.month - 1 + number
        return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """When observation stops."""
        return self.first_of_month(self.months)

    @property
    def holdout_from(self) -> datetime:
        """First as-of date of the holdout: late, but so that 90 days later can still be seen for months of it."""
        return self.first_of_month(self.months - max(round(self.months * HOLDOUT_SHARE), 5))

    @property
    def change_at(self) -> datetime | None:
        """When the policy changes, if it does."""
        return self.first_of_month(self.months - round(self.months * DRIFT_SHARE)) if self.drift else None


def simulate(directory: Path, settings: WorldSettings) -> None:
    """Writes a world into `directory`: the eight canonical tables, `ripelead.toml`, and the truth in `truth/`.

    The same settings give the same bytes. The project file is written last, so that an unfinished world is none.

    Raises:
        ProjectFileError: `directory` holds a project that is not a simulated world.
    """
    _make_room(directory)
    for name, table in _draw(directory, settings).items():
        pq.write_table(table, directory / f"{name}.parquet", compression="zstd")
    (directory / FILE_NAME).write_text(_project_file(settings), encoding="utf-8")


def _make_room(directory: Path) -> None:
    project = directory / FILE_NAME
    if project.exists() and not project.read_text(encoding="utf-8", errors="replace").startswith(MARK):
        raise ProjectFileError(f"{directory} already holds a project that was not simulated: name another folder")
    directory.mkdir(parents=True, exist_ok=True)
    project.unlink(missing_ok=True)


def _draw(directory: Path, settings: WorldSettings) -> dict[TableName, pa.Table]:
    """All tables by name; the truth goes to `directory` on the way."""
    rngs = iter(np.random.default_rng(settings.seed).spawn(12))
    start, end = settings.start, _days(settings, settings.end)
    calendar = Calendar(end, (start - MONDAY).total_seconds() / 86_400)
    chain = b2b_chain(np.inf if settings.change_at is None else _days(settings, settings.change_at))
    accounts, leads = draw_leads(settings.leads, calendar, next(rngs))
    paths = walk(chain, leads.stratum, leads.first_level, leads.created, end, next(rngs))
    write_truth(directory, chain, paths, leads.stratum, start)
    events = draw_events(accounts, leads, paths, calendar, next(rngs))
    deals = draw_deals(leads, paths, end, next(rngs))
    notes = draw_assessments(accounts, leads, events, np.minimum(paths.ended, end), chain.change_day, next(rngs))
    decisions = draw_decisions(leads, paths, next(rngs))
    stages = until(draw_stages(leads, paths, decisions, deals, next(rngs)), end)
    months = [settings.first_of_month(number) for number in range(settings.months)]
    spend = draw_spend(leads, [_days(settings, month) for month in months], next(rngs))
    return {
        "leads": leads_table(leads, accounts, last_values(stages, settings.leads), start, next(rngs)),
        "interactions": interactions_table(events, leads, accounts, start, next(rngs)),
        "deals": deals_table(deals, start),
        "accounts": accounts_table(leads, accounts, next(rngs)),
        "lead_changes": changes_table(stages, start),
        "assessments": assessments_table(notes, leads, start),
        "decisions": decisions_table(until(decisions, end), leads, start),
        "spend": spend_table(spend, months),
    }


def _days(settings: WorldSettings, moment: datetime) -> float:
    return (moment - settings.start).total_seconds() / 86_400


def _project_file(settings: WorldSettings) -> str:
    return TEMPLATE.format(
        mark=MARK,
        leads=settings.leads,
        seed=settings.seed,
        drift=DRIFT_NOTE.format(settings.change_at) if settings.drift else "",
        end=f"{settings.end:%Y-%m-%dT%H:%M:%SZ}",
        holdout=f"{settings.holdout_from:%Y-%m-%d}",
    )


DRIFT_NOTE = "# From {:%Y-%m-%d} on sales wins less and notes more kindly: a change that no model could foresee.\n"
TEMPLATE = """\
{mark}: {leads} leads, seed {seed}. Written by `ripelead simulate`, which also replaces it.
# People, companies and addresses are made up. All paths are relative to this file.
{drift}
[project]
name = "simulated"
data_end = "{end}"   # observation stops here; open deals carry expected dates beyond it

[tables.leads]              # one row per lead; further columns (seniority, consent, …) are attributes
file = "leads.parquet"

[tables.interactions]       # what leads did, and visits of known companies by unknown people
file = "interactions.parquet"

[tables.deals]              # the outcome: open, won or lost
file = "deals.parquet"

[tables.accounts]           # companies and their attributes
file = "accounts.parquet"

[tables.lead_changes]       # dated history of the CRM field lifecycle_stage, whose last value knows the outcome
file = "lead_changes.parquet"

[tables.assessments]        # what sales noted about budget, authority, need and timing, late and not always
file = "assessments.parquet"

[tables.decisions]          # accepted, rejected or recycled by sales
file = "decisions.parquet"

[tables.spend]              # marketing cost by month and source; without source: cost of sales
file = "spend.parquet"

[snapshots]
ages_days = [7, 30, 60, 90] # each open lead is looked at so many days after it was created

[label]
horizon_days = 90           # won within 90 days of the as-of date

[folds]
kind = "time"
holdout_from = "{holdout}T00:00:00Z"   # later as-of dates judge the model
"""
