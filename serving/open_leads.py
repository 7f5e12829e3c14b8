"""Which leads are scored: those that exist and whose outcome is not known yet, from what the model was trained with."""

from datetime import datetime

import numpy as np
import pandas as pd

from features.deals import deals_by_lead
from features.errors import InputContractError
from features.fit import attribute_frame
from features.histories import Histories
from features.snapshots import Snapshots, closings_by_lead, is_open, snapshots_at
from features.tables import Tables
from features.windows import Bools
from training.bundle import Bundle, Policy


def refuse_missing_inputs(bundle: Bundle, tables: Tables) -> None:
    """Refuse a project that lacks what the model learned from: its features would silently become "not known".

    Raises:
        InputContractError: naming the tables or attributes that are not there.
    """
    given = {count.table for count in tables.counts}
    if missing := [name for name in bundle.policy.tables if name not in given]:
        raise InputContractError(
            f"the model was trained with [tables.{'], [tables.'.join(missing)}], which the project no longer has: "
            "bring it back, or train without it"
        )
    there = attribute_frame(tables.leads, tables.accounts, ()).columns
    if gone := [code.name for code in bundle.catalog.attributes if not code.tracked and code.name not in there]:
        raise InputContractError(
            f"the model was trained with the attributes {', '.join(gone)}, which leads and accounts no longer have: "
            "bring them back (see columns in the project file), or train without them"
        )


def open_snapshots(histories: Histories, tables: Tables, as_of: datetime, policy: Policy) -> Snapshots:
    """One snapshot at `as_of` for each lead that exists by then and is open; of a flat table without times, for all."""
    snapshots = existing_leads(histories, tables, as_of)
    return snapshots.take(open_leads(histories, tables, snapshots, policy))


def existing_leads(histories: Histories, tables: Tables, as_of: datetime) -> Snapshots:
    """One snapshot at `as_of` for each lead created by then; of a flat table without times, for all."""
    if tables.timed:
        return snapshots_at(histories, as_of)
    lead = np.arange(len(histories.lead_ids))
    return Snapshots(lead, np.full(len(lead), pd.Timestamp(as_of).value // 1000, np.int64))


def open_leads(histories: Histories, tables: Tables, snapshots: Snapshots, policy: Policy) -> Bools:
    """Which snapshots are of leads whose outcome is not known yet."""
    if policy.outcome_column is not None:
        if policy.outcome_column not in histories.leads:
            return np.ones(len(snapshots), bool)
        return histories.leads[policy.outcome_column].isna().to_numpy()[snapshots.lead]
    if policy.repeat:
        return np.ones(len(snapshots), bool)
    deals = deals_by_lead(tables, policy.deals_of_account)
    return is_open(closings_by_lead(deals, histories.lead_ids), snapshots)
