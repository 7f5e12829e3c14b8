"""What the documents say is there: targets, commands, files, exit codes, columns."""

import re
import subprocess
from pathlib import Path

import pytest

from features.project import read_project
from serving.commands import COMMANDS
from serving.sinks import SCHEMA
from training.settings import read_training_settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")),
             *sorted((ROOT / "examples").rglob("README.md"))]  # fmt: skip


def texts():
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCUMENTS}


def test_every_make_target_in_the_documents_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    for name, text in texts().items():
        used = set(re.findall(r"(?:^|`|\n)make ([a-z][a-z-]+)", text))
        assert used <= targets, name


def test_every_command_in_the_documents_exists():
    for name, text in texts().items():
        used = set(re.findall(r"(?:^|`|\n|bin/)ripelead ([a-z][a-z-]+)", text))
        assert used <= set(COMMANDS), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if not target.startswith(("http", "mailto")):
            assert (path.parent / target).exists(), target


def test_make_help_lists_the_promised_targets():
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    promised = (
        "setup demo data features train evaluate promote score report serve notebooks test lint types bench check clean"
    )
    assert set(promised.split()) <= {line.split()[1] for line in shown.splitlines()}


def test_the_project_file_in_the_readme_is_valid(tmp_path):
    block = re.search(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    text = "\n".join(line.removeprefix("   ") for line in block[1].splitlines())
    (tmp_path / "ripelead.toml").write_text(text, encoding="utf-8")
    read_training_settings(read_project(tmp_path))


def test_batch_document_names_every_column():
    text = (ROOT / "docs" / "batch-jobs.md").read_text(encoding="utf-8")
    assert ", ".join(SCHEMA.names) in re.sub(r",\s+", ", ", text)


def test_no_file_names_a_package_index():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    # Every line is a requirement, one of its hashes, or a comment: no option, so no place to look for packages.
    assert not [line for line in lock.splitlines() if line.startswith("-")]


def test_every_dependency_has_its_reason():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    reasons = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    for requirement in project["dependencies"]:
        assert re.match(r"[\w-]+", requirement)[0] in reasons
