"""The project file: what is taken, and one plain sentence for what is not."""

from datetime import UTC, datetime

import pytest

from features.errors import ProjectFileError
from features.project import FeatureSettings, Section, expand_environment, parse_section, read_project
from features.rule_settings import DEFAULT_POINTS

MINIMAL = '[project]\nname = "acme"\n[tables.leads]\nfile = "leads.csv"\n'


def project_of(tmp_path, text, *, whole=False):
    (tmp_path / "ripelead.toml").write_text(text if whole else MINIMAL + text, encoding="utf-8")
    return read_project(tmp_path)


def refusal(tmp_path, text, *, whole=False):
    with pytest.raises(ProjectFileError) as caught:
        project_of(tmp_path, text, whole=whole)
    return str(caught.value)


def test_minimal_file_has_all_defaults(tmp_path):
    project = project_of(tmp_path, "")
    assert project.project.name == "acme"
    assert project.timezone is None
    assert project.tables["leads"].encoding == "utf-8"
    assert project.features == FeatureSettings()
    assert project.points.kinds == DEFAULT_POINTS


def test_file_may_start_with_a_byte_order_mark(tmp_path):
    assert project_of(tmp_path, "\ufeff" + MINIMAL, whole=True).project.name == "acme"


def test_plain_dates_are_midnight_utc_and_times_become_utc(tmp_path):
    at = project_of(tmp_path, '[snapshots]\nat = ["2026-01-01", 2026-01-02, "2026-01-03T01:00:00+01:00"]').snapshots.at
    assert at == tuple(datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3))


def test_whole_numbers_are_taken_where_numbers_are_expected(tmp_path):
    assert project_of(tmp_path, "[points]\nthreshold = 40\n").points.threshold == 40.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[featurs]\n", "ripelead.toml: unknown key 'featurs'; did you mean 'features'?"),
        ("[crm.hubspt]\n", "ripelead.toml [crm]: unknown key 'hubspt'; did you mean 'hubspot'?"),
        ("[[crm]]\n", "ripelead.toml [crm]: expected sections such as [crm.hubspot], got [{}]"),
        ("[features]\nmax_kindz = 1", "ripelead.toml [features]: unknown key 'max_kindz'; did you mean 'max_kinds'?"),
        ('[tables.deal]\nfile = "x"', "ripelead.toml [tables]: unknown key 'deal'; did you mean 'deals'?"),
        ("[features]\nmax_kinds = 2.5", "ripelead.toml [features] max_kinds: expected a whole number, got 2.5"),
        ("[features]\ncalendar = 1", "ripelead.toml [features] calendar: expected true or false, got 1"),
        ("[features]\nmax_topics = true", "ripelead.toml [features] max_topics: expected a whole number, got true"),
        ("[features]\nmax_kinds = 0", "ripelead.toml [features] max_kinds: expected at least 1, got 0"),
        ('[snapshots]\nat = "x"', 'ripelead.toml [snapshots] at: expected a list [ … ], got "x"'),
        ("[rules]\nmet_from = 0", "ripelead.toml [rules] met_from: expected more than 0, got 0"),
        ("[points]\nthreshold = nan", "ripelead.toml [points] threshold: expected a number, got NaN"),
        ('[points.kinds]\na = "x"', 'ripelead.toml [points] kinds.a: expected a number, got "x"'),
        ("[rules]\nat_least = 5", "ripelead.toml [rules]: at_least = 5, but there are only 4 criteria"),
        ('[tables.deals]\nfile = "a"\nsql = "b"', "ripelead.toml [tables.deals]: give either file = … or sql = …"),
        ('[tables.interactions]\nspark = { path = "a" }', "[tables.interactions]: spark = … names no format"),
        ('[tables.deals]\nspark = { format = "orc" }', "[tables.deals]: spark = … is for interactions only"),
        ('[tables.deals]\nfile = "a"\ndelimiter = "tab"', "[tables.deals] delimiter: expected ',', ';', '|' or"),
        ('[tables.deals]\nfile = "a"\nencoding = "utf9"', "[tables.deals] encoding: unknown encoding"),
        ('[tables.deals]\nfile = "a"\ntime_format = "%Q"', "[tables.deals] time_format: no strptime pattern"),
        ('[tables.deals]\nfile = "a"\nvalues.status = 3', "values.status: expected a table { … }, got 3"),
    ],
)
def test_wrong_key_or_type_is_one_sentence(tmp_path, text, message):
    found = refusal(tmp_path, text)
    assert message in found
    assert "\n" not in found


