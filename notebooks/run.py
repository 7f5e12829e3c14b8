"""Run every notebook on a small simulated world, keeping the outputs in the notebooks."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
LEADS = 8000


def main() -> None:
    """Make a world, then run the notebooks on it in the order of their names and write them back."""
    with tempfile.TemporaryDirectory() as folder:
        world = make_world(Path(folder), LEADS)
        for path in sorted(FOLDER.glob("*.ipynb")):
            print(f"running {path.name}")
            nbformat.write(run(path, world), path)


def make_world(directory: Path, leads: int) -> Path:
    """A simulated project, trained, with its feature table: what the notebooks read."""
    for arguments in (
        ("simulate", directory, "--leads", leads),
        ("train", "-p", directory),
        ("promote", "-p", directory),
        ("features", "-p", directory, "--out", directory / "features.parquet"),
    ):
        subprocess.run(
            [sys.executable, "-m", "serving.cli", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL
        )
    return directory


def run(path: Path, world: Path) -> nbformat.NotebookNode:
    """The notebook as it stands after every cell ran on a world; raises `CellExecutionError` when one fails."""
    notebook = nbformat.read(path, as_version=4)
    # Warnings name files of this machine, and would be kept in the notebook.
    os.environ.update(RIPELEAD_PROJECT=str(world), PYTHONWARNINGS="ignore")
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of the run: they would change the file every time
    return notebook


if __name__ == "__main__":
    main()
