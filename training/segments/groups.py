"""Rows of the holdout by the values that attributes had on the as-of date."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd

from features.catalog import AttributeCode
from features.errors import ProjectFileError
from features.fit import attribute_as_of, attribute_frame, attribute_values, learn_codes
from features.windows import Floats, Ints
from training.dataset import Dataset
from training.examine import Examined
from training.segments.found import NOT_KNOWN, REST
from training.settings import ReportSettings

PERSONS = ("owner",)
PERSON = re.compile(
    r"(?<![a-z])(owner|seller|sales ?(person|man|rep)|rep|agent|assigned|assignee|handled by|user|contact)(?![a-z])",
    re.IGNORECASE,
)
"""Names of attributes whose values are people: they are looked at only when named in the project file."""
MOST_ATTRIBUTES = 12
MOST_VALUES = 12
MOST_NUMBERS = 6
QUARTERS = (0.25, 0.5, 0.75)
LEAST_LEADS = 20
LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Grouping:
    """An attribute with the segment (position in `values`) of every row."""

    name: str
    tracked: bool
    values: tuple[str, ...]
    code: Ints


def refuse_unknown_segments(settings: ReportSettings, dataset: Dataset) -> None:
    """Refuse a misspelt `[report] segments` before anything is trained.

    Raises:
        ProjectFileError: naming the key and the nearest name.
    """
    known = list(_frame(dataset).columns)
    for name in settings.segments or ():
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known) or 'no attributes'}"
            raise ProjectFileError(f"[report] segments: leads and accounts have no attribute {name!r}; {hint}")


def groupings(examined: Examined, rows: Ints, groups: Ints) -> tuple[Grouping, ...]:
    """The rows by each attribute that was asked for, or by those of the model that have few values."""
    asked = examined.settings.report.segments
    found = []
    codes = tuple(_codes(examined))
    for code, values in zip(codes, _values(examined.dataset, codes, rows), strict=True):
        grouping = _grouping(code, values, groups)
        if grouping is not None and (asked is not None or _tells(grouping)):
            found.append(grouping)
    return tuple(found if asked is not None else found[:MOST_ATTRIBUTES])


def _codes(examined: Examined) -> Iterator[AttributeCode]:
    """How the values of each attribute become numbers: as in the model, or learned from all leads."""
    asked, dataset = examined.settings.report.segments, examined.dataset
    of_model = {code.name: code for code in examined.judged.fitted[0].trained.catalog.attributes}
    if asked is None:
        yield from (code for name, code in of_model.items() if not PERSON.search(name.replace("_", " ")))
        return
    others = [name for name in asked if name not in of_model]
    changes = dataset.tables.lead_changes
    recorded = {
        name: changes.loc[changes["field"] == name, "value"] for name in others if (changes["field"] == name).any()
    }
    learned, _ = learn_codes(_frame(dataset)[others], recorded, examined.project.features)
    known = of_model | {code.name: code for code in learned}
    yield from (known[name] for name in asked if name in known)


def _frame(dataset: Dataset) -> pd.DataFrame:
    """Every attribute of the leads and their accounts, persons included."""
    leads = dataset.histories.leads
    frame = attribute_frame(leads, dataset.tables.accounts, ())
    persons = leads[[name for name in PERSONS if name in leads]].reset_index(drop=True)
    return pd.concat([frame, persons], axis=1)


def _values(dataset: Dataset, codes: Sequence[AttributeCode], rows: Ints) -> list[Floats]:
    """Code of each attribute on each row's as-of date; NaN where it is not known."""
    snapshots = dataset.snapshots.take(rows)
    values = attribute_values(_frame(dataset), dataset.tables.lead_changes, dataset.histories.lead_ids, codes)
    return [attribute_as_of(values[code.name], snapshots) for code in codes]


def _grouping(code: AttributeCode, values: Floats, groups: Ints) -> Grouping | None:
    names, position = _banded(values) if code.type == "number" else _named(code, values)
    if not names:
        return None
    return _pooled(Grouping(code.name, code.tracked, names, position), groups)


def _named(code: AttributeCode, values: Floats) -> tuple[tuple[str, ...], Ints]:
    names = ("no", "yes") if code.type == "boolean" else (*code.categories, REST)
    return (*names, NOT_KNOWN), np.where(np.isnan(values), len(names), np.nan_to_num(values)).astype(np.int64)


def _banded(values: Floats) -> tuple[tuple[str, ...], Ints]:
    """Numbers one by one where they are few, by quarters of the rows otherwise."""
    known = values[~np.isnan(values)]
    different = np.unique(known)
    if len(different) < 2:
        return (), np.empty(0, np.int64)
    if len(different) <= MOST_NUMBERS:
        names, position = tuple(map(_number, different)), np.searchsorted(different, values)
    else:
        edges = np.unique(np.quantile(known, QUARTERS, method="lower"))
        edges = edges[edges < different[-1]]
        names, position = _ranges(edges, different), np.searchsorted(edges, values)
    return (*names, NOT_KNOWN), np.where(np.isnan(values), len(names), position).astype(np.int64)


def _ranges(edges: Floats, different: Floats) -> tuple[str, ...]:
    """Names of the bands that end at each edge, the edge included, and of the band above the last."""
    above = [different[np.searchsorted(different, edge, "right")] for edge in edges]
    middle = [f"{_number(low)} to {_number(high)}" for low, high in zip(above[:-1], edges[1:], strict=True)]
    return (f"up to {_number(edges[0])}", *middle, f"{_number(above[-1])} and more")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"


def _pooled(grouping: Grouping, groups: Ints) -> Grouping:
    """Values of few leads in one segment; the others in their order, those that no row has left out."""
    leads = [len(np.unique(groups[grouping.code == i])) for i in range(len(grouping.values))]
    least = max(LEAST_LEADS, LEAST_SHARE * len(np.unique(groups)))
    named = [i for i, name in enumerate(grouping.values) if name not in (REST, NOT_KNOWN) and leads[i] >= least]
    kept = sorted(sorted(named, key=lambda i: -leads[i])[: MOST_VALUES - 1])
    rest = [i for i, name in enumerate(grouping.values) if i not in kept and name != NOT_KNOWN]
    order = [*([i] for i in kept), rest, [i for i, name in enumerate(grouping.values) if name == NOT_KNOWN]]
    names = (*(grouping.values[i] for i in kept), REST, NOT_KNOWN)
    code = np.empty(len(grouping.code), np.int64)
    for place, members in enumerate(order):
        code[np.isin(grouping.code, members)] = place
    present, packed = np.unique(code, return_inverse=True)
    values = tuple(names[i] for i in present)
    return Grouping(grouping.name, grouping.tracked, values, packed.astype(np.int64))


def _tells(grouping: Grouping) -> bool:
    """Whether at least two values have a segment of their own."""
    return len(_own(grouping.values)) > 1


def _own(values: Sequence[str]) -> list[str]:
    return [value for value in values if value not in (REST, NOT_KNOWN)]
