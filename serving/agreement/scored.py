"""The model's side: classes and reasons of open leads, from a score file of the same time, or scored for this."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from features.identifiers import find_ids, index_ids
from features.tables import Tables
from features.windows import Ints
from serving.batch.job import Around, Job, run_job
from serving.batch.steps import Steps
from serving.score_files import read_score_file
from serving.scoring_rows import one_array
from serving.sinks import SCHEMA, FileTarget

CLASS = ("lead_id", "as_of", "sales_qualified")
SAID = ("lead_id", "as_of", "propensity", "score", "band", "sales_qualified", "reasons", "model_version")
NOT_SCORED, NO, YES = -1, 0, 1
Side = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Scored:
    """A score file of one time: `lead_id` and the model's class (`sales_qualified`) of every row of it."""

    path: Path
    lead_id: pa.Array
    qualified: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.lead_id)

    def sides(self, lead_ids: npt.NDArray[np.object_]) -> Side:
        """The model's class of each of some leads: yes, no, or not scored."""
        row = rows_of(self.lead_id, pa.array(lead_ids, pa.string()))
        return np.where(row < 0, NOT_SCORED, self.qualified[row]).astype(np.int8)

    def said_of(self, lead_ids: pa.Array) -> pa.Table:
        """The rows of some leads with the columns `SAID`, in the order of the file; no other row is kept in memory."""
        with parquet.ParquetFile(self.path) as file:
            groups = [_of(file.read_row_group(number, list(SAID)), lead_ids) for number in range(file.num_row_groups)]
        return pa.concat_tables(groups) if groups else SCHEMA.empty_table().select(list(SAID))


def recorded_scores(path: Path, as_of: datetime) -> Scored:
    """A score file that `ripelead score` wrote as of this time.

    Raises:
        ProjectFileError: it cannot be read, is no score file, or is of another time.
    """
    table = read_score_file(path, CLASS, as_of, later=SAID)
    return _scored(path, table)


@contextmanager
def scored_now(job: Callable[[FileTarget], Job], steps: Steps) -> Iterator[Scored]:
    """Scores made for this and deleted at the end; `job` scores into a target."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scores.parquet"
        asked = job(FileTarget(path, "iso"))
        run_job(asked, Around(steps, lambda: 0.0, _unsaid))
        yield _scored(path, parquet.read_table(path, columns=list(CLASS)))


def _scored(path: Path, table: pa.Table) -> Scored:
    return Scored(path, one_array(table["lead_id"]), np.asarray(table["sales_qualified"].to_numpy(), np.bool_))


def _unsaid(_tables: Tables) -> None:
    """The row accounting is printed once, by who reads the tables for the frameworks."""


def _of(table: pa.Table, lead_ids: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table["lead_id"], value_set=lead_ids))


def rows_of(lead_ids: pa.Array, wanted: pa.Array) -> Ints:
    """Row in `lead_ids` of each wanted id, −1 where it is not there."""
    return find_ids(index_ids(lead_ids), pa.chunked_array([wanted]))
