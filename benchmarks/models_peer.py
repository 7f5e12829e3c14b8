"""Runs in the peers' environment: every model class on the matrices of a folder, same rows, same folds, one thread.

Scores are log-odds. For each class: out-of-fold scores of the inner folds, scores of the judged rows, and the seconds
of the processor for the last training and its prediction; rounds alternate between the classes.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import lightgbm as lgb
import numpy as np
import pandas as pd
from catboost import CatBoostClassifier, Pool  # type: ignore[import-not-found]
from interpret.glassbox import ExplainableBoostingClassifier  # type: ignore[import-not-found]
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from xgboost import DMatrix, train  # type: ignore[import-not-found]

RATE = 0.05
MOST = 600
PATIENCE = 40
ROUNDS = 2
OUTER_BAGS = int(sys.argv[2])
INTERACTIONS = 10
"""Of the EBM; its default, three times as many as features, takes twenty times as long."""
LONG_S = 15
"""A training that takes longer is timed once."""
Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Data:
    """Training rows with the inner folds, and the rows that are judged."""

    train: np.ndarray
    label: np.ndarray
    judged: np.ndarray
    categorical: list[int]
    folds: list[tuple[np.ndarray, np.ndarray]]
    ours: dict


@dataclass(frozen=True)
class Class:
    """A model class: `watched` gives losses per tree on held rows (none: nothing to choose), `fit` a prediction."""

    fit: Callable[[Data, np.ndarray, int], Predict]
    watched: Callable[[Data, np.ndarray, np.ndarray], list[float]] | None = None


def ripelead_fit(data: Data, rows: np.ndarray, trees: int) -> Predict:
    booster = lgb.train(data.ours, _lightgbm(data, rows), trees)
    return lambda values: booster.predict(values, raw_score=True, num_threads=1)


def ripelead_watched(data: Data, rows: np.ndarray, held: np.ndarray) -> list[float]:
    history: dict = {}
    own = _lightgbm(data, rows)
    lgb.train(data.ours, own, MOST, valid_sets=[_lightgbm(data, held, own)], valid_names=["held"],
              callbacks=[lgb.record_evaluation(history), lgb.early_stopping(PATIENCE, verbose=False)])  # fmt: skip
    return history["held"]["binary_logloss"]


def _lightgbm(data: Data, rows: np.ndarray, reference: lgb.Dataset | None = None) -> lgb.Dataset:
    return lgb.Dataset(data.train[rows], label=data.label[rows], categorical_feature=data.categorical,
                       free_raw_data=False, reference=reference)  # fmt: skip


def histogram(trees: int) -> Callable[[Data], HistGradientBoostingClassifier]:
    return lambda data: HistGradientBoostingClassifier(
        learning_rate=RATE, max_iter=trees, early_stopping=False, random_state=7,
        categorical_features=data.categorical or None,
    )  # fmt: skip


def histogram_fit(data: Data, rows: np.ndarray, trees: int) -> Predict:
    seen = _seen(data, rows)
    model = histogram(trees)(data).fit(_few_codes(data, data.train, seen)[rows], data.label[rows])
    return lambda values: model.decision_function(_few_codes(data, values, seen))


def histogram_watched(data: Data, rows: np.ndarray, held: np.ndarray) -> list[float]:
    values = _few_codes(data, data.train, _seen(data, rows))
    model = histogram(MOST // 2)(data).fit(values[rows], data.label[rows])
    staged = model.staged_predict_proba(values[held])
    return [log_loss(data.label[held], one[:, 1]) for one in staged]


def _seen(data: Data, rows: np.ndarray) -> np.ndarray:
    """Columns with a value in some of the rows: this class stops at a column without any."""
    return ~np.isnan(data.train[rows]).all(axis=0)


def _few_codes(data: Data, values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Categories as 0…253, the most that this class takes: the most frequent codes come first already."""
    out = np.where(seen, values, 0.0)
    codes = np.minimum(out[:, data.categorical], 253)
    out[:, data.categorical] = np.where(codes < 0, np.nan, codes)
    return out


XGB = {"objective": "binary:logistic", "eta": RATE, "eval_metric": "logloss", "nthread": 1, "seed": 7}


def xgboost_fit(data: Data, rows: np.ndarray, trees: int) -> Predict:
    booster = train(XGB, _matrix(data, data.train[rows], data.label[rows]), trees)
    return lambda values: booster.predict(_matrix(data, values), output_margin=True)


def xgboost_watched(data: Data, rows: np.ndarray, held: np.ndarray) -> list[float]:
    history: dict = {}
    judging = [(_matrix(data, data.train[held], data.label[held]), "held")]
    train(XGB, _matrix(data, data.train[rows], data.label[rows]), MOST, evals=judging, evals_result=history,
          verbose_eval=False, early_stopping_rounds=PATIENCE)  # fmt: skip
    return history["held"]["logloss"]


