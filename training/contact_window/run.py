"""The examination: half-life of interest, what the flags are worth, and chances by waiting time (row M23)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.build import build_features
from features.contact_settings import ContactWindowSettings
from features.contact_window import interest_as_of
from features.snapshots import Snapshots
from features.windows import Floats, Ints
from training.contact_window.contacts import (
    Contacts,
    Waiting,
    closings_of,
    dataset_contacts,
    since_creation,
    since_interest,
)
from training.contact_window.found import SCHEMA_VERSION, Clock, ClockName, ContactWindow, Wait
from training.contact_window.half_life import HALF_LIVES_DAYS, best_half_life, flag_rates, losses
from training.contact_window.hazard import chances, fit_hazard
from training.contact_window.words import NAMES, TITLES, Shown, half_life_sentence, span, wait_words
from training.evaluation import Estimate
from training.examine import Examined, Finding, strict_json
from training.sections import Picture, Section

LEAST_CONTACTS, LEAST_WINS = 100, 10
STRETCHES = 4
DEFAULT_DAYS = 90
UNKNOWN = Estimate(None, None, None)


@dataclass(frozen=True, slots=True)
class _Asked:
    examined: Examined
    settings: ContactWindowSettings
    days: int


def contact_window(examined: Examined) -> Finding | None:
    """Half-lives, flags and waiting times; None where wins or leads are not dated, or nothing was done by leads."""
    dataset = examined.dataset
    if dataset.won is None or not dataset.tables.timed or not len(dataset.histories.by_lead.time):
        return None
    settings = examined.project.section("contact_window", ContactWindowSettings)
    asked = _Asked(examined, settings, examined.settings.label.horizon_days or DEFAULT_DAYS)
    found = _found(asked)
    spans = {clock.since: tuple(map(span, clock.waits)) for clock in found.clocks}
    shown = Shown(found, half_life_sentence(found), NAMES, TITLES, spans)
    section = Section("contact-window", "When to contact", "sections/contact_window.html", shown, _pictures(found))
    return Finding("contact_window", strict_json(found), section, {"half_life_days": found.learned_half_life_days})


def _found(asked: _Asked) -> ContactWindow:
    examined, settings = asked.examined, asked.settings
    dataset, points = examined.dataset, examined.project.points
    rows = np.flatnonzero(dataset.matured)
    snapshots, label = dataset.snapshots.take(rows), dataset.label[rows].astype(np.int64)
    tried = {
        days: interest_as_of(dataset.histories, snapshots, points, days)
        for days in sorted({*HALF_LIVES_DAYS, settings.half_life_days})
    }
    loss = {days: losses(interest.level, label) for days, interest in tried.items()}
    best, gain, half_lives = best_half_life(loss, settings.half_life_days, snapshots.lead)
    return ContactWindow(
        schema_version=SCHEMA_VERSION,
        within_days=asked.days,
        half_life_days=settings.half_life_days,
        learned_half_life_days=best,
        gain=gain,
        half_lives=half_lives,
        flags=flag_rates(tried[settings.half_life_days], label, snapshots.lead, settings),
        clocks=_clocks(asked),
    )


def _clocks(asked: _Asked) -> tuple[Clock, ...]:
    examined = asked.examined
    project, settings, dataset = examined.project, asked.settings, examined.dataset
    times = dataset_contacts(project, settings, dataset)
    closings = closings_of(dataset, examined.settings.label.deals_of_account)
    first, waiting = since_creation(project, settings, dataset, times, closings)
    later = since_interest(project, settings, dataset, times, closings)
    reasons = [_reason(asked, contacts) for contacts in (first, later)]
    told = [one for one, reason in zip((first, later), reasons, strict=True) if reason is None]
    scored = iter(_by_model(examined, told) if told else ())
    waits = [() if reason else _waits(asked, one, waited, next(scored))
             for one, waited, reason in ((first, waiting, reasons[0]), (later, None, reasons[1]))]  # fmt: skip
    still = int((~waiting.contacted & ~waiting.closed).sum())
    return (
        _clock("creation", first, still, waits[0], reasons[0]),
        _clock("interest", later, None, waits[1], reasons[1]),
    )


def _clock(
    since: ClockName, contacts: Contacts, waiting: int | None, waits: tuple[Wait, ...], reason: str | None
) -> Clock:
    leads = len(np.unique(contacts.snapshots.lead))
    return Clock(since, len(contacts.snapshots), leads, waiting, waits, reason)


def _reason(asked: _Asked, contacts: Contacts) -> str | None:
    """Why nothing can be told of contacts; None where it can."""
    n = len(contacts.snapshots)
    if n == 0:
        return (
            "No contact by sales is in the data: none is outbound and of another kind than mails and advertising. "
            "Give interactions a direction, or name the kinds in [contact_window] kinds."
        )
    followed = asked.examined.dataset.followed_from(contacts.snapshots)
    wins = 0 if followed is None else int((followed.won_after < asked.days).sum())
    if n < LEAST_CONTACTS or wins < LEAST_WINS:
        return f"{n:,} contacts with {wins:,} wins: {LEAST_CONTACTS} and {LEAST_WINS} are needed to compare."
    return None


def _waits(asked: _Asked, contacts: Contacts, waiting: Waiting | None, scored: Floats) -> tuple[Wait, ...]:
    edges = asked.settings.delays_hours
    code = np.searchsorted(np.array(edges, np.float64), contacts.waited_hours, side="right")
    number, waited = np.unique(code, return_inverse=True)
    tables = [
        _chances(asked, contacts, waited, looks)
        for looks in (np.zeros((len(code), 0)), contacts.looks, scored[:, None])
    ]
    interest = np.expm1(contacts.looks[:, 0])
    at = {int(one): place for place, one in enumerate(number)}
    starts, ends = (0, *edges), (*edges, None)
    return tuple(
        Wait(
            from_hours=starts[n],
            to_hours=ends[n],
            contacts=int((code == n).sum()),
            contacted=None if waiting is None or ends[n] is None else contacted_by(waiting, ends[n] or 0),
            interest=round(float(interest[code == n].mean()), 2) if n in at else None,
            observed=tables[0][at[n]] if n in at else UNKNOWN,
            adjusted=tables[1][at[n]] if n in at else UNKNOWN,
            by_model=tables[2][at[n]] if n in at else UNKNOWN,
        )
        for n in range(len(ends))
    )


def _chances(asked: _Asked, contacts: Contacts, waited: Ints, looks: Floats) -> tuple[Estimate, ...]:
    followed = asked.examined.dataset.followed_from(contacts.snapshots)
    if followed is None:
        raise ValueError("expected dated wins")
    days = np.linspace(0, asked.days, STRETCHES + 1)[1:]
    return chances(fit_hazard(followed, waited, looks, contacts.snapshots.lead, days))


def _by_model(examined: Examined, parts: Sequence[Contacts]) -> list[Floats]:
    """Log-odds that the shipped model gives leads just before each contact: all that it sees, in one number.

    One entry for each of the parts, which mostly have the same contacts: features are made once for each.
    """
    trained, dataset = examined.final.trained, examined.dataset
    pairs = np.concatenate([np.stack([one.snapshots.lead, one.snapshots.as_of], axis=1) for one in parts])
    different, place = np.unique(pairs, axis=0, return_inverse=True)
    snapshots = Snapshots(different[:, 0], different[:, 1])
    table = build_features(dataset.histories, dataset.tables, snapshots, trained.catalog)
    raw = np.asarray(trained.booster.predict(table.values, raw_score=True))
    return np.split(raw[place.ravel()], np.cumsum([len(one.snapshots) for one in parts])[:-1])


def contacted_by(waiting: Waiting, hours: float) -> float:
    """Share of leads contacted within so many hours, had none been closed or last seen before (Kaplan–Meier 1958)."""
    at, number = np.unique(waiting.hours[waiting.contacted & (waiting.hours < hours)], return_counts=True)
    at_risk = len(waiting.hours) - np.searchsorted(np.sort(waiting.hours), at, side="left")
    return round(1 - float(np.prod(1 - number / at_risk)), 6)


def _pictures(found: ContactWindow) -> dict[str, Picture]:
    from training.contact_window.picture import draw_waits

    return {
        clock.since: Picture(draw_waits(clock, found.within_days), wait_words(clock))
        for clock in found.clocks
        if clock.waits
    }
