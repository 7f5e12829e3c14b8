"""Runs in the peer's environment: median processor seconds of woodelf-explainer on the rows of a folder."""

import sys
import time
from pathlib import Path
from statistics import median

import lightgbm as lgb
import numpy as np
import pandas as pd
from woodelf import WoodelfExplainer  # type: ignore[import-not-found]

COMPARED = 1_000


def main(folder: Path, rounds: int) -> None:
    """Print the seconds; the first rows' values go to shap.npy."""
    booster = lgb.Booster(model_file=folder / "model.txt")
    values = np.load(folder / "rows.npy")
    rows = pd.DataFrame(values, columns=booster.feature_name())
    explainer = WoodelfExplainer(booster, feature_perturbation="tree_path_dependent")
    explainer.shap_values(rows[:100], verbose=False)
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        found = explainer.shap_values(rows, verbose=False)
        spent.append(time.process_time() - began)
    np.save(folder / "shap.npy", np.asarray(found)[:COMPARED, : values.shape[1]])
    print(median(spent))


main(Path(sys.argv[1]), int(sys.argv[2]))
