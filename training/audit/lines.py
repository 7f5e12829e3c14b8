"""The line of the project file that excludes a suspect."""

import json

from features.fit import ACCOUNT_PREFIX
from features.project import Project, TableName
from features.schema import SPECS
from training.audit.evidence import Evidence

CANONICAL = frozenset(column.name for column in SPECS["leads"].columns)
QUERIED = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".csv.gz", ".jsonl.gz", ".ndjson.gz")


def attribute_line(evidence: Evidence, name: str) -> tuple[str, str]:
    """Table of an attribute and the line that leaves the column out."""
    leads = evidence.dataset.histories.leads
    if name in leads:
        section = "[model]" if name in CANONICAL else "[tables.leads]"
        return "leads", f"{section} exclude = {quoted(name)}"
    return "accounts", f"[tables.accounts] exclude = {quoted(name.removeprefix(ACCOUNT_PREFIX))}"


def field_line(evidence: Evidence, name: str) -> str:
    """Line that leaves out an attribute with a dated history."""
    if name in evidence.dataset.histories.leads:
        return attribute_line(evidence, name)[1]
    return f"[model] exclude = {quoted(name)}"


def feature_line(*names: str) -> str:
    """Line that leaves out features, or patterns of them."""
    return f"[features] exclude = {quoted(*names)}"


def kind_line(project: Project, kind: str) -> str:
    """Line that leaves out the interactions of a kind; its features only where the table is a query already."""
    settings = project.tables.get("interactions")
    column = identifier("kind" if settings is None else settings.columns.get("kind", "kind"))
    plain = "".join(sign if sign.isalnum() else "_" for sign in kind.lower()).strip("_")
    patterns = (f"{plain}_*", f"days_since_{plain}", f"account_{plain}_*", f"account_days_since_{plain}")
    return rows_line(project, "interactions", f"{column} <> {literal(kind)}") or feature_line(*patterns)


def rows_line(project: Project, table: TableName, condition: str) -> str | None:
    """Line that reads only the rows of a table's file that meet a condition; None where the table is no such file."""
    file = queried_file(project, table)
    if file is None:
        return None
    # The line is for people to paste; it is not run here.
    query = f"select * from {literal(file)} {table} where {condition}"  # noqa: S608
    return f"[tables.{table}] sql = {json.dumps(query, ensure_ascii=False)}"


def queried_file(project: Project, table: TableName) -> str | None:
    """The file of a table that a query can read instead; None where it is none, or a query already."""
    settings = project.tables.get(table)
    return settings.file if settings is not None and settings.file and settings.file.endswith(QUERIED) else None


def identifier(name: str) -> str:
    """A column name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def quoted(*names: str) -> str:
    """A TOML list of strings."""
    return json.dumps(list(names), ensure_ascii=False)
