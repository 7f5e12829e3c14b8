"""The command line lists every command without loading it, and loads what is called."""

import subprocess
import sys

import pytest
from typer.main import get_group

from features.cli import app, run
from serving.commands import COMMANDS, command_line, loaded

HEAVY = {"alembic", "duckdb", "lightgbm", "mlflow", "numba", "numpy", "pandas", "pyarrow", "pydantic", "scipy", "shap"}
HELP = f"""
import sys
from features.cli import run
from serving.commands import command_line
sys.argv = ["ripelead", "--help"]
assert run(command_line()) == 0
print(*{HEAVY} & set(sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name):
    assert COMMANDS[name].help == loaded(name).help.split("\n\n")[0].replace("\n", " ")


def test_every_command_that_a_listed_module_has_is_listed():
    for name in COMMANDS:
        loaded(name)
    assert set(get_group(app).commands) == set(COMMANDS)


def test_help_lists_all_commands_and_loads_none():
    shown = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    assert set(COMMANDS) <= {line.split()[0] for line in shown.stdout.splitlines() if line.strip()}
    assert shown.stderr.split() == []


def test_a_command_that_is_mistyped_is_told_which_one_is_meant(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["ripelead", "promot"])
    assert run(command_line()) == 2
    assert "Did you mean 'promote'?" in capsys.readouterr().err


def test_commands_of_a_group_come_from_all_its_modules():
    assert {"log", "fit"} <= set(loaded("points").commands)
    assert {"add", "key"} <= set(loaded("user").commands)
