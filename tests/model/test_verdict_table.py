"""The table of verdicts of a small world, through the command, out of core."""

import json

import numpy as np
import pandas as pd
import pytest
from trained import AS_OF, command, small_world

from features.attribute_points import tracked_fields
from features.cli import utc_now
from features.frameworks.definition import read_frameworks
from features.frameworks.facts import facts_of
from features.frameworks.verdict import judge_all
from features.histories import build_histories
from features.points_log import grades
from features.project import read_project
from features.snapshots import snapshots_at
from features.tables import read_tables


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A world and its table of verdicts; half the frameworks are the project's own."""
    directory = small_world(tmp_path_factory.mktemp("verdicts"), leads=300)
    toml = directory / "ripelead.toml"
    (directory / "ours.toml").write_text('title = "Ours"\n[criteria]\nmoney = { like = "budget" }\n', encoding="utf-8")
    rules = '\n[rules]\nframeworks = ["bant", "sales_qualified", "ours.toml"]\n'
    toml.write_text(toml.read_text(encoding="utf-8") + rules, encoding="utf-8")
    path = directory / "verdicts.parquet"
    assert command("qualify", "-p", directory, "--as-of", AS_OF, "--out", path) == 0
    return directory, pd.read_parquet(path)


def test_rows_are_those_of_all_leads_in_memory(written):
    directory, table = written
    project = read_project(directory)
    tables = read_tables(project, clock=utc_now())
    histories = build_histories(tables, project.hygiene)
    frameworks = read_frameworks(project.rules, directory)
    at = snapshots_at(histories, pd.Timestamp(AS_OF).to_pydatetime())
    facts = facts_of(histories.leads, tables, frameworks, project.points, tracked_fields(tables.lead_changes))
    found = judge_all(histories, facts, at, frameworks, project.points, 1)
    assert table["lead_id"].tolist() == histories.lead_ids[at.lead].tolist()
    np.testing.assert_array_equal(table["points"], found.points.total / 1000)
    assert table["grade"].tolist() == grades(found.points, project.points)
    for name, verdict in found.verdicts.items():
        assert (table[name] == "met").tolist() == verdict.qualified.tolist()
        np.testing.assert_array_equal(table[f"{name}_met"], verdict.met)
        np.testing.assert_array_equal(table[f"{name}_score"], verdict.score)


def test_one_lead_is_said_as_in_the_table(written, capsys):
    directory, table = written
    row = table[table["ours_met"] == 1].iloc[0]
    assert command("qualify", row["lead_id"], "-p", directory, "--as-of", AS_OF, "--json") == 0
    said = {one["framework"]: one for one in json.loads(capsys.readouterr().out)["frameworks"]}
    assert {name: one["outcome"] for name, one in said.items()} == {name: row[name] for name in said}
    (money,) = said["ours"]["criteria"]
    assert money["evidence"]
    assert money["question"] is None


def test_text_names_what_to_ask(written, capsys):
    directory, table = written
    lead_id = table.loc[table["bant_unknown"] == 4, "lead_id"].iloc[0]
    assert command("qualify", lead_id, "-p", directory, "--as-of", AS_OF, "--language", "da") == 0
    assert "ask: Er der et budget til det" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "either a LEAD_ID, or --out"),
        (("L1", "--out", "x.parquet"), "either a LEAD_ID, or --out"),
        (("--out", "x.csv"), "ending in .parquet"),
        (("nobody",), "no lead 'nobody'"),
    ],
)
def test_what_cannot_be_asked_is_refused(written, capsys, arguments, said):
    directory, _ = written
    assert command("qualify", *arguments, "-p", directory, "--as-of", AS_OF) == 2
    assert said in capsys.readouterr().err
