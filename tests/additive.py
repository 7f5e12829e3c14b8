"""A bundle whose model is given by its contributions: what scoring makes of them can be computed by hand."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pyarrow as pa

from features.catalog import Catalog, FeatureDef
from features.windows import NEVER
from serving.language.phrases import Phrases
from serving.scoring_rows import ScoringRows, rule_columns
from training.calibration import Calibration
from training.contributions import Scale
from training.evidence import NO_EVIDENCE
from training.exploration import NO_EXPLORATION
from training.uncertainty import NOTHING_KNOWN

PLAIN = Scale(Calibration(1.0, 0.0), 0.5)
BANDS = {"A": 70.0, "B": 55.0, "C": 40.0}


@dataclass(frozen=True)
class Given:
    """Explains the rows it was made for, in their order."""

    contributions: np.ndarray

    def explain(self, values, threads=1):
        assert len(values) == len(self.contributions)
        return self.contributions, self.contributions.sum(axis=1)


def catalog_of(n):
    return Catalog(tuple(FeatureDef(f"f{i}", "count", "Interest", f"thing {i}") for i in range(n)), (), (), (), ())


def bundle_of(contributions, scale=PLAIN, catalog=None, threshold=0.5):
    """Bundle of a model with these contributions (n, features + 1) in raw log-odds, bias last."""
    policy = SimpleNamespace(
        threshold=threshold,
        bands=BANDS,
        points=SimpleNamespace(threshold=30.0),
        exploration=NO_EXPLORATION,
        qualifies=lambda propensity, _: propensity >= threshold,
    )
    catalog = catalog or catalog_of(contributions.shape[1] - 1)
    given = Given(contributions)

    def limits(values, raw, sums):
        return NOTHING_KNOWN.limits(values, scale.calibration.log_odds(raw), sums)

    def leaf_sums(values, threads=0):
        return np.zeros(len(values))

    return SimpleNamespace(
        version="0" * 64,
        catalog=catalog,
        scale=scale,
        policy=policy,
        tables=given,
        explain=given.explain,
        explain_with_sums=lambda values, threads=1: (*given.explain(values), leaf_sums(values)),
        leaf_sums=leaf_sums,
        limits=limits,
        closing=None,
    )


def phrases_for(bundle):
    """English sentences without evidence."""
    return Phrases(bundle.catalog, NO_EVIDENCE, "en")


def rows_of_values(values, **rules):
    """Scoring rows with these values (n, features); rule columns as given, else null."""
    n = len(values)
    return ScoringRows(
        lead_id=pa.array([f"L{i}" for i in range(n)], pa.large_string()),
        as_of=np.full(n, NEVER),
        values=values,
        rules=rule_columns(pa.table(rules or {"x": pa.nulls(n)})),
    )
