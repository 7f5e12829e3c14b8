"""What a first model must show, and what is said where champion and challenger cannot be compared."""

from training.evaluation import Estimate, Evaluation
from training.gate.decision import Check, Outcome
from training.verdict import AUC_OF_CHANCE, MIN_WINS_TO_PROMOTE, calibration_warnings, promotable
from training.wording import count, number_range

KEEP = "The champion stays; `ripelead promote --force --reason …` overrules this and is logged."
_NO = Estimate(None, None, None)


def minima(evaluation: Evaluation) -> list[Check]:
    """The minima of a first model: enough wins, a signal, not beaten by the rules; calibration warns."""
    passed, reasons = promotable(evaluation)
    warnings = [_check("calibration", "warning", _NO, None, text) for text in calibration_warnings(evaluation)]
    if not passed:
        return [*(_check("minimum", "refused", _NO, None, reason) for reason in reasons), *warnings]
    model = evaluation.systems["model"]
    wins = Estimate(float(evaluation.positive_leads), None, None)
    return [
        _check("winning leads", "passed", wins, MIN_WINS_TO_PROMOTE, f"{count(wins.value or 0)} holdout leads won."),
        _check("signal", "passed", model.roc_auc, AUC_OF_CHANCE,
               f"It orders leads better than chance (ROC-AUC {number_range(model.roc_auc)})."),
        _check("rules", "passed", _NO, None, "No rule set ranks better."),
        *warnings,
    ]  # fmt: skip


def too_few(counts: tuple[int, int, int], others: int, least: int) -> Check:
    """Too few later rows to compare anything."""
    rows, leads, winning = counts
    sentence = (
        f"Only {count(winning)} winning and {count(others)} other leads ({count(rows)} rows of {count(leads)} leads) "
        f"are new to both models and have a known outcome; {least} of each are needed. {KEEP}"
    )
    return _check("later rows", "refused", Estimate(float(winning), None, None), least, sentence)


def unknown_origin() -> Check:
    """A model was registered before its data were recorded."""
    sentence = f"It is not recorded what champion or challenger was trained on, so no rows are fair to both. {KEEP}"
    return _check("later rows", "refused", _NO, None, sentence)


def _check(name: str, outcome: Outcome, found: Estimate, limit: float | None, sentence: str) -> Check:
    return Check(name, outcome, found.value, found.low, found.high, limit, sentence)
