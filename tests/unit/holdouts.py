"""Synthetic holdouts with known properties, for the tests of evaluation and report."""

import numpy as np
import pandas as pd


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def synthetic_holdout(n=2000, *, seed=0, skill=1.2, base=-2.0, drift=0.0, rule_noise=1.5, evidence=True, per_lead=1):
    """A holdout whose wins follow the propensity (shifted by `drift` log-odds); the rules see it with noise."""
    rng = np.random.default_rng(seed)
    z = base + skill * rng.normal(size=n)
    seen = z + rule_noise * rng.normal(size=n)
    met = np.clip(np.round(2 + seen - base), 0, 4).astype(int) if evidence else np.zeros(n, int)
    days = pd.to_timedelta(rng.integers(0, 180, n), unit="D")
    return pd.DataFrame(
        {
            "lead_id": pd.Series([f"L{i // per_lead:06d}" for i in range(n)], dtype="str"),
            "as_of": (pd.Timestamp("2026-01-01", tz="UTC") + days).astype("datetime64[us, UTC]"),
            "label": (rng.random(n) < sigmoid(z + drift)).astype(np.int8),
            "propensity": sigmoid(z),
            "bant_met": pd.array(met, dtype="Int64"),
            "bant_qualified": met >= 3,
            "points": np.round(10 * np.exp((seen - base) / 2)),
            "logistic": sigmoid(base + 0.8 * (z - base) + 0.5 * rng.normal(size=n)),
        }
    )
