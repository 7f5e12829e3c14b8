"""Profile: what is known of leads beside their events, as arrays: attributes, field changes, qualification."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features import fit
from features.catalog import Catalog
from features.histories import Histories
from features.qualification import assessed
from features.recorded import Recorded
from features.tables import Tables
from features.windows import Floats, Ints


@dataclass(frozen=True, slots=True)
class Profile:
    """Per lead: the code of each attribute (or its recordings), assessments by criterion, and the seniority's code.

    Seniority codes follow the alphabet; −1 is not known.
    """

    attributes: Mapping[str, Floats | Recorded]
    assessments: Mapping[str, Recorded]
    seniority: Ints

    def cut(self, first: int, stop: int) -> "Profile":
        """The leads `[first, stop)`, renumbered from 0."""
        return Profile(
            {
                name: known.cut(first, stop) if isinstance(known, Recorded) else known[first:stop]
                for name, known in self.attributes.items()
            },
            {name: recordings.cut(first, stop) for name, recordings in self.assessments.items()},
            self.seniority[first:stop],
        )


def build_profile(histories: Histories, tables: Tables, catalog: Catalog) -> Profile:
    """What the catalog needs to know of all leads of the checked tables."""
    frame, lead_ids = fit.attribute_frame(histories.leads, tables.accounts, ()), histories.leads["lead_id"]
    return Profile(
        fit.attribute_values(frame, tables.lead_changes, lead_ids, catalog.attributes),
        assessed(tables.assessments, lead_ids, catalog.criteria),
        _seniority(histories.leads),
    )


def _seniority(leads: pd.DataFrame) -> Ints:
    if "seniority" not in leads:
        return np.full(len(leads), -1, np.int64)
    names = leads["seniority"]
    texts = names if isinstance(names.dtype, pd.StringDtype) else names.astype(object)
    return pd.factorize(texts, sort=True)[0].astype(np.int64)
