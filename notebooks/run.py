"""Run every notebook on a small simulated world, keeping the outputs in the notebooks."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
LEADS = "8000"


def main() -> None:
    """Simulate, train, make the feature table, then run the notebooks in the order of their names."""
    with tempfile.TemporaryDirectory() as world:
        for arguments in (
            ("simulate", world, "--leads", LEADS),
            ("train", "-p", world),
            ("features", "-p", world, "--out", f"{world}/features.parquet"),
        ):
            subprocess.run([sys.executable, "-m", "serving.cli", *arguments], check=True, stdout=subprocess.DEVNULL)
        os.environ["RIPELEAD_PROJECT"] = world
        for path in sorted(FOLDER.glob("*.ipynb")):
            print(f"running {path.name}")
            run(path)


def run(path: Path) -> None:
    """Execute one notebook and write it back with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of the run: they would change the file every time
    nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
