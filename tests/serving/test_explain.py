"""`ripelead explain`: one lead in words and as JSON, in three languages; what it says is what the batch says."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from trained import AS_OF, command

from features.cli import read_checked
from features.project import read_project
from serving.language.translations import LANGUAGES, translation_to
from serving.lead.explain_words import shown_id
from serving.lead.words import closed_text
from serving.score import score_leads
from training.bundle import load_bundle
from training.registry import Registry

SINCE = "2025-12-01T00:00:00Z"
ROOT = Path(__file__).parents[2]


def scores(world, as_of):
    bundle = load_bundle(Registry(world / "models").bundle_path("champion"))
    tables = read_checked(read_project(world), untimed=False)
    return score_leads(bundle, tables, pd.Timestamp(as_of).to_pydatetime()).frame


@pytest.fixture(scope="module")
def now(world):
    return scores(world, AS_OF)


@pytest.fixture(scope="module")
def then(world):
    return scores(world, SINCE)


@pytest.fixture(scope="module")
def lead(now, then):
    """A lead open at both dates, in the middle of the list."""
    both = now.loc[now["lead_id"].isin(then["lead_id"]), "lead_id"]
    return both.iloc[len(both) // 2]


@pytest.fixture(scope="module")
def earlier(then, tmp_path_factory):
    """Score files of the earlier date, as Parquet and CSV."""
    folder = tmp_path_factory.mktemp("scores")
    plain = then.drop(columns="reasons")
    plain.to_parquet(folder / "s.parquet")
    plain.assign(as_of=plain["as_of"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")).to_csv(folder / "s.csv", index=False)
    return folder


def explained(capsys, world, lead, *options):
    capsys.readouterr()
    assert command("explain", lead, "-p", world, "--as-of", AS_OF, *options) == 0
    return capsys.readouterr().out


def as_json(capsys, world, lead, *options):
    (line,) = explained(capsys, world, lead, "--json", *options).splitlines()
    return json.loads(line)


def test_json_has_the_numbers_of_the_batch(world, lead, now, capsys):
    found, row = as_json(capsys, world, lead), now[now["lead_id"] == lead].iloc[0]
    same = ("lead_id", "score", "band", "propensity", "propensity_low", "propensity_high", "familiar",
            "sales_qualified", "stage", "points", "model_version")  # fmt: skip
    assert {name: found[name] for name in same} == {name: row[name] for name in same}
    assert sum(group["points"] for group in found["groups"]) == found["score"]
    reasons = [(reason["feature"], reason["points"]) for group in found["groups"] for reason in group["reasons"]]
    assert sorted(reasons) == sorted((reason["feature"], reason["points"]) for reason in row["reasons"])


def test_what_is_advised_starts_at_the_score_and_raises_it(world, lead, capsys):
    found = as_json(capsys, world, lead)
    assert all(one["score_before"] == found["score"] < one["score_after"] for one in found["what_would_change"])
    assert len(found["what_would_change"]) <= 5


def test_m23_the_flag_and_its_reasons_are_those_of_all_open_leads(world, lead, tmp_path, capsys):
    found = as_json(capsys, world, lead)["contact"]
    assert found["sentence"] in explained(capsys, world, lead)
    assert command("contact", "-p", world, "--as-of", AS_OF, "--out", tmp_path / "c.parquet") == 0
    rows = pd.read_parquet(tmp_path / "c.parquet").set_index("lead_id")
    assert (rows.loc[lead, "contact"], rows.loc[lead, "interest"]) == (found["flag"], found["interest"])
    assert rows["interest"].is_monotonic_decreasing


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_in_every_language_says_score_rules_and_what_would_change_it(world, lead, capsys, language):
    text = explained(capsys, world, lead, "--language", language, "--since", SINCE, "--similar")
    found = as_json(capsys, world, lead, "--language", language)
    assert f"{found['score']:4d}  {translation_to(language).text('score')}" in text
    for one in found["what_would_change"]:
        assert one["sentence"] in text
    assert not re.search(r"[{}]", text)


@pytest.mark.parametrize("name", ["s.parquet", "s.csv"])
def test_against_a_score_file_nothing_was_corrected_and_no_model_changed(world, lead, then, earlier, capsys, name):
    found = as_json(capsys, world, lead, "--against", earlier / name)["movement"]
    parts = {part["cause"]: part["points"] for part in found["parts"]}
    assert (parts["corrections"], parts["model"], found["not_known"]) == (0, 0, [])
    assert found["score_then"] == then.loc[then["lead_id"] == lead, "score"].iloc[0]
    assert sum(parts.values()) == found["score_now"] - found["score_then"]


def test_a_model_that_is_not_kept_is_one_part_with_corrections(world, lead, then, tmp_path, capsys):
    then.drop(columns="reasons").assign(model_version="0" * 12).to_parquet(tmp_path / "s.parquet")
    found = as_json(capsys, world, lead, "--against", tmp_path / "s.parquet")["movement"]
    assert [part["cause"] for part in found["parts"]][:3] == ["corrections_and_model", "time", "arrived"]


def test_similar_leads_are_closed_leads_of_the_project(world, lead, now, capsys):
    found = as_json(capsys, world, lead, "--similar")["similar"]
    assert [one["outcome"] for one in found] == ["won"] * 3 + ["lost"] * 3
    assert not {one["lead_id"] for one in found} & set(now["lead_id"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--since", AS_OF), "expected a time before --as-of"),
        (("--since", "2025-12-01"), "--since 2025-12-01: has no time zone"),
        (("--against", "nowhere.parquet"), "--against nowhere.parquet: cannot be read"),
        (("--against", "nowhere.csv"), "--against nowhere.csv: cannot be read"),
        (("--language", "fr"), "Invalid value for '--language'"),
    ],
)
def test_wrong_use_is_one_message(world, lead, capsys, options, message):
    assert command("explain", lead, "-p", world, "--as-of", AS_OF, *options) == 2
    assert message in capsys.readouterr().err


def test_a_score_file_of_another_date_or_without_the_lead_is_refused(world, lead, earlier, then, tmp_path, capsys):
    command("explain", lead, "-p", world, "--as-of", AS_OF, "--since", "2025-11-01T00:00:00Z",
            "--against", earlier / "s.csv")  # fmt: skip
    assert "was scored as of 2025-12-01T00:00:00Z: give that as --since" in capsys.readouterr().err
    then[then["lead_id"] != lead].drop(columns="reasons").to_parquet(tmp_path / "s.parquet")
    assert command("explain", lead, "-p", world, "--as-of", AS_OF, "--against", tmp_path / "s.parquet") == 2
    assert f"has no lead '{lead}'" in capsys.readouterr().err


def test_a_lead_that_is_not_open_is_said_so(world, now, capsys):
    closed = next(name for name in read_checked(read_project(world), untimed=False).leads["lead_id"]
                  if name not in set(now["lead_id"]))  # fmt: skip
    assert "is not an open lead as of" in explained(capsys, world, closed)
    assert as_json(capsys, world, closed)["open"] is False


def test_a_hostile_id_stays_on_one_line():
    assert shown_id("a\nb\x1b[31m\u202e\t") == "a\\nb\\x1b[31m\\u202e\\t"
    assert "\n" not in closed_text("a\r\nb {x}", pd.Timestamp(AS_OF).to_pydatetime(), "de")


def test_every_key_of_the_json_is_documented(world, lead, capsys):
    documented = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "sales-reps.md").read_text(encoding="utf-8")))
    found = as_json(capsys, world, lead, "--since", SINCE, "--similar")

    def keys(value):
        if isinstance(value, list):
            return set().union(*map(keys, value)) if value else set()
        if isinstance(value, dict):
            named = {
                name: inner for name, inner in value.items() if name not in ("own", "account", "assessments", "changes")
            }
            return set(value) | set().union(*map(keys, named.values()))
        return set()

    assert keys(found) <= documented
