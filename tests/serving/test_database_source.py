"""Tables read from a database: types kept, times aware, one statement that reads, and no password in messages."""

import re
import shutil
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from batch import done, job_of

import features.database
from features.database import copy_from_database, query_batches, read_database, shown_url
from features.errors import InputContractError, ProjectFileError

TYPES = """select 1::int as whole, 2.5::float8 as real, 12.30::numeric(10,2) as money, 'x' as word, true as truth,
    timestamptz '2026-01-01 00:00+02' as moment, timestamp '2026-01-01 00:00' as naive, date '2026-01-01' as day,
    null as nothing, '{"a": 1}'::jsonb as document, '00000000-0000-0000-0000-000000000001'::uuid as id"""


def test_types_are_kept_and_times_are_utc(server):
    rows = read_database(server.url, TYPES, "the query").rows
    assert rows.schema.field("moment").type == pa.timestamp("us", "UTC")
    assert rows.schema.field("naive").type == pa.timestamp("us")
    assert [str(rows.schema.field(name).type) for name in ("whole", "real", "word", "truth", "day")] == [
        "int64", "double", "string", "bool", "date32[day]"]  # fmt: skip
    (row,) = rows.to_pylist()
    assert row["moment"] == datetime(2025, 12, 31, 22, tzinfo=UTC)
    assert (str(row["money"]), row["document"], row["id"][-1]) == ("12.30", '{"a": 1}', "1")


def test_percent_signs_and_colons_are_no_parameters(server):
    rows = read_database(server.url, "select '50%' as share, '12:30' as at, 'x' like '%s' as fits", "the query").rows
    assert rows.to_pylist() == [{"share": "50%", "at": "12:30", "fits": False}]


def test_a_type_that_the_first_batch_does_not_tell(tmp_path):
    url = f"sqlite:///{tmp_path}/x.db"
    query = "with recursive n(i) as (select 0 union all select i + 1 from n where i < 9) "
    query += "select i, case when i < 5 then null else i / 2.0 end as half from n"
    copied = tmp_path / "copy.parquet"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features.database.query_batches, "__defaults__", (3,))
        assert len(list(query_batches(url, query, "q"))) == 4
        copy_from_database(url, query, copied, "q")
    assert pq.read_table(copied).to_pylist() == read_database(url, query, "q").rows.to_pylist()
    assert pq.read_table(copied).schema.field("half").type == pa.float64()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.parquet", "x.db"]


def test_no_rows_are_columns_without_types(tmp_path):
    rows = read_database(f"sqlite:///{tmp_path}/x.db", "select 1 as a where 0", "q").rows
    assert (rows.column_names, len(rows)) == (["a"], 0)


@pytest.mark.parametrize(
    ("query", "got"),
    [
        ("delete from leads", "DELETE"),
        ("select 1; drop table leads", "several statements"),
        ("/* select */ update x set y = 1", "UPDATE"),
        ("", "nothing"),
    ],
)
def test_what_is_not_one_statement_that_reads(query, got):
    with pytest.raises(ProjectFileError, match=f"expected one SELECT, got {got}"):
        read_database("sqlite://", query, "the query of [tables.leads]")


@pytest.mark.parametrize("query", ["select ';' as a;", "-- ; \nselect 1 as a", "(select 1 as a)", "values (1)"])
def test_semicolons_in_texts_and_comments_are_no_ends(query):
    if query.startswith("("):
        features.database.refuse_other_statements(query, "q")
    else:
        assert len(read_database("sqlite://", query, "q").rows) == 1


def test_a_query_cannot_write(url):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("create table t (a int)"))
    engine.dispose()
    writing = "with gone as (delete from t returning a) select a from gone"
    with pytest.raises(InputContractError, match="cannot run it"):
        read_database(url, writing if "postgresql" in url else "select * from t where nothing = 1", "q")


def test_no_message_shows_the_password(server):
    wrong = re.sub(r"@127.0.0.1:\d+", "@127.0.0.1:9", server.url)
    for url, query in ((server.url, "select nothing"), (wrong, "select 1")):
        with pytest.raises(InputContractError) as refused:
            read_database(url, query, "the query of [tables.leads]")
        assert server.password not in "".join(map(str, (refused.value, refused.value.__cause__)))
        assert "ripe:***@" in str(refused.value)
    assert shown_url("mysql://a@h/d?password=x") == "mysql://a@h/d?password=***"


def _copied(engine, name, frame):
    with engine.begin() as connection, connection.connection.cursor() as cursor:  # noqa: SIM117
        with cursor.copy(f"copy {name} from stdin (format csv)") as copy:
            copy.write(frame.to_csv(index=False, header=False))


@pytest.fixture
def in_database(world, tmp_path, server):
    """The project with leads and interactions in a database."""
    project = tmp_path / "acme"
    shutil.copytree(world, project, ignore=shutil.ignore_patterns("runs", "ml*", "truth"))
    engine = sa.create_engine(server.url)
    for name in ("leads", "interactions"):
        frame = pd.read_parquet(project / f"{name}.parquet")
        frame.iloc[:0].to_sql(name, engine, index=False, if_exists="replace")
        _copied(engine, name, frame)
        (project / f"{name}.parquet").unlink()
    engine.dispose()
    text = (project / "ripelead.toml").read_text(encoding="utf-8")
    for name in ("leads", "interactions"):
        text = text.replace(f'file = "{name}.parquet"', f'sql = "select * from {name}"\ndatabase = "${{CRM_URL}}"')
    (project / "ripelead.toml").write_text(text, encoding="utf-8")
    return project


def test_a_project_in_a_database_is_scored_as_one_in_files(in_database, world, server, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_URL", server.url)
    done(job_of(world, tmp_path / "files.parquet"))
    done(job_of(in_database, tmp_path / "database.parquet"))
    assert (tmp_path / "database.parquet").read_bytes() == (tmp_path / "files.parquet").read_bytes()
