"""Scores made anew between two publications: the leads of accounts whose interactions arrived, as of now.

The functions are those of the nightly publication on the tables of these accounts alone; no number depends on any
other account, so a lead that is scored anew has the numbers that a whole publication would give it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.attribute_points import attribute_points
from features.build import build_features
from features.cells import EPOCH, MICROSECOND, instant
from features.histories import Histories, build_histories
from features.identifiers import positions_of
from features.points import points_as_of
from features.project import Project
from features.qualification import bant, evidence_as_of
from features.snapshots import Snapshots
from features.tables import Tables, tables_from_frames
from serving.live.account_history import TABLES, AccountHistory, unpacked
from serving.publish.gathered import STATES, contact_flags, criteria_codes
from serving.publish.kept_reasons import kept_reasons
from serving.publish.lead_rows import agreements
from serving.publish.money import priorities
from serving.render import VERSION_LENGTH, band_of
from serving.scoring import Scores, score_rows
from serving.scoring_rows import RULES, ScoringRows
from serving.store.connection import Store
from serving.store.interactions import arrived_at, packed_histories
from serving.store.publications import current
from serving.store.scores import OpenLead, open_leads_of, write_scores
from training.bundle import Bundle

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scorer:
    """What scores: a project and its bundle."""

    project: Project
    bundle: Bundle


def rescore(store: Store, scorer: Scorer, keys: Sequence[str], now: int) -> list[str]:
    """Score the open leads of some accounts anew with everything that arrived; ids of those that were.

    They are scored as of `now` (microseconds), or as of just after an interaction whose clock is a little ahead.
    """
    with store.reading() as connection:
        publication = current(connection)
        if publication is None:
            return []
        leads = open_leads_of(connection, publication.id, keys)
        packed = packed_histories(connection, publication.id, [lead.account_key for lead in leads])
        arrived = arrived_at(connection, packed)
    if not leads:
        return []
    histories = {key: unpacked(one).with_interactions(arrived.get(key, ())) for key, one in packed.items()}
    as_of = {key: max(now, _newest(rows) + 1) for key, rows in arrived.items()}
    rows = scored_rows(scorer, list(histories.values()), leads, {key: as_of.get(key, now) for key in packed})
    with store.writing() as connection:
        return write_scores(connection, publication.id, [{**row, "scored_at": now} for row in rows])


def _newest(rows: Sequence[Mapping[str, Any]]) -> int:
    return max(instant(row["occurred_at"]) for row in rows)


def scored_rows(
    scorer: Scorer, histories: Sequence[AccountHistory], leads: Sequence[OpenLead], as_of: Mapping[str, int]
) -> list[Row]:
    """The scored columns of the table `lead` for some leads, in their order; `as_of` by account in microseconds."""
    bundle = scorer.bundle
    tables = tables_of(histories, EPOCH + max(as_of.values()) * MICROSECOND)
    known = build_histories(tables, bundle.catalog.hygiene)
    number = positions_of(pd.Series([lead.lead_id for lead in leads], dtype="str"), known.lead_ids)
    order = np.argsort(number, kind="stable")
    ordered = [leads[place] for place in order.tolist()]
    snapshots = Snapshots(number[order], np.array([as_of[lead.account_key] for lead in ordered], np.int64))
    scores = score_rows(bundle, _scoring_rows(bundle, known, tables, snapshots), bundle.policy.max_reasons, threads=1)
    rows = _rows(scorer, scores, criteria_codes(bundle, known, tables, snapshots), ordered)
    contact = contact_flags(scorer.project, bundle, tables, known, snapshots).to_pylist()
    values = np.array([np.nan if lead.value is None else lead.value for lead in ordered])
    priority = priorities(scores.propensity, values, contact).tolist()
    for row, flag, worth in zip(rows, contact, priority, strict=True):
        row |= {"contact": flag, "priority": worth}
    return [rows[place] for place in np.argsort(order).tolist()]


def tables_of(histories: Sequence[AccountHistory], end: datetime) -> Tables:
    """Accounts as canonical tables."""
    frames = {name: pd.DataFrame([row for one in histories for row in getattr(one, name)]) for name in TABLES}
    frames["accounts"] = pd.DataFrame([one.account for one in histories if one.account is not None])
    return tables_from_frames(end, **{name: frame for name, frame in frames.items() if len(frame)})


def _scoring_rows(bundle: Bundle, histories: Histories, tables: Tables, snapshots: Snapshots) -> ScoringRows:
    policy = bundle.policy
    table = build_features(histories, tables, snapshots, bundle.catalog, threads=1)
    verdict = bant(evidence_as_of(histories, tables.assessments, snapshots, policy.rules.criteria), policy.rules)
    attributes = attribute_points(histories.leads, tables, policy.points, policy.tracked)
    rules = [
        pa.array(verdict.met),
        pa.array(verdict.qualified),
        pa.array(points_as_of(histories, snapshots, policy.points, attributes)),
        pa.nulls(len(snapshots), pa.string()),
    ]
    lead_id = pa.array(histories.lead_ids[snapshots.lead], pa.large_string())
    return ScoringRows(lead_id, snapshots.as_of, table.values, pa.table(rules, schema=RULES))


def _rows(scorer: Scorer, scores: Scores, criteria: np.ndarray, leads: Sequence[OpenLead]) -> list[Row]:
    bundle = scorer.bundle
    rules = {name: scores.rules[name].to_pylist() for name in ("points", "bant_met", "bant_qualified")}
    columns = {
        "as_of": scores.as_of.tolist(),
        "score": scores.score.tolist(),
        "band": band_of(scores.score, bundle.policy.bands).to_pylist(),
        "propensity": scores.propensity.tolist(),
        "propensity_low": scores.low.tolist(),
        "propensity_high": scores.high.tolist(),
        "familiar": scores.familiar.tolist(),
        "sales_qualified": scores.qualified.tolist(),
        **rules,
        "agreement": agreements(bundle.policy.rules, criteria, scores.qualified, rules["bant_qualified"]),
        "criteria": [_criteria(bundle, codes) for codes in criteria.tolist()],
        "reasons": [kept_reasons(scores, n, bundle.catalog.names) for n in range(len(scores))],
    }
    same = {"model_version": bundle.version[:VERSION_LENGTH]}
    return [
        {"lead_id": lead.lead_id, **same, **{name: values[n] for name, values in columns.items()}}
        for n, lead in enumerate(leads)
    ]


def _criteria(bundle: Bundle, codes: Sequence[int]) -> str:
    said = {name: STATES[code] for name, code in zip(bundle.policy.rules.criteria, codes, strict=True)}
    return json.dumps(said, separators=(",", ":"))