def test_a_list_with_a_wrong_item_names_the_item_only(tmp_path):
    assert refusal(tmp_path, '[features]\nwindows_days = ["7"]') == (
        'ripelead.toml [features] windows_days, item 1: expected a whole number, got "7"'
    )


def test_a_value_of_several_types_is_refused_once(tmp_path):
    found = refusal(tmp_path, '[tables.deals]\nfile = "a"\nvalues = { status = { x = [1] } }')
    assert found.endswith("values.status.x: expected text in quotes or a number or true or false, got [1]")


@pytest.mark.parametrize("given", ['"2026-01-01T00:00"', "2026-01-01T00:00:00"])
def test_a_time_without_zone_is_refused(tmp_path, given):
    assert "at, item 1: has no time zone" in refusal(tmp_path, f"[snapshots]\nat = [{given}]")


@pytest.mark.parametrize("given", ["20260101", '"soon"'])
def test_what_is_no_time_is_refused(tmp_path, given):
    assert "at, item 1: expected a time with its zone" in refusal(tmp_path, f"[snapshots]\nat = [{given}]")


def test_unknown_time_zone_names_the_nearest(tmp_path):
    text = MINIMAL.replace("\n[tables", '\ntimezone = "Europe/Berlim"\n[tables')
    assert "timezone: unknown time zone; did you mean 'Europe/Berlin'?" in refusal(tmp_path, text, whole=True)


def test_a_key_that_is_missing_is_named(tmp_path):
    found = refusal(tmp_path, '[tables.leads]\nfile = "x"', whole=True)
    assert found == "ripelead.toml [project] name: is missing"


def test_a_section_that_is_no_table_is_refused(tmp_path):
    found = refusal(tmp_path, 'project = 5\n[tables.leads]\nfile = "x"', whole=True)
    assert found == "ripelead.toml [project]: expected a section with keys, got 5"


@pytest.mark.parametrize("text", ["", "[tables]\n", '[tables.deals]\nfile = "x"'])
def test_leads_must_be_given(tmp_path, text):
    assert "[tables.leads] is missing" in refusal(tmp_path, f'[project]\nname = "x"\n{text}', whole=True)


def test_every_wrong_key_is_named_at_once(tmp_path):
    found = refusal(tmp_path, "[features]\nmax_kinds = 0\ncalendar = 1\n")
    assert [line.split(":")[0] for line in found.splitlines()] == [
        "ripelead.toml [features] max_kinds",
        "ripelead.toml [features] calendar",
    ]


def test_no_project_file_says_how_to_get_one(tmp_path):
    with pytest.raises(ProjectFileError, match=r"no ripelead.toml in .* run `ripelead init"):
        read_project(tmp_path)


def test_broken_toml_names_the_line(tmp_path):
    assert "not valid TOML" in refusal(tmp_path, "name = \n", whole=True)


def test_non_utf8_project_file_is_refused(tmp_path):
    (tmp_path / "ripelead.toml").write_bytes(b'[project]\nname = "M\xfcller"\n')
    with pytest.raises(ProjectFileError, match="not UTF-8 text"):
        read_project(tmp_path)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "ripelead.toml").mkdir()
    with pytest.raises(ProjectFileError, match="cannot be read"):
        read_project(tmp_path)


def test_settings_are_frozen(tmp_path):
    with pytest.raises(ValueError, match="frozen"):
        project_of(tmp_path, "").project.name = "other"


def test_other_layers_read_their_sections(tmp_path):
    class Label(Section):
        horizon_days: int

    assert project_of(tmp_path, "[label]\nhorizon_days = 90").section("label", Label).horizon_days == 90
    with pytest.raises(ProjectFileError, match=r"\[label\] horizon_days: expected a whole number"):
        parse_section({"label": {"horizon_days": "90"}}, "label", Label)


def test_environment_is_expanded(monkeypatch):
    monkeypatch.setenv("RIPELEAD_TEST", "data")
    assert expand_environment("${RIPELEAD_TEST}/x.csv") == "data/x.csv"


def test_unset_environment_is_refused(monkeypatch):
    monkeypatch.delenv("RIPELEAD_TEST", raising=False)
    with pytest.raises(ProjectFileError, match=r"RIPELEAD_TEST.* is not set: run `export RIPELEAD_TEST=…`"):
        expand_environment("${RIPELEAD_TEST}/x.csv")


def test_a_table_may_be_for_spark_alone(tmp_path):
    project = project_of(tmp_path, '[tables.interactions]\nspark = { format = "orc", path = "b" }')
    assert project.tables["interactions"].spark == {"format": "orc", "path": "b"}
