"""Small things to learn from, for tests of boosting and tuning."""

import numpy as np

from features.catalog import Catalog, FeatureDef
from training.boosting import Lesson
from training.folds import Fold
from training.settings import ModelSettings
from training.tuning.search import Task
from training.tuning.settings import TuneSettings

FEATURES = tuple(FeatureDef(name, "count", "Interest", "") for name in ("visits", "mails", "calls"))
CATALOG = Catalog(FEATURES, (), (), (), ())


def lesson(rows: int = 300, seed: int = 1) -> Lesson:
    """Outcomes that depend on the first two columns; two folds, each half judged by the other."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, len(FEATURES)))
    score = values[:, 0] + values[:, 0] * values[:, 1]
    label = (rng.random(rows) < 1 / (1 + np.exp(-score))).astype(np.int8)
    first, second = np.array_split(np.arange(rows), 2)
    return Lesson(values, label, CATALOG, (Fold(first, second), Fold(second, first)))


def task(tune: TuneSettings | None = None, **model) -> Task:
    """A task of tuning on `lesson()`, one lead a row, few trees."""
    whole = lesson()
    settings = ModelSettings(**{"threads": 1, "max_trees": 20, "learning_rate": 0.1, **model})
    return Task(whole, np.arange(len(whole.label)), settings, tune or TuneSettings(trials=4, minutes=5))
