"""The buying team of a lead's account (row M24): wanted roles that its leads cover, and those that nobody fills."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from features.attribute_points import tracked_fields
from features.cells import instant
from features.histories import ordered_leads
from features.snapshots import Snapshots
from features.tables import Tables
from features.team import missing_roles, recorded_roles, role_counts, roles_at, roles_covered
from features.team_settings import TeamSettings
from features.times import microseconds
from features.titles import Role


@dataclass(frozen=True, slots=True)
class TeamAdvice:
    """How many of the wanted roles the account's leads cover as of a date, and which are missing."""

    covered: int
    wanted: int
    missing: tuple[Role, ...]


def team_advice(team: TeamSettings, tables: Tables, lead_id: str, as_of: datetime) -> TeamAdvice | None:
    """The team of the lead's account; None where the lead has no account, or nobody a title.

    `tables` may be cut to the lead's account. Leads created after `as_of` are not known yet.
    """
    leads, account, _ = ordered_leads(tables.leads)
    number = int(np.flatnonzero(leads["lead_id"] == lead_id)[0])
    roles = recorded_roles(leads, tables, tracked_fields(tables.lead_changes))
    if roles is None or pd.isna(leads["account_id"].iloc[number]):
        return None
    moment = instant(as_of)
    members = np.flatnonzero((account == account[number]) & (microseconds(leads["created_at"]) <= moment))
    places = roles_at(roles, Snapshots(members, np.full(len(members), moment)))
    counts = role_counts(np.zeros(len(places), np.int64), places, 1)
    return TeamAdvice(int(roles_covered(counts, team.roles)[0]), len(team.roles), missing_roles(counts[0], team.roles))
