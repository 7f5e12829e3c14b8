"""What a run keeps so that a later model can be compared with it fairly: the judged model, and what was seen."""

from pathlib import Path

import numpy as np
import pandas as pd

from features.project import Project
from features.windows import Ints
from training.bundle import Policy, write_bundle
from training.dataset import Dataset
from training.fingerprint import data_fingerprint
from training.judge import Judged, usable_rows
from training.origin import ORIGIN_SCHEMA, Origin, keys_of, origin_json, settings_fingerprint, write_seen
from training.settings import TrainingSettings

CARD = """# For comparison only

This model was trained before the holdout of its run. It says how good the recipe is on rows that it did not learn from;
leads are scored with the bundle that was refitted afterwards.
"""


def keep_judged(
    directory: Path,
    project: Project,
    settings: TrainingSettings,
    dataset: Dataset,
    judged: Judged,
    shipped: tuple[str, Policy],
) -> Origin:
    """Write `judged/` (the model of the last fold as a bundle), what both models have seen, and `origin.json`."""
    fold, model = judged.folds[-1], judged.fitted[-1]
    version, policy = shipped
    origin = Origin(
        schema_version=ORIGIN_SCHEMA,
        bundle=version,
        judged=write_bundle(directory / "judged", model.trained, model.table, policy, CARD),
        split=fold.known_until,
        data_until=_data_until(dataset),
        data=data_fingerprint(dataset.tables),
        settings=settings_fingerprint(project, settings),
        seen_by_judged=_write(directory / "seen_by_judged.npy", dataset, usable_rows(dataset, fold)[0]),
        seen_by_shipped=_write(directory / "seen_by_shipped.npy", dataset, np.flatnonzero(dataset.matured)),
    )
    (directory / "origin.json").write_text(origin_json(origin), encoding="utf-8")
    return origin


def _write(path: Path, dataset: Dataset, rows: Ints) -> str:
    return write_seen(path, keys_of(dataset, rows))


def _data_until(dataset: Dataset) -> int | None:
    """The first moment after the data, in microseconds; None where nothing is dated."""
    if not dataset.tables.timed:
        return None
    return int(pd.Timestamp(dataset.tables.data_end).value // 1000) + 1
