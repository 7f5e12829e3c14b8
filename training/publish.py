"""What people see of a run: pictures, `report.html`, and the MLflow run."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from features.project import Project
from features.windows import Ints
from training.audit.section import audit_section
from training.card import target_in_words
from training.figures import Beeswarm, draw_figures, save_png
from training.fingerprint import data_fingerprint, git_commit
from training.folds import Fold
from training.gate.section import gate_section
from training.report import Facts, FeatureFact, FoldFact, render_report
from training.sections import Section
from training.settings import TrainingSettings
from training.tracking import Tracked, log_run, store_of
from training.train import Run


def write_report(project: Project, settings: TrainingSettings, run: Run) -> None:
    """Draw the pictures and write the report into the run's folder."""
    figures = draw_figures(run.judged.frame, run.evaluation, _beeswarm(run))
    folder = run.directory / "figures"
    folder.mkdir()
    for name, svg in figures.items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    save_png(run.evaluation, folder / "gain.png")
    facts = _facts(project, settings, run)
    (run.directory / "report.html").write_text(
        render_report(run.evaluation, {str(k): svg for k, svg in figures.items()}, facts, _sections(run)),
        encoding="utf-8",
    )


def track(project: Project, settings: TrainingSettings, run: Run) -> None:
    """Log a finished run to MLflow and register its bundle there; its pictures are read from the run's folder.

    Raises:
        ProjectFileError: the tracking store cannot be reached.
    """
    facts = _facts(project, settings, run)
    figures = {path.name: path.read_text(encoding="utf-8") for path in (run.directory / "figures").glob("*.svg")}
    sections = {"label": settings.label, "folds": settings.folds, "features": project.features}
    parameters = {
        **{f"model.{name}": str(value) for name, value in facts.parameters.items()},
        **{f"{s}.{key}": str(value) for s, section in sections.items() for key, value in section.model_dump().items()},
        "snapshots": json.dumps(project.snapshots.model_dump(mode="json")),
        "rows": str(run.final.rows),
        "positives": str(run.final.positives),
    }
    tags = {"data_fingerprint": facts.fingerprints["data"], "git_commit": facts.fingerprints["code"],
            "bundle": run.version, "verdict": run.evaluation.verdict.kind,
            "gate": "not asked" if run.gate is None else "passed" if run.gate.passed else "refused"}  # fmt: skip
    metrics = {name: value for finding in run.findings for name, value in (finding.metrics or {}).items()}
    tracked = Tracked(parameters, tags, figures, run.directory, run.version, metrics)
    log_run(store_of(project, settings.tracking), tracked, run.evaluation, run.final.trained.catalog)


def _sections(run: Run) -> tuple[Section, ...]:
    found = (finding.section for finding in run.findings)
    gate = () if run.gate is None else (gate_section(run.gate),)
    return (*gate, *(section for section in found if section is not None), audit_section(run.audit))


def _beeswarm(run: Run) -> Beeswarm:
    catalog = run.judged.fitted[-1].trained.catalog
    names = [feature.words for feature in catalog.features]
    return Beeswarm(points=run.judged.sample_points, values=run.judged.sample.values, names=names)


def _facts(project: Project, settings: TrainingSettings, run: Run) -> Facts:
    tables, folds = run.dataset.tables, run.judged.folds
    catalog = run.judged.fitted[-1].trained.catalog
    strength = np.abs(run.judged.sample_points).mean(axis=0)
    return Facts(
        project=project.project.name,
        data_end=tables.data_end,
        outcome=target_in_words(settings),
        n_train=run.judged.fitted[0].rows,
        folds=tuple(_fold_fact(i, fold, run) for i, fold in enumerate(folds, start=1)),
        gap_days=_gap(settings),
        dropped=_dropped(run),
        features=tuple(
            FeatureFact(feature.name, feature.words, feature.group, float(points))
            for feature, points in zip(catalog.features, strength, strict=True)
        ),
        parameters={**_shown(run.final.parameters), "trees": run.final.trees},
        bundle_id=run.version,
        fingerprints={"data": data_fingerprint(tables), "code": git_commit(Path(__file__).parent)},
        # Notes of the door quote cells of the input, which may be about people; they are printed, not kept.
        notes=run.final.notes,
    )


def _gap(settings: TrainingSettings) -> int | None:
    if settings.folds.kind != "time":
        return None
    return settings.label.horizon_days if settings.folds.gap_days is None else settings.folds.gap_days


def _shown(parameters: Mapping[str, object]) -> dict[str, str | int | float | bool]:
    return {name: value if isinstance(value, str | int | float) else str(value) for name, value in parameters.items()}


def _fold_fact(number: int, fold: Fold, run: Run) -> FoldFact:
    train_from, train_to = _dates(run, fold.train)
    test_from, test_to = _dates(run, fold.holdout)
    name = "holdout" if len(run.judged.folds) == 1 else f"fold {number}"
    return FoldFact(name, train_from, train_to, test_from, test_to, len(fold.train), len(fold.holdout))


def _dates(run: Run, rows: Ints) -> "tuple[pd.Timestamp | None, pd.Timestamp | None]":
    if not run.dataset.tables.timed or len(rows) == 0:
        return None, None
    times = pd.to_datetime(run.dataset.rows.as_of[rows], unit="us", utc=True)
    return times.min(), times.max()


def _dropped(run: Run) -> dict[str, int]:
    fold = run.judged.folds[0]
    reasons = {
        "outcome not known yet at the data's end": int((~run.dataset.matured).sum()),
        "between training and holdout (gap)": fold.in_gap,
        "lead already seen in training": fold.purged,
    }
    return {reason: rows for reason, rows in reasons.items() if rows}
