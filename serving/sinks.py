"""Where scores go: the columns of the score table, the targets a command line can name, and the writers of files."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import ProjectFileError, SinkError
from features.project import Project, expand_environment
from serving.batch.work_folder import Place
from serving.closing_columns import HORIZON_COLUMNS
from serving.csv_dialects import DIALECTS, DialectName, csv_writer

FORMATS = (".parquet", ".csv")
REASON = pa.struct([("group", pa.string()), ("feature", pa.string()), ("value", pa.string()),
                    ("points", pa.int64()), ("sentence", pa.string())])  # fmt: skip
SCHEMA = pa.schema(
    [
        ("lead_id", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
        ("propensity", pa.float64()),
        ("propensity_low", pa.float64()),
        ("propensity_high", pa.float64()),
        ("familiar", pa.bool_()),
        ("score", pa.int64()),
        ("band", pa.string()),
        ("sales_qualified", pa.bool_()),
        ("bant_met", pa.int64()),
        ("bant_qualified", pa.bool_()),
        ("points", pa.float64()),
        ("stage", pa.string()),
        *((name, pa.float64()) for name in HORIZON_COLUMNS),
        ("expected_close", pa.string()),
        ("exploration", pa.bool_()),
        ("worked_probability", pa.float64()),
        ("reasons", pa.list_(REASON)),
        ("model_version", pa.string()),
    ]
)
DEFAULT_TABLE = "ripelead_scores"
Write = Callable[[pa.Table], None]


@dataclass(frozen=True, slots=True)
class FileTarget:
    """A file that appears whole or not at all; `dialect` says how a CSV file is written."""

    path: Path
    dialect: DialectName

    @property
    def shown(self) -> str:
        """The target in messages and in the summary."""
        return str(self.path)

    @property
    def form(self) -> str:
        """What the bytes of the output depend on, besides its rows."""
        return f"{self.path.suffix.lower()} {self.dialect}"

    def place(self, _project: Project) -> Place:
        """The run's own files lie beside the output, on the same file system."""
        return Place(self.path.parent, self.path.name)

    def refuse_unusable(self, project: Project) -> None:
        """Refuse what can be known to fail before any work is done; raises `SinkError`."""
        if self.path.is_dir():
            raise SinkError(f"cannot write {self.path}: there is a folder of that name")
        _refuse_unwritable(self.place(project).folder, self.shown)


@dataclass(frozen=True, slots=True)
class TableTarget:
    """A database table that is brought up to date; `url` may hold a password, which is never shown or kept."""

    url: str
    table: str

    @property
    def shown(self) -> str:
        """The target in messages and in the summary, without the password."""
        from features.database import shown_url

        return f"{shown_url(self.url)} table {self.table}"

    @property
    def form(self) -> str:
        """What the content of the table depends on, besides its rows."""
        return self.shown

    def place(self, project: Project) -> Place:
        """The run's own files lie in the project's folder."""
        digest = hashlib.sha256(self.shown.encode()).hexdigest()[:8]
        return Place(project.directory / ".ripelead", f"{self.table}-{digest}")

    def refuse_unusable(self, project: Project) -> None:
        """Refuse what can be known to fail before any work is done; raises `SinkError`."""
        from serving.database_sink import reach

        _refuse_unwritable(self.place(project).folder, self.shown)
        reach(self.url)


def _refuse_unwritable(folder: Path, output: str) -> None:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise SinkError(f"cannot write {output}: {there} is no folder that can be written to")


Target = FileTarget | TableTarget


def target_of(out: str, table: str | None, dialect: DialectName | None) -> Target:
    """Target of a command line, refused before any work is done when it cannot be one.

    Raises:
        ProjectFileError: a file of an unknown kind, an option that the target has no use for, a wrong URL.
    """
    if "://" in out or out.startswith("${"):
        expanded = expand_environment(out)
        if "://" in expanded:
            return _table_target(expanded, table, dialect)
        out = expanded
    path = Path(out)
    if path.suffix.lower() not in FORMATS:
        raise ProjectFileError(
            f"--out {out}: expected a file ending in {' or '.join(FORMATS)}, or a database URL such as "
            "postgresql+psycopg://user@host/database"
        )
    if table is not None:
        raise ProjectFileError(f"--table {table}: is for a database; --out {out} is a file")
    if dialect is not None and path.suffix.lower() != ".csv":
        raise ProjectFileError(f"--dialect {dialect}: is for CSV files; --out {out} is none")
    return FileTarget(path, dialect or "iso")


def _table_target(url: str, table: str | None, dialect: DialectName | None) -> TableTarget:
    from serving.database_sink import check_url

    if dialect is not None:
        raise ProjectFileError(f"--dialect {dialect}: is for CSV files; --out is a database")
    target = TableTarget(url, table or DEFAULT_TABLE)
    check_url(target.url, target.table)
    return target


@contextmanager
def open_writer(path: Path, target: FileTarget) -> Iterator[Write]:
    """A writer of rendered tables, one after the other, into `path` in the target's format."""
    if target.path.suffix.lower() == ".csv":
        with csv_writer(path, DIALECTS[target.dialect]) as write:
            yield write
    else:
        with pq.ParquetWriter(path, SCHEMA) as writer:
            yield lambda table: writer.write_table(table, row_group_size=max(len(table), 1))
