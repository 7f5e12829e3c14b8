"""When each lead first reached each stage, as far as tables tell: from points, decisions, assessments and deals.

A lead that reached a later stage has reached the earlier ones by then, also where nobody wrote that down.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.attribute_points import attribute_points, tracked_fields
from features.deals import DealsOfAccount, deals_by_lead
from features.histories import Histories
from features.identifiers import positions_of
from features.points import points_as_of
from features.project import Project
from features.qualification import bant, evidence_as_of
from features.snapshots import Snapshots
from features.tables import Tables
from features.times import microseconds
from features.windows import NEVER, Ints

STAGES = ("lead", "mql", "sal", "sql", "opportunity", "won")
LEAD, MQL, SAL, SQL, OPPORTUNITY, WON = range(len(STAGES))
NOT_YET = 2**62
"""Later than everything: the time of what has not happened."""
ACCEPTED = ("accept", "accepted")


@dataclass(frozen=True, slots=True)
class Reached:
    """Per lead and stage (columns of `STAGES`) when it was first reached, microseconds; `NOT_YET` where it was not.

    Only leads created before `as_of`: `lead` numbers them in the histories. `own` tells by stage how many leads have
    an entry of their own, before later stages stand in.
    """

    lead: Ints
    time: Ints
    as_of: int
    own: tuple[int, ...]

    def take(self, keep: Ints) -> "Reached":
        """The chosen leads."""
        return replace(self, lead=self.lead[keep], time=self.time[keep])


def reached(project: Project, tables: Tables, histories: Histories, of_account: DealsOfAccount, as_of: int) -> Reached:
    """Stages reached before `as_of` (microseconds), from rows dated before it alone.

    *mql*: points reached their threshold. *sal*: sales accepted. *sql*: accepted, and BANT as in `[rules]` was met
    (without decisions: BANT alone). *opportunity*: a deal was opened. *won*: one was won.
    """
    return reached_of(own_times(project, tables, histories, of_account, as_of), histories.created, as_of)


def own_times(project: Project, tables: Tables, histories: Histories, of_account: DealsOfAccount, as_of: int) -> Ints:
    """When each lead first reached each stage by its own entries, (leads, stages); `NOT_YET` without one."""
    deals = deals_by_lead(tables, of_account)
    accepted = _first(tables.decisions[_accepting(tables.decisions)], "decided_at", histories, as_of)
    qualified = _qualified(project, tables, histories, as_of)
    opened = deals.assign(opened_at=deals["opened_at"].fillna(deals["closed_at"].where(deals["status"] != "open")))
    own = [
        np.where(histories.created < as_of, histories.created, NOT_YET),
        _marketing_qualified(project, tables, histories, as_of),
        accepted,
        np.maximum(qualified, accepted) if len(tables.decisions) else qualified,
        _first(opened, "opened_at", histories, as_of),
        _first(deals[deals["status"] == "won"], "closed_at", histories, as_of),
    ]
    return np.stack(own, axis=1)


def reached_of(own: Ints, created: Ints, as_of: int) -> Reached:
    """Stages from the first time of each (leads, stages), `NOT_YET` where there is none before `as_of`."""
    lead = np.flatnonzero((created != NEVER) & (created < as_of))
    own = own[lead]
    filled = np.minimum.accumulate(own[:, ::-1], axis=1)[:, ::-1]
    time = np.maximum(filled, created[lead][:, None])
    counts = tuple(int((own[:, stage] < NOT_YET).sum()) for stage in range(len(STAGES)))
    return Reached(lead, time, as_of, counts)


def _accepting(decisions: pd.DataFrame) -> pd.Series:
    return decisions["decision"].astype(object).str.lower().isin(ACCEPTED)


def _first(rows: pd.DataFrame, column: str, histories: Histories, as_of: int) -> Ints:
    """Each lead's first time in a column before `as_of`."""
    lead, time = positions_of(rows["lead_id"], histories.lead_ids), microseconds(rows[column])
    known = (lead >= 0) & (time != NEVER) & (time < as_of)
    return _earliest(lead[known], time[known], len(histories.lead_ids))


def _earliest(lead: Ints, time: Ints, n: int) -> Ints:
    first = np.full(n, NOT_YET, np.int64)
    np.minimum.at(first, lead, time)
    return first


def _marketing_qualified(project: Project, tables: Tables, histories: Histories, as_of: int) -> Ints:
    """When points first reached their threshold: they rise with interactions, and may be there from the beginning."""
    log = histories.by_lead
    seen = log.time < as_of
    lead = np.concatenate([np.arange(len(histories.created)), log.owner[seen]])
    time = np.concatenate([histories.created - 1, log.time[seen]])
    order = np.lexsort((time, lead))
    just_after = Snapshots(lead[order], time[order] + 1)
    tracked = tracked_fields(tables.lead_changes)
    attributes = attribute_points(histories.leads, tables, project.points, tracked)
    points = points_as_of(histories, just_after, project.points, attributes)
    there = points >= project.points.threshold
    return _earliest(just_after.lead[there], just_after.as_of[there] - 1, len(histories.created))


def _qualified(project: Project, tables: Tables, histories: Histories, as_of: int) -> Ints:
    """When BANT was first met: it changes for the better with assessments only."""
    rows = tables.assessments
    lead, time = positions_of(rows["lead_id"], histories.lead_ids), microseconds(rows["assessed_at"])
    known = (lead >= 0) & (time != NEVER) & (time < as_of)
    order = np.lexsort((time[known], lead[known]))
    just_after = Snapshots(lead[known][order].astype(np.int64), time[known][order] + 1)
    met = bant(evidence_as_of(histories, rows, just_after, project.rules.criteria), project.rules).qualified
    return _earliest(just_after.lead[met], just_after.as_of[met] - 1, len(histories.created))
