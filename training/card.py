"""The model card: what the model is for, what it was trained on, how well it did, and where it ends."""

from features.project import Project
from training.dataset import Dataset
from training.evaluation import Estimate, Evaluation
from training.model import Fitted
from training.model_kinds import sentence
from training.settings import TrainingSettings


def model_card(
    project: Project, settings: TrainingSettings, dataset: Dataset, final: Fitted, evaluation: Evaluation
) -> str:
    """Markdown text of `card.md`."""
    model = evaluation.systems["model"]
    verdict = "\n".join(f"- {sentence}" for sentence in evaluation.verdict.sentences)
    return f"""# Lead propensity model of {project.project.name}

Predicts {target_in_words(settings)}. The ranking orders leads for personal contact by sales; it is no ground for any
other decision about a person.

## Data
- {final.rows:,} matured snapshots of {len(dataset.histories.lead_ids):,} leads; {final.positives:,} are conversions.
- Observation ends {dataset.tables.data_end:%Y-%m-%d}.
- {len(final.trained.catalog.features)} features; {_trees(final)}

## Result on rows the model had not seen
Measured with a model trained before the holdout; this bundle is refitted on all matured data.
- ROC-AUC {_shown(model.roc_auc)}, PR-AUC {_shown(model.pr_auc)}, Brier {_shown(model.brier)}.
{verdict}

## Limits
- It learns from leads that sales worked on in the past: who was never contacted could not convert.
- Contributions describe the model, not what brings a sale about.
"""


def _trees(final: Fitted) -> str:
    """How many trees, and what kind of model they make where it is not the usual one."""
    learned = final.trained.learned
    said = "" if learned is None else sentence(learned)
    trees = f"{final.trees} trees of depth at most {final.parameters['max_depth']}."
    return f"{trees}\n- {said}" if said else trees


def target_in_words(settings: TrainingSettings) -> str:
    """What counts as a win, completing "a win is …"."""
    label = settings.label
    if label.column:
        return f"the outcome recorded in `{label.column}`"
    return (
        f"a won deal within {label.horizon_days} days" if label.horizon_days else f"a won deal before `{label.until}`"
    )


def _shown(estimate: Estimate) -> str:
    if estimate.value is None:
        return "not measurable"
    interval = f" ({estimate.low:.3f}–{estimate.high:.3f})" if estimate.low is not None else ""
    return f"{estimate.value:.3f}{interval}"
