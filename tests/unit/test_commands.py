"""What all commands share: printing as it is, as-of dates, damaged registries, passwords."""

import io
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from features.catalog import CATALOG_SCHEMA
from features.cli import out, parse_as_of, run
from features.errors import ModelRefusedError, ProjectFileError, SinkError
from features.project import read_project
from training.bundle import _catalog
from training.registry import Registry
from training.settings import TrackingSettings
from training.tracking import store_of, without_password


def test_an_id_is_printed_as_it_is(capsys):
    out.print("crm:100:b [bold]", markup=False)
    assert capsys.readouterr().out == "crm:100:b [bold]\n"


def test_a_log_that_is_not_utf8_does_not_end_a_command(monkeypatch):
    log = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr("sys.stdout", log)
    assert run(lambda **_: out.print("0.8–0.9")) == 0
    assert log.buffer.getvalue() == b"0.8?0.9\n"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "ripelead.toml").write_text('[project]\nname = "O\'Brien/x:y"\n[tables.leads]\nfile = "leads.csv"\n')
    return read_project(tmp_path)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "3000-01-01T00:00:00Z"])
def test_an_as_of_date_far_away_is_refused(project, text):
    with pytest.raises(ProjectFileError, match="expected a year from 1900 to 2199"):
        parse_as_of(text, project)


def test_damaged_registry_is_refused(tmp_path):
    (tmp_path / "aliases.json").write_text("{")
    with pytest.raises(ModelRefusedError, match=r"aliases\.json: not readable"):
        Registry(tmp_path).bundle_path("champion")
    (tmp_path / "promotions.jsonl").write_text("xx\n")
    with pytest.raises(ModelRefusedError, match=r"promotions\.jsonl: not readable: line 1"):
        Registry(tmp_path).bundle_path("champion")


def test_promotion_that_cannot_be_logged_is_refused(tmp_path):
    (tmp_path / "aliases.json").write_text('{"challenger": "abc"}')
    (tmp_path / "promotions.jsonl").mkdir()
    with pytest.raises(SinkError, match="cannot write"):
        Registry(tmp_path).refuse(datetime(2026, 1, 1, tzinfo=UTC), ("why",))
    assert Registry(tmp_path).aliases() == {"challenger": "abc"}


def test_messages_name_no_password(project):
    assert without_password("at http://ann:s3cret@host:9/x and sqlite:////a@b") == (
        "at http://***@host:9/x and sqlite:////a@b"
    )
    assert store_of(project, TrackingSettings()).model == "O_Brien_x_y"


def test_bundle_of_another_version_is_refused(tmp_path):
    with pytest.raises(ModelRefusedError, match="another version of ripelead"):
        _catalog({"schema_version": 0}, tmp_path)
    with pytest.raises(ModelRefusedError, match="another version of ripelead"):
        _catalog({"schema_version": CATALOG_SCHEMA}, tmp_path)


ENDING = """
import atexit, sys
sys.argv = ["ripelead", "train", "-p", "nowhere"]
import serving.cli as cli
print("x" * 100_000)
run = cli.run
cli.run = lambda app: (atexit.register(print, "handlers of libraries still run"), run(app))[1]
cli.main()
"""


def test_a_process_ends_with_the_command_s_code_and_all_it_printed():
    ended = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "x" * 100_000 in ended.stdout
    assert "handlers of libraries still run" in ended.stdout
    assert "no ripelead.toml" in ended.stderr


def test_a_rollback_before_anything_was_logged_makes_no_database(project):
    from training.tracking import mirror_aliases

    assert mirror_aliases(store_of(project, TrackingSettings()), {"champion": "abc"}) == ()
    assert not (project.directory / "mlflow.db").exists()
