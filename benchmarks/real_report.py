"""The page docs/benchmarks/real.md."""

from collections.abc import Sequence

from benchmarks.plain_lightgbm import LEAVES, TREES
from benchmarks.real import METRICS, VARIABLE, Case, Result
from training.evaluation import SYSTEMS, Estimate
from training.wording import count, fixed, percent

PLAIN = "plain LightGBM"
NAMES = {"model": "**Ripelead**", "logistic": "logistic regression", "bant": "BANT", "points": "points"}
HEADINGS = {
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "lift_at_10": "lift@10 %",
    "brier": "Brier",
    "calibration_slope": "calibration slope",
}
DIGITS = {"lift_at_10": 2, "calibration_slope": 2}

INTRODUCTION = f"""# Real data

<!-- Made by `make bench-real`; do not edit. -->

Public data sets, read by the project files under `examples/`. Model parameters are the defaults for all of them; what
a project file sets otherwise (as-of dates, windows, horizon, columns left out) is explained beside it. All systems are
judged on the same holdout rows. Brackets are 90 % intervals from bootstrap resamples of whole leads.

*Plain LightGBM* is the peer by hand: {TREES} trees of {LEAVES} leaves, otherwise default parameters, on simple columns
made in pandas ([plain_lightgbm.py](../../benchmarks/plain_lightgbm.py)), trained on the same rows with the same
labels. *Difference* is the ROC-AUC of Ripelead minus that of the peer on the same resamples. *Floor* is the least that
was asked of Ripelead, fixed beforehand.

To make this page again: fetch the data as the READMEs under `examples/` say, `export {VARIABLE}=…`, then
`make bench-real`. What works on these sets need not work on a company's own data: `ripelead train` measures the same
there.
"""


def report_text(results: Sequence[Result]) -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, summary(results), *(section(result) for result in results)])


def summary(results: Sequence[Result]) -> str:
    """One line per case."""
    lines = [
        "| data set | rows judged | won | floor | ROC-AUC | plain LightGBM | difference |",
        "|---|--:|--:|---|--:|--:|--:|",
    ]
    for result in results:
        found = result.evaluation
        cells = (
            result.case.title,
            count(found.n),
            percent(found.positives / found.n),
            floors(result.case),
            shown(found.systems["model"].roc_auc, 3),
            shown(result.plain["roc_auc"], 3),
            shown(result.difference, 3),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def section(result: Result) -> str:
    """All systems of one case, and the verdict."""
    found = result.evaluation
    won = percent(found.positives / found.n)
    lines = [
        f"## {result.case.title}",
        "",
        result.case.rows,
        "",
        f"{count(result.train_rows)} rows trained the {_model(result)}; {count(found.n)} rows judge, {won} won.",
        "",
        f"| system | {' | '.join(HEADINGS.values())} |",
        "|---|" + "--:|" * len(HEADINGS),
        *_system_rows(result),
        "",
        f"ROC-AUC of Ripelead less that of the plain LightGBM: {shown(result.difference, 3)}.",
        "",
        f"> {found.verdict.headline}",
        *(f">\n> {sentence}" for sentence in (*found.verdict.sentences, *found.verdict.warnings)),
        "",
        f"Project file and source: [examples/{result.case.example}](../../examples/{result.case.example}/README.md).",
        "",
    ]
    return "\n".join(lines)


def _model(result: Result) -> str:
    folds = len(result.judged.folds)
    size = f"{count(result.trees)} trees, {count(len(result.features))} features"
    return f"model ({size})" if folds == 1 else f"model of the first of {folds} folds (on average {size})"


def _system_rows(result: Result) -> list[str]:
    rows = []
    for name in SYSTEMS:
        if name in NAMES and result.evaluation.systems[name].roc_auc.value is not None:
            metrics = result.evaluation.systems[name]
            rows.append(_row(NAMES[name], {key: getattr(metrics, key) for key in METRICS}))
        if name == "model":
            rows.append(_row(PLAIN, dict(result.plain)))
    base = result.evaluation.systems["base_rate"].brier
    return [*rows, f"| base rate of the training rows | – | – | – | {shown(base, 3)} | – |"]


def _row(name: str, metrics: dict[str, Estimate]) -> str:
    cells = [shown(metrics[key], DIGITS.get(key, 3)) for key in HEADINGS]
    return f"| {name} | {' | '.join(cells)} |"


def floors(case: Case) -> str:
    """The floors of a case: 'ROC-AUC 0.805, PR-AUC 0.44', or a dash."""
    return ", ".join(f"{HEADINGS[key]} {least:g}" for key, least in case.floors.items()) or "–"


def shown(found: Estimate, digits: int) -> str:
    """A value with its interval in brackets, or a dash."""
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return fixed(found.value, digits)
    link = " to " if found.low < 0 else "–"
    return f"{fixed(found.value, digits)} ({fixed(found.low, digits)}{link}{fixed(found.high, digits)})"
