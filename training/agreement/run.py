"""The model's class against qualification frameworks on the holdout: `agreement.json` and its section of the report."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from features.attribute_points import tracked_fields
from features.errors import ProjectFileError
from features.frameworks.definition import Framework, read_frameworks
from features.frameworks.facts import facts_of
from features.frameworks.verdict import Small, judge_all
from features.project import Project
from features.windows import Ints
from training.agreement.found import AGREEMENT_SCHEMA, Agreement, Compared
from training.agreement.measure import Judged, measured
from training.agreement.words import sentences
from training.bootstrap import LEVEL, replicates_for, resamples
from training.dataset import Dataset
from training.examine import Examined, Finding, strict_json
from training.sections import Section
from training.settings import ReportSettings

TITLE = "Where model and rules agree"
ODD = re.compile(r"[^A-Za-z0-9_. -]")


def examine_agreement(examined: Examined) -> Finding | None:
    """`agreement.json`, the section, and win rates of the cells; None where no framework is to be compared."""
    frameworks = compared_frameworks(examined.project, examined.settings.report)
    if not frameworks:
        return None
    found = agreement(examined, frameworks)
    return Finding("agreement", strict_json(found), section_of(found), _metrics(found))


def section_of(found: Agreement) -> Section:
    """The comparison as a section of the report."""
    return Section("agreement", TITLE, "sections/agreement.html", found)


def compared_frameworks(project: Project, settings: ReportSettings) -> Mapping[str, Framework]:
    """The frameworks that the model's class is compared with, by name.

    Raises:
        ProjectFileError: a framework cannot be read, or `[report] frameworks` names one that `[rules]` does not have.
    """
    known = read_frameworks(project.rules, project.directory)
    if settings.frameworks is None:
        return known
    names = [Path(asked).stem for asked in settings.frameworks]
    for name in names:
        if name not in known:
            raise ProjectFileError(
                f"[report] frameworks: {name!r} is not among [rules] frameworks ({', '.join(known)})"
            )
    return {name: known[name] for name in names}


def agreement(examined: Examined, frameworks: Mapping[str, Framework]) -> Agreement:
    """Every framework beside the model on all holdout rows; resamples are of leads."""
    judged, threshold = examined.judged, examined.classes.threshold
    rows = np.concatenate([fold.holdout for fold in judged.folds])
    outcomes = outcomes_on(examined.project, examined.dataset, rows, frameworks)
    rng = np.random.default_rng(examined.settings.model.seed)
    drawn = resamples(judged.groups, rng, replicates_for(len(rows)))
    label, probability = (judged.frame[name].to_numpy(np.float64) for name in ("label", "propensity"))
    held = Judged(label, probability, threshold, drawn)
    return Agreement(
        schema_version=AGREEMENT_SCHEMA,
        threshold=threshold,
        n=len(rows),
        leads=drawn.groups,
        interval_level=LEVEL,
        replicates=drawn.replicates if drawn.enough else 0,
        frameworks=tuple(_compared(name, frameworks[name], held, outcome) for name, outcome in outcomes.items()),
    )


def outcomes_on(
    project: Project, dataset: Dataset, rows: Ints, frameworks: Mapping[str, Framework]
) -> Mapping[str, Small]:
    """Outcome of each framework on some snapshots of a data set, in their order, by framework."""
    order = np.argsort(rows, kind="stable")
    histories, tables = dataset.histories, dataset.tables
    facts = facts_of(histories.leads, tables, frameworks, project.points, tracked_fields(tables.lead_changes))
    snapshots = dataset.snapshots.take(rows[order])
    found = judge_all(histories, facts, snapshots, frameworks, project.points, os.cpu_count() or 1)
    place = np.argsort(order, kind="stable")
    return {name: verdicts.outcome[place] for name, verdicts in found.verdicts.items()}


def _compared(name: str, framework: Framework, held: Judged, outcome: Small) -> Compared:
    found = measured(held, outcome)
    return Compared(name, framework.title, found.cells, found.same_volume, sentences(found))


def _metrics(found: Agreement) -> dict[str, float]:
    """Win rates of the picks of one side alone, at the framework's volume."""
    metrics = {}
    for one in found.frameworks:
        if one.same_volume is not None and one.same_volume.difference.value is not None:
            name = ODD.sub("_", one.framework)
            metrics[f"agreement.{name}.apart"] = one.same_volume.apart
            metrics[f"agreement.{name}.difference"] = one.same_volume.difference.value
    return metrics
