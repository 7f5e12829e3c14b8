"""Routing of a project's leads as of a time: read from the stage events, decided, and written to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.attribute_points import attribute_column
from features.fit import word_of
from features.routing_settings import RoutingSettings
from features.tables import Tables
from serving.language.plain_text import one_line
from serving.lifecycle.events import StageEvent, events_table
from serving.lifecycle.history import Process, all_events
from serving.lifecycle.log import append, read_log, writing
from serving.lifecycle.replay import replay, states
from serving.routing.assign import Books, Given, Routed, Waiting, route

ACTOR = "routing"
NO_RANK = (-1.0, 0.0)
WORKED = ("sal", "sql", "opportunity")
JUST_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Night:
    """Where leads are routed, by what settings, as of when; `clock` is the command's now."""

    process: Process
    settings: RoutingSettings
    as_of: datetime
    clock: datetime


def route_leads(night: Night, tables: Tables, *, write: bool = True) -> Routed:
    """Route every lead that waits, and add a `reassign` event for each to the stage log.

    Whoever was routed once stays with the rep, also when an earlier date is routed later.

    Raises:
        OverlapError: another run writes the log.
        SinkError: the log cannot be written.
    """
    if not write:
        return _decided(night, tables)[0]
    with writing(night.process.folder):
        found, standing = _decided(night, tables)
        stages = dict(zip(standing["lead_id"], standing["stage"], strict=True))
        append(night.process.folder, events_table(_event(night, one, stages[one.lead_id]) for one in found.given))
    return found


def _decided(night: Night, tables: Tables) -> tuple[Routed, pd.DataFrame]:
    log = read_log(night.process.folder)
    own = _own(log)
    found = _owned(night, tables, own)
    books = _books(found, tables.leads.set_index("lead_id")["account_id"], own, night.settings)
    return route(_waiting(night, found, tables, log), books, night.settings), found


def _own(log: pa.Table) -> pd.DataFrame:
    """What routing did so far, oldest first: lead_id, owner, at."""
    mine = pc.fill_null(pc.equal(log["actor"].cast(pa.string()), ACTOR), fill_value=False)
    frame = log.filter(mine).select(["lead_id", "owner", "at"]).to_pandas()
    return frame.astype({"lead_id": "str", "owner": "str"}).sort_values("at", kind="stable", ignore_index=True)


def _owned(night: Night, tables: Tables, own: pd.DataFrame) -> pd.DataFrame:
    """States of all leads with `rep`, who has the lead, and `elsewhere`: a person gave it to somebody who is no rep.

    Who counts: whom a person named; the owner of the CRM, where owners are kept; whom routing named, at any date.
    """
    timeline = replay(all_events(night.process, tables), night.as_of)
    found = states(timeline).to_pandas()
    at = timeline.owner[timeline.start[1:] - 1]
    by = timeline.events["by"].cast(pa.string()).combine_chunks().take(pa.array(at, mask=at < 0)).to_pandas()
    owner = found["owner"].astype(object)
    of_crm = owner.where(by == "record", found["lead_id"].map(tables.leads.set_index("lead_id")["owner"]))
    reps = list(night.settings.reps)
    named = owner.where(by.isin(["person", "rule"]))
    kept = of_crm if night.settings.keep_owner else of_crm.where(False)
    routed = found["lead_id"].map(own.drop_duplicates("lead_id", keep="last").set_index("lead_id")["owner"])
    candidates = [series.where(series.isin(reps)).astype(object) for series in (named, kept, routed)]
    found["rep"] = candidates[0].combine_first(candidates[1]).combine_first(candidates[2])
    found["elsewhere"] = (by == "person") & owner.notna() & ~owner.isin(reps)
    return found


def _books(found: pd.DataFrame, account: pd.Series, own: pd.DataFrame, settings: RoutingSettings) -> Books:
    mine = found["rep"].notna() & ~found["elsewhere"]
    worked = found[mine & found["stage"].isin([*WORKED, *settings.stages])]
    accounts = worked.assign(account=worked["lead_id"].map(account)).dropna(subset="account")
    first = accounts.sort_values(["since", "lead_id"]).drop_duplicates("account")
    return Books(
        load={str(rep): int(n) for rep, n in worked["rep"].value_counts().items()},
        of_account=dict(zip(first["account"].astype(str), first["rep"].astype(str), strict=True)),
        turns=tuple(own["owner"]),
    )


def _waiting(night: Night, found: pd.DataFrame, tables: Tables, log: pa.Table) -> list[Waiting]:
    """Leads of the routed stages that nobody of the reps has, that may be contacted and are not snoozed."""
    free = found["stage"].isin(list(night.settings.stages)) & found["rep"].isna() & ~found["elsewhere"]
    asleep = found["snoozed_until"] > night.as_of
    chosen = found.loc[free & ~found["do_not_contact"] & ~asleep, "lead_id"]
    leads = tables.leads
    frame = pd.DataFrame({"account": leads["account_id"].to_numpy(object)}, index=pd.Index(leads["lead_id"]))
    for name, column in (("territory", night.settings.territory), ("skill", night.settings.skill)):
        cells = attribute_column(leads.reset_index(drop=True), tables.accounts, column)
        frame[name] = None if cells is None else cells.map(word_of, na_action="ignore").to_numpy(object)
    ranks = _ranks(log, night.as_of)
    rows = frame.reindex(chosen).itertuples(name=None)
    return [
        Waiting(
            str(lead),
            account if isinstance(account, str) else None,
            _text(territory),
            _text(skill),
            ranks.get(str(lead), NO_RANK),
        )
        for lead, account, territory, skill in rows
    ]


def _text(cell: object) -> str | None:
    return one_line(cell) if isinstance(cell, str) else None


def _ranks(log: pa.Table, as_of: datetime) -> Mapping[str, tuple[float, float]]:
    """The last propensity (−1: none) and points in each lead's events before the date."""
    rows = log.select(["lead_id", "at", "propensity", "points"]).to_pandas()
    last = rows[rows["at"] < as_of].sort_values("at", kind="stable").groupby("lead_id")[["propensity", "points"]].last()
    filled = last.fillna({"propensity": -1.0, "points": 0.0})
    return dict(zip(filled.index.astype(str), filled.itertuples(index=False, name=None), strict=True))


def _event(night: Night, given: Given, stage: str) -> StageEvent:
    return StageEvent(
        given.lead_id,
        night.as_of - JUST_BEFORE,
        "reassign",
        from_stage=stage,  # type: ignore[arg-type]
        by="rule",
        actor=ACTOR,
        reason=given.reason,
        owner=given.rep,
        recorded_at=night.clock,
    )


def given_to(events: pa.Table, ids: tuple[str, ...], as_of: datetime) -> StageEvent | None:
    """The last event before the date that gave a lead (with all ids it goes by) to a rep."""
    from serving.lifecycle.events import events_of
    from serving.lifecycle.replay import events_before

    known = events_before(events, as_of)
    own = pc.and_(pc.is_in(known["lead_id"], pa.array(ids)), pc.equal(known["actor"].cast(pa.string()), ACTOR))
    found = events_of(known.filter(pc.fill_null(own, fill_value=False)))
    return max(found, key=lambda event: event.at or as_of, default=None)
