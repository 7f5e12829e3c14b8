"""The night: what rules and model make of every lead as of a time, as new events of the log.

A move made as of T rests on what was known before T, so it is dated one microsecond before T: the state as of T has it,
and the day it belongs to is the day whose events it rests on.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from features.cells import instant
from features.frameworks.verdict import OUTCOMES
from features.identifiers import positions_of
from features.rule_settings import PointSettings
from features.stage_settings import StageSettings
from features.tables import Tables
from features.windows import NEVER, Bools, Ints
from serving.lifecycle.contacts import verified
from serving.lifecycle.events import EVENTS, MOMENT, filled
from serving.lifecycle.evidence import GATES, Seen, gates_open, met
from serving.lifecycle.machine import STAGES
from serving.lifecycle.merges import renamed, survivors_in
from serving.lifecycle.replay import codes, moments, state_at, times
from serving.lifecycle.rules import Judged, Moved, Standing, moves, reaches

MICROSECOND = 1
ACTOR = "ripelead"


@dataclass(frozen=True, slots=True)
class Night:
    """As of when leads are moved, by what settings; `recorded_at` is the command's now.

    `policy`: what the moves depend on besides evidence, as a short name in each event.
    """

    as_of: datetime
    settings: StageSettings
    points: PointSettings
    recorded_at: datetime

    @property
    def policy(self) -> str:
        """A short name of the settings."""
        said = self.settings.model_dump_json() + self.points.model_dump_json()
        return hashlib.sha256(said.encode()).hexdigest()[:12]


def new_events(night: Night, seen: Seen, events: pa.Table, tables: Tables) -> pa.Table:
    """The moves of a night as events (columns `EVENTS`), given all `events` so far; none when they are there already.

    Events at or after the night's date are not looked at.
    """
    standing = standing_of(seen.lead_id, events, night.as_of)
    judged = judged_of(seen, night)
    as_of = instant(night.as_of)
    made = list(moves(standing, judged, night.settings, as_of))
    if night.settings.contact_verified:
        judged = replace(judged, reachable=~_unverified(made, seen.lead_id, tables, night.settings))
        made = list(moves(standing, judged, night.settings, as_of))
    return pa.concat_tables([_events(night, seen, one) for one in made]) if made else EVENTS.empty_table()


def standing_of(lead_id: pa.Array, events: pa.Table, as_of: datetime) -> Standing:
    """Where each lead stands before `as_of`.

    One that was merged into another stands where the other one does and is left alone: the other one moves.
    """
    states, into = state_at(events, as_of), survivors_in(events, as_of)
    at = positions_of(renamed(lead_id, into), states["lead_id"].combine_chunks())
    merged = positions_of(lead_id, pa.array(list(into), pa.string())) >= 0
    silent = np.asarray(states["do_not_contact"].to_numpy()) | (moments(states["snoozed_until"]) > instant(as_of))
    # A lead without events is a lead, from the beginning.
    return Standing(
        stage=np.append(codes(states["stage"], STAGES), np.int8(0))[at],
        until=np.append(moments(states["until"]), NEVER)[at],
        left_alone=np.append(silent, False)[at] | merged,
    )


def judged_of(seen: Seen, night: Night) -> Judged:
    """What is known of the leads, as the moves ask for it; what was not asked for is False, and gates are open."""
    settings, n = night.settings, len(seen.lead_id)
    nothing = np.zeros(n, np.bool_)
    by_name = {name: met(verdict) for name, verdict in seen.verdicts.items()}
    gates = gates_open(seen.verdicts[GATES].states, settings.gates_when_unknown) if settings.gates else ~nothing
    scored = seen.scored
    model = nothing if scored is None else scored.qualified
    model_sql = model if scored is None or settings.sql_score is None else reaches(scored.score, settings.sql_score)
    return Judged(
        points=reaches(seen.points, night.points.threshold),
        model=model,
        model_sql=model_sql,
        sal=by_name.get(settings.sal_framework, nothing),
        sql=by_name.get(settings.sql_framework, nothing),
        gates=gates,
        reachable=~nothing,
    )


def counted(events: pa.Table) -> Mapping[str, int]:
    """How many events there are by what they do, such as `lead → mql`."""
    pairs = zip(events["from_stage"].to_pylist(), events["to_stage"].to_pylist(), strict=True)
    found: dict[str, int] = {}
    for before, after in pairs:
        found[f"{before} → {after}"] = found.get(f"{before} → {after}", 0) + 1
    return found


def _unverified(made: Sequence[Moved], lead_id: pa.Array, tables: Tables, settings: StageSettings) -> Bools:
    """Leads that would be handed over, but whose contact data could not reach a person."""
    rows = np.concatenate([np.zeros(0, np.int64), *(one.rows for one in made if one.after == "sql")])
    refused = np.zeros(len(lead_id), np.bool_)
    refused[rows] = ~verified(lead_id.take(pa.array(rows)), tables.leads, settings)
    return refused


def _events(night: Night, seen: Seen, moved: Moved) -> pa.Table:
    n, rows = len(moved.rows), pa.array(moved.rows)
    at = np.full(n, instant(night.as_of) - MICROSECOND)
    columns = {
        "lead_id": seen.lead_id.take(rows),
        "at": times(at),
        "action": _same(moved.action, n),
        "from_stage": _same(moved.before, n),
        "to_stage": _same(moved.after, n),
        "by": _same(moved.by, n),
        "actor": _same(ACTOR, n),
        "reason": _same(_reason(night.settings, moved), n),
        "policy_version": _same(night.policy, n),
        "recorded_at": pa.repeat(pa.scalar(night.recorded_at, MOMENT), n),
        **_known(seen, moved.rows),
        **_verdict(night.settings, seen, moved),
    }
    return filled(columns, n)


def _reason(settings: StageSettings, moved: Moved) -> str:
    if moved.action == "resume":
        return f"{moved.before} is over"
    rule = {"mql": "points reach the threshold"}.get(moved.after) or (
        f"{settings.sal_framework if moved.after == 'sal' else settings.sql_framework} is met"
    )
    by_score = moved.after == "sql" and settings.sql_score is not None
    model = f"score reaches {settings.sql_score}" if by_score else "the model's class is sales qualified"
    return {"rule": rule, "model": model}.get(moved.by, f"{rule}, and {model}")


def _known(seen: Seen, rows: Ints) -> dict[str, pa.Array]:
    """Numbers of the night beside the event."""
    found = {"points": pa.array(seen.points[rows], from_pandas=True)}
    if seen.scored is not None:
        found["score"] = pa.array(seen.scored.score[rows], from_pandas=True).cast(pa.int64())
        found["propensity"] = pa.array(seen.scored.propensity[rows], from_pandas=True)
        found["model_version"] = _same(seen.scored.version, len(rows))
    return found


def _verdict(settings: StageSettings, seen: Seen, moved: Moved) -> dict[str, pa.Array]:
    """The framework behind the move, else the gates it passed, with what is known of each criterion."""
    asked = {"sal": settings.sal_framework, "sql": settings.sql_framework}
    if moved.after not in asked:
        return {}
    name = asked[moved.after] if asked[moved.after] in seen.verdicts else GATES
    if name not in seen.verdicts:
        return {}
    verdict, rows = seen.verdicts[name], pa.array(moved.rows)
    outcome = pa.array(verdict.outcome.astype(np.int32) + 1)
    words = pa.DictionaryArray.from_arrays(outcome, pa.array([o.replace("_", " ") for o in OUTCOMES], pa.string()))
    return {
        "framework": _same(name, len(rows)),
        "verdict": words.take(rows),
        "evidence": verdict.said().take(rows),
    }


def _same(word: str, n: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array([word], pa.string()))
