"""One lead: its features from a request or a stored account, by the kernel that makes the table of all leads."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from features import fit
from features.catalog import AttributeCode, Catalog
from features.cells import EXAMPLE, instant, shown
from features.errors import InputContractError
from features.kernel import block_values, room
from features.lead_history import LeadHistory, read_history
from features.profile import Profile
from features.recorded import Recorded, sorted_recordings
from features.snapshots import Snapshots
from features.windows import Floats, Ints

NO_TIMES, NO_VALUES = np.zeros(0, np.int64), np.zeros(0)


def compute_one(history: Mapping[str, object] | LeadHistory, as_of: datetime, catalog: Catalog) -> Floats:
    """Features of one lead as of an aware time: float64, one per name of `catalog.names`, not known as NaN.

    `history` holds plain rows (see `read_history`), or is what `read_history` made of them: it can be kept and asked
    for several dates. The values are those of the lead's row in `build_features`, bit for bit.

    Raises:
        InputContractError: `as_of` is no aware datetime, or the history is not as expected.
    """
    moment = _moment(as_of)
    known = history if isinstance(history, LeadHistory) else read_history(history, catalog.hygiene)
    if known.hygiene != catalog.hygiene:
        raise InputContractError(
            "the history was read with other [hygiene] rules than the catalog's: expected read_history(rows, "
            "catalog.hygiene)"
        )
    snapshots = Snapshots(np.array([known.lead]), np.array([moment]))
    values = room(1, catalog)
    block_values(known.block, _profile(known, catalog), snapshots, catalog, values)
    row = np.empty((1, len(catalog.features)))
    values.write(row)
    return row[0]


def _moment(as_of: datetime) -> int:
    if not isinstance(as_of, datetime):
        raise InputContractError(f"as_of: expected an aware datetime such as {EXAMPLE}, got {shown(as_of)}")
    try:
        return instant(as_of)
    except InputContractError as error:
        raise InputContractError(f"as_of: {error}") from error


def _profile(known: LeadHistory, catalog: Catalog) -> Profile:
    """What the catalog needs to know of the lead; of its colleagues only seniorities are known."""
    return Profile(
        {code.name: _attribute(known, code) for code in catalog.attributes},
        {name: _assessed(known, name) for name in catalog.criteria},
        known.seniority,
    )


def _attribute(known: LeadHistory, code: AttributeCode) -> Floats | Recorded:
    if code.tracked:
        time, words = known.changes.get(code.name, (NO_TIMES, ()))
        return _recorded(known, time, np.array([fit.code_of(code, word) for word in words]))
    values = np.full(len(known.block.created), np.nan)
    values[known.lead] = fit.code_of(code, known.attributes.get(code.name))
    return values


def _assessed(known: LeadHistory, criterion: str) -> Recorded:
    return _recorded(known, *known.assessments.get(criterion.lower(), (NO_TIMES, NO_VALUES)))


def _recorded(known: LeadHistory, time: Ints, value: Floats) -> Recorded:
    return sorted_recordings(np.full(len(time), known.lead), time, value, len(known.block.created))
