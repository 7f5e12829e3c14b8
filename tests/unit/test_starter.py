"""The starter file and the reference hold every key of the settings classes, and nothing else."""

import re
import tomllib
from pathlib import Path

import pytest

from features.project import SECTIONS, TableSettings, parse_section, read_project
from features.sections import Section
from features.starter import FEATURE_SECTIONS, project_file_markdown, starter_text, toml_value, type_words
from training.settings import SECTIONS as TRAINING_SECTIONS

ALL = {**FEATURE_SECTIONS, **TRAINING_SECTIONS}
DOCUMENT = Path(__file__).parents[2] / "docs" / "project-file.md"
START, END = "<!-- keys: generated from the settings -->\n", "<!-- end of keys -->\n"


def everything_set(preset="canonical"):
    """The starter with each commented key switched on."""
    text = re.sub(r"^#(?=[\w\[\"])", "", starter_text("acme", TRAINING_SECTIONS, preset), flags=re.MULTILINE)
    return tomllib.loads(text)


def test_all_sections_are_known():
    assert set(ALL) == set(SECTIONS)


@pytest.mark.parametrize("preset", ["canonical", "flat"])
def test_starter_is_a_project_file(tmp_path, preset):
    (tmp_path / "ripelead.toml").write_text(starter_text("acme", TRAINING_SECTIONS, preset), encoding="utf-8")
    project = read_project(tmp_path)
    assert project.project.name == "acme"
    assert project.tables["leads"].file == "leads.csv"
    for name, kind in TRAINING_SECTIONS.items():
        project.section(name, kind)


def section_of(given, name):
    """A section of a read file, `crm.hubspot` inside `crm`, without the sections inside it."""
    for part in name.split("."):
        given = given[part]
    return {key: value for key, value in given.items() if f"{name}.{key}" not in ALL}


def nested(name, keys):
    """The raw file in which section `name` has these keys."""
    for part in reversed(name.split(".")):
        keys = {part: keys}
    return keys


@pytest.mark.parametrize("section", [name for name in ALL if name != "tables"])
def test_starter_has_every_key_of_every_section(section):
    assert set(section_of(everything_set(), section)) == set(ALL[section].model_fields)


def test_starter_has_every_key_of_a_table():
    tables = everything_set()["tables"]
    assert set(tables["leads"]) == set(TableSettings.model_fields)
    assert {"accounts", "deals", "spend"} < set(tables)


@pytest.mark.parametrize("section", [name for name in ALL if name not in ("project", "tables")])
def test_defaults_in_the_starter_are_the_defaults(section):
    kind = ALL[section]
    shown = {
        name: section_of(everything_set("flat"), section)[name]
        for name, field in kind.model_fields.items()
        if field.default not in (None, (), {}) and name != "kind"
    }
    assert parse_section(nested(section, shown), section, kind) == kind()


def test_each_example_alone_is_accepted():
    for section, kind in FEATURE_SECTIONS.items():
        for name, field in kind.model_fields.items():
            origin = {"file": {}, "sql": {}, "database": {"sql": "select 1"}}.get(name, {"file": "x"})
            needed = {"project": {"name": "x"}, "tables": origin}
            for example in field.examples or ():
                parse_section(nested(section, {**needed.get(section, {}), name: example}), section, kind)


def test_names_are_quoted_where_toml_needs_it(tmp_path):
    assert tomllib.loads(starter_text('Müller "& Söhne"'))["project"]["name"] == 'Müller "& Söhne"'
    assert toml_value({"a b": [1, 2.5, True]}) == '{ "a b" = [1, 2.5, true] }'


def test_types_in_words():
    assert type_words(tuple[int, ...] | None) == "list of whole numbers"
    assert type_words(dict[str, float]) == "table of numbers"


def test_reference_names_the_bounds():
    class Own(Section):
        """`[features]`: own."""

    assert "| `at_least` | whole number; at least 1 | `3` | criteria that must be met |" in project_file_markdown()
    assert "Own." in project_file_markdown({"features": Own})


def test_document_is_up_to_date():
    """When it is not: put the output of `project_file_markdown(ALL)` between the two comments."""
    text = DOCUMENT.read_text(encoding="utf-8")
    keys = text.split(START)[1].split(END)[0]
    assert keys == project_file_markdown(ALL)
