"""A small project on disk whose leads can be handed over without any model."""

from pathlib import Path

from projects import write_project
from trained import command

TABLES = {
    "leads": (
        "lead_id,created_at,account_id,source,email,name,title,owner,country\n"
        "ann,2026-01-05T09:00:00Z,acme,social,ann@acme.example,Ann Muster,Einkaufsleiterin,,DE\n"
        "bo,2026-01-06T09:00:00Z,acme,social,,Bo Prøve,IT-Administrator,,DE\n"
        "cy,2026-02-20T09:00:00Z,acme,social,,Cy Later,CFO,,DE\n"
    ),
    "accounts": "account_id,name,industry,employees\nacme,ACME GmbH,energy,300\n",
    "interactions": (
        "lead_id,occurred_at,kind,topic,direction\n"
        "ann,2026-01-05T09:00:00Z,content_download,security,inbound\n"
        "ann,2026-01-07T10:00:00Z,webinar_attended,security,inbound\n"
        "ann,2026-02-10T10:00:00Z,pricing_page_view,,inbound\n"
        "bo,2026-01-20T10:00:00Z,faq_view,,inbound\n"
    ),
    "assessments": (
        "lead_id,assessed_at,criterion,met,amount,deadline,note,by\n"
        "ann,2026-01-10T10:00:00Z,budget,1,10000,2026-09-30T00:00:00Z,EUR for Q3,rep-1\n"
        "ann,2026-02-10T10:00:00Z,need,1,,,later,rep-1\n"
    ),
    "decisions": "lead_id,decided_at,decision,by\nann,2026-01-09T10:00:00Z,accept,rep-1\n",
    "deals": "lead_id,closed_at,status\nbo,2026-02-15T00:00:00Z,lost\n",
}
AS_OF = "2026-02-01T00:00:00Z"
LABEL = "\n[snapshots]\nages_days = [7]\n[label]\nhorizon_days = 30\n"


def small_project(directory: Path, settings: str = "", **tables: str) -> Path:
    write_project(directory, {**TABLES, **tables})
    toml = directory / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + LABEL + settings, encoding="utf-8")
    return directory


def handed_over(directory: Path, *more: str, lead: str = "ann", as_of: str = AS_OF, out: str = "found.json") -> str:
    """What `ripelead handover` writes."""
    path = directory / out
    assert command("handover", lead, "-p", directory, "--as-of", as_of, "--out", path, *more) == 0
    return path.read_text(encoding="utf-8")
