"""The bundle as an MLflow model (models from code, no pickle): feature rows in; propensity, class and reasons out.

MLflow copies this file into the model and runs it where the model is loaded; everything else comes from the installed
package. Inputs are what `training.tracking.signature` says.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from features.catalog import FeatureDef
from features.errors import RefusedError
from features.windows import Bools
from serving.closing_columns import closing_columns
from serving.exploration import drawn, worked_probability
from serving.language.phrases import Phrases, phrases_of
from serving.language.translations import LANGUAGES
from serving.render import band_of, render
from serving.scoring import Scores, score_rows
from serving.scoring_rows import MOMENT, ScoringRows, scoring_rows
from training.bundle import Bundle, load_bundle


class PropensityModel(PythonModel):  # type: ignore[misc]  # mlflow has no types
    """Loads the bundle once and scores frames whose columns are the catalog's features."""

    bundle: Bundle
    phrases: dict[str, Phrases]

    def load_context(self, context: Any) -> None:  # noqa: ANN401
        """Load and verify the bundle."""
        self.bundle = load_bundle(Path(context.artifacts["bundle"]))
        self.phrases = {}

    # No type hints here: MLflow reads them as a schema, which the signature already gives.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG002
        """Columns `training.tracking.SCORED`: reasons as JSON text, null with explain = "none"; exploration is null
        without lead_id, and a month without as_of.

        One row per input row, in its order; a feature that is absent or null is not known.
        """
        asked = params or {}
        most = _most_reasons(str(asked.get("explain", "none")), self.bundle)
        try:
            scores = score_rows(self.bundle, self._rows(model_input), most)
        except RefusedError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error
        reasons = self._reasons(scores, str(asked.get("language", "en"))) if most else None
        return _frame(self.bundle, scores, _is_named(model_input), reasons)

    def _rows(self, frame: pd.DataFrame) -> ScoringRows:
        columns = {feature.name: _column(feature, frame) for feature in self.bundle.catalog.features}
        return scoring_rows(pa.table({**_keys(frame), **columns}), self.bundle.catalog)

    def _reasons(self, scores: Scores, language: str) -> list[str]:
        if language not in LANGUAGES:
            raise MlflowException.invalid_parameter_value(f"language {language!r}: expected {', '.join(LANGUAGES)}")
        if language not in self.phrases:
            self.phrases[language] = phrases_of(self.bundle, language)
        lists = render(self.bundle, scores, self.phrases[language])["reasons"].to_pylist()
        return [json.dumps(reasons, ensure_ascii=False) for reasons in lists]


def _most_reasons(explain: str, bundle: Bundle) -> int:
    found = re.fullmatch(r"none|all|top:([1-9]\d{0,2})", explain)
    if found is None:
        raise MlflowException.invalid_parameter_value(
            f"explain {explain!r}: expected none, all, or top:N such as top:8"
        )
    return int(found[1]) if found[1] else bundle.policy.max_reasons if explain == "all" else 0


def _keys(frame: pd.DataFrame) -> dict[str, pa.Array]:
    """Whose row it is and as of when: only the draw of the exploration asks, and they may be absent."""
    lead_id = pa.array(_texts(frame).fillna(""), pa.string())
    if "as_of" not in frame:
        return {"lead_id": lead_id}
    return {"lead_id": lead_id, "as_of": pa.array(pd.to_datetime(frame["as_of"], utc=True), MOMENT, from_pandas=True)}


def _is_named(frame: pd.DataFrame) -> Bools:
    return _texts(frame).notna().to_numpy()


def _texts(frame: pd.DataFrame) -> pd.Series:
    return frame["lead_id"].astype("str") if "lead_id" in frame else pd.Series(None, frame.index, dtype="str")


def _column(feature: FeatureDef, frame: pd.DataFrame) -> pa.Array:
    values = frame.get(feature.name)
    if values is None or values.isna().all():
        return pa.nulls(len(frame))
    if feature.type == "category":
        return pa.array(values, pa.string(), from_pandas=True)
    return pa.array(values.to_numpy(np.float64, na_value=np.nan))


def _frame(bundle: Bundle, scores: Scores, named: Bools, reasons: list[str] | None) -> pd.DataFrame:
    marks = drawn(scores.lead_id, scores.as_of, bundle.policy.exploration)
    closing = closing_columns(bundle.closing, scores.propensity, scores.as_of)
    known = [mark if there else None for mark, there in zip(marks.tolist(), named.tolist(), strict=True)]
    return pd.DataFrame(
        {
            "propensity": scores.propensity,
            "propensity_low": scores.low,
            "propensity_high": scores.high,
            "familiar": scores.familiar,
            "score": scores.score,
            "band": band_of(scores.score, bundle.policy.bands).to_pylist(),
            "sales_qualified": scores.qualified,
            **{name: column.to_pandas() for name, column in closing.items()},
            "exploration": pd.Series(known, dtype=object),
            "worked_probability": worked_probability(scores.qualified, bundle.policy.exploration),
            "reasons": pd.Series([None] * len(scores) if reasons is None else reasons, dtype=object),
        }
    )


set_model(PropensityModel())
