"""What a win of each open lead would be worth, from what was known by the date."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.contact_window import OUTSIDE
from features.deals import deals_by_lead
from features.identifiers import positions_of
from features.windows import Floats
from serving.publish.gathered import Asked, Gathered
from training.economics import LEAST_DEALS
from training.settings import PolicySettings

OUT_OF_WINDOW_WEIGHT = 0.5
"""Outside its contact window a lead counts half: it comes after an equal one that can be called today."""


def expected_values(asked: Asked, found: Gathered) -> Floats:
    """Worth of a win per open lead: the amounts of its open deals, else what won deals brought; NaN: not known."""
    deals = deals_by_lead(found.tables, asked.bundle.policy.deals_of_account)
    moment = pd.Timestamp(asked.as_of)
    there = deals[(deals["status"] == "open") & ~(deals["opened_at"] >= moment) & deals["amount"].notna()]
    place = positions_of(there["lead_id"], found.histories.lead_ids[found.open])
    amounts = np.zeros(len(found.open))
    np.add.at(amounts, place[place >= 0], there["amount"].to_numpy(np.float64)[place >= 0])
    usual = usual_value(asked, found)
    return np.where(amounts > 0, amounts, np.nan if usual is None else usual)


def usual_value(asked: Asked, found: Gathered) -> float | None:
    """`[policy] deal_value`, or the mean amount of deals won before the date; None where too few have one."""
    configured = asked.project.section("policy", PolicySettings).deal_value
    if configured is not None:
        return configured
    deals = found.tables.deals
    won = deals[(deals["status"] == "won") & (deals["closed_at"] < pd.Timestamp(asked.as_of))]
    amounts = np.sort(won["amount"].dropna().to_numpy(np.float64))
    return float(amounts.mean()) if len(amounts) >= LEAST_DEALS else None


def priorities(propensity: Floats, values: Floats, contact: Sequence[str | None]) -> Floats:
    """Expected worth of each open lead: propensity times worth of a win, half of it outside the contact window.

    Where no amounts are known, the propensity alone.
    """
    worth = np.where(np.isnan(values), 1.0, values)
    outside = np.isin(np.array(contact, object), OUTSIDE)
    return propensity * worth * np.where(outside, OUT_OF_WINDOW_WEIGHT, 1.0)
