"""What is asked of an engine: which features of which snapshots, and the columns that their rows begin with."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from features.catalog import Catalog
from features.histories import Block
from features.profile import Profile
from features.snapshots import Snapshots
from features.windows import Ints

Leading = Callable[[slice], dict[str, pa.Array]]
Beside = Callable[[Block, Snapshots, slice], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which features of which snapshots (sorted by lead and as_of); `leading` gives the further columns of rows.

    `beside` is shown each partition's block with the snapshots it holds (leads numbered from 0) and their rows, before
    `leading` is asked for these: for what else is computed of the events.
    """

    profile: Profile
    snapshots: Snapshots
    catalog: Catalog
    leading: Leading
    beside: Beside | None = None


def lead_columns(lead_ids: pa.Array, snapshots: Snapshots) -> Leading:
    """The columns lead_id and as_of of rows."""

    def leading(rows: slice) -> dict[str, pa.Array]:
        as_of: Ints = snapshots.as_of[rows]
        return {
            "lead_id": lead_ids.take(pa.array(snapshots.lead[rows])),
            "as_of": pa.array(as_of, pa.timestamp("us", tz="UTC")),
        }

    return leading
