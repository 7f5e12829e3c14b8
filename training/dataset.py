"""The labelled data of a project: histories, snapshots of open leads, and what became of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalog import AttributeCode
from features.deals import deals_by_lead
from features.errors import InputContractError
from features.fit import attribute_frame, encode
from features.histories import Histories, build_histories
from features.project import Project
from features.snapshots import Snapshots, closings_by_lead, is_open, training_snapshots
from features.tables import Tables
from features.windows import Bools, Floats, Ints, Segments
from training.folds import Rows
from training.followed import Followed
from training.labels import follow, horizon_end, label_snapshots, labels_from_column, won_times
from training.settings import TrainingSettings

Outcomes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Snapshots with their outcomes; all arrays have one entry per snapshot.

    `matured` tells whether the outcome is known for good at the data's end. `not_features` names the columns of
    leads that must not become features, `won` the times of won deals by lead (none for a flat table).
    """

    tables: Tables
    histories: Histories
    snapshots: Snapshots
    rows: Rows
    label: Outcomes
    matured: Bools
    won: Segments | None
    not_features: tuple[str, ...]

    def labels_known_at(self, rows: Ints, known_until: int | None) -> Outcomes:
        """Outcomes of some rows as they were known at a time (microseconds; None: at the data's end)."""
        if self.won is None or known_until is None:
            return self.label[rows]
        return label_snapshots(self.won, self.snapshots.take(rows), self.rows.end[rows], known_until).label

    @property
    def observed_until(self) -> int:
        """The first microsecond that is no longer observed: the data's end itself still is."""
        return int(pd.Timestamp(self.tables.data_end).value // 1000) + 1

    def followed(self, rows: Ints, known_until: int | None) -> Followed | None:
        """How long some rows were followed and when they won, as known at a time; None where wins are not dated."""
        if self.won is None:
            return None
        return follow(self.won, self.snapshots.take(rows), known_until or self.observed_until)

    def followed_from(self, snapshots: Snapshots) -> Followed | None:
        """The same of any leads from any times on, as known at the data's end."""
        return None if self.won is None else follow(self.won, snapshots, self.observed_until)

    def followed_from_creation(self) -> Followed | None:
        """The same of every lead from its creation on, with creation times in `histories.created`."""
        return self.followed_from(Snapshots(np.arange(len(self.histories.lead_ids)), self.histories.created))


def outcomes_at(
    project: Project, settings: TrainingSettings, dataset: Dataset, snapshots: Snapshots
) -> tuple[Outcomes, Bools]:
    """Outcomes of further snapshots of dated deals, and whether each is known for good."""
    if dataset.won is None:
        raise ValueError("a flat table has no dated deals: expected a data set with won times")
    end = horizon_end(dataset.histories, snapshots, settings.label, project.timezone)
    until = int(pd.Timestamp(dataset.tables.data_end).value // 1000) + 1
    labels = label_snapshots(dataset.won, snapshots, end, until)
    return labels.label, labels.known & (end > snapshots.as_of)


def load_dataset(project: Project, settings: TrainingSettings, tables: Tables) -> Dataset:
    """Labelled data of the checked tables.

    Raises:
        ProjectFileError: snapshots or label are not described.
        InputContractError: no snapshot has a known outcome.
    """
    return dataset_of(project, settings, tables, build_histories(tables, project.hygiene))


def dataset_of(project: Project, settings: TrainingSettings, tables: Tables, histories: Histories) -> Dataset:
    """Like `load_dataset`, with the histories at hand; they may be without events."""
    dataset = _flat(project, settings, tables, histories) if settings.label.column else _timed(
        project, settings, tables, histories
    )  # fmt: skip
    if not dataset.matured.any():
        raise InputContractError(
            f"none of the {len(dataset.snapshots)} snapshots has a known outcome by the data's end "
            f"({tables.data_end:%Y-%m-%d}): use a shorter [label] horizon_days, or more history"
        )
    return dataset


def relabelled(project: Project, settings: TrainingSettings, dataset: Dataset, snapshots: Snapshots) -> Dataset:
    """The same leads at other as-of dates, with their outcomes; snapshots of closed leads are left out.

    Only for outcomes that are dated (deals). Snapshots are sorted by (lead, as_of).
    """
    return _labelled(project, settings, dataset.tables, dataset.histories, snapshots)


def _timed(project: Project, settings: TrainingSettings, tables: Tables, histories: Histories) -> Dataset:
    snapshots = training_snapshots(histories, project.snapshots, tables.data_end)
    return _labelled(project, settings, tables, histories, snapshots)


def _labelled(
    project: Project, settings: TrainingSettings, tables: Tables, histories: Histories, snapshots: Snapshots
) -> Dataset:
    deals = deals_by_lead(tables, settings.label.deals_of_account)
    if not settings.label.repeat:
        snapshots = snapshots.take(is_open(closings_by_lead(deals, histories.lead_ids), snapshots))
    # The data's end itself is still observed.
    known_until = int(pd.Timestamp(tables.data_end).value // 1000) + 1
    end = horizon_end(histories, snapshots, settings.label, project.timezone)
    begun = end > snapshots.as_of  # a horizon of its own may be over before the as-of date
    snapshots, end = snapshots.take(begun), end[begun]
    won = won_times(histories, deals)
    labels = label_snapshots(won, snapshots, end, known_until)
    return Dataset(
        tables=tables,
        histories=histories,
        snapshots=snapshots,
        rows=_rows(histories, snapshots, labels.end, settings),
        label=labels.label,
        matured=labels.known,
        won=won,
        not_features=_not_features(settings),
    )


def _flat(project: Project, settings: TrainingSettings, tables: Tables, histories: Histories) -> Dataset:
    snapshots = flat_snapshots(histories, tables)
    if project.snapshots.given and tables.timed:
        snapshots = training_snapshots(histories, project.snapshots, tables.data_end)
    labels = labels_from_column(histories, snapshots, settings.label)
    return Dataset(
        tables=tables,
        histories=histories,
        snapshots=snapshots,
        rows=_rows(histories, snapshots, labels.end, settings),
        label=labels.label,
        matured=labels.known,
        won=None,
        not_features=_not_features(settings),
    )


def flat_snapshots(histories: Histories, tables: Tables) -> Snapshots:
    """One snapshot per lead of a flat table: at its creation, or just after the data's end when it has no time."""
    lead = np.arange(len(histories.lead_ids))
    end = int(pd.Timestamp(tables.data_end).value // 1000) + 1
    return Snapshots(lead, histories.created if tables.timed else np.full(len(lead), end))


def _rows(histories: Histories, snapshots: Snapshots, end: Ints, settings: TrainingSettings) -> Rows:
    return Rows(
        as_of=snapshots.as_of,
        end=end,
        group=_groups(histories, settings)[snapshots.lead],
        order=_order(histories, settings)[snapshots.lead],
    )


def _groups(histories: Histories, settings: TrainingSettings) -> Ints:
    folds = settings.folds
    if folds.kind != "group":
        return histories.account if folds.purge == "account" else np.arange(len(histories.lead_ids))
    excluded = set(_not_features(settings))
    columns = attribute_frame(histories.leads, pd.DataFrame({"account_id": []}), excluded)
    chosen = columns if folds.group == "identical" else _columns(histories.leads, folds.group, "folds.group")
    return chosen.astype("str").fillna("").groupby(list(chosen.columns), sort=True).ngroup().to_numpy().astype(np.int64)


def _order(histories: Histories, settings: TrainingSettings) -> Floats:
    if settings.folds.order_by is None:
        return np.zeros(len(histories.lead_ids))
    column = _columns(histories.leads, (settings.folds.order_by,), "folds.order_by").iloc[:, 0]
    order = encode(AttributeCode("order", "number"), column)
    if np.isnan(order).any():
        raise InputContractError(f"[folds] order_by = {settings.folds.order_by!r}: not a number in every row")
    return order


def _columns(leads: pd.DataFrame, names: tuple[str, ...], key: str) -> pd.DataFrame:
    for name in names:
        if name not in leads:
            raise InputContractError(f"{key}: leads have no column {name!r}; they have {', '.join(leads.columns)}")
    return leads[list(names)]


def _not_features(settings: TrainingSettings) -> tuple[str, ...]:
    named = (settings.label.column, settings.label.until, settings.folds.order_by)
    return (*(name for name in named if name is not None), *settings.model.exclude)
