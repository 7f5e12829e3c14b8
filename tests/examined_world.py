"""A finished training of a small simulated world, in memory, for the tests of examinations."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from features.project import read_project
from features.simulate import WorldSettings, simulate
from features.tables import read_tables
from training.class_policy import class_policy
from training.dataset import load_dataset
from training.evaluate import evaluate
from training.examine import Examined
from training.folds import outer_folds
from training.judge import judge_holdout
from training.settings import read_training_settings


def world_tables(directory, leads=1500, seed=5):
    """Project, settings (one thread, few trees) and tables of a simulated world."""
    simulate(directory, WorldSettings(leads=leads, seed=seed))
    project = read_project(directory)
    settings = read_training_settings(project)
    model = settings.model.model_copy(update={"max_trees": 40, "threads": 1})
    return project, replace(settings, model=model), read_tables(project, clock=datetime(2027, 1, 1, tzinfo=UTC))


def examined_of(project, settings, tables) -> Examined:
    """What `train` hands to examinations; the judged model stands in for the final one."""
    dataset = load_dataset(project, settings, tables)
    rng = np.random.default_rng(settings.model.seed)
    folds = outer_folds(dataset.rows, settings.folds, dataset.matured, rng)
    judged = judge_holdout(project, settings, dataset, folds, lambda _: None)
    evaluation = evaluate(
        judged.frame,
        groups=judged.groups,
        train_base_rate=judged.fitted[0].trained.scale.base_rate,
        capacity_share=settings.policy.capacity_share,
        rng=rng,
    )
    model = judged.fitted[-1]
    classes = class_policy(project, settings, dataset, judged, model)
    return Examined(project, settings, dataset, judged, model, evaluation, classes)
