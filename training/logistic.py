"""The logistic regression that stands beside the model: same features, scikit-learn pipeline."""

from typing import TYPE_CHECKING

import numpy as np

from features.catalog import Catalog
from features.windows import Floats
from training.dataset import Outcomes

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

STRENGTH = 0.1


def fit_logistic(values: Floats, label: Outcomes, catalog: Catalog) -> "Pipeline":
    """Fitted pipeline on the feature matrix; `predict_proba` takes the same columns.

    Numbers: signed log, median for what is not known plus a flag, standardised; categories one-hot; L2.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    categorical = list(catalog.categorical)
    numeric = [i for i in range(len(catalog.features)) if i not in catalog.categorical]
    numbers = make_pipeline(
        FunctionTransformer(signed_log),
        SimpleImputer(strategy="median", add_indicator=True),
        StandardScaler(),
    )
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5)
    columns = ColumnTransformer(
        [("numbers", numbers, numeric), ("categories", one_hot, categorical)], sparse_threshold=0
    )
    pipeline = make_pipeline(columns, LogisticRegression(C=STRENGTH, solver="newton-cholesky"))
    pipeline.fit(values, label)
    return pipeline


def signed_log(values: Floats) -> Floats:
    """sign(x) · ln(1 + |x|): tames the long tails of counts."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))
