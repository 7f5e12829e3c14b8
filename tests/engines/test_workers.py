"""What a Spark worker gets and what it must have."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from features.engines.spark.worker_code import Sums, fingerprint, write_archive

ROOT = Path(__file__).parents[2]
LOADED = """
import sys
sys.modules["scipy"] = None  # numba looks for it, and does without
import features.engines.spark.arrivals, features.engines.spark.blocks
print(*{name.partition(".")[0] for name, module in sys.modules.items() if module is not None})
"""


def test_the_document_names_what_workers_need():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = {re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]}
    loaded = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    text = (ROOT / "docs" / "spark.md").read_text(encoding="utf-8")
    for name in ours & set(loaded.split()):
        assert re.search(rf"Python on the workers.*\b{name}\b.*The code of the product", text, re.DOTALL), name


def test_the_archive_holds_the_files_of_the_packages_under_their_fingerprint(tmp_path):
    (tmp_path / "features" / "__pycache__").mkdir(parents=True)
    (tmp_path / "serving" / "language" / "locale").mkdir(parents=True)
    (tmp_path / "others").mkdir()
    for name in ("features/__init__.py", "features/__pycache__/a.pyc", "serving/language/locale/de.po", "others/c.py"):
        (tmp_path / name).write_text("A = 1\n")
    archive = write_archive(tmp_path, tmp_path)
    assert archive.name == f"ripelead-{fingerprint(tmp_path)}.zip"
    with zipfile.ZipFile(archive) as packed:
        assert sorted(packed.namelist()) == ["features/__init__.py", "serving/language/locale/de.po"]
    (tmp_path / "features" / "__init__.py").write_text("A = 3\n")
    assert write_archive(tmp_path, tmp_path) != archive


def test_counts_of_blocks_add_up():
    sums = Sums()
    assert sums.zero({"a": 1}) == {}
    assert sums.addInPlace({"a": 1, "b": 2}, {"b": 3, "c": 4}) == {"a": 1, "b": 5, "c": 4}