def _matrix(data: Data, values: np.ndarray, label: np.ndarray | None = None) -> DMatrix:
    kinds = ["c" if column in data.categorical else "q" for column in range(values.shape[1])]
    clean = values.copy()
    clean[:, data.categorical] = np.where(clean[:, data.categorical] < 0, np.nan, clean[:, data.categorical])
    return DMatrix(clean, label=label, feature_types=kinds, enable_categorical=True, nthread=1)


def catboost_fit(data: Data, rows: np.ndarray, trees: int) -> Predict:
    model = _catboost(trees).fit(_pool(data, data.train[rows], data.label[rows]))
    return lambda values: np.asarray(
        model.predict(_pool(data, values), prediction_type="RawFormulaVal", thread_count=1)
    )


def catboost_watched(data: Data, rows: np.ndarray, held: np.ndarray) -> list[float]:
    model = _catboost(MOST)
    model.fit(_pool(data, data.train[rows], data.label[rows]), use_best_model=False,
              eval_set=_pool(data, data.train[held], data.label[held]), early_stopping_rounds=PATIENCE)  # fmt: skip
    return model.get_evals_result()["validation"]["Logloss"]


def _catboost(trees: int) -> CatBoostClassifier:
    return CatBoostClassifier(iterations=trees, learning_rate=RATE, random_seed=7, thread_count=1, verbose=False,
                              allow_writing_files=False)  # fmt: skip


def _pool(data: Data, values: np.ndarray, label: np.ndarray | None = None) -> Pool:
    frame = pd.DataFrame(values)
    for column in data.categorical:
        frame[column] = frame[column].fillna(-1).astype(int).astype(str).astype(object)
    return Pool(frame, label=label, cat_features=data.categorical, thread_count=1)


def ebm_fit(data: Data, rows: np.ndarray, _: int) -> Predict:
    kinds = ["nominal" if column in data.categorical else "continuous" for column in range(data.train.shape[1])]
    model = ExplainableBoostingClassifier(
        feature_types=kinds, outer_bags=OUTER_BAGS, interactions=INTERACTIONS, n_jobs=1, random_state=7
    )  # fmt: skip
    model.fit(data.train[rows], data.label[rows])
    return model.decision_function


CLASSES = {
    "ripelead": Class(ripelead_fit, ripelead_watched),
    "HistGradientBoosting": Class(histogram_fit, histogram_watched),
    "XGBoost": Class(xgboost_fit, xgboost_watched),
    "CatBoost": Class(catboost_fit, catboost_watched),
    "EBM": Class(ebm_fit),
}


def chosen_trees(one: Class, data: Data) -> int:
    """The number of trees with the least mean log loss over the inner folds, as the product chooses it."""
    if one.watched is None:
        return 0
    losses = [one.watched(data, rows, held) for rows, held in data.folds]
    shortest = min(map(len, losses))
    sizes = [len(held) for _, held in data.folds]
    return int(np.argmin(np.average([loss[:shortest] for loss in losses], axis=0, weights=sizes))) + 1


def measured(one: Class, data: Data) -> dict[str, object]:
    trees = chosen_trees(one, data)
    held = [one.fit(data, rows, trees)(data.train[held]) for rows, held in data.folds]
    return {"trees": trees, "out_of_fold": np.concatenate(held)}


def main(folder: Path) -> None:
    """Write `<class>.npz` for each class, and times.json."""
    names = list(CLASSES)
    stored = np.load(folder / "data.npz")
    about = json.loads((folder / "data.json").read_text())
    folds = [(stored[f"train_{i}"], stored[f"held_{i}"]) for i in range(about["folds"])]
    data = Data(stored["train"], stored["label"], stored["judged"], about["categorical"], folds, about["ours"])
    found = {name: measured(CLASSES[name], data) for name in names}
    every, spent = np.arange(len(data.label)), {name: ([], []) for name in names}
    for number in range(ROUNDS):
        for name in names:
            if number and spent[name][0][0] > LONG_S:
                continue
            began = time.process_time()
            predict = CLASSES[name].fit(data, every, found[name]["trees"])
            fitted = time.process_time()
            found[name]["judged"] = predict(data.judged)
            spent[name][0].append(fitted - began)
            spent[name][1].append(time.process_time() - fitted)
    for name in names:
        np.savez(folder / f"{name}.npz", **found[name])
    times = {name: [median(fit), median(predict)] for name, (fit, predict) in spent.items()}
    (folder / "times.json").write_text(json.dumps(times))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
