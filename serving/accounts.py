"""Accounts as sales works them: the propensity of each from its open leads, and which roles are covered (row M24)."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from features.attribute_points import tracked_fields
from features.build import build_features
from features.histories import Histories, build_histories
from features.snapshots import Snapshots
from features.tables import Tables
from features.team import missing_roles, recorded_roles, role_counts, roles_at, roles_covered
from features.team_settings import TeamSettings
from features.windows import DAY_US, Floats, Ints, history
from serving.open_leads import existing_leads, open_snapshots, refuse_missing_inputs
from training.accounts.propensity import NOISY_OR, account_propensity
from training.bundle import Bundle

COLUMNS = pa.schema(
    [
        ("account_id", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
        ("propensity", pa.float64()),
        ("open_leads", pa.int64()),
        ("leads", pa.int64()),
        ("active_leads", pa.int64()),
        ("best_lead", pa.string()),
        ("best_lead_propensity", pa.float64()),
        ("roles_covered", pa.int64()),
        ("roles_wanted", pa.int64()),
        ("roles_missing", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class _Scored:
    """Open leads of accounts: account number, lead number, propensity."""

    account: Ints
    lead: Ints
    propensity: Floats


def account_table(bundle: Bundle, tables: Tables, as_of: datetime, team: TeamSettings) -> pa.Table:
    """One row per account with an open lead, ripest first (ties by account_id), with the columns `COLUMNS`.

    Roles are those of all its leads known by `as_of`, open or not. A model that was trained without accounts of several
    leads counts each lead as if it decided alone.

    Raises:
        InputContractError: a table or an attribute that the model was trained with is not there.
    """
    refuse_missing_inputs(bundle, tables)
    histories = build_histories(tables, bundle.catalog.hygiene)
    scored = _scored(bundle, histories, tables, as_of)
    number, row = np.unique(scored.account, return_inverse=True)
    weight = bundle.policy.colleague_weight
    propensity = account_propensity(
        row.astype(np.int64), scored.propensity, len(number), NOISY_OR if weight is None else weight
    )
    best = _best(row, scored)
    known = existing_leads(histories, tables, as_of)
    members, n = histories.account[known.lead], len(histories.account_start)
    counts = role_counts(members, _roles(histories, tables, known), n)[number]
    ids = histories.leads["account_id"].to_numpy(object)[histories.account_start[number]]
    columns = (
        ids,
        np.full(len(number), as_of),
        propensity,
        np.bincount(row, minlength=len(number)),
        np.bincount(members, minlength=n)[number],
        np.bincount(members, _active(histories, known, team.active_days), n)[number].astype(np.int64),
        histories.lead_ids[scored.lead[best]],
        scored.propensity[best],
        roles_covered(counts, team.roles),
        np.full(len(number), len(team.roles)),
        np.array(["; ".join(missing_roles(one, team.roles)) for one in counts], object),
    )
    order = np.lexsort((ids.astype(str), -propensity))
    arrays = [pa.array(column[order].tolist(), field.type) for column, field in zip(columns, COLUMNS, strict=True)]
    return pa.table(arrays, schema=COLUMNS)


def _scored(bundle: Bundle, histories: Histories, tables: Tables, as_of: datetime) -> _Scored:
    snapshots = open_snapshots(histories, tables, as_of, bundle.policy)
    in_accounts = histories.leads["account_id"].notna().to_numpy()
    snapshots = snapshots.take(in_accounts[snapshots.lead])
    values = build_features(histories, tables, snapshots, bundle.catalog).values
    propensity = bundle.scale.calibration.probability(bundle.raw(values))
    return _Scored(histories.account[snapshots.lead], snapshots.lead, propensity)


def _best(row: Ints, scored: _Scored) -> Ints:
    """Place of the ripest lead of each account, of equals the first by id."""
    order = np.lexsort((scored.lead, -scored.propensity, row))
    first = np.ones(len(order), np.bool_)
    first[1:] = row[order][1:] != row[order][:-1]
    return order[first]


def _roles(histories: Histories, tables: Tables, known: Snapshots) -> Ints:
    return roles_at(recorded_roles(histories.leads, tables, tracked_fields(tables.lead_changes)), known)


def _active(histories: Histories, known: Snapshots, days: int) -> Ints:
    """1 for each lead with an interaction in the last `days` days before the date."""
    log = histories.by_lead
    past = history(log.segments, known.lead, known.as_of)
    some = past.count > 0
    active = np.zeros(len(known), np.int64)
    active[some] = log.time[past.stop[some] - 1] >= known.as_of[some] - days * DAY_US
    return active
