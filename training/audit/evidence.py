"""What all checks look at: one row per lead with its outcome, and a sample of training snapshots."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from features.build import FeatureTable
from features.catalog import Catalog
from features.deals import deals_by_lead
from features.fit import attribute_frame, with_numbers
from features.identifiers import positions_of
from features.project import Project
from features.snapshots import Snapshots
from features.times import microseconds
from features.windows import NEVER, Ints
from training.audit.measures import FOLDS, Outcomes
from training.dataset import Dataset
from training.model import features_of, learn_catalog
from training.settings import TrainingSettings

# More rows make limits narrower and nothing else: these are enough for an AUC to ± .02.
MOST_LEADS = 50_000
MOST_SNAPSHOTS = 20_000


@dataclass(frozen=True, slots=True)
class LeadRows:
    """Leads whose outcome is known: `label` is 1 for those that were ever won.

    `number` are lead numbers of the histories, `attributes` every column of leads and accounts that is or could become
    a feature, `fold` 0 to 4 (an account never in two), `created` microseconds, `position` the row in the leads table.
    """

    number: Ints
    label: Outcomes
    attributes: pd.DataFrame
    fold: Ints
    created: Ints
    position: Ints


@dataclass(frozen=True, slots=True)
class Closings:
    """First closing of each lead of the histories (microseconds, NEVER without) and whether it was won."""

    time: Ints
    opened: Ints
    won: Outcomes


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a check may look at. `tracked` names attributes with a dated history."""

    project: Project
    settings: TrainingSettings
    dataset: Dataset
    leads: LeadRows
    closings: Closings
    tracked: frozenset[str]
    snapshots: Snapshots
    label: Outcomes
    fold: Ints
    table: FeatureTable
    catalog: Catalog
    seed: int

    @property
    def timed(self) -> bool:
        """Whether outcomes are dated deals of dated leads."""
        return self.dataset.tables.timed and self.dataset.won is not None

    def rng(self) -> np.random.Generator:
        """The same random numbers for every check, whatever the others drew."""
        return np.random.default_rng(self.seed)


def gather(project: Project, settings: TrainingSettings, dataset: Dataset) -> Evidence:
    """The evidence in a labelled data set."""
    rng = np.random.default_rng(settings.model.seed)
    rows = sampled(np.flatnonzero(dataset.matured), MOST_SNAPSHOTS, rng)
    catalog, _ = learn_catalog(project, settings.model, dataset, rows)
    fold_of_account = rng.integers(0, FOLDS, int(dataset.histories.account.max(initial=0)) + 1)
    snapshots = dataset.snapshots.take(rows)
    return Evidence(
        project=project,
        settings=settings,
        dataset=dataset,
        leads=_lead_rows(project, dataset, fold_of_account, rng),
        closings=_closings(settings, dataset),
        tracked=frozenset(map(str, dataset.tables.lead_changes["field"].dropna().unique())),
        snapshots=snapshots,
        label=dataset.label[rows],
        fold=fold_of_account[dataset.histories.account[snapshots.lead]],
        table=features_of(dataset, rows, catalog),
        catalog=catalog,
        seed=settings.model.seed,
    )


def sampled(rows: Ints, most: int, rng: np.random.Generator) -> Ints:
    """At most so many of the rows, in order."""
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def _lead_rows(project: Project, dataset: Dataset, fold_of_account: Ints, rng: np.random.Generator) -> LeadRows:
    histories = dataset.histories
    number = sampled(np.unique(dataset.snapshots.lead[dataset.matured]), MOST_LEADS, rng)
    leads = histories.leads.iloc[number]
    attributes = attribute_frame(leads, dataset.tables.accounts, dataset.not_features)
    kept = [name for name in attributes if not _left_out(str(name), project)]
    return LeadRows(
        number=number,
        label=_outcomes(dataset)[number],
        attributes=with_numbers(attributes[kept]),
        fold=fold_of_account[histories.account[number]],
        created=histories.created[number],
        position=positions_of(leads["lead_id"], dataset.tables.leads["lead_id"]),
    )


def _left_out(name: str, project: Project) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in project.features.exclude)


def _outcomes(dataset: Dataset) -> Outcomes:
    """1 for leads that were ever won, or whose outcome column says so."""
    if dataset.won is not None:
        return (np.diff(dataset.won.start) > 0).astype(np.int8)
    label = np.zeros(len(dataset.histories.lead_ids), np.int8)
    known = dataset.matured
    np.maximum.at(label, dataset.snapshots.lead[known], dataset.label[known])
    return label


def _closings(settings: TrainingSettings, dataset: Dataset) -> Closings:
    """A won deal counts before a lost one."""
    n = len(dataset.histories.lead_ids)
    deals = deals_by_lead(dataset.tables, settings.label.deals_of_account)
    deals = deals[deals["status"].isin(("won", "lost")) & deals["closed_at"].notna()]
    lead = positions_of(deals["lead_id"], dataset.histories.lead_ids)
    deals, lead = deals[lead >= 0], lead[lead >= 0]
    won = (deals["status"] == "won").to_numpy()
    closed, opened = microseconds(deals["closed_at"]), microseconds(deals["opened_at"])
    order = np.lexsort((closed, ~won, lead))
    first = order[np.unique(lead[order], return_index=True)[1]]
    time, begun, label = np.full(n, NEVER), np.full(n, NEVER), np.zeros(n, np.int8)
    time[lead[first]], begun[lead[first]], label[lead[first]] = closed[first], opened[first], won[first]
    return Closings(time, begun, label)
