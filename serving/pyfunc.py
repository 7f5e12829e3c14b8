"""The bundle as an MLflow model (models from code, no pickle): feature rows in, propensity and score out."""

from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from features.catalog import Catalog, FeatureDef
from features.identifiers import positions_of
from features.windows import Floats
from serving.reasons import HIGHEST, LOWEST
from training.bundle import Bundle, load_bundle


class PropensityModel(PythonModel):  # type: ignore[misc]  # mlflow has no types
    """Loads the bundle once and scores frames whose columns are the catalog's features."""

    bundle: Bundle

    def load_context(self, context: Any) -> None:  # noqa: ANN401
        """Load and verify the bundle."""
        from pathlib import Path

        self.bundle = load_bundle(Path(context.artifacts["bundle"]))

    # No type hints here: MLflow reads them as a schema, which the signature already gives.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG002
        """Columns `propensity` and `score`, one row per input row; an absent feature is not known."""
        catalog = self.bundle.catalog
        columns = [_column(catalog, feature, model_input) for feature in catalog.features]
        raw = self.bundle.raw(np.stack(columns, axis=1))
        score = np.clip(np.rint(self.bundle.scale.score(raw)), LOWEST, HIGHEST).astype(np.int64)
        return pd.DataFrame({"propensity": self.bundle.scale.calibration.probability(raw), "score": score})


def _column(catalog: Catalog, feature: FeatureDef, frame: pd.DataFrame) -> Floats:
    if feature.name not in frame:
        return np.full(len(frame), np.nan)
    values = frame[feature.name]
    if feature.type != "category":
        return values.to_numpy().astype(np.float64)
    names = catalog.attribute(feature.of or "").categories if feature.family == "attribute" else catalog.kinds
    code = positions_of(values, names)
    return np.where(values.isna(), np.nan, np.where(code < 0, len(names), code))


set_model(PropensityModel())
