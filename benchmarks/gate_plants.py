"""Fields that are written after the outcome, planted as one more column of the features that are at hand."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.leaks import LEAKS
from benchmarks.plant import Change
from features.catalog import AttributeCode, Catalog, FeatureDef
from features.fit import encode, learn_codes
from features.project import Project
from features.windows import Floats, Ints
from training.dataset import Dataset
from training.settings import TrainingSettings

FIELDS = ("single column", "name", "filled", "deal column")


@dataclass(frozen=True, slots=True)
class Seen:
    """The data with a planted field, and the field as codes per lead."""

    dataset: Dataset
    code: AttributeCode
    codes: Floats

    def values_of(self, rows: Ints) -> Floats:
        """The field's codes of some snapshots."""
        return self.codes[self.dataset.snapshots.lead[rows]]

    def catalog_with(self, catalog: Catalog) -> Catalog:
        """The catalog with the field as its last feature."""
        feature = FeatureDef(self.code.name, "attribute", "Fit", self.code.name, of=self.code.name, type=self.code.type)
        return replace(catalog, features=(*catalog.features, feature), attributes=(*catalog.attributes, self.code))


@dataclass(frozen=True, slots=True)
class Plant:
    """A field of leads that knows the outcome."""

    what: str
    change: Change

    def put_into(self, project: Project, settings: TrainingSettings, dataset: Dataset) -> Seen | None:
        """The data with the field; None where the product would make no feature of it."""
        tables = self.change(dataset.tables, np.random.default_rng(9))
        new = [name for name in tables.leads.columns if name not in dataset.tables.leads.columns]
        if len(new) != 1:
            return None
        column = tables.leads.set_index("lead_id")[new[0]]
        leads = dataset.histories.leads.copy()
        leads[new[0]] = leads["lead_id"].map(column)
        codes, _ = learn_codes(leads[new], {}, project.features)
        if not codes or settings.model.exclude:
            return None
        seen = replace(dataset, tables=tables, histories=replace(dataset.histories, leads=leads))
        return Seen(seen, codes[0], encode(codes[0], leads[new[0]]))


def plants() -> tuple[Plant, ...]:
    """The fields of the audit's own benchmark, in a world with times."""
    return tuple(Plant(leak.what, leak.plant) for leak in LEAKS if leak.timed and leak.kind in FIELDS)
