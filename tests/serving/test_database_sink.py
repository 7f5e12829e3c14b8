"""Scores in a database: upserted once each, committed with their checkpoint, and no password anywhere."""

import json
import signal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from batch import done, job_of, last_line, process
from trained import AS_OF, command

import serving.database_sink
from features.errors import InputContractError, SinkError
from serving.database_sink import ScoreTable, open_score_table


def fetched(url, query):
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text(query)).all()
    engine.dispose()
    return rows


def chunks(url):
    return sorted(chunk for (chunk,) in fetched(url, "select chunk from ripelead_scores_runs"))


@pytest.fixture(scope="module")
def expected(world, tmp_path_factory):
    """The same scores in a file."""
    job = job_of(world, tmp_path_factory.mktemp("file") / "s.parquet")
    done(job)
    return pq.read_table(job.target.path).to_pylist()


@pytest.fixture
def own_work(world):
    """No run leaves anything in the project's folder."""
    yield
    assert not list((world / ".ripelead").glob(".*"))


def test_the_table_has_what_the_file_has(world, url, expected, own_work):
    summary = done(job_of(world, url)).summary
    rows = fetched(url, "select * from ripelead_scores order by propensity desc, lead_id")
    assert [row.lead_id for row in rows] == [row["lead_id"] for row in expected]
    assert [row.propensity for row in rows] == [row["propensity"] for row in expected]
    reasons = rows[0].reasons
    assert (json.loads(reasons) if isinstance(reasons, str) else reasons) == expected[0]["reasons"]
    assert str(rows[0].as_of)[:10] in ("2026-01-01", "2025-12-31")  # the server's zone is New York
    assert chunks(url) == [-1, *range(-(-summary.scored // 200))]


def test_the_same_run_again_changes_nothing(world, url, expected):
    for _ in range(2):
        assert done(job_of(world, url)).summary.scored == len(expected)
    assert fetched(url, "select count(*) from ripelead_scores") == [(len(expected),)]


def test_rows_of_the_same_key_are_brought_up_to_date(world, url, expected):
    done(job_of(world, url))
    fetched_engine = sa.create_engine(url)
    with fetched_engine.begin() as connection:
        connection.execute(sa.text("update ripelead_scores set score = -1"))
    done(job_of(world, url, most=2))
    assert fetched(url, "select min(score) from ripelead_scores")[0][0] >= 0
    fetched_engine.dispose()


def test_other_dialects_delete_and_insert(world, tmp_path, expected, monkeypatch):
    url = f"sqlite:///{tmp_path}/crm.db"
    monkeypatch.setattr(serving.database_sink, "UPSERTS", ())
    for most in (1, 2):
        done(job_of(world, url, most=most))
    assert fetched(url, "select count(*) from ripelead_scores") == [(len(expected),)]


def test_a_stopped_run_goes_on_with_the_next_group(world, url, expected, monkeypatch):
    put = ScoreTable.put

    def failing(table, group, rows):
        if group == 2:
            raise SinkError("gone")
        put(table, group, rows)

    with monkeypatch.context() as patch:
        patch.setattr(ScoreTable, "put", failing)
        with pytest.raises(SinkError):
            done(job_of(world, url))
    assert chunks(url) == [0, 1]
    seen = []
    monkeypatch.setattr(ScoreTable, "put", lambda table, group, rows: (seen.append(group), put(table, group, rows)))
    done(job_of(world, url))
    assert seen == list(range(2, -(-len(expected) // 200)))
    assert fetched(url, "select count(*) from ripelead_scores") == [(len(expected),)]


def test_a_run_that_another_one_overtook_begins_anew(world, url, expected, monkeypatch):
    put = ScoreTable.put
    with monkeypatch.context() as patch:
        patch.setattr(ScoreTable, "put", lambda table, group, rows: put(table, group, rows) if group < 2 else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            done(job_of(world, url))
    done(job_of(world, url, language="de"))
    assert chunks(url) == [-1, *range(-(-len(expected) // 200))]
    done(job_of(world, url))
    rows = fetched(url, "select reasons from ripelead_scores order by propensity desc, lead_id")
    told = [json.loads(row.reasons) if isinstance(row.reasons, str) else row.reasons for row in rows]
    assert told == [row["reasons"] for row in expected]


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_database_that_is_not_there_is_told_before_anything_is_read(world, tmp_path, capsys, more):
    url = f"sqlite:///{tmp_path}/none/crm.db"
    assert command("score", "-p", world, "--as-of", AS_OF, "--out", url, *more) == 5
    told = capsys.readouterr().err
    assert "cannot write sqlite" in told
    assert "reading" not in told


DIE_AT_GROUP_2 = f"""
import os
from serving.database_sink import ScoreTable, open_score_table
put = ScoreTable._statements
def dying(table, rows):
    for statement in put(table, rows):
        yield statement
        ScoreTable.calls = getattr(ScoreTable, "calls", 0) + 1
        if ScoreTable.calls == 3:
            os.kill(os.getpid(), {int(signal.SIGKILL)})
ScoreTable._statements = dying
"""


def test_a_killed_run_leaves_whole_groups_and_goes_on(world, url, expected, own_work):
    arguments = ("score", "-p", world, "--as-of", AS_OF, "--out", "${RIPE_URL}")
    killed = process(*arguments, before=DIE_AT_GROUP_2, environment={"RIPE_URL": url})
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert fetched(url, "select count(*) from ripelead_scores") == [(400,)]
    last = process(*arguments, environment={"RIPE_URL": url})
    text, said = last.communicate()
    assert (last.returncode, last_line(text)["scored"]) == (0, len(expected)), said
    assert fetched(url, "select count(*) from ripelead_scores") == [(len(expected),)]


CUT_ALL_OTHERS = (
    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = 'postgres'"
)


def test_a_lost_connection_is_a_message_and_the_same_command_goes_on(world, server, expected, monkeypatch):
    statements = ScoreTable._statements

    def cut_off(table, rows):
        killer = sa.create_engine(server.url)
        with killer.begin() as connection:
            connection.execute(sa.text(CUT_ALL_OTHERS))
        killer.dispose()
        yield from statements(table, rows)

    with monkeypatch.context() as patch:
        patch.setattr(ScoreTable, "_statements", cut_off)
        with pytest.raises(SinkError, match="What is committed is kept") as refused:
            done(job_of(world, server.url, table="lost"))
    assert server.password not in str(refused.value)
    assert done(job_of(world, server.url, table="lost")).summary.resumed_chunks > 0
    assert fetched(server.url, "select count(*) from lost") == [(len(expected),)]


def test_no_password_is_shown_or_kept(world, server, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("RIPE_URL", server.url)
    assert command("score", "-p", world, "--as-of", AS_OF, "--out", "${RIPE_URL}", "--show", "1") == 0
    wrong = server.url.replace("/postgres", "/nowhere")
    assert command("score", "-p", world, "--as-of", AS_OF, "--out", wrong) == 5
    told = capsys.readouterr()
    assert "***" in told.out
    assert "nowhere" in told.err
    assert server.password not in told.out + told.err
    kept = [path for path in world.rglob("*") if path.is_file() and path.suffix not in (".parquet", ".db")]
    assert not [path for path in kept if server.password.encode() in path.read_bytes()]


def test_rows_without_a_time_have_no_key(world, tmp_path):
    table = ScoreTable("sqlite://", "k", None, None, None, {})
    rows = pq.read_table(_file(world, tmp_path)).slice(0, 1)
    untimed = rows.set_column(1, "as_of", pa.nulls(1, rows.schema.field("as_of").type))
    with pytest.raises(InputContractError, match="give --as-of as well"):
        table.put(0, untimed)


def _file(world, tmp_path):
    job = job_of(world, tmp_path / "s.parquet")
    done(job)
    return job.target.path


def test_a_database_that_is_not_there(world, tmp_path, capsys):
    assert command("score", "-p", world, "--as-of", AS_OF, "--out", f"sqlite:///{tmp_path}/no/such.db") == 5
    assert "unable to open database file" in capsys.readouterr().err


def test_a_table_of_an_earlier_version_gets_the_columns_it_lacks(tmp_path):
    url = f"sqlite:///{tmp_path / 'old.db'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("create table old (lead_id text, as_of datetime, model_version text, score int)"))
        connection.execute(sa.text("insert into old values ('L1', '2026-01-01', 'm', 7)"))
    engine.dispose()
    with open_score_table(url, "old", "k"):
        pass
    assert fetched(url, "select score, exploration, worked_probability from old") == [(7, None, None)]
