"""First contacts of leads: how long each lead had waited, how it looked at that moment, and who is still waiting."""

from dataclasses import dataclass

import numpy as np

from features.attribute_points import attribute_points, tracked_fields
from features.contact_settings import ContactWindowSettings
from features.contact_window import interest_as_of
from features.contacts import contact_times
from features.deals import DealsOfAccount, deals_by_lead
from features.histories import OUTBOUND
from features.points import as_points, points_of
from features.project import Project
from features.snapshots import Closings, Snapshots, closings_by_lead, is_open
from features.windows import DAY_US, NEVER, Bools, Floats, Ints, Segments, first_not_before
from training.dataset import Dataset

HOURS_A_DAY = 24
NAMES = ("interest", "most interest", "days without a sign of interest", "points", "points of attributes")
"""What contacted leads are made alike in: the columns of `Contacts.looks`."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """Contacts of open leads, sorted by lead and time: when, after how many hours, and the lead's `looks` just before.

    `looks` are logarithms of what `NAMES` says, one more than it.
    """

    snapshots: Snapshots
    waited_hours: Floats
    looks: Floats


@dataclass(frozen=True, slots=True)
class Waiting:
    """Every lead from its creation on: hours until it was contacted, closed, or last seen, and which it was."""

    hours: Floats
    contacted: Bools
    closed: Bools


def dataset_contacts(project: Project, settings: ContactWindowSettings, dataset: Dataset) -> Segments:
    """Times of contacts by lead that are observed."""
    interactions, histories = dataset.tables.interactions, dataset.histories
    return contact_times(interactions, histories.lead_ids, settings, project.hygiene)


def closings_of(dataset: Dataset, of_account: DealsOfAccount) -> Closings:
    """Openings and closings of deals by lead."""
    return closings_by_lead(deals_by_lead(dataset.tables, of_account), dataset.histories.lead_ids)


def since_creation(
    project: Project, settings: ContactWindowSettings, dataset: Dataset, times: Segments, closings: Closings
) -> tuple[Contacts, Waiting]:
    """The first contact of each lead after its creation, where it was still open, and who waited how long."""
    created = dataset.histories.created
    lead = np.flatnonzero(created != NEVER)
    first = _next(times, lead, created[lead])
    closed = _next(closings.closed, lead, created[lead])
    end = np.minimum(closed, dataset.observed_until)
    contacted = first < end
    hours = (np.minimum(first, end) - created[lead]) / DAY_US * HOURS_A_DAY
    waiting = Waiting(hours, contacted, ~contacted & (closed < dataset.observed_until))
    snapshots = Snapshots(lead[contacted], first[contacted])
    snapshots = snapshots.take(is_open(closings, snapshots))
    return _contacts(project, settings, dataset, snapshots, created[snapshots.lead]), waiting


def since_interest(
    project: Project, settings: ContactWindowSettings, dataset: Dataset, times: Segments, closings: Closings
) -> Contacts:
    """Each contact of an open lead that is the first since the lead last did something."""
    log = dataset.histories.by_lead
    own = log.direction != OUTBOUND
    seen = Segments(np.append(0, np.cumsum(own))[log.start], log.time[own])
    lead = np.repeat(np.arange(len(times.start) - 1), np.diff(times.start))
    place = first_not_before(seen, lead, times.time)
    some = place > seen.start[lead]
    last = np.where(some, np.append(seen.time, 0)[np.where(some, place - 1, -1)], NEVER)
    before = np.append(NEVER, times.time[:-1])
    again = (np.append(-1, lead[:-1]) == lead) & (before >= last)
    created = dataset.histories.created[lead]
    chosen = some & ~again & (times.time >= created) & (times.time < dataset.observed_until) & (created != NEVER)
    snapshots, last = Snapshots(lead[chosen], times.time[chosen]), last[chosen]
    still = is_open(closings, snapshots)
    return _contacts(project, settings, dataset, snapshots.take(still), last[still])


def _next(segments: Segments, lead: Ints, moment: Ints) -> Ints:
    """Each lead's first time at or after a moment; far in the future where there is none."""
    place = first_not_before(segments, lead, moment)
    there = place < segments.start[lead + 1]
    return np.where(there, np.append(segments.time, 0)[np.where(there, place, -1)], -NEVER)


def _contacts(
    project: Project, settings: ContactWindowSettings, dataset: Dataset, snapshots: Snapshots, since: Ints
) -> Contacts:
    waited = (snapshots.as_of - since) / DAY_US * HOURS_A_DAY
    histories, points = dataset.histories, project.points
    interest = interest_as_of(histories, snapshots, points, settings.half_life_days)
    fit = attribute_points(histories.leads, dataset.tables, points, tracked_fields(dataset.tables.lead_changes))
    worth = points_of(histories, snapshots, points, fit)
    silent = np.minimum(interest.silent_days, (snapshots.as_of - histories.created[snapshots.lead]) / DAY_US)
    columns = (interest.level, interest.peak, silent, as_points(worth.engagement), as_points(worth.fit))
    looks = np.stack([np.sign(column) * np.log1p(np.abs(column)) for column in columns], axis=1)
    return Contacts(snapshots, waited, looks)
