"""One lead in words: why it is ripe or not, what the rules say, and what is missing."""

from datetime import datetime

import numpy as np
import pandas as pd

from features.histories import build_histories
from features.qualification import evidence_as_of
from features.snapshots import snapshots_at
from features.tables import Tables
from training.bundle import Bundle


def explanation(frame: pd.DataFrame, lead_id: str, tables: Tables, bundle: Bundle, as_of: datetime) -> str:
    """Text about one lead from its row of the score table; `frame` is empty when it is not open at that time."""
    if frame.empty:
        return f"{lead_id} is not an open lead as of {as_of:%Y-%m-%d %H:%M} UTC: created later, or already won or lost."
    row = frame.iloc[0]
    lines = [
        f"{lead_id}, as of {as_of:%Y-%m-%d %H:%M} UTC",
        f"Score {row.score} of 100 (band {row.band}); 50 is the average lead, 10 more double the odds.",
        f"Chance of converting: {row.propensity:.1%}. {_class(row.sales_qualified, bundle)}",
        f"Stage: {row.stage}. Points: {row.points:,.0f}.",
        "",
        "How the score adds up:",
        *(f"  {reason['points']:+4d}  {reason['sentence']}" for reason in row.reasons),
        f"  {row.score:4d}  score",
        "",
        *_bant_lines(lead_id, tables, bundle, as_of),
    ]
    if disagreement := _disagreement(bool(row.sales_qualified), bool(row.bant_qualified)):
        lines += ["", disagreement]
    return "\n".join(lines)


def _class(qualified: bool, bundle: Bundle) -> str:
    verdict = "Sales qualified" if qualified else "Not sales qualified yet"
    return f"{verdict} (the line is at {bundle.policy.threshold:.1%})."


def _bant_lines(lead_id: str, tables: Tables, bundle: Bundle, as_of: datetime) -> list[str]:
    histories = build_histories(tables)
    snapshots = snapshots_at(histories, as_of)
    rules = bundle.policy.rules
    wanted = snapshots.take(histories.lead_ids[snapshots.lead] == lead_id)
    evidence = evidence_as_of(histories, tables.assessments, wanted, rules.criteria)
    verdicts = [_criterion(name, evidence.met[0, i], evidence.age_days[0, i], rules.met_from, rules.max_age_days)
                for i, name in enumerate(rules.criteria)]  # fmt: skip
    return [f"Rules: {rules.at_least} of {len(rules.criteria)} are wanted.", *verdicts]


def _criterion(name: str, met: float, age_days: float, met_from: float, max_age_days: int | None) -> str:
    spoken = name.replace("_", " ")
    outdated = max_age_days is not None and age_days > max_age_days
    if np.isnan(met) or outdated:
        return f"  ?  {spoken}: {'last heard too long ago' if outdated else 'not known'}; ask about it"
    age = "" if np.isnan(age_days) else f", heard {age_days:.0f} days ago"
    return f"  {'✓' if met >= met_from else '✗'}  {spoken}: {'met' if met >= met_from else 'not met'}{age}"


def _disagreement(model: bool, rules: bool) -> str:
    if model == rules:
        return ""
    if model:
        return "Model and rules disagree: the model calls this lead ripe, the rules miss evidence."
    return "Model and rules disagree: the criteria are met, but such leads convert less often than the line asks."
