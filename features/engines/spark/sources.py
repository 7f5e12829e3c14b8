"""Interactions as Spark reads them: files by path or pattern, or any source that Spark knows."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyarrow as pa

from features.delimited import seen_delimiter
from features.engines.spark.arrivals import Arrivals
from features.engines.spark.session import first_line
from features.errors import InputContractError, ProjectFileError
from features.layout import Layout, layout_of
from features.project import Project, TableName, TableSettings, expand_environment
from features.schema import SPECS
from features.sources import DELIMITED_SUFFIXES, JSON_SUFFIXES, SourceTable, unique_names
from features.values import ALWAYS_MISSING, Reading, as_mapping

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

TABLE: TableName = "interactions"
OTHERS, MISFIT = "ripelead others", "ripelead misfit"
KNOWN = ".csv, .tsv, .txt, .jsonl, .ndjson (each also .gz), .parquet, or spark = { format = …, path = … }"


@dataclass(frozen=True, slots=True)
class Incoming:
    """Rows as Spark reads them, and how a worker is to understand them; `origin` names them in messages."""

    rows: "DataFrame"
    arrivals: Arrivals
    origin: str


def incoming_interactions(session: "SparkSession", project: Project) -> Incoming:
    """The interactions of `project`, not yet read.

    Raises:
        ProjectFileError: there is no such table, or one that only the local engine can read.
        InputContractError: no such file, or no such columns in it.
    """
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException

    if TABLE not in project.tables:
        raise ProjectFileError(f"the Spark engine is for interactions, and there is no [tables.{TABLE}]")
    settings = project.tables[TABLE]
    try:
        rows, origin = _opened(session, project, settings)
        rows = rows.toDF(*_names(rows))
    except (PySparkException, Py4JError) as error:
        raise InputContractError(f"[tables.{TABLE}]: Spark cannot read it: {first_line(error)}") from error
    return _understood(rows, origin, project, settings)


def _opened(session: "SparkSession", project: Project, settings: TableSettings) -> "tuple[DataFrame, str]":
    given: Mapping[str, str] = settings.spark
    if given:
        options = {name: expand_environment(value) for name, value in given.items()}
        return session.read.format(options.pop("format")).options(**options).load(), f"spark = {dict(given)}"
    if settings.file is None:
        raise ProjectFileError(
            f"[tables.{TABLE}] sql = … is read by DuckDB on one machine. Expected for Spark: file = … with {KNOWN}"
        )
    path, suffix = _path(project.directory, settings.file), _suffix(settings.file)
    if suffix in DELIMITED_SUFFIXES:
        return _delimited(session, path, settings), settings.file
    if suffix in JSON_SUFFIXES:
        reader = session.read.option("primitivesAsString", True).option("columnNameOfCorruptRecord", MISFIT)
        return reader.option("encoding", _encoding(settings)).option("lineSep", "\n").json(path), settings.file
    if suffix == ".parquet":
        return session.read.option("mergeSchema", True).parquet(path), settings.file
    raise ProjectFileError(
        f"[tables.{TABLE}] file = {settings.file!r}: Spark does not read such files; it reads {KNOWN}"
    )


def _path(directory: Path, name: str) -> str:
    expanded = expand_environment(name)
    return expanded if urlsplit(expanded).scheme else str((directory / expanded).resolve())


def _suffix(name: str) -> str:
    return Path(name.lower().rstrip("/").removesuffix(".gz")).suffix


def _encoding(settings: TableSettings) -> str:
    return codecs.lookup(settings.encoding).name.removesuffix("-sig")


def _delimited(session: "SparkSession", path: str, settings: TableSettings) -> "DataFrame":
    """Cells as text; a line that does not fit the header stands in the column `MISFIT`."""
    from pyspark.sql.types import StringType, StructField, StructType

    separator = settings.delimiter or _separator(session, path, settings)
    reader = (
        session.read.option("header", True)
        .option("sep", separator)
        .option("escape", '"')
        .option("encoding", _encoding(settings))
        .option("enforceSchema", False)
        .option("columnPruning", False)
    )
    names = [*reader.csv(path).columns, MISFIT]
    schema = StructType([StructField(name, StringType()) for name in names])
    return reader.option("columnNameOfCorruptRecord", MISFIT).schema(schema).csv(path)


def _separator(session: "SparkSession", path: str, settings: TableSettings) -> str:
    if _suffix(path) == ".tsv":
        return "\t"
    header = session.read.option("encoding", _encoding(settings)).text(path).first()
    return seen_delimiter(header[0] if header else "")


def _names(rows: "DataFrame") -> list[str]:
    named = [name.strip() or f"column {index}" for index, name in enumerate(rows.columns, start=1)]
    return unique_names(named)


def _understood(rows: "DataFrame", origin: str, project: Project, settings: TableSettings) -> Incoming:
    from pyspark.sql import functions as fn

    names = [name for name in rows.columns if name != MISFIT]
    if not names:
        raise InputContractError(f"{TABLE}: {origin} is empty. Expected a header and rows; without any, leave it out")
    header = pa.table({name: pa.array([], pa.string()) for name in names})
    layout = layout_of(SourceTable(TABLE, origin, header, ()), settings, SPECS[TABLE])
    arrivals = Arrivals(
        columns=dict(layout.canonical),
        readings={name: _reading(project, settings, name) for name in layout.canonical},
        others=OTHERS,
        misfit=MISFIT if MISFIT in rows.columns else None,
    )
    needed = [*dict.fromkeys(layout.canonical.values()), *([MISFIT] if arrivals.misfit else [])]
    others = row_hash(rows, _others(layout)) if _others(layout) else fn.lit(0).cast("long")
    return Incoming(rows.select(*(column(name) for name in needed), others.alias(OTHERS)), arrivals, origin)


def _others(layout: Layout) -> list[str]:
    return [name for name in layout.others if name not in layout.excluded.values()]


def _reading(project: Project, settings: TableSettings, name: str) -> Reading:
    return Reading(
        missing=frozenset((*ALWAYS_MISSING, *(token.strip().lower() for token in settings.missing))),
        values=as_mapping(settings.values.get(name, {})),
        timezone=project.timezone,
        time_format=settings.time_format,
    )


def column(name: str) -> "Column":
    """The column of that name, whatever signs are in it."""
    from pyspark.sql import functions as fn

    quoted = name.replace("`", "``")
    return fn.col(f"`{quoted}`")


def row_hash(rows: "DataFrame", names: list[str]) -> "Column":
    """64 bits that tell rows apart by the named columns; nulls count as values of their own."""
    from pyspark.sql import functions as fn
    from pyspark.sql.types import AtomicType

    cells = []
    for name in names:
        plain = isinstance(rows.schema[name].dataType, AtomicType)
        cells += [column(name) if plain else column(name).cast("string"), column(name).isNull()]
    return fn.xxhash64(*cells)
