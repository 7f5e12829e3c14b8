"""The commands `stages …` on a small project of files, without a model: rules and people decide."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import serving.stages_cli  # noqa: F401
from features.cli import app, run
from features.errors import ProjectFileError
from features.project import read_project
from serving.batch.run_key import project_files
from serving.lifecycle.evidence import read_scores
from serving.lifecycle.log import log_files, read_log

PROJECT = """
[project]
name = "acme"
data_end = "2026-07-01T00:00:00Z"
[tables.leads]
file = "leads.csv"
[tables.interactions]
file = "events.csv"
[tables.deals]
file = "deals.csv"
[tables.decisions]
file = "decisions.csv"
[tables.assessments]
file = "assessments.csv"
[stages]
sql = "rule"
sql_framework = "bant"
gates = ["budget"]
[sla]
hours = {{ mql = 8 }}
{more}
"""
FILES = {
    "leads": "lead_id,created_at,owner,email\nL1,2026-06-01T00:00Z,ann,info@acme.example\n"
    "L2,2026-06-01T00:00Z,,\nL3,2026-06-20T00:00Z,,\n",
    "events": "lead_id,occurred_at,kind\n" + "".join(f"L{n},2026-06-0{d}T10:00Z,demo_requested\n"
                                                     for n in (1, 2) for d in (2, 3)),
    "deals": "lead_id,opened_at,closed_at,status,amount\n",
    "decisions": "lead_id,decided_at,decision,by\nL2,2026-06-05T09:00Z,accept,bo\n",
    "assessments": "lead_id,assessed_at,criterion,met\n"
    + "".join(f"L2,2026-06-05T10:00Z,{what},1\n" for what in ("budget", "authority", "need"))
    + "L1,2026-06-05T10:00Z,budget,0\n",
}  # fmt: skip
T = "2026-06-10T00:00:00Z"


@pytest.fixture
def project(tmp_path):
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "ripelead.toml").write_text(PROJECT.format(more=""), encoding="utf-8")
    return tmp_path


def stages(monkeypatch, project, *args):
    monkeypatch.setattr("sys.argv", ["ripelead", "stages", *args, "-p", str(project)])
    return run(app)


@pytest.fixture
def call(monkeypatch, project, capsys):
    def called(*args):
        code = stages(monkeypatch, project, *args)
        said = capsys.readouterr()
        return code, said.out, said.err

    return called


def moved(project):
    rows = read_log(project / "stages").select(["lead_id", "from_stage", "to_stage"]).to_pylist()
    return [tuple(row.values()) for row in rows]


def test_m02_a_night_is_added_once(call, project):
    code, said, _ = call("advance", "--as-of", T)
    assert (code, moved(project)) == (0, [("L1", "lead", "mql"), ("L2", "sal", "sql")])
    assert "2 leads looked at, 2 events added to" in said
    assert "0 events added" in call("advance", "--as-of", T)[1]
    assert len(log_files(project / "stages")) == 1


def test_a_dry_run_writes_nothing(call, project):
    assert "2 events would be added" in call("advance", "--as-of", T, "--dry-run")[1]
    assert not (project / "stages").exists()


def test_the_history_of_a_lead_for_any_date(call):
    call("advance", "--as-of", T)
    told = {
        at: json.loads(call("show", "L2", "--as-of", f"2026-06-{at}T00:00:00Z", "--json")[1]) for at in ("04", "10")
    }
    assert [told[at]["stage"] for at in told] == ["lead", "sql"]
    (step,) = [step for step in told["10"]["steps"] if step["action"] == "advance"]
    assert (step["framework"], step["verdict"], step["points"]) == ("bant", "met", 50)
    assert step["evidence"] == "budget met, authority met, need met, timing unknown"


def test_m05_nobody_hands_over_a_lead_without_budget(call, project):
    call("advance", "--as-of", T)
    code, _, said = call("move", "L1", "sal", "--by", "ann", "--reason", "nice people")
    assert (code, "budget is not met ([stages] gates)" in said) == (2, True)
    assert call("move", "L1", "nurture", "--by", "ann", "--reason", "no budget")[0] == 0
    assert moved(project)[-1] == ("L1", "mql", "nurture")


def test_contact_data_are_judged_by_their_form(call):
    told = json.loads(call("show", "L1", "--as-of", T, "--json")[1])
    assert told["contact"] == {"email": "role", "phone": "missing"}
    assert "contact data not verified: e-mail address role" in call("show", "L1", "--as-of", T)[1]


def test_scores_are_made_anew_when_the_log_has_grown(call, project):
    before = project_files(read_project(project))
    call("advance", "--as-of", T)
    assert set(project_files(read_project(project))) - set(before) == {"stages: 00000001.parquet"}


def test_nothing_of_the_data_reaches_a_terminal_raw(call):
    assert "\x1b" not in call("move", "L1", "sql-\x1b[31m", "--by", "a", "--reason", "b")[2]
    assert call("move", "L1", "mql", "--by", "an\x1b[31mn", "--reason", "one\ntwo\x1b[2J")[0] == 0
    said = call("show", "L1", "--as-of", "2190-01-01T00:00:00Z")[1]
    assert "by an [31mn\n" in said
    assert "one two" in said
    assert "\x1b" not in said


def test_a_new_owner_is_named_when_it_is_given_and_when_it_is_shown(call):
    said = call("move", "L1", "reassign", "--owner", "carla", "--by", "ann", "--reason", "vacation")[1]
    assert "reassign (stage lead) to carla, by ann: vacation" in " ".join(said.split())
    assert "reassign         lead, to carla by ann\n" in call("show", "L1", "--as-of", "2190-01-01T00:00:00Z")[1]


def test_times_are_those_of_the_projects_time_zone_which_the_head_names(call, project):
    toml = project / "ripelead.toml"
    toml.write_text(toml.read_text().replace('name = "acme"', 'name = "acme"\ntimezone = "Europe/Berlin"'))
    said = call("show", "L2", "--as-of", T)[1]
    assert said.startswith("Lead L2 as of 2026-06-10 02:00 CEST: sal since 2026-06-05 11:00\n")
    assert "\n2026-06-05 11:00  accept " in said


def test_leads_are_merged(call):
    call("advance", "--as-of", T)
    assert call("move", "L1", "merge", "--into", "L2", "--by", "ann", "--reason", "same person")[0] == 0
    assert json.loads(call("show", "L1", "--as-of", T, "--json")[1])["stage"] == "mql"
    both = json.loads(call("show", "L1", "--as-of", "2190-01-01T00:00:00Z", "--json")[1])
    assert (both["lead_id"], both["ids"], both["stage"]) == ("L2", ["L2", "L1"], "sql")
    assert "are one already" in call("move", "L2", "merge", "--into", "L1", "--by", "a", "--reason", "b")[2]


def test_who_waits_too_long_is_listed(call, project):
    call("advance", "--as-of", T)
    said = call("overdue", "--as-of", "2026-06-15T00:00:00Z", "--out", str(project / "late.csv"))[1]
    assert said.endswith("1 leads overdue: 1 mql (mql 8 h)\n")
    (row,) = pd.read_csv(project / "late.csv").to_dict("records")
    assert (row["lead_id"], row["owner"], row["overdue_hours"]) == ("L1", "ann", 16.0)


def scores(path, **columns):
    table = {"lead_id": ["L2", "L9"], "as_of": pa.array([pd.Timestamp(T)] * 2).cast(pa.timestamp("us", "UTC")),
             "score": [50, 60], "propensity": [0.1, 0.2], "sales_qualified": [True, False], "points": [9.0, None],
             "model_version": ["v1", "v1"]}  # fmt: skip
    pq.write_table(pa.table({**table, **columns}), path)
    return path


def test_scores_are_found_by_lead(tmp_path):
    found = read_scores(scores(tmp_path / "s.parquet"), pa.array(["L1", "L2"]), pd.Timestamp(T).to_pydatetime())
    assert found.qualified.tolist() == [False, True]
    assert (found.score[1], found.version) == (50, "v1")
    assert np.isnan(found.score[0])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"model_version": ["v1", "v2"]}, "expected scores of one model, got v1, v2"),
        (
            {"as_of": pa.array([pd.Timestamp("2026-06-09", tz="UTC")] * 2)},
            "is as of 2026-06-09T00:00:00Z",
        ),
        ({"score": ["high", "low"]}, "expected a Parquet file that `ripelead score` wrote"),
    ],
)
def test_scores_of_something_else_are_refused(tmp_path, columns, message):
    path = scores(tmp_path / "s.parquet", **columns)
    with pytest.raises(ProjectFileError, match=message):
        read_scores(path, pa.array(["L2"]), pd.Timestamp(T).to_pydatetime())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("advance", "--as-of", "tomorrow"), "expected a time such as"),
        (("advance", "--as-of", "2190-01-01T00:00:00Z"), "expected a time that has come"),
        (("show", "L9", "--as-of", T), "neither in the leads nor in the log"),
        (("show", "L3", "--as-of", T), "was created later"),
        (("move", "L1", "won", "--by", "a", "--reason", "b"), "change the deal"),
        (("move", "L1", "mql", "--by", " ", "--reason", "b"), "--by: expected a text"),
        (("move", "L1", "mql", "--by", "a", "--reason", "b", "--at", "2199-01-01T00:00:00Z"), "a time that has come"),
        (("overdue", "--as-of", T, "--out", "x.txt"), "ending in .parquet or .csv"),
    ],
)
def test_wrong_input_is_one_sentence(call, args, message):
    code, _, said = call(*args)
    assert (code, said.count("ripelead: "), message in said) == (2, 1, True)


@pytest.mark.parametrize(
    ("more", "message"),
    [('holidays = "XX"', "expected an ISO code"), ('[stages2]\nmql = "rule"', "unknown key")],
)
def test_wrong_settings_are_one_sentence(call, project, more, message):
    (project / "ripelead.toml").write_text(PROJECT.format(more=more), encoding="utf-8")
    code, _, said = call("overdue", "--as-of", T)
    assert (code, message in said) == (2, True)
