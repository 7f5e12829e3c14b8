"""Models and rows for the benchmark of explanations: made-up leads in several shapes of model, and real sets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
TRAINING_ROWS = 40_000
REAL_ROWS = 10_000
FEATURES = 40
CATEGORIES = {20: 6, 21: 12, 22: 25, 23: 60, 24: 120}
"""Column → number of categories."""
DEFAULT = "300 × 16, depth ≤ 4, categoricals (the default shape)"
SYNTHETIC: Mapping[str, Mapping[str, Any]] = {
    "200 × 15": {"trees": 200, "num_leaves": 15, "categorical": False},
    "400 × 31, depth ≤ 6": {"trees": 400, "num_leaves": 31, "max_depth": 6, "categorical": False},
    "400 × 31, free depth, categoricals": {"trees": 400, "num_leaves": 31, "categorical": True},
    DEFAULT: {"trees": 300, "num_leaves": 16, "max_depth": 4, "categorical": True},
}
REAL = (
    ("Online Shoppers", "online_shoppers.csv.gz", ",", "Revenue", ("PageValues",)),
    (
        "X Education",
        "xeducation_leads.csv.gz",
        ",",
        "Converted",
        ("Prospect ID", "Lead Number", "Tags", "Lead Quality", "Lead Profile", "Asymmetrique Activity Index",
         "Asymmetrique Profile Index", "Asymmetrique Activity Score", "Asymmetrique Profile Score"),
    ),
    ("Bank", "bank_additional_full.csv.gz", ";", "y", ("duration",)),
)  # fmt: skip
"""Title, file, separator, outcome, columns that only exist afterwards."""


@dataclass(frozen=True, slots=True)
class Case:
    """A model and the rows that are timed: new ones where they are made up."""

    name: str
    booster: lgb.Booster
    values: Floats


def case_of(name: str, shape: Mapping[str, Any], rows: int) -> Case:
    """A model of a shape, and new made-up rows."""
    parameters = dict(shape)
    trees, categorical = parameters.pop("trees"), parameters.pop("categorical")
    rng = np.random.default_rng(7)
    values = made_up(TRAINING_ROWS, rng)
    booster = _fit(values, _outcome(values, rng), list(CATEGORIES) if categorical else [], trees, parameters)
    return Case(name, booster, made_up(rows, rng))


def made_up(rows: int, rng: np.random.Generator) -> Floats:
    """Rows like those of leads: counts, times, amounts, categories; a quarter of many columns is not known."""
    values = rng.normal(size=(rows, FEATURES))
    values[:, 5:15] = rng.poisson(np.exp(rng.normal(0, 1, (rows, 10))))
    values[:, 15:20] = np.round(rng.exponential(30, (rows, 5)), 1)
    for column in range(0, 20, 3):
        values[rng.random(rows) < 0.25, column] = np.nan
    for column, count in CATEGORIES.items():
        values[:, column] = rng.integers(0, count, rows)
    return values


def real_cases() -> list[Case]:
    """The default shape trained on each real set, if RIPELEAD_REAL_DATA names their folder."""
    folder = os.environ.get("RIPELEAD_REAL_DATA")
    return [_real_case(Path(folder), *one) for one in REAL] if folder else []


def _real_case(folder: Path, title: str, file: str, separator: str, outcome: str, later: tuple[str, ...]) -> Case:
    table = pd.read_csv(folder / file, sep=separator)
    label = table[outcome].isin([1, True, "yes"]).to_numpy().astype(int)
    columns = table.drop(columns=[outcome, *later])
    is_text = [not pd.api.types.is_numeric_dtype(columns[name]) for name in columns]
    coded = [columns[name].astype("category").cat.codes.replace(-1, np.nan) if text else columns[name]
             for name, text in zip(columns, is_text, strict=True)]  # fmt: skip
    values = np.column_stack([column.to_numpy(dtype=np.float64) for column in coded])
    booster = _fit(values, label, np.flatnonzero(is_text).tolist(), 300, {"num_leaves": 16, "max_depth": 4})
    return Case(title, booster, values[:REAL_ROWS])


def _outcome(values: Floats, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    known = np.nan_to_num(values, nan=0.7)
    log_odds = known[:, :5] @ rng.normal(size=5) + 0.3 * np.log1p(known[:, 5:15]) @ rng.normal(size=10) - 2
    log_odds += np.sin(2 * known[:, 25]) * known[:, 26] + known[:, 27] * (known[:, 28] > 0)
    log_odds += 0.02 * known[:, 15:20] @ rng.normal(size=5)
    for column, count in CATEGORIES.items():
        log_odds += 0.5 * rng.normal(size=count)[known[:, column].astype(int)]
    return (rng.random(len(values)) < 1 / (1 + np.exp(-log_odds))).astype(np.int64)


def _fit(
    values: Floats, label: npt.NDArray[np.int64], categorical: list[int], trees: int, shape: Mapping[str, Any]
) -> lgb.Booster:
    parameters = {"objective": "binary", "learning_rate": 0.05, "num_threads": 1, "seed": 1, "verbosity": -1, **shape}
    return lgb.train(parameters, lgb.Dataset(values, label, categorical_feature=categorical), num_boost_round=trees)
