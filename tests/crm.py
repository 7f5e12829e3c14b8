"""Score files and projects for tests of what goes to a CRM."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from serving.sinks import SCHEMA

AS_OF = datetime(2026, 6, 10, tzinfo=UTC)
REASONS = [
    {"group": "Start", "feature": "start", "value": "", "points": 44, "sentence": "start"},
    {"group": "Interest", "feature": "demo", "value": "2", "points": 20, "sentence": 'demo, "two" times'},
    {"group": "Other", "feature": "other", "value": "", "points": 4, "sentence": "everything else"},
]
LEAD = {"as_of": AS_OF, "propensity": 0.25, "score": 68, "band": "A", "sales_qualified": True, "bant_met": 3,
        "bant_qualified": False, "stage": "sql", "reasons": REASONS, "model_version": "m1"}  # fmt: skip


def scored(*leads):
    """A score table with these leads, each a mapping of what differs from `LEAD`."""
    return pa.Table.from_pylist([{**LEAD, **lead} for lead in leads], schema=SCHEMA)


def score_file(path, *leads):
    """A score file with these leads."""
    pq.write_table(scored(*leads), path)
    return path


def crm_project(folder, settings="", leads="lead_id,created_at,owner,email\nL1,2026-06-01T00:00Z,anna,A@x.example\n"):
    """A project without a model: leads only, and sections of its CRMs."""
    (folder / "leads.csv").write_text(leads, encoding="utf-8")
    head = '[project]\nname = "acme"\ndata_end = "2026-07-01T00:00:00Z"\n[tables.leads]\nfile = "leads.csv"\n'
    (folder / "ripelead.toml").write_text(head + settings, encoding="utf-8")
    return folder
