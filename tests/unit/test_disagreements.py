"""`ripelead agreement` on a hand-made project and score file: who disagrees, both sides' reasons, wrong input."""

import csv
import json

import pandas as pd
import pyarrow as pa
import pytest
from projects import write_project
from pyarrow import parquet
from trained import command

from serving.sinks import SCHEMA

AS_OF = "2026-03-01T00:00:00Z"
LEADS = "lead_id,created_at\n" + "".join(f"{name},2026-01-01T00:00:00Z\n" for name in "abcdefg")
HEAD = "lead_id,assessed_at,criterion,met\n"
YES = ("budget", "authority", "need")
NO = ("budget", "authority")


def notes(lead, criteria, met, month="02"):
    return "".join(f"{lead},2026-{month}-01T00:00:00Z,{name},{met}\n" for name in criteria)


# a, b: met; c, d: not met; e: open; f: nothing known; g: not scored, as it is closed.
ASSESSMENTS = HEAD + notes("a", YES, 1) + notes("b", YES, 1) + notes("c", NO, 0) + notes("d", NO, 0)
ASSESSMENTS += notes("e", NO, 1) + notes("g", NO, 0) + notes("e", ("need",), 1, month="04")
CLASSES = {"a": True, "b": False, "c": True, "d": False, "e": True, "f": False}
REASONS = [("Start", "starting point", 40), ("Interest", "one", 20), ("Fit", "two", -9), ("Timing", "three", 5),
           ("Timing", "four", 4), ("Other", "everything else", 1)]  # fmt: skip


def scores(path, classes=None, as_of=AS_OF):
    rows = [
        dict.fromkeys(SCHEMA.names)
        | {
            "lead_id": name,
            "as_of": pd.Timestamp(as_of),
            "propensity": 0.1 + place / 10,
            "score": 50 + place,
            "band": "B",
            "sales_qualified": qualified,
            "reasons": [{"group": of, "feature": what, "points": points, "sentence": what, "value": None}
                        for of, what, points in REASONS],
            "model_version": "0123",
        }
        for place, (name, qualified) in enumerate((CLASSES if classes is None else classes).items())
    ]  # fmt: skip
    parquet.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return path


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    directory = tmp_path_factory.mktemp("disagreements")
    events = "lead_id,occurred_at,kind\n" + "".join(f"{name},2026-02-01T00:00:00Z,email_open\n" for name in "abcdefg")
    write_project(directory, {"leads": LEADS, "assessments": ASSESSMENTS, "interactions": events})
    scores(directory / "scores.parquet")
    return directory


def listed(project, *options, out="out.jsonl"):
    path = project / out
    given = ("--as-of", AS_OF, "--scores", project / "scores.parquet", "--out", path)
    assert command("agreement", "-p", project, *given, *options) == 0
    return path


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_who_disagrees_by_hand_and_what_is_unknown_is_asked(project, capsys):
    rows = read(listed(project))
    assert [(row["lead_id"], row["disagreement"]) for row in rows] == [
        ("c", "model_only"), ("b", "framework_only"), ("e", "ask"),
    ]  # fmt: skip
    said = capsys.readouterr().out
    assert "6 open leads" in said
    assert [line.split() for line in said.splitlines() if line.startswith("model:")] == [
        ["model:", "yes", "1", "1", "1"], ["model:", "no", "1", "1", "1"],
    ]  # fmt: skip


def test_a_row_has_the_reasons_of_both_sides(project):
    model_only, _, ask = read(listed(project))
    assert [(one["sentence"], one["points"]) for one in model_only["reasons"]] == [
        ("one", 20),
        ("two", -9),
        ("three", 5),
    ]
    budget, _, need, _ = ask["criteria"]
    assert (budget["state"], budget["evidence"][0]["at"], budget["question"]) == ("met", "2026-02-01T00:00:00Z", None)
    assert (need["state"], need["evidence"]) == ("unknown", [])  # what was noted in April is not known in March
    assert need["question"].startswith("Which problem")
    assert (ask["met"], ask["needed"], ask["outcome"], ask["score"]) == (2, 3, "open", 54)


def test_m01_rows_are_in_order_of_conversion_probability(project, tmp_path):
    path = scores(tmp_path / "scores.parquet", dict.fromkeys("cdg", True))
    out = tmp_path / "out.jsonl"
    assert command("agreement", "-p", project, "--as-of", AS_OF, "--scores", path, "--out", out) == 0
    assert [row["lead_id"] for row in read(out)] == ["g", "d", "c"]
    assert [row["propensity"] for row in read(out)] == pytest.approx([0.3, 0.2, 0.1])


def test_without_evidence_every_lead_is_open_and_to_be_asked(project, capsys):
    rows = read(listed(project, "--framework", "sal", "--framework", "minimum", "--language", "de", "--show", "1"))
    assert {row["disagreement"] for row in rows if row["framework"] == "minimum"} == {"ask", "model_only"}
    said = capsys.readouterr().out
    assert said.index("SAL") < said.index("Minimum of four")
    assert "Which" not in said.split("SAL")[1]


def test_formats_hold_the_same_rows(project):
    rows = read(listed(project))
    table = parquet.read_table(listed(project, out="out.parquet"))
    assert table["lead_id"].to_pylist() == [row["lead_id"] for row in rows]
    assert table["criteria"].to_pylist()[0][0]["name"] == "budget"
    with listed(project, out="out.csv").open(newline="", encoding="utf-8") as file:
        cells = list(csv.DictReader(file))
    assert [row["lead_id"] for row in cells] == ["c", "b", "e"]
    assert cells[2]["criteria_unknown"].startswith("Need: not known; ask: Which problem")
    assert cells[0]["reasons"].splitlines()[0].endswith("+20 one")


def test_a_file_without_rows_is_whole(project, tmp_path):
    path = scores(tmp_path / "scores.parquet", {"a": True, "d": False})
    for ending in ("csv", "parquet", "jsonl"):
        out = tmp_path / f"out.{ending}"
        assert command("agreement", "-p", project, "--as-of", AS_OF, "--scores", path, "--out", out) == 0
        assert out.exists()
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").startswith("lead_id,framework")


def test_leads_that_the_project_does_not_have_are_told(project, tmp_path, capsys):
    path = scores(tmp_path / "scores.parquet", {"a": True, "z": True})
    assert command("agreement", "-p", project, "--as-of", AS_OF, "--scores", path) == 0
    assert "1 of the 2 scored leads are not among" in capsys.readouterr().err


def test_nothing_scored_is_nothing_to_do(project, tmp_path, capsys):
    path = scores(tmp_path / "scores.parquet", {})
    assert command("agreement", "-p", project, "--as-of", AS_OF, "--scores", path) == 99
    assert "nothing to compare" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--as-of", "2026-04-01T00:00:00Z"), "is as of 2026-03-01T00:00:00Z: expected --as-of 2026-04-01"),
        (("--scores", "ripelead.toml"), "expected a Parquet file that `ripelead score` wrote"),
        (("--framework", "bnat"), "--framework bnat: expected one of bant, minimum"),
        (("--out", "out.xlsx"), "expected a file ending in .parquet, .jsonl, .csv"),
    ],
)
def test_wrong_input_is_a_sentence(project, monkeypatch, capsys, options, said):
    monkeypatch.chdir(project)
    given = {"--as-of": AS_OF, "--scores": "scores.parquet"} | dict([options])
    assert command("agreement", *(part for option in given.items() for part in option)) == 2
    assert said in " ".join(capsys.readouterr().err.split())
