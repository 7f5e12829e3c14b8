"""Service levels: by when something must have happened to a lead in its stage, in business hours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from features.cells import instant
from features.errors import ProjectFileError
from features.project import Project
from features.stage_settings import WEEKDAYS, ServiceLevelSettings
from features.windows import NEVER, Bools, Floats, Ints
from serving.lifecycle.business_time import BusinessCalendar, business_seconds, due_all
from serving.lifecycle.machine import STAGES
from serving.lifecycle.replay import codes, moments

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised: business hours by stage, and the calendar that counts them."""

    hours: Mapping[str, float]
    calendar: BusinessCalendar


def promise_of(project: Project) -> Promise:
    """The service levels of a project; raises `ProjectFileError` naming the key at fault."""
    settings = project.section("sla", ServiceLevelSettings)
    country, _, region = (settings.holidays or "").partition("-")
    name = settings.timezone or project.project.timezone or "UTC"
    hours = {WEEKDAYS.index(day): _opening(text) for day, text in settings.opening.items()}
    closed = frozenset(date.fromisoformat(day) for day in settings.closed)
    try:
        calendar = BusinessCalendar(ZoneInfo(name), hours, country or None, region or None, closed)
    except ValueError as error:
        raise ProjectFileError(f"ripelead.toml [sla] holidays = {settings.holidays!r}: {error}") from error
    return Promise({str(stage): hours for stage, hours in settings.hours.items()}, calendar)


def _opening(text: str) -> tuple[time, time]:
    opens, closes = text.split("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of n leads: when it began and when it is due (microseconds, `NEVER`: it does not run), hours.

    `waited_hours` are business hours since it began, NaN where it does not run; `overdue` leads have waited too long.
    """

    began: Ints
    due: Ints
    waited_hours: Floats
    limit_hours: Floats

    @property
    def overdue(self) -> Bools:
        """Whose time is up."""
        return self.waited_hours > self.limit_hours


def clock_of(states: pa.Table, promise: Promise, as_of: datetime) -> Clock:
    """The clock of each lead of a table of states (columns `STATES`) as of a date.

    It begins when the lead enters its stage, or when its snooze ends; while a lead is snoozed, must not be contacted,
    or has no dated beginning, it does not run.

    Raises:
        ProjectFileError: the calendar opens too rarely for the hours that are promised.
    """
    limits = np.array([promise.hours.get(stage, np.nan) for stage in STAGES])
    now, since, snoozed = instant(as_of), moments(states["since"]), moments(states["snoozed_until"])
    limit = limits[codes(states["stage"], STAGES)]
    silent = np.asarray(states["do_not_contact"].to_numpy())
    runs = ~np.isnan(limit) & (since != NEVER) & (snoozed <= now) & ~silent
    began = np.where(runs, np.maximum(since, snoozed), NEVER)
    due, waited = np.full(len(states), NEVER), np.full(len(states), np.nan)
    try:
        due[runs] = due_all(promise.calendar, began[runs], limit[runs] * HOUR_S)
    except ValueError as error:
        raise ProjectFileError(f"ripelead.toml [sla]: {error}: expected longer opening hours or fewer hours") from error
    waited[runs] = business_seconds(promise.calendar, began[runs], np.full(int(runs.sum()), now)) / HOUR_S
    return Clock(began, due, waited, limit)
