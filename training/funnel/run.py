"""The funnel of a project as of a date, and the examination that shows it in the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from features.deals import deals_by_lead
from features.histories import Histories
from features.project import Project
from features.snapshots import Snapshots, closings_by_lead, is_open
from features.tables import Tables
from features.windows import NEVER, Bools
from training.examine import Examined, Finding, strict_json
from training.funnel.forecast import IsOpen, forecasts
from training.funnel.found import SCHEMA_VERSION, Forecast, Funnel
from training.funnel.money import money_of, won_deals
from training.funnel.reached import LEAD, NOT_YET, STAGES, Reached, reached
from training.funnel.steps import groups, month_of, steps_of_all
from training.funnel.velocity import velocities
from training.sections import Picture, Section
from training.settings import TrainingSettings

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a funnel is made of."""

    project: Project
    settings: TrainingSettings
    tables: Tables
    histories: Histories


def reached_on(ground: Ground, as_of: int) -> Reached:
    """Stages reached before `as_of` (microseconds) by what tables tell."""
    of_account = ground.settings.label.deals_of_account
    return reached(ground.project, ground.tables, ground.histories, of_account, as_of)


def funnel_of(ground: Ground, found: Reached, more: Sequence[Forecast] = ()) -> Funnel:
    """The funnel of stages reached before a date; `more` are further forecasts, of a model."""
    of_account, seed = ground.settings.label.deals_of_account, ground.settings.model.seed
    source = _sources(ground, found)
    steps, curves = steps_of_all(found)
    wins = won_deals(found, ground.tables, ground.histories, of_account)
    return Funnel(
        schema_version=SCHEMA_VERSION,
        as_of=f"{EPOCH + timedelta(microseconds=found.as_of):%Y-%m-%dT%H:%M:%SZ}",
        leads=len(found.lead),
        reached=_reached(found),
        steps=steps,
        months=groups(found, month_of(found.time[:, LEAD]), curves),
        sources=groups(found, [None if pd.isna(name) else str(name) for name in source], curves),
        velocity=velocities(found),
        money=money_of(found, ground.tables, wins, source, seed),
        forecasts=(*forecasts(found, open_leads(ground, found)), *more),
        notes=tuple(_notes(ground, found)),
    )


def open_leads(ground: Ground, found: Reached) -> IsOpen:
    """Which leads of the funnel had not been won or lost before a time."""
    deals = deals_by_lead(ground.tables, ground.settings.label.deals_of_account)
    closings = closings_by_lead(deals, ground.histories.lead_ids)

    def at(moment: int) -> Bools:
        return is_open(closings, Snapshots(found.lead, np.full(len(found.lead), moment, np.int64)))

    return at


def _sources(ground: Ground, found: Reached) -> pd.Series:
    return ground.histories.leads["source"].iloc[found.lead].reset_index(drop=True)


def _notes(ground: Ground, found: Reached) -> list[str]:
    """What the funnel rests on, and what it cannot tell."""
    tables, own = ground.tables, dict(zip(STAGES, found.own, strict=True))
    notes = [_came_further(name, own[name], n) for name, n in _reached(found).items() if 0 < own[name] < n]
    if not own["mql"]:
        notes.append(
            f"nobody reached the {ground.project.points.threshold:g} points of an MQL: MQLs are those that came further"
        )
    if not own["sal"]:
        notes.append("nobody was accepted by sales: SALs are leads that came further")
    if not own["sql"]:
        notes.append("nobody met BANT by assessments: SQLs are leads with an opportunity")
    if not own["opportunity"]:
        notes.append("no deal was opened: opportunities and wins cannot be told")
    if tables.spend.empty:
        notes.append("no spend is recorded: cost per SQL and return cannot be told")
    return notes


def _came_further(stage: str, own: int, number: int) -> str:
    return f"{number - own:,} of {number:,} at {stage} have no entry of their own there: they came further"


def _reached(found: Reached) -> dict[str, int]:
    return {name: int((found.time[:, n] < NOT_YET).sum()) for n, name in enumerate(STAGES)}


def examine_funnel(examined: Examined) -> Finding | None:
    """The funnel as of the data's end; None for flat tables without times or with an outcome column."""
    dataset = examined.dataset
    if dataset.won is None or not dataset.tables.timed or not (dataset.histories.created != NEVER).any():
        return None
    ground = Ground(examined.project, examined.settings, dataset.tables, dataset.histories)
    found = funnel_of(ground, reached_on(ground, dataset.observed_until))
    section = Section("funnel", "From lead to win", "sections/funnel.html", found, _pictures(found))
    return Finding("funnel", strict_json(found), section)


def _pictures(found: Funnel) -> dict[str, Picture]:
    from training.funnel.picture import draw_funnel

    said = ", ".join(f"{number:,} {stage}" for stage, number in found.reached.items())
    return {"funnel": Picture(draw_funnel(found), f"Leads by the last stage they came to at least: {said}.")}
