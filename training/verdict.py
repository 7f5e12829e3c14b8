"""Who wins, and whether it may be shipped: the measurements judged by fixed rules and said in plain words.

1. Fewer than 20 winning or 20 other leads: `too_small`.
2. A rule set that itself has a signal and beats the model: `rules`.
3. The model shows no signal: `no_signal`. A signal needs both: the lower end of the ROC-AUC interval above
   .52, and an average precision above that of the base rate with a paired interval that excludes 0.
4. The model beats every rule set measured: `model`; otherwise `tie`.

A beats B when the paired interval of their average precision (PR-AUC) excludes 0 in favour of A.
"""

from training.bands import error_moved, rate_moved, slope_moved
from training.evaluation import (
    RULES,
    EqualVolume,
    Estimate,
    Measured,
    RuleName,
    SystemName,
    Verdict,
    VerdictKind,
)
from training.model_kinds import sentence
from training.wording import count, number_range, percent, percent_range, percentage_points

MIN_LEADS_PER_OUTCOME = 20
MIN_WINS_TO_PROMOTE = 40
"""Winning leads in the holdout that a first model needs before it is shipped."""
AUC_OF_CHANCE = 0.52
RULE_NAMES: dict[RuleName, str] = {"bant": "BANT", "points": "the points"}


def judge(measured: Measured) -> Verdict:
    """The verdict in a word, a headline, sentences that support it, and warnings about the probabilities."""
    kind = _kind(measured)
    headline = _HEADLINES[kind](measured)
    learned = _learned(measured)
    if kind == "too_small":
        return Verdict(kind, headline, learned, ())
    sentences = (*learned, *_ranking(measured, kind), *_equal_volume(measured), *_other_systems(measured))
    return Verdict(kind, headline, sentences, calibration_warnings(measured))


def promotable(measured: Measured) -> tuple[bool, tuple[str, ...]]:
    """Whether a first model may be shipped, and every reason against it, for people."""
    kind = _kind(measured)
    if kind == "too_small":
        return False, (_too_small(measured),)
    reasons = []
    if measured.positive_leads < MIN_WINS_TO_PROMOTE:
        reasons.append(
            f"Only {measured.positive_leads} holdout leads won; a first model needs {MIN_WINS_TO_PROMOTE} "
            "to be trusted: use a longer holdout or wait for more closed deals."
        )
    if not has_signal(measured, "model"):
        reasons.append(_no_signal(measured))
    if _winners(measured):
        reasons.append(_rules_win(measured))
    if measured.learned is not None and not measured.learned.enough:
        reasons.append(f'{sentence(measured.learned)} Set [model] kind = "auto".')
    return not reasons, tuple(reasons)


def has_signal(measured: Measured, system: SystemName) -> bool:
    """Whether a system orders leads better than chance beyond doubt and by more than a trifle."""
    low = measured.systems[system].roc_auc.low
    if low is None or low <= AUC_OF_CHANCE:
        return False
    if system != "model":
        return True
    return _is_above(measured.difference("pr_auc", "base_rate"))


def calibration_warnings(measured: Measured) -> tuple[str, ...]:
    """In words: mean, slope or curve of the probabilities off, months off, no better than the base rate."""
    found, model = measured.calibration, measured.systems["model"]
    slope = ""
    if model.calibration_slope.value is not None:
        slope = f" (slope {number_range(model.calibration_slope)}; 1 is right)"
    out = []
    if rate_moved(found) and found.predicted.value is not None and found.observed.value is not None:
        expects, happened = percent(found.predicted.value), percent(found.observed.value)
        out.append(f"Calibration moved: the model expects {expects}, {happened} happened{slope}.")
    elif slope_moved(model):
        direction = "too extreme" if (model.calibration_slope.value or 1) < 1 else "too timid"
        out.append(f"Calibration moved: high and low probabilities are {direction}{slope}.")
    elif error_moved(found, model) and model.ece.value is not None:
        off = f"{100 * model.ece.value:.1f}"
        out.append(f"Calibration moved: probabilities are off by {off} percentage points on average{slope}.")
    if found.months_moved:
        out.append(_months(measured))
    if _is_above(measured.difference("brier", "base_rate")):
        out.append(
            "As probabilities these scores are worse than quoting the training average for every lead: "
            "use their order, not their size."
        )
    return tuple(out)


def _learned(measured: Measured) -> tuple[str, ...]:
    said = "" if measured.learned is None else sentence(measured.learned, "Judged here is")
    return (said,) if said else ()


def _kind(measured: Measured) -> VerdictKind:
    auc = measured.systems["model"].roc_auc
    if min(measured.positive_leads, measured.negative_leads) < MIN_LEADS_PER_OUTCOME or auc.low is None:
        return "too_small"
    if _winners(measured):
        return "rules"
    if not has_signal(measured, "model"):
        return "no_signal"
    beaten = [_is_above(measured.difference("pr_auc", rule)) for rule in _rules(measured)]
    return "model" if all(beaten) else "tie"


