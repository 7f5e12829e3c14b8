"""Open leads on which model and framework disagree, with the reasons of both sides, as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.frameworks.statement import CriterionStatement, Evidence, Language, Statement, statements_of
from features.frameworks.table import Asked, Gathered, Part
from features.frameworks.verdict import (
    MET,
    NOT_MET,
    OUTCOMES,
    UNKNOWN,
    Outcome,
    Verdicts,
    judge_all,
    sight_of,
)
from features.windows import Ints
from serving.agreement.scored import NO, NOT_SCORED, YES, Scored, Side, rows_of
from serving.reasons import OTHER_GROUP, START_GROUP
from serving.scoring_rows import MOMENT, one_array
from serving.sinks import REASON

Disagreement = Literal["model_only", "framework_only", "ask"]
DISAGREEMENTS: tuple[Disagreement, ...] = ("model_only", "framework_only", "ask")
AGREED = -1
MOST_REASONS = 3
EVIDENCE = pa.struct(
    [("source", pa.string()), ("what", pa.string()), ("grade", pa.float64()), ("at", MOMENT), ("note", pa.string())]
)
CRITERION = pa.struct(
    [
        ("name", pa.string()),
        ("label", pa.string()),
        ("state", pa.string()),
        ("required", pa.bool_()),
        ("grade", pa.float64()),
        ("question", pa.string()),
        ("evidence", pa.list_(EVIDENCE)),
    ]
)
RULES_SAY = pa.schema(
    [
        ("lead_id", pa.string()),
        ("framework", pa.string()),
        ("disagreement", pa.string()),
        ("outcome", pa.string()),
        ("met", pa.int64()),
        ("needed", pa.int64()),
        ("framework_score", pa.float64()),
        ("criteria", pa.list_(CRITERION)),
    ]
)
SCHEMA = pa.schema(
    [
        *(RULES_SAY.field(name) for name in ("lead_id", "framework", "disagreement")),
        ("as_of", MOMENT),
        ("sales_qualified", pa.bool_()),
        ("propensity", pa.float64()),
        ("score", pa.int64()),
        ("band", pa.string()),
        ("reasons", pa.list_(REASON)),
        *(RULES_SAY.field(name) for name in ("outcome", "met", "needed", "framework_score", "criteria")),
        ("model_version", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Open leads by the model's class (yes, no) and a framework's verdict (`OUTCOMES`)."""

    yes: Mapping[Outcome, int]
    no: Mapping[Outcome, int]

    @property
    def leads(self) -> int:
        """All of them."""
        return sum(self.yes.values()) + sum(self.no.values())


@dataclass(frozen=True, slots=True)
class Compared:
    """Counts by framework, and the leads on which model and framework disagree, columns `SCHEMA`."""

    counts: Mapping[str, Counts]
    table: pa.Table


def kinds_of(side: Side, verdicts: Verdicts) -> Ints:
    """Place in `DISAGREEMENTS` per lead, or `AGREED`; unknown is never no: it is something to ask."""
    outcome = verdicts.outcome
    yes = side == YES
    cases = [yes & (outcome == NOT_MET), (side == NO) & (outcome == MET), yes & (outcome == UNKNOWN)]
    return np.select(cases, [0, 1, 2], AGREED)


def compare(found: Gathered, scored: Scored, language: Language) -> Compared:
    """All open leads that were scored, each under every framework; the table has the strongest cases first."""
    side = scored.sides(found.histories.lead_ids[found.asked.snapshots.lead])
    tables, cells = [RULES_SAY.empty_table()], dict.fromkeys(found.asked.frameworks, np.zeros((2, 3), np.int64))

    def look(part: Part) -> tuple[dict[str, Ints], pa.Table]:
        ids = found.histories.lead_ids[found.asked.snapshots.lead[part.rows]]
        return _of_part(found.asked, part, (ids, side[part.rows]), language)

    for _, (counted, table) in found.look(look):
        cells = {name: cells[name] + counted[name] for name in cells}
        tables.append(table)
    counts = {name: _counts(of_one) for name, of_one in cells.items()}
    return Compared(counts, _with_model(pa.concat_tables(tables), scored, tuple(counts)))


