"""Scores in a database table: upserts keyed by lead, as-of time and model, each group in one transaction.

What was committed is noted in the same transaction, so a killed or cut-off run goes on with the next group. The only
door to SQLAlchemy beside the reader.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from features.database import open_engine, parsed_url, said_without_password, shown_url
from features.errors import InputContractError, ProjectFileError, SinkError
from serving.closing_columns import HORIZON_COLUMNS

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table
    from sqlalchemy.sql import Executable
    from sqlalchemy.sql.base import ReadOnlyColumnCollection

KEY = ("lead_id", "as_of", "model_version")
NAME = re.compile(r"(?:[A-Za-z_]\w{0,62}\.)?[A-Za-z_]\w{0,57}")
# Databases with an upsert that SQLAlchemy can say; in others a row is deleted and inserted, in one transaction.
UPSERTS = ("postgresql", "sqlite")
# A run's last note: all groups are there.
FINISHED = -1
LONGEST_ID = 255


def check_url(url: str, table: str) -> None:
    """Refuse what is no database URL or no table name, before any work is done.

    Raises:
        ProjectFileError: naming the option.
    """
    parsed_url(url, "--out")
    open_engine(url, "--out").dispose()
    if not NAME.fullmatch(table):
        raise ProjectFileError(
            f"--table {table}: expected a name of letters, digits and underscores, or schema.name, up to 58 long"
        )


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """An open score table; `committed` are the groups of this run that are there already, with their rows."""

    url: str
    key: str
    engine: "Engine"
    scores: "Table"
    runs: "Table"
    committed: Mapping[int, int]

    def put(self, group: int, rows: pa.Table) -> None:
        """Upsert the rows of a group and note it, in one transaction.

        Raises:
            InputContractError: rows without an as-of time have no key.
            SinkError: the database refuses or is gone.
        """
        if rows["as_of"].null_count:
            raise InputContractError("rows without as_of have no key in a database table: give --as-of as well")
        with _told(self.url), self.engine.begin() as connection:
            if len(rows):
                for statement, parameters in self._statements(rows):
                    connection.execute(statement, parameters)
            note = {"run_key": self.key, "chunk": group, "rows": len(rows)}
            connection.execute(self.runs.insert(), note)

    def finish(self, rows: int) -> str:
        """Note that the run is complete; gives where that stands."""
        with _told(self.url), self.engine.begin() as connection:
            connection.execute(self.runs.insert(), {"run_key": self.key, "chunk": FINISHED, "rows": rows})
        return f"{self.runs.fullname} where run_key = '{self.key}' and chunk = {FINISHED}"

    def _statements(self, rows: pa.Table) -> Iterator[tuple["Executable", list[dict[str, Any]]]]:
        """Statements that upsert rows of the score table, each with the rows it is executed for."""
        parameters = rows.to_pylist()
        if self.engine.dialect.name in UPSERTS:
            yield self._upsert(), parameters
            return
        from sqlalchemy import and_, bindparam

        same = and_(*(self.scores.c[name] == bindparam(f"key_{name}") for name in KEY))
        yield self.scores.delete().where(same), [{f"key_{name}": row[name] for name in KEY} for row in parameters]
        yield self.scores.insert(), parameters

    def _upsert(self) -> "Executable":
        if self.engine.dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import insert as postgresql_insert

            new = postgresql_insert(self.scores)
            return new.on_conflict_do_update(index_elements=KEY, set_=_others(new.excluded))
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        row = sqlite_insert(self.scores)
        return row.on_conflict_do_update(index_elements=KEY, set_=_others(row.excluded))


def _others(excluded: "ReadOnlyColumnCollection[str, Any]") -> dict[str, object]:
    return {name: column for name, column in excluded.items() if name not in KEY}


@contextmanager
def open_score_table(url: str, table: str, key: str) -> Iterator[ScoreTable]:
    """The score table and the notes of its runs (`<table>_runs`), made if absent.

    A finished run of the same key is begun anew; an unfinished one goes on.

    Raises:
        SinkError: the database cannot be reached, or refuses.
    """
    engine = open_engine(url, "--out")
    try:
        with _told(url):
            scores, runs = _tables(engine, table)
            committed = _committed(engine, runs, key)
        yield ScoreTable(url, key, engine, scores, runs, committed)
    finally:
        engine.dispose()


def reach(url: str) -> None:
    """Connect once, so that a database that is not there is told before any work is done.

    Raises:
        SinkError: the database cannot be reached.
    """
    engine = open_engine(url, "--out")
    try:
        with _told(url), engine.connect():
            pass
    finally:
        engine.dispose()


def _committed(engine: "Engine", runs: "Table", key: str) -> dict[int, int]:
    from sqlalchemy import func, select

    mine = runs.c.run_key == key
    unfinished = select(runs.c.run_key).where(~mine).group_by(runs.c.run_key).having(func.min(runs.c.chunk) > FINISHED)
    with engine.begin() as connection:
        # This run may overwrite rows of a run that was given up: when that is taken up again, it begins anew.
        given_up = list(connection.execute(unfinished).scalars())
        connection.execute(runs.delete().where(runs.c.run_key.in_(given_up)))
        noted = {row.chunk: row.rows for row in connection.execute(select(runs.c.chunk, runs.c.rows).where(mine))}
        if FINISHED in noted:
            connection.execute(runs.delete().where(mine))
            return {}
        return noted


def _tables(engine: "Engine", name: str) -> tuple["Table", "Table"]:
    import sqlalchemy as sa
    from sqlalchemy.dialects.postgresql import JSONB

    schema, _, table = name.rpartition(".")
    metadata = sa.MetaData(schema=schema or None)
    identifier, moment = sa.String(LONGEST_ID), sa.DateTime(timezone=True)
    scores = sa.Table(
        table,
        metadata,
        sa.Column("lead_id", identifier.with_variant(sa.Text(), "postgresql", "sqlite"), primary_key=True),
        sa.Column("as_of", moment, primary_key=True),
        sa.Column("propensity", sa.Double(), nullable=False),
        sa.Column("propensity_low", sa.Double()),
        sa.Column("propensity_high", sa.Double()),
        sa.Column("familiar", sa.Boolean()),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("band", sa.String(20)),
        sa.Column("sales_qualified", sa.Boolean()),
        sa.Column("bant_met", sa.Integer()),
        sa.Column("bant_qualified", sa.Boolean()),
        sa.Column("points", sa.Double()),
        sa.Column("stage", sa.String(20)),
        *(sa.Column(name, sa.Double()) for name in HORIZON_COLUMNS),
        sa.Column("expected_close", sa.String(10)),
        sa.Column("exploration", sa.Boolean()),
        sa.Column("worked_probability", sa.Double()),
        sa.Column("reasons", sa.JSON().with_variant(JSONB(), "postgresql")),
        sa.Column("model_version", sa.String(20), primary_key=True),
    )
    runs = sa.Table(
        f"{table}_runs",
        metadata,
        sa.Column("run_key", sa.String(64), primary_key=True),
        sa.Column("chunk", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
    )
    metadata.create_all(engine)
    _add_new_columns(engine, scores)
    return scores, runs


def _add_new_columns(engine: "Engine", scores: "Table") -> None:
    """Bring a table of an earlier version up to date: columns that it lacks are added, empty."""
    import sqlalchemy as sa

    there = {column["name"] for column in sa.inspect(engine).get_columns(scores.name, scores.schema)}
    words = engine.dialect.identifier_preparer
    with engine.begin() as connection:
        for column in scores.columns:
            if column.name not in there:
                said = f"{words.format_column(column)} {column.type.compile(engine.dialect)}"
                connection.execute(sa.text(f"ALTER TABLE {words.format_table(scores)} ADD COLUMN {said}"))


@contextmanager
def _told(url: str) -> Iterator[None]:
    """What the database refuses is a `SinkError` without the password."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise SinkError(
            f"cannot write {shown_url(url)}: {said_without_password(error, url)}. "
            "What is committed is kept: the same command goes on"
        ) from None  # what it came from may show the password
