"""Files for CRMs: every scored lead is in the file, once, or refused with its reason; values as the CRM reads them."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from crm import crm_project, score_file, scored
from hypothesis import given
from hypothesis import strategies as st
from trained import command

from features.crm_settings import DynamicsSettings
from serving.crm.files import DYNAMICS, write_dynamics, write_import_csv
from serving.crm.rows import Mapped, crm_rows

GUID = "00aa00aa-bb11-cc22-dd33-44ee44ee44e{}".format
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
IDS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=8)


def cells(path):
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def file_of(folder, form, *more, out="out.csv"):
    """Exit code, and what was written."""
    code = command("crm-file", "--format", form, "--scores", folder / "scores.parquet", "--out", folder / out,
                   "-p", folder, *more)  # fmt: skip
    return code, folder / out


def test_hubspot_file(tmp_path):
    score_file(tmp_path / "scores.parquet", {"lead_id": "101"}, {"lead_id": "102", "propensity": 4e-8, "band": None})
    code, path = file_of(crm_project(tmp_path), "hubspot")
    head = "Record ID,ripelead_score,ripelead_propensity,ripelead_band,ripelead_sales_qualified,ripelead_reasons,"
    reason = '"demo, ""two"" times (+20)",2026-06-10T00:00:00Z\n'
    assert path.read_text(encoding="utf-8") == (
        f"{head}ripelead_scored_at\n101,68,0.250000,A,true,{reason}102,68,0.000001,,true,{reason}"
    )
    assert code == 0


def test_salesforce_file_with_owner_and_own_names(tmp_path):
    settings = '[crm.salesforce]\nexternal_id = "Mail__c"\nid_column = "email"\n[crm.salesforce.fields]\n'
    settings += 'score = "S__c"\nowner = "OwnerId"\n[crm.salesforce.owners]\nanna = "005A"\n'
    score_file(tmp_path / "scores.parquet", {"lead_id": "L1"}, {"lead_id": "L2"})
    code, path = file_of(crm_project(tmp_path, settings), "salesforce")
    assert cells(path) == [["Mail__c", "S__c", "OwnerId"], ["A@x.example", "68", "005A"]]
    assert cells(tmp_path / "out.refused.csv")[1] == ["L2", "refused", "no id of the CRM", "ripelead"]
    assert code == 1  # half of the leads


def test_dynamics_records_are_those_that_microsoft_documents(tmp_path):
    score_file(tmp_path / "before.parquet", {"lead_id": GUID(1), "score": 60})
    score_file(tmp_path / "scores.parquet", {"lead_id": GUID(1)}, {"lead_id": GUID(2).upper(), "band": "D"})
    code, path = file_of(crm_project(tmp_path), "dynamics", "--before", tmp_path / "before.parquet", out="out.json")
    first, second = json.loads(path.read_text(encoding="utf-8"))
    assert first == {"msdyn_score": 68, "msdyn_scoretrend": 0, "msdyn_grade": 0, "msdyn_entityid": GUID(1),
                     "msdyn_entitytype": "lead", "msdyn_scoredon": "2026-06-10T00:00:00Z"}  # fmt: skip
    assert (second["msdyn_scoretrend"], second["msdyn_grade"], second["msdyn_entityid"]) == (3, 3, GUID(2))
    assert code == 0


def test_dynamics_requests_find_records_by_their_alternate_key(tmp_path):
    settings = '[crm.dynamics]\nform = "upsert_multiple"\ntargets = 2\nfields = { propensity = "new_chance" }\n'
    score_file(tmp_path / "scores.parquet", *({"lead_id": GUID(n)} for n in range(3)))
    _, path = file_of(crm_project(tmp_path, settings), "dynamics", out="out.jsonl")
    bodies = [json.loads(line)["Targets"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert [len(body) for body in bodies] == [2, 1]
    assert bodies[1][0]["@odata.id"] == (f"msdyn_predictivescores(msdyn_entityid='{GUID(2)}',msdyn_entitytype='lead')")
    assert bodies[0][0]["@odata.type"] == "Microsoft.Dynamics.CRM.msdyn_predictivescore"
    assert bodies[0][0]["new_chance"] == 0.25


def test_an_id_that_a_spreadsheet_would_run_is_refused_and_not_changed(tmp_path):
    score_file(tmp_path / "scores.parquet", *({"lead_id": one} for one in ("=1+1", "@x", "-3", "x")))
    code, path = file_of(crm_project(tmp_path), "hubspot")
    assert [row[0] for row in cells(path)] == ["Record ID", "-3", "x"]
    assert [row[0] for row in cells(tmp_path / "out.refused.csv")] == ["lead_id", "'=1+1", "'@x"]
    assert code == 1


def test_a_later_run_removes_the_refusals_of_an_earlier_one(tmp_path):
    (tmp_path / "out.refused.csv").write_text("old")
    score_file(tmp_path / "scores.parquet", {"lead_id": "1"})
    file_of(crm_project(tmp_path), "hubspot")
    assert not (tmp_path / "out.refused.csv").exists()


def test_scores_without_reasons_leave_those_of_the_crm_alone(tmp_path, capsys):
    score_file(tmp_path / "scores.parquet", {"lead_id": "1", "reasons": []}, {"lead_id": "2", "reasons": None})
    _, path = file_of(crm_project(tmp_path), "hubspot")
    assert "ripelead_reasons" not in cells(path)[0]
    assert "ripelead_reasons is left out" in capsys.readouterr().err


@given(IDS)
def test_every_lead_is_written_once_or_refused_once(tmp_path_factory, ids):
    path = tmp_path_factory.mktemp("crm") / "out.csv"
    rows = crm_rows(scored(*({"lead_id": one} for one in ids)), Mapped((("score", "s"),), {}), None, {})
    written = write_import_csv(rows, "Id", path)
    assert [row[0] for row in cells(path)[1:]] == written.ids
    assert sorted([*written.lead_ids, *(one.lead_id for one in written.refused)]) == sorted(ids)
    assert len({one.casefold() for one in written.ids}) == len(written.ids)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_text_of_the_data_stays_text(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("crm")
    reasons = [{"group": "Fit", "feature": "f", "value": text, "points": 3, "sentence": text}]
    table = scored({"lead_id": GUID(1), "band": text, "stage": text, "reasons": reasons})
    own = (("band", "b"), ("stage", "s"), ("reasons", "r"))
    write_import_csv(crm_rows(table, Mapped(own, {}), None, {}), "Id", folder / "x.csv")
    for cell in cells(folder / "x.csv")[1][1:]:
        assert cell[:1] not in set("=+-@\t\r") or float(cell.replace(",", "."))
    write_dynamics(crm_rows(table, Mapped((*DYNAMICS, *own), {}), None, {}), DynamicsSettings(), {}, folder / "x.json")
    assert json.loads((folder / "x.json").read_text(encoding="utf-8"))[0]["s"] == text


@pytest.mark.parametrize(
    ("settings", "form", "out", "message"),
    [
        ("", "hubspot", "x.json", "expected a file ending in .csv"),
        ("", "dynamics", "x.csv", "expected a file ending in .json"),
        ('[crm.hubspot]\nid_column = "mail"\n', "hubspot", "x.csv", "id_column = 'mail': leads have no such column"),
        ('[crm.hubspot.fields]\nscor = "x"\n', "hubspot", "x.csv", "[crm.hubspot]"),
        ('[crm.hubspot.fields]\nscore = "My Score"\n', "hubspot", "x.csv", "[crm.hubspot] fields.score"),
        ('[crm.salesforce.fields]\nscore = "Id"\n', "salesforce", "x.csv", "'Id' is written twice"),
        ('[crm.dynamics.fields]\nscore = "msdyn_score"\n', "dynamics", "x.json", "belongs to Dynamics"),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(tmp_path, capsys, settings, form, out, message):
    score_file(tmp_path / "scores.parquet", {"lead_id": "1"})
    code, path = file_of(crm_project(tmp_path, settings), form, out=out)
    assert (code, path.exists()) == (2, False)
    assert message in capsys.readouterr().err


def test_scores_of_several_times_are_refused(tmp_path, capsys):
    score_file(tmp_path / "scores.parquet", {"lead_id": "1"}, {"lead_id": "2", "as_of": JANUARY})
    assert file_of(crm_project(tmp_path), "hubspot")[0] == 2
    said = capsys.readouterr().err
    assert "is as of 2026-01-01T00:00:00Z, 2026-06-10T00:00:00Z: expected scores as of one time" in said
