"""Leads as sales got them: a row per hand-over whose probability was recorded, scored by a model that never saw them.

A lead is handed over because of its class or because it was drawn (`[exploration]`), with a probability that
`decisions` keep. One over it is how many leads like it there were, those that nobody worked included.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.build import build_features
from features.deals import deals_by_lead
from features.identifiers import positions_of
from features.project import Project
from features.snapshots import FIRST_MONDAY_US, Snapshots, closings_by_lead, is_open
from features.times import microseconds
from features.windows import Bools, Floats, Ints
from training.dataset import Dataset, outcomes_at
from training.folds import Fold
from training.judge import Judged
from training.model import Fitted
from training.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Hand-overs with a known outcome, one entry each: who, what the model says, what became of it.

    `probability` is the recorded one of being handed over at all, `drawn` whether chance chose the lead.
    """

    lead: Ints
    score: Floats
    label: npt.NDArray[np.int8]
    probability: Floats
    drawn: Bools

    def __len__(self) -> int:
        return len(self.lead)

    def take(self, rows: Bools) -> "HandedOver":
        """Some of the hand-overs."""
        return HandedOver(self.lead[rows], self.score[rows], self.label[rows], self.probability[rows], self.drawn[rows])


def handed_over(project: Project, settings: TrainingSettings, dataset: Dataset, judged: Judged) -> HandedOver | None:
    """Hand-overs since the holdout begins, of leads that the judged model did not learn from; None without any.

    A lead counts once in each period of the exploration: it was drawn, or not, once.
    """
    recorded = _recorded(dataset, settings.exploration.period_us)
    if recorded is None or len(judged.folds) != 1 or settings.folds.kind != "time":
        return None
    snapshots, probability, drawn = recorded
    kept = _judged(settings, dataset, snapshots, judged.folds[0])
    label, known = outcomes_at(project, settings, dataset, snapshots)
    rows = np.flatnonzero(kept & known)
    if len(rows) == 0:
        return None
    chosen = snapshots.take(rows)
    score = _scores(dataset, judged.fitted[0], chosen)
    return HandedOver(chosen.lead, score, label[rows], probability[rows], drawn[rows])


def _recorded(dataset: Dataset, period_us: int) -> tuple[Snapshots, Floats, Bools] | None:
    """Decisions with a probability, the first of each lead and period: who and when, how probable, whether drawn."""
    frame = dataset.tables.decisions
    frame = frame[frame["worked_probability"].notna()]
    lead = positions_of(frame["lead_id"], dataset.histories.lead_ids)
    time = microseconds(frame["decided_at"])
    frame, lead, time = frame[lead >= 0], lead[lead >= 0], time[lead >= 0]
    if len(frame) == 0 or dataset.won is None:
        return None
    order = np.lexsort((time, lead))
    keys = np.stack([lead, (time - FIRST_MONDAY_US) // period_us])[:, order]
    first = order[np.sort(np.unique(keys, axis=1, return_index=True)[1])]
    probability = frame["worked_probability"].to_numpy(np.float64)[first]
    drawn = frame["exploration"].fillna(0).to_numpy(np.float64)[first] == 1
    return Snapshots(lead[first], time[first]), probability, drawn


def _judged(settings: TrainingSettings, dataset: Dataset, snapshots: Snapshots, fold: Fold) -> Bools:
    """Hand-overs of open leads in the time of the holdout, of leads that training did not hold."""
    deals = deals_by_lead(dataset.tables, settings.label.deals_of_account)
    still = settings.label.repeat | is_open(closings_by_lead(deals, dataset.histories.lead_ids), snapshots)
    by_account = settings.folds.purge == "account"
    group = dataset.histories.account if by_account else np.arange(len(dataset.histories.lead_ids))
    learned = group[dataset.snapshots.lead[fold.train]]
    since = snapshots.as_of >= dataset.snapshots.as_of[fold.holdout].min()
    return np.asarray(still & since & ~np.isin(group[snapshots.lead], learned))


def _scores(dataset: Dataset, fitted: Fitted, snapshots: Snapshots) -> Floats:
    table = build_features(dataset.histories, dataset.tables, snapshots, fitted.trained.catalog)
    raw = np.asarray(fitted.trained.booster.predict(table.values, raw_score=True))
    return np.asarray(fitted.trained.scale.calibration.probability(raw))
