"""Walk-forward evaluation in words: whether the model's lead holds in every period, and what depends on the period."""

from collections.abc import Sequence

from training.evaluation import RULES, Estimate, RuleName, SystemName
from training.verdict import AUC_OF_CHANCE, RULE_NAMES
from training.walk_forward.periods import Period, Spread
from training.wording import fixed, percent

MOST_NAMED = 3


def headline(periods: Sequence[Period]) -> str:
    """One sentence on how the model did against the rules over the periods."""
    if len(periods) < 2:
        return "Whether the result holds in other periods cannot be said: the holdout is the only period judged."
    n = len(periods)
    rules = _measured_rules(periods)
    if not rules:
        signal = sum(_above(period.systems["model"].roc_auc, AUC_OF_CHANCE) for period in periods)
        return f"In {_of(signal, n)} periods the model ranks better than chance; there were no rules to compare with."
    worse = sum(any(_below(period.lead_over(rule)) for rule in rules) for period in periods)
    better = sum(all(_above(period.lead_over(rule)) for rule in rules) for period in periods)
    if worse:
        return f"The result depends on the period: in {worse} of {n} the rules rank better than the model."
    if better == n:
        return f"The result does not hang on one period: in all {n} the model ranks better than the rules."
    if better:
        return (
            f"In {better} of {n} periods the model ranks better than the rules beyond chance; in none do the rules "
            "rank better."
        )
    return f"In none of the {n} periods can model and rules be told apart."


def sentences(periods: Sequence[Period], spreads: Sequence[Spread], moved: Sequence[str]) -> tuple[str, ...]:
    """The model's lead over each other way to rank, and what differs from period to period beyond chance."""
    if len(periods) < 2:
        return ()
    others: list[SystemName] = [*_measured_rules(periods), "logistic"]
    leads = [_lead(periods, other) for other in others]
    found = {spread.of: spread for spread in spreads}
    ranking = [_ranking(found["ranking"], periods)] if "ranking" in found else []
    return (*(lead for lead in leads if lead), *ranking, *_level(periods, found.get("level"), moved))


def _measured_rules(periods: Sequence[Period]) -> list[RuleName]:
    return [rule for rule in RULES if any(period.lead_over(rule).value is not None for period in periods)]


def _lead(periods: Sequence[Period], other: SystemName) -> str:
    measured = [found for found in (period.lead_over(other) for period in periods) if found.value is not None]
    if not measured:
        return ""
    values = [found.value or 0.0 for found in measured]
    better, worse = sum(map(_above, measured)), sum(map(_below, measured))
    name = "the logistic regression" if other == "logistic" else RULE_NAMES["bant" if other == "bant" else "points"]
    range_of = f"{_signed(min(values))} to {_signed(max(values))} PR-AUC"
    behind = f", behind beyond chance in {worse}" if worse else ""
    return f"Against {name}: {range_of}; ahead beyond chance in {_of(better, len(measured))}{behind}."


def _ranking(spread: Spread, periods: Sequence[Period]) -> str:
    between = f"ROC-AUC {fixed(spread.lowest, 2)} to {fixed(spread.highest, 2)}"
    if not spread.beyond_chance:
        return f"How well the model ranks does not depend on the period beyond chance ({between})."
    least = min(periods, key=lambda period: period.systems["model"].roc_auc.value or 1.0)
    return (
        f"How well the model ranks depends on the period, beyond chance: {between}, least in {dates(least)}. "
        "Expect that range, not the one number of the holdout."
    )


def _level(periods: Sequence[Period], spread: Spread | None, moved: Sequence[str]) -> list[str]:
    off = [period for period in periods if period.name in moved]
    named = "; ".join(
        f"{dates(p)}: {percent(p.predicted.value or 0)} expected, {percent(p.observed.value or 0)} happened"
        for p in off[:MOST_NAMED]
    )
    if spread is not None and spread.beyond_chance:
        tail = f" {named}." if named else ""
        return ["How high its probabilities are against what happens depends on the period, beyond chance." + tail]
    if named:
        return [f"Periods in which what happened differs from what was expected beyond chance: {named}."]
    return ["What happened agrees with what was expected in every period, as far as chance allows to tell."]


def dates(period: Period) -> str:
    """From which to which as-of date a period was judged."""
    return f"{period.span.judged_from} to {period.span.judged_to}"


def _above(found: Estimate, than: float = 0.0) -> bool:
    return found.low is not None and found.low > than


def _below(found: Estimate) -> bool:
    return found.high is not None and found.high < 0


def _of(part: int, whole: int) -> str:
    return f"all {whole}" if part == whole else f"{part} of {whole}"


def _signed(number: float) -> str:
    return f"{number:+.3f}".replace("-", "−")
