"""Stages of a lead as of a date: lead → mql → sal → sql → opportunity (rows M2 and M11 of the source documents).

What sales did (`standing`) is read from decisions and deals when the histories are at hand; the stage follows from it,
the points and the model's class when the lead is scored.
"""

from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.deals import deals_by_lead
from features.histories import Histories
from features.recorded import latest, recorded
from features.snapshots import Snapshots, closings_by_lead, has_open_deal
from features.tables import Tables
from features.windows import Bools, Floats
from training.bundle import Policy

Stage = Literal["lead", "mql", "sal", "sql", "opportunity"]
STAGES: tuple[Stage, ...] = ("lead", "mql", "sal", "sql", "opportunity")
OPPORTUNITY, ACCEPTED, REFUSED = STANDINGS = ("opportunity", "accepted", "refused")
"""What decisions and open deals say of a lead; null where they say nothing."""


def standings_as_of(histories: Histories, tables: Tables, snapshots: Snapshots, policy: Policy) -> pa.Array:
    """Standing per snapshot, one of `STANDINGS` or null.

    An open deal makes an opportunity; else the latest decision before as_of counts: accepted, or refused (rejected,
    recycled).
    """
    accepted, refused = _latest_decision(histories, tables.decisions, snapshots)
    in_deal = _deal_open(histories, tables, snapshots, policy)
    code = np.select([in_deal, accepted, refused], [0, 1, 2], len(STANDINGS))
    return pa.array([*STANDINGS, None], pa.string()).take(pa.array(code))


def stages(standing: pa.Array, points: Floats, qualified: Bools, threshold: float) -> pa.Array:
    """Stage per lead, one of `STAGES`, or null where neither sales nor points say anything (points NaN).

    A lead that sales accepted is `sal`, and `sql` when the model classifies it as sales qualified; one that sales
    refused is a `lead` again. Without a decision the points threshold makes it an `mql`.

    >>> known = pa.array(["accepted", "refused", None, None])
    >>> stages(known, np.array([9.0, 9.0, 9.0, 1.0]), np.array([True, True, True, True]), 5.0).to_pylist()
    ['sql', 'lead', 'mql', 'lead']
    """
    accepted, refused, in_deal = (_is(standing, word) for word in (ACCEPTED, REFUSED, OPPORTUNITY))
    of_points = np.select([np.isnan(points), points >= threshold], [len(STAGES), 1], 0)
    code = np.select([in_deal, accepted & qualified, accepted, refused], [4, 3, 2, 0], of_points)
    return pa.array([*STAGES, None], pa.string()).take(pa.array(code))


def _is(standing: pa.Array, word: str) -> Bools:
    same = pc.fill_null(pc.equal(standing, word), fill_value=False)
    return np.asarray(same.to_numpy(zero_copy_only=False), np.bool_)


def _latest_decision(histories: Histories, decisions: pd.DataFrame, snapshots: Snapshots) -> tuple[Bools, Bools]:
    word = decisions["decision"].astype(object).str.lower()
    # Of decisions at the same moment a refusal counts: it is the larger number.
    refusal = np.where(word == "accept", 0.0, 1.0)
    decided = recorded(decisions["lead_id"], decisions["decided_at"], refusal, histories.lead_ids)
    last, _ = latest(decided, snapshots)
    return last == 0, last == 1


def _deal_open(histories: Histories, tables: Tables, snapshots: Snapshots, policy: Policy) -> Bools:
    deals = closings_by_lead(deals_by_lead(tables, policy.deals_of_account), histories.lead_ids)
    return has_open_deal(deals, snapshots)
