"""Accounts of the holdout on lists of past weeks: their open leads as the judging model scored them, and what came.

A lead that the judging model learned from stands in no list.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.attribute_points import tracked_fields
from features.points import points_as_of
from features.project import Project
from features.snapshots import Snapshots
from features.team import recorded_roles, role_counts, roles_at, roles_covered
from features.titles import Role
from features.windows import Bools, Floats, Ints
from training.accounts.propensity import fit_weight
from training.dataset import Dataset, relabelled
from training.folds import grouped_folds
from training.judge import Judged
from training.model import features_of
from training.settings import TrainingSettings
from training.weekly_lists import matured_weeks

EVERY_WEEKS = 4
FIFTHS = 5
LEAST_WINS = 20
"""Fewer won accounts with several leads say nothing about how leads add up: they count as if each decided alone."""
MOST_ROWS = 60_000


@dataclass(frozen=True, slots=True)
class AccountRows:
    """Accounts on dates (n rows): number of the account, date (microseconds), whether one of its leads was won, points
    of all its leads together and wanted roles covered. `lead_row` and `propensity` are those of the open leads.
    """

    account: Ints
    as_of: Ints
    won: Floats
    points: Floats
    roles: Ints
    lead_row: Ints
    propensity: Floats
    left_out: int

    @property
    def leads(self) -> Ints:
        """Number of open leads per row."""
        return np.bincount(self.lead_row, minlength=len(self.account)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class AccountFit:
    """The rows, the weight fitted on all of them, and for each row that of the other four fifths of the accounts."""

    rows: AccountRows
    weight: float
    fitted_without: Floats


def fit_accounts(project: Project, settings: TrainingSettings, dataset: Dataset, judged: Judged) -> AccountFit | None:
    """How leads add up to accounts on the holdout's lists; None where dates or several leads of an account lack."""
    rows = account_rows(project, settings, dataset, judged)
    if rows is None or rows.won[rows.leads > 1].sum() < LEAST_WINS:
        return None
    rng = np.random.default_rng(settings.model.seed)
    without = np.zeros(len(rows.account))
    for fold in grouped_folds(rows.account, FIFTHS, rng):
        without[fold.holdout] = _weight_of(rows, fold.train)
    return AccountFit(rows, _weight_of(rows, np.arange(len(rows.account))), without)


def _weight_of(rows: AccountRows, chosen: Ints) -> float:
    number = np.full(len(rows.account), -1)
    number[chosen] = np.arange(len(chosen))
    inside = number[rows.lead_row] >= 0
    return fit_weight(number[rows.lead_row[inside]], rows.propensity[inside], rows.won[chosen])


def account_rows(project: Project, settings: TrainingSettings, dataset: Dataset, judged: Judged) -> AccountRows | None:
    """The accounts of leads that the judging model did not learn from, every four weeks from the split on."""
    fold, horizon = judged.folds[-1], settings.label.horizon_days
    if dataset.won is None or horizon is None or fold.known_until is None or len(judged.folds) > 1:
        return None
    times = matured_weeks(dataset, fold.known_until, horizon)[::-1][::EVERY_WEEKS][::-1]
    in_accounts = dataset.histories.leads["account_id"].notna().to_numpy()
    learned = np.zeros(len(in_accounts), np.bool_)
    learned[dataset.snapshots.lead[fold.train]] = True
    if not len(times) or not (in_accounts & ~learned).any():
        return None
    here = relabelled(project, settings, dataset, _grid(dataset, np.flatnonzero(in_accounts & ~learned), times))
    left_out = int(((dataset.histories.created <= times[-1]) & in_accounts & learned).sum())
    return _rows(project, here, judged, left_out) if len(here.snapshots) else None


def _grid(dataset: Dataset, leads: Ints, times: Ints) -> Snapshots:
    """Every lead on every date from its creation on; the newest dates only where all would be too many rows."""
    created = dataset.histories.created[leads]
    counts = np.cumsum((created <= times[::-1, None]).sum(axis=1))
    times = times[len(times) - max(1, int((counts <= MOST_ROWS).sum())) :]
    lead, as_of = np.repeat(leads, len(times)), np.tile(times, len(leads))
    exists = dataset.histories.created[lead] <= as_of
    return Snapshots(lead[exists], as_of[exists])


def _rows(project: Project, here: Dataset, judged: Judged, left_out: int) -> AccountRows:
    snapshots, histories = here.snapshots, here.histories
    trained = judged.fitted[-1].trained
    table = features_of(here, np.arange(len(snapshots)), trained.catalog)
    raw = np.asarray(trained.booster.predict(table.values, raw_score=True))
    pair = np.stack([histories.account[snapshots.lead], snapshots.as_of], axis=1)
    pairs, row = np.unique(pair, axis=0, return_inverse=True)
    row, n = row.ravel().astype(np.int64), len(pairs)
    points = points_as_of(histories, snapshots, project.points)
    return AccountRows(
        account=pairs[:, 0],
        as_of=pairs[:, 1],
        won=(np.bincount(row, here.label, minlength=n) > 0).astype(np.float64),
        points=np.bincount(row, points, minlength=n).astype(np.float64),
        roles=_roles(here, pairs, project.team.roles),
        lead_row=row,
        propensity=trained.scale.calibration.probability(raw),
        left_out=left_out,
    )


def _roles(here: Dataset, pairs: Ints, wanted: Mapping[Role, int]) -> Ints:
    """Wanted roles that each (account, date) covers, by all its leads known then."""
    histories = here.histories
    start, stop = (histories.account_start[pairs[:, 0] + i] for i in (0, 1))
    row = np.repeat(np.arange(len(pairs)), stop - start)
    lead = np.arange(len(row)) - np.repeat(np.cumsum(stop - start) - (stop - start), stop - start) + start[row]
    known: Bools = histories.created[lead] <= pairs[row, 1]
    members = Snapshots(lead[known], pairs[row[known], 1])
    roles = recorded_roles(histories.leads, here.tables, tracked_fields(here.tables.lead_changes))
    return roles_covered(role_counts(row[known], roles_at(roles, members), len(pairs)), wanted)
