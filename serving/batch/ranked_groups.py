"""All scores of a run in their final order, rendered group by group: only numbers are ever in memory as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.windows import Ints
from serving.batch.checkpoints import Checkpoint, gathered, ranking
from serving.language.phrases import Phrases, phrases_of
from serving.render import render
from serving.scoring import from_arrow
from serving.sinks import SCHEMA
from training.bundle import Bundle

GROUP_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Ranked:
    """Scores by propensity (descending), lead_id and as_of; `order` are positions in the chunks one after the other."""

    checkpoints: Sequence[Checkpoint]
    starts: Ints
    order: Ints
    group_rows: int
    bundle: Bundle
    phrases: Phrases

    @property
    def rows(self) -> int:
        """Number of scores."""
        return len(self.order)

    @property
    def qualified(self) -> int:
        """How many are classified as sales qualified."""
        return sum(pc.sum(checkpoint.scores["qualified"]).as_py() or 0 for checkpoint in self.checkpoints)

    @property
    def groups(self) -> int:
        """Number of groups; one without rows where there is nothing."""
        return max(-(-self.rows // self.group_rows), 1)

    def group(self, number: int) -> pa.Table:
        """The score table of one group."""
        return self._rendered(self.order[number * self.group_rows : (number + 1) * self.group_rows])

    def first(self, rows: int) -> pa.Table:
        """The score table of the first rows."""
        return self._rendered(self.order[:rows])

    def _rendered(self, positions: Ints) -> pa.Table:
        if len(positions) == 0:
            return SCHEMA.empty_table()
        scores = from_arrow(gathered(self.checkpoints, self.starts, positions))
        return render(self.bundle, scores, self.phrases)


def ranked_groups(checkpoints: Sequence[Checkpoint], bundle: Bundle, language: str, rows: int = GROUP_ROWS) -> Ranked:
    """The scores of all chunks in their final order."""
    starts = np.cumsum([0, *(len(checkpoint.scores) for checkpoint in checkpoints)]).astype(np.int64)
    return Ranked(checkpoints, starts, ranking(checkpoints), rows, bundle, phrases_of(bundle, language))