def _rules(measured: Measured) -> list[RuleName]:
    return [rule for rule in RULES if measured.systems[rule].roc_auc.value is not None]


def _winners(measured: Measured) -> list[RuleName]:
    """Rule sets with a signal of their own that beat the model."""
    rules = _rules(measured)
    return [r for r in rules if _is_below(measured.difference("pr_auc", r)) and has_signal(measured, r)]


def _too_small(measured: Measured) -> str:
    need = f"at least {MIN_LEADS_PER_OUTCOME} winning and {MIN_LEADS_PER_OUTCOME} other leads are needed"
    won = f"{count(measured.positive_leads)} of {count(measured.leads)} holdout leads won"
    return f"Too little to judge: {won}; {need}."


def _no_signal(measured: Measured) -> str:
    auc = number_range(measured.systems["model"].roc_auc)
    return f"No usable signal: the model does not order these leads beyond chance (ROC-AUC {auc}; chance: 0.50)."


def _rules_win(measured: Measured) -> str:
    names = " and ".join(RULE_NAMES[rule] for rule in _winners(measured))
    return f"The rules rank better than the model on these rows ({names}): work by them."


def _model_wins(measured: Measured) -> str:
    lift = number_range(measured.systems["model"].lift_at_10, 1)
    value, _, interval = lift.partition(" ")
    return f"The model finds {value} times as many wins in its top 10 % as chance {interval}".rstrip() + "."


def _tie(measured: Measured) -> str:
    level = [r for r in _rules(measured) if not _is_above(measured.difference("pr_auc", r))]
    names = " and ".join(RULE_NAMES[rule] for rule in level)
    return f"A tie: the model and {names} rank these leads about equally well; neither is proven better."


_HEADLINES = {
    "model": _model_wins,
    "rules": _rules_win,
    "tie": _tie,
    "no_signal": _no_signal,
    "too_small": _too_small,
}


def _ranking(measured: Measured, kind: VerdictKind) -> list[str]:
    model = measured.systems["model"]
    if kind == "rules" and not has_signal(measured, "model"):
        return [_no_signal(measured)]
    if kind == "no_signal":
        return ["Do not work leads by this score. More history or more closed deals may change that."]
    out = [] if kind == "model" else [_model_wins(measured)]
    at, rate = model.precision_at_capacity, measured.calibration.observed.value
    if at.value is not None and rate is not None:
        share = percent(measured.capacity_share)
        out.append(f"Of the model's top {share}, {percent_range(at)} win, against {percent(rate)} of all.")
    return out


def _equal_volume(measured: Measured) -> list[str]:
    """Rules against model at equal volume: BANT at what it qualifies, points at capacity."""
    own = {"bant": "bant_volume", "points": "capacity"}
    told = [_at_equal_volume(row) for row in measured.equal_volume if own[row.rule] == row.at]
    return [sentence for sentence in told if sentence]


def _at_equal_volume(row: EqualVolume) -> str:
    rule, model, gap = row.rule_precision.value, row.model_precision.value, row.difference.value
    if rule is None or model is None or gap is None:
        return ""
    n = count(row.count)
    picks = f"Of the {n} that BANT qualifies" if row.rule == "bant" else f"Of the top {n} by points"
    more = f"{percentage_points(gap)} percentage points{_within(row.difference)}"
    return f"{picks}, {percent(rule)} win; of the model's top {n}, {percent(model)} do ({more})."


def _within(gap: Estimate) -> str:
    if gap.low is None or gap.high is None:
        return ""
    return f", {percentage_points(gap.low)} to {percentage_points(gap.high)}"


def _other_systems(measured: Measured) -> list[str]:
    out = []
    if measured.systems["bant"].roc_auc.value is None:
        out.append("There is no BANT evidence on these rows, so BANT could not be compared.")
    if _is_below(measured.difference("pr_auc", "logistic")):
        out.append("A plain logistic regression on the same features ranks better than the model here.")
    return out


def _months(measured: Measured) -> str:
    """The months that moved; of more than two, the two that moved most."""
    moved = [m for m in measured.months if m.name in measured.calibration.months_moved]
    worst = sorted(moved, key=lambda m: -abs(m.difference.value or 0))[:2]
    told = [
        f"{m.name}: {percent(m.predicted.value or 0)} expected, {percent(m.observed.value or 0)} happened"
        for m in sorted(worst, key=lambda m: m.name)
    ]
    more = f"; and {len(moved) - 2} more" if len(moved) > 2 else ""
    return f"Months that differ beyond chance: {'; '.join(told)}{more}."


def _is_above(difference: Estimate) -> bool:
    return difference.low is not None and difference.low > 0


def _is_below(difference: Estimate) -> bool:
    return difference.high is not None and difference.high < 0
