"""A bundle whose model is a weighted sum of a few features: what it says of a hand-made world is computed by hand.

The scale is plain: a raw score of 0 is score 50, and ln 2 more is 10 points more.
"""

from dataclasses import dataclass

import numpy as np

from features.catalog import Catalog, FeatureDef
from features.rule_settings import PointSettings, RuleSettings
from training.bundle import Bundle, Policy
from training.calibration import Calibration
from training.contributions import Scale

KINDS = ("discovery_call", "visit")
CRITERIA = ("budget", "authority", "need", "timing")
LN2 = float(np.log(2))
VISITS = FeatureDef("visits_ever", "count", "Interest", "visits", of="kind:1")
CALLS = FeatureDef("calls_ever", "count", "Interest", "calls", of="kind:0")
FRESH_VISITS = FeatureDef("visits_7d", "count", "Interest", "visits in the last 7 days", of="kind:1", days=7)
OF_ACCOUNT = FeatureDef("account_visits", "count", "Buying team", "visits", owner="account", of="kind:1")
TEAM = FeatureDef("colleagues_active_30d", "colleagues_active", "Buying team", "colleagues active", days=30)
BUDGET = FeatureDef("budget_met", "criterion_met", "Qualification", "budget confirmed", of="budget")
AUTHORITY = FeatureDef("authority_met", "criterion_met", "Qualification", "authority confirmed", of="authority")
AGE = FeatureDef("lead_age_days", "lead_age_days", "Timing", "days since the lead was created")


@dataclass(frozen=True)
class Linear:
    """Score = bias + Σ weight · value, 0 for what is not known; weights are in doublings of the odds."""

    weights: tuple[float, ...]
    bias: float

    def predict(self, values, raw_score=False, pred_contrib=False, num_threads=0):
        parts = np.nan_to_num(values) * np.array(self.weights) * LN2
        if pred_contrib:
            return np.column_stack([parts, np.full(len(parts), self.bias * LN2)])
        return parts.sum(axis=1) + self.bias * LN2


def linear_bundle(weights, bias=0.0, version="a" * 64, max_age_days=None, threshold=0.5):
    """Bundle of a model with `weights` (feature → doublings of the odds per unit)."""
    policy = Policy(
        threshold=threshold, capacity_share=0.1, bands={"A": 65, "B": 50}, max_reasons=8,
        rules=RuleSettings(max_age_days=max_age_days), points=PointSettings(), deals_of_account="all", repeat=False,
        outcome_column=None, tables=(),
    )  # fmt: skip
    catalog = Catalog(tuple(weights), (), KINDS, (), CRITERIA)
    booster = Linear(tuple(weights.values()), bias)
    return Bundle(version, booster, catalog, Scale(Calibration(1.0, 0.0), 0.5), policy, None)
