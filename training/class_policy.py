"""The class: from which probability on a lead is sales qualified, by capacity, value, precision or BANT's volume.

Every choice is worked out and shown beside the others; the chosen one is frozen in the bundle with what was expected.
"""

import numpy as np

from features.errors import ProjectFileError
from features.project import Project
from features.windows import Floats
from training.bands import estimate
from training.bootstrap import percentile_interval
from training.crossings import threshold_for
from training.dataset import Dataset
from training.decision_curve import decision_curve
from training.economics import Amount, deal_value, monthly_spend
from training.evaluation import NOTHING, Estimate
from training.expectations import REPLICATES, Expected, Money, expected_of, option_of, precision_of, rule_of
from training.judge import Judged
from training.model import Fitted
from training.policy_ground import Ground, ground_of
from training.policy_values import CHOICES, SCHEMA_VERSION, Choice, ClassPolicy, Option
from training.settings import PolicySettings, TrainingSettings

CANDIDATES = 100
"""Thresholds among which that of the wanted precision is looked for."""
VOLUMES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
Found = float | str
"""A threshold, or why there is none."""


def class_policy(
    project: Project, settings: TrainingSettings, dataset: Dataset, judged: Judged, final: Fitted
) -> ClassPolicy:
    """All choices with what they bring, and the chosen threshold.

    Raises:
        ProjectFileError: the chosen one cannot be worked out from these data.
    """
    ground = ground_of(project, settings, dataset, judged, final)
    rng = np.random.default_rng(settings.model.seed)
    money = _money(settings.policy, dataset, rng)
    rules = tuple(rule_of(name, ground, money, rng) for name in ("bant", "points"))
    thresholds = _thresholds(settings.policy, ground, money, rules[0])
    options = _options(thresholds, ground, money, rng)
    chosen = next(option for option in options if option.name == settings.policy.choose)
    if chosen.threshold is None:
        raise ProjectFileError(f'[policy] choose = "{chosen.name}": {chosen.reason}')
    matured = ground.matured.get("model")
    return ClassPolicy(
        schema_version=SCHEMA_VERSION,
        chosen=settings.policy.choose,
        threshold=chosen.threshold,
        period=ground.period,
        periods=ground.newest["model"].found.periods,
        matured_periods=matured.found.periods if matured else 0.0,
        open_leads=round(len(ground.listed) / ground.lists, 6),
        new_leads=round(ground.new_leads, 6),
        deal_value=_amount(money.deal_value),
        deal_value_from=money.deal_value.source,
        cost_of_contact=settings.policy.cost_of_contact,
        spend_per_month=_amount(money.spend),
        options=options,
        rules=rules,
        volumes=_volumes(ground, money, rng),
        decision_curve=decision_curve(judged.frame, judged.groups, project.points.threshold, rng),
    )


def _money(settings: PolicySettings, dataset: Dataset, rng: np.random.Generator) -> Money:
    return Money(
        deal_value=deal_value(dataset.tables, settings.deal_value, REPLICATES, rng),
        spend=monthly_spend(dataset.tables, REPLICATES, rng),
        cost_of_contact=settings.cost_of_contact,
    )


def _thresholds(settings: PolicySettings, ground: Ground, money: Money, bant: Option) -> dict[Choice, Found]:
    return {
        "capacity": _by_capacity(settings, ground),
        "value": _by_value(money),
        "precision": _by_precision(settings.precision, ground),
        "bant_volume": _by_volume(ground, bant.leads.value) if bant.leads.value else "BANT qualifies no lead",
    }


def _by_capacity(settings: PolicySettings, ground: Ground) -> Found:
    if settings.leads_per_week is None:
        return float(np.quantile(ground.listed, 1 - settings.capacity_share, method="higher"))
    if ground.period != "week":
        return "leads_per_week needs dated leads and deals, label.horizon_days and new leads lately: use capacity_share"
    return _by_volume(ground, settings.leads_per_week)


def _by_volume(ground: Ground, most: float) -> Found:
    found = threshold_for(ground.newest["model"].found, most)
    if found is None:
        return f"the leads that score highest are equal, and more than {most:g} of them newly qualify a {ground.period}"
    return found


def _by_value(money: Money) -> Found:
    """Where probability × value of a deal pays the contact (the threshold probability of decision analysis)."""
    worth, cost = money.deal_value, money.cost_of_contact
    if cost is None:
        return "give cost_of_contact, what working one lead costs"
    if worth.value is None:
        return f"{worth.source}: give deal_value"
    if not 0 < cost / worth.value < 1:
        return f"a contact costs {cost:,.0f}, as much as a deal brings ({worth.value:,.0f}) or nothing: no threshold"
    return cost / worth.value


def _by_precision(wanted: float, ground: Ground) -> Found:
    """Lowest threshold at and above which the expected precision is at least the wanted one."""
    heights = ground.newest["model"].found.height
    candidates = np.unique(np.quantile(heights, np.linspace(0, 1, CANDIDATES), method="nearest"))
    precision = precision_of(ground, candidates)
    enough = np.minimum.accumulate(np.nan_to_num(precision, nan=np.inf)[::-1]) >= wanted
    if not enough.any():
        return f"no group of leads is expected to win in {wanted:.0%} of cases (the best: {np.nanmax(precision):.0%})"
    return float(candidates[::-1][enough][-1])


def _options(
    thresholds: dict[Choice, Found], ground: Ground, money: Money, rng: np.random.Generator
) -> tuple[Option, ...]:
    levels = _rising([found for found in thresholds.values() if isinstance(found, float)])
    expected = expected_of(ground, levels, rng)
    return tuple(_chosen(name, thresholds[name], (levels, expected), ground, money) for name in CHOICES)


def _chosen(name: Choice, found: Found, measured: tuple[Floats, Expected], ground: Ground, money: Money) -> Option:
    if isinstance(found, str):
        return Option(name, None, found)
    levels, expected = measured
    return option_of(name, found, expected, int(np.searchsorted(levels, found)), ground, money)


def _volumes(ground: Ground, money: Money, rng: np.random.Generator) -> tuple[Option, ...]:
    """What working so many leads in a period brings, up to all that are new."""
    found = [_by_volume(ground, n) for n in VOLUMES if n < ground.new_leads]
    levels = _rising([threshold for threshold in found if isinstance(threshold, float)])
    expected = expected_of(ground, levels, rng)
    return tuple(option_of("volume", levels[i], expected, i, ground, money) for i in range(len(levels)))[::-1]


def _rising(thresholds: list[float]) -> Floats:
    return np.unique(np.array(thresholds, dtype=np.float64))


def _amount(amount: Amount) -> Estimate:
    return NOTHING if amount.value is None else estimate(percentile_interval(amount.value, amount.draws))
