"""The model card: what the model is for, what it learned from, how well it did and for whom, and where it ends.

Sections follow Mitchell et al. 2019, "Model Cards for Model Reporting". The card is part of the bundle and hashed with
it, so it says nothing of what comes later: the gate and who is champion stand beside the bundle.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.windows import Ints
from training.evaluation import SYSTEMS, Estimate, SystemName
from training.examine import Examined, Finding
from training.model_kinds import sentence
from training.settings import TrainingSettings
from training.wording import count, number_range, percent, percent_range

NAMES: dict[SystemName, str] = {"model": "this recipe", "logistic": "logistic regression", "bant": "BANT",
                                "points": "points", "base_rate": "base rate for all"}  # fmt: skip
MOST_SEGMENTS = 40


def model_card(examined: Examined, findings: Sequence[Finding] = ()) -> str:
    """Markdown text of `card.md`."""
    project, settings, final = examined.project, examined.settings, examined.final
    return f"""# Lead propensity model of {project.project.name}

Predicts {target_in_words(settings)}, as a probability, for each open lead as of a date.

## Model
Gradient boosting (LightGBM): {final.trees} trees of depth at most {final.parameters["max_depth"]} on \
{len(final.trained.catalog.features)} features, with an affine calibration in log-odds. Reasons: exact Shapley \
values.{_kind(examined)}

## Intended use
- To order open leads for personal contact by sales, and to say why, beside the rules that sales knows.
- By people who can overrule it, on leads like those that it learned from.

## Not intended
- As the ground of any other decision about a person (credit, employment, prices, access).
- Without a person: to reject leads for good, or to leave them without an answer.
- For leads of another market, product or process than those below; for a win of another kind or horizon.
- To say what *brings a sale about*: reasons describe the model, not causes.

## Training data
{_lines(_training(examined))}

## Result on rows that the recipe had not seen
Measured with the model trained before the holdout; this bundle was refitted on all matured data afterwards. \
{_holdout(examined)} Intervals are 90 %, by lead.

{_systems(examined)}

{_lines(examined.evaluation.verdict.sentences or (examined.evaluation.verdict.headline,))}

## Calibration
{_lines(_calibration(examined))}

## For whom it works
{_segments(findings)}

## Limits
- It learned from leads that sales worked on in the past: who was never contacted could hardly convert, and what sales
  preferred then, it prefers now. A random share worked whatever its score (`[exploration]`) would show how much.
- {_share_classified(examined)}
- Attributes without a change history are as exported, which may be later than the date that is judged.
- A market, a price list or a CRM that changes makes it stale: retrain, and look at calibration by month.

## Considerations
Features describe companies, what people did with your offers, and what sales noted. No feature is made of a
person's name or e-mail address. Attributes that stand for protected groups should be left out with
`[tables.leads] exclude`; the table above is where an uneven model would show. No row of the data is in the bundle.

## History
Who was champion when, by which gate, or by force and why: `models/promotions.jsonl` and `models/ID/gate.json` of the
project. This bundle is named by the sha256 of its files, this card among them.
"""


def target_in_words(settings: TrainingSettings) -> str:
    """What counts as a win, completing "a win is …"."""
    label = settings.label
    if label.column:
        return f"the outcome recorded in `{label.column}`"
    return (
        f"a won deal within {label.horizon_days} days" if label.horizon_days else f"a won deal before `{label.until}`"
    )


def _kind(examined: Examined) -> str:
    """What kind of model it is where it is not the usual one."""
    learned = examined.final.trained.learned
    said = "" if learned is None else sentence(learned)
    return f" {said}" if said else ""


def _training(examined: Examined) -> Iterator[str]:
    dataset, final = examined.dataset, examined.final
    leads = len(np.unique(dataset.snapshots.lead[dataset.matured]))
    share = percent(final.positives / max(final.rows, 1))
    yield f"{count(final.rows)} snapshots of {count(leads)} leads whose outcome is known; {share} won."
    if dataset.tables.timed:
        first, last = _days(examined, np.flatnonzero(dataset.matured))
        yield f"As-of dates from {first} to {last}; observation ends {dataset.tables.data_end:%Y-%m-%d}."
    else:
        yield "The table has no times, so whether an attribute was known in time could not be checked."
    yield f"Tables: {', '.join(sorted(one.table for one in dataset.tables.counts))}."


def _holdout(examined: Examined) -> str:
    evaluation, fold = examined.evaluation, examined.judged.folds[-1]
    rows = f"{count(evaluation.n)} rows of {count(evaluation.leads)} leads, {count(evaluation.positives)} wins"
    if not examined.dataset.tables.timed:
        return f"Judged on {rows}."
    first, last = _days(examined, fold.holdout)
    return f"Judged on {rows}, as of {first} to {last}."


def _days(examined: Examined, rows: Ints) -> tuple[str, str]:
    times = pd.to_datetime(examined.dataset.rows.as_of[rows], unit="us", utc=True)
    return f"{times.min():%Y-%m-%d}", f"{times.max():%Y-%m-%d}"


def _systems(examined: Examined) -> str:
    head = "| | ROC-AUC | PR-AUC | lift at 10 % | Brier |\n|---|---|---|---|---|"
    rows = []
    for name in SYSTEMS:
        found = examined.evaluation.systems[name]
        cells = (number_range(found.roc_auc, 3), number_range(found.pr_auc, 3), number_range(found.lift_at_10, 1))
        rows.append(f"| {NAMES[name]} | {' | '.join(cells)} | {number_range(found.brier, 3)} |")
    return "\n".join([head, *rows])


def _calibration(examined: Examined) -> Iterator[str]:
    evaluation = examined.evaluation
    found, model = evaluation.calibration, evaluation.systems["model"]
    if found.predicted.value is not None:
        yield f"Expected {percent(found.predicted.value)}, happened {percent_range(found.observed)}."
    yield f"Slope {number_range(model.calibration_slope)} (1 is right), calibration error {number_range(model.ece, 3)}."
    yield from evaluation.verdict.warnings


def _segments(findings: Sequence[Finding]) -> str:
    """The table of `segments.json`, as far as that was looked at."""
    found = [json.loads(finding.json) for finding in findings if finding.name == "segments"]
    rows = [row for content in found for row in _segment_rows(content)]
    if not rows:
        return "Segments were not looked at, or none is large enough to be judged by itself."
    head = "| segment | rows | wins | expected | happened |\n|---|---|---|---|---|"
    more = [f"\n{len(rows) - MOST_SEGMENTS} more stand in `segments.json`."] if len(rows) > MOST_SEGMENTS else []
    return "\n".join([head, *rows[:MOST_SEGMENTS], *more])


def _segment_rows(content: Any) -> Iterator[str]:  # noqa: ANN401  (JSON of another module)
    for attribute in content["attributes"]:
        for one in attribute["segments"]:
            expected, happened = (percent_range(Estimate(**one[key])) for key in ("predicted", "observed"))
            name = f"{attribute['name']} = {one['value']}".replace("|", "/")
            yield f"| {name} | {count(one['n'])} | {count(one['wins'])} | {expected} | {happened} |"


def _share_classified(examined: Examined) -> str:
    rate = examined.evaluation.systems["model"].precision_at_capacity
    share = percent(examined.evaluation.capacity_share)
    return f"Of the top {share} of the holdout, {percent_range(rate)} won: most leads on top do not."


def _lines(sentences: "Sequence[str] | Iterator[str]") -> str:
    return "\n".join(f"- {one}" for one in sentences)
