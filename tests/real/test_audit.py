"""The audit of the public data as they come: the known leaks are named, hardly anything else is."""

import pytest

from benchmarks.audit import audited
from benchmarks.raw_projects import RAW, write_raw
from benchmarks.real import CLOCK, EXAMPLES
from features.project import read_project
from features.tables import read_tables
from training.settings import read_training_settings

pytestmark = pytest.mark.real
MOST_FALSE = 2
# What the example projects keep although it is suspected, and say so.
KEPT = {"x_education": {"Last Activity", "Last Notable Activity"}, "maven": {"account"}}


def suspects(directory):
    project = read_project(directory)
    untimed = read_training_settings(project).label.column is not None
    found = audited(project, read_tables(project, clock=CLOCK, untimed=untimed))
    return {suspect.column: suspect for suspect in found.suspects}


@pytest.mark.parametrize("name", RAW)
def test_known_leaks_are_named_and_hardly_anything_else(data, tmp_path, name):
    found = set(suspects(write_raw(name, tmp_path)))
    assert RAW[name].expected <= found, RAW[name].expected - found
    assert len(found - RAW[name].expected - RAW[name].fair) <= MOST_FALSE


@pytest.mark.parametrize("name", ["complete_journey", "olist", "salvirt", "online_shoppers", "x_education", "maven"])
def test_example_projects_are_clean(data, name):
    assert set(suspects(EXAMPLES / name)) <= KEPT.get(name, set())


def test_the_lines_exclude_what_they_name(data, tmp_path):
    directory = write_raw("x_education", tmp_path)
    before = suspects(directory)
    columns = [name for name, suspect in before.items() if suspect.line.startswith("[tables.leads] exclude")]
    path = directory / "ripelead.toml"
    line = f"exclude = {columns}\n[label]".replace("'", '"')
    path.write_text(path.read_text(encoding="utf-8").replace("[label]", line), encoding="utf-8")
    assert columns
    assert suspects(directory) == {}
