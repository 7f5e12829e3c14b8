"""A small simulated world, trained and promoted through the command line."""

from pathlib import Path

from features.cli import run
from features.simulate import WorldSettings, simulate

AS_OF = "2026-01-01T00:00:00Z"
SETTINGS = "\n[model]\nmax_trees = 80\nthreads = 1\n[exploration]\nshare = 0.05\n"
REPORT = "[report]\nsegments = []\nlearning_curve = false\nframeworks = []\n"


def command(*arguments: object) -> int:
    """Exit code of `ripelead` with these arguments."""
    import sys

    from serving.commands import command_line

    before, sys.argv = sys.argv, ["ripelead", *map(str, arguments)]
    try:
        return run(command_line())
    finally:
        sys.argv = before


def small_world(directory: Path, leads: int = 3000, seed: int = 5) -> Path:
    """A simulated project with few trees, not trained yet."""
    simulate(directory, WorldSettings(leads=leads, seed=seed))
    toml = directory / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + SETTINGS, encoding="utf-8")
    return directory


def quick_training(directory: Path, more: str = "") -> Path:
    """The project with all that makes the model, and little of what is looked at beside it."""
    toml = directory / "ripelead.toml"
    text = toml.read_text(encoding="utf-8").replace("[folds]\n", "[folds]\nwalk_forward = 0\n")
    toml.write_text(text + REPORT + more, encoding="utf-8")
    return directory


def trained_world(directory: Path) -> None:
    """The world of most tests: `train` and `promote` on all defaults but few trees."""
    small_world(directory)
    assert command("train", "-p", directory) == 0
    assert command("promote", "-p", directory) == 0
