"""Stages of a lead as of a date: lead → mql → sal → sql → opportunity (rows M2 and M11 of the source documents)."""

from typing import Literal

import numpy as np
import pandas as pd

from features.deals import deals_by_lead
from features.histories import Histories
from features.recorded import latest, recorded
from features.snapshots import Snapshots, closings_by_lead, has_open_deal
from features.tables import Tables
from features.windows import Bools, Floats
from training.bundle import Policy

Stage = Literal["lead", "mql", "sal", "sql", "opportunity"]


def stages_as_of(
    histories: Histories,
    tables: Tables,
    snapshots: Snapshots,
    points: Floats,
    qualified: Bools,
    policy: Policy,
) -> list[Stage]:
    """Stage per snapshot.

    An open deal makes an opportunity. A lead that sales accepted (the latest decision counts) is `sal`, and `sql`
    when the model classifies it as sales qualified; one that sales rejected or recycled is a `lead` again. Without a
    decision the points threshold makes it an `mql`.
    """
    accepted, refused = _latest_decision(histories, tables.decisions, snapshots)
    in_deal = _deal_open(histories, tables, snapshots, policy)
    names = np.select(
        [in_deal, accepted & qualified, accepted, refused, points >= policy.points.threshold],
        ["opportunity", "sql", "sal", "lead", "mql"],
        "lead",
    )
    return list(names.tolist())


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
