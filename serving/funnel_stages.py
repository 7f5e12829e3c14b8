"""Stages for the funnel: what the stage log holds goes before what points and assessments tell."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.histories import Histories
from features.identifiers import positions_of
from features.windows import Bools, Ints
from serving.lifecycle.events import MOMENT
from serving.lifecycle.machine import STAGES as MACHINE
from serving.lifecycle.merges import survivors_in
from serving.lifecycle.replay import codes, moments, transitions
from training.funnel.reached import NOT_YET, STAGES, Reached, own_times, reached_of
from training.funnel.run import EPOCH, Ground


def reached_with(ground: Ground, events: pa.Table, as_of: int) -> Reached:
    """Stages reached before `as_of` (microseconds); `events` are stage events, columns `EVENTS`.

    A lead that the events move to a stage reached it when they first did. Leads that were merged into another are left
    out: the one that goes on has their history.
    """
    own = own_times(ground.project, ground.tables, ground.histories, ground.settings.label.deals_of_account, as_of)
    known, gone = first_times(events, ground.histories, as_of)
    created = np.where(gone, NOT_YET, ground.histories.created)
    return reached_of(np.where(known < NOT_YET, known, own), created, as_of)


def first_times(events: pa.Table, histories: Histories, as_of: int) -> tuple[Ints, Bools]:
    """When events first moved each lead to each stage of the funnel, and which leads were merged into others."""
    moment = EPOCH + timedelta(microseconds=as_of)
    moved = transitions(events, moment)
    first = np.full((len(histories.lead_ids), len(STAGES)), NOT_YET, np.int64)
    lead = positions_of(moved["lead_id"].to_pandas(), histories.lead_ids)
    stage, at = codes(moved["to_stage"], MACHINE), moments(moved["at"])
    for column, name in enumerate(STAGES[1:], start=1):
        here = (lead >= 0) & (stage == MACHINE.index(name))
        np.minimum.at(first[:, column], lead[here], at[here])
    merged = survivors_in(events.filter(pc.less(events["at"], pa.scalar(moment, MOMENT))))
    return first, np.isin(histories.lead_ids.astype(str), list(merged))