def _counts(cells: Ints) -> Counts:
    yes, no = (dict(zip(OUTCOMES, row, strict=True)) for row in (cells[YES].tolist(), cells[NO].tolist()))
    return Counts(yes, no)


def _of_part(asked: Asked, part: Part, leads: tuple[Any, Side], language: Language) -> tuple[dict[str, Ints], pa.Table]:
    """Cells by framework (model no and yes, outcomes) of the scored leads of a part, and who disagrees."""
    ids, side = leads
    scored = side != NOT_SCORED
    here, ids, side = part.snapshots.take(scored), ids[scored], side[scored]
    judgement = judge_all(part.block, part.facts, here, asked.frameworks, asked.points, part.threads)
    cells, rows = {}, []
    for name, framework in asked.frameworks.items():
        verdicts = judgement.verdicts[name]
        cells[name] = np.bincount(side * 3 + verdicts.outcome + 1, minlength=6).reshape(2, 3)
        kind = kinds_of(side, verdicts)
        chosen = np.flatnonzero(kind != AGREED)
        sight = sight_of(part.block, part.facts, here.take(chosen), {name: framework}, asked.points)
        said = statements_of(sight, name, framework, verdicts.take(chosen), language)
        rows += [_row(*one) for one in zip(ids[chosen], kind[chosen], said, strict=True)]
    return cells, pa.Table.from_pylist(rows, schema=RULES_SAY)


def _row(lead_id: str, kind: int, said: Statement) -> dict[str, Any]:
    return {
        "lead_id": lead_id,
        "framework": said.framework,
        "disagreement": DISAGREEMENTS[kind],
        "outcome": said.outcome,
        "met": said.met,
        "needed": said.needed,
        "framework_score": said.score,
        "criteria": [_criterion(one) for one in said.criteria],
    }


def _criterion(one: CriterionStatement) -> dict[str, Any]:
    names = ("name", "label", "state", "required", "grade", "question")
    return {name: getattr(one, name) for name in names} | {"evidence": [_evidence(piece) for piece in one.evidence]}


def _evidence(piece: Evidence) -> dict[str, Any]:
    return {name: getattr(piece, name) for name in ("source", "what", "grade", "at", "note")}


def _with_model(rules: pa.Table, scored: Scored, frameworks: tuple[str, ...]) -> pa.Table:
    """The rows with what the model said of the lead, ordered by framework, kind, propensity and lead."""
    said = scored.said_of(pc.unique(rules["lead_id"]))
    said = said.set_column(said.column_names.index("reasons"), SCHEMA.field("reasons"), _strongest(said["reasons"]))
    place = rows_of(one_array(said["lead_id"]), one_array(rules["lead_id"]))
    joined = rules
    for name in ("as_of", "sales_qualified", "propensity", "score", "band", "reasons", "model_version"):
        joined = joined.append_column(name, said[name].take(pa.array(place)))
    keys = {
        "first": pc.index_in(rules["framework"], value_set=pa.array(frameworks, pa.string())),
        "then": pc.index_in(rules["disagreement"], value_set=pa.array(DISAGREEMENTS)),
        "likely": joined["propensity"],
        "lead_id": rules["lead_id"],
    }
    by = [("first", "ascending"), ("then", "ascending"), ("likely", "descending"), ("lead_id", "ascending")]
    return joined.take(pc.sort_indices(pa.table(keys), sort_keys=by)).select(SCHEMA.names).cast(SCHEMA)


def _strongest(reasons: pa.ChunkedArray) -> pa.Array:
    """The strongest reasons of each lead: its features with the most points, as they stand in the score table."""
    named = ([one for one in of or () if one["group"] not in (START_GROUP, OTHER_GROUP)] for of in reasons.to_pylist())
    return pa.array([of[:MOST_REASONS] for of in named], pa.list_(REASON))
