"""Stages of a lead as of a date: lead → mql → sal → sql → opportunity (rows M2 and M11 of the source documents)."""

from typing import Literal

import numpy as np
import pandas as pd

from features.deals import deals_by_lead
from features.histories import Histories, microseconds, positions_of
from features.snapshots import Snapshots, closings_by_lead, has_open_deal
from features.tables import Tables
from features.windows import Bools, Floats, Segments, history, starts
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
    lead = positions_of(decisions["lead_id"], histories.lead_ids)
    word = decisions["decision"].astype(object).str.lower()
    rows = pd.DataFrame({"lead": lead, "time": microseconds(decisions["decided_at"]), "decision": word})
    rows = rows[rows["lead"] >= 0].sort_values(["lead", "time", "decision"])
    owner, time = rows["lead"].to_numpy(np.int64), rows["time"].to_numpy(np.int64)
    past = history(Segments(starts(owner, len(histories.lead_ids)), time), snapshots.lead, snapshots.as_of)
    decided = past.count > 0
    accepted = np.zeros(len(snapshots), bool)
    accepted[decided] = (rows["decision"] == "accept").to_numpy()[past.stop[decided] - 1]
    return accepted, decided & ~accepted


def _deal_open(histories: Histories, tables: Tables, snapshots: Snapshots, policy: Policy) -> Bools:
    deals = closings_by_lead(deals_by_lead(tables, policy.deals_of_account), histories.lead_ids)
    return has_open_deal(deals, snapshots)
