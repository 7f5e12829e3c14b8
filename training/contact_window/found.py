"""What `contact_window.json` says, as frozen values."""

from dataclasses import dataclass
from typing import Literal

from training.evaluation import Estimate

SCHEMA_VERSION = 1
ClockName = Literal["creation", "interest"]


@dataclass(frozen=True, slots=True)
class HalfLife:
    """How well interest with this half-life tells wins: mean log loss (nats) of a logistic regression on it alone."""

    days: int
    log_loss: float


@dataclass(frozen=True, slots=True)
class FlagRate:
    """Looks at open leads with a flag: how many (of how many leads), and the share that won within the horizon."""

    flag: str
    rows: int
    leads: int
    won: Estimate


@dataclass(frozen=True, slots=True)
class Wait:
    """Contacts after a waiting time from `from_hours` to below `to_hours` (None: no end), and their chance to win.

    `contacted` is the share of leads contacted by then, of all that were still open and observed (Kaplan–Meier; None
    for the clock of interest). `observed` is the chance within the horizon of those contacts, `adjusted` that of all
    contacted leads had each waited so long, alike in interest and points; `by_model` alike in the model's log-odds.
    """

    from_hours: int
    to_hours: int | None
    contacts: int
    contacted: float | None
    interest: float | None
    observed: Estimate
    adjusted: Estimate
    by_model: Estimate


@dataclass(frozen=True, slots=True)
class Clock:
    """Waiting times since a lead's creation, or since it last did something before the contact.

    `waiting` counts leads that are open and were never contacted. `reason` says why there is no table.
    """

    since: ClockName
    contacts: int
    leads: int
    waiting: int | None
    waits: tuple[Wait, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class ContactWindow:
    """The content of `contact_window.json`; chances are within `within_days`.

    `learned_half_life_days` is that of the least log loss; `gain` is the configured one's mean log loss minus its.
    """

    schema_version: int
    within_days: int
    half_life_days: int
    learned_half_life_days: int
    gain: Estimate
    half_lives: tuple[HalfLife, ...]
    flags: tuple[FlagRate, ...]
    clocks: tuple[Clock, ...]
