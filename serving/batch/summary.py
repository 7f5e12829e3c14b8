"""The summary of a run: the last line of its output, and what its marker holds."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts and names of a run; `rows_in` = `scored` + `closed_or_later` + `quarantined`.

    These are rows of the leads (or of the feature table); `quarantined_rows` are those of all tables. `marker` is what
    says that the output is complete; `sha256` is empty for a database.
    """

    rows_in: int
    leads: int
    scored: int
    closed_or_later: int
    quarantined: int
    sales_qualified: int
    quarantined_rows: int
    left_out_interactions: int
    model_version: str
    language: str
    explain: str
    resumed_chunks: int
    run_key: str
    out: str
    marker: str = ""
    sha256: str = ""
    seconds: float = 0.0

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)
