"""The training table as people look at it in notebooks: features with their names and categories in words."""

import numpy as np
import pandas as pd

from features.build import FeatureTable, Progress, build_features
from features.catalog import Catalog
from features.project import Project
from training.dataset import Dataset
from training.model import learn_catalog
from training.settings import ModelSettings

LEADING = ("lead_id", "as_of", "label", "matured")


def feature_frame(project: Project, settings: ModelSettings, dataset: Dataset, progress: Progress) -> pd.DataFrame:
    """One row per training snapshot: `LEADING`, then every proposed feature, categories as text."""
    every = np.arange(len(dataset.snapshots))
    catalog, _ = learn_catalog(project, settings, dataset, every)
    table = build_features(dataset.histories, dataset.tables, dataset.snapshots, catalog, progress)
    leading = pd.DataFrame(
        {
            "lead_id": pd.Series(dataset.histories.lead_ids[table.snapshots.lead], dtype="str"),
            "as_of": pd.to_datetime(table.snapshots.as_of, unit="us", utc=True).as_unit("us"),
            "label": pd.Series(dataset.label).where(dataset.matured).astype("Int8"),
            "matured": dataset.matured,
        }
    )
    return pd.concat([leading, readable(table, catalog)], axis=1)


def readable(table: FeatureTable, catalog: Catalog) -> pd.DataFrame:
    """Feature values with categories as text instead of codes."""
    columns: dict[str, pd.Series] = {}
    for column, feature in enumerate(catalog.features):
        values = table.values[:, column]
        if feature.type == "category":
            shown = {code: catalog.shown(feature, code) for code in np.unique(values[~np.isnan(values)])}
            columns[feature.name] = pd.Series(values).map(shown).astype("str")
        else:
            columns[feature.name] = pd.Series(values)
    return pd.DataFrame(columns)
