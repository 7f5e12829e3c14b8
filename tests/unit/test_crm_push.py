"""Scores into CRMs by API: for each lead it is known whether it was taken, refused and why, or is to be tried again."""

import csv
import itertools
import json
from collections import Counter

import pytest
from crm import crm_project, score_file, scored
from crm_servers import TOKEN, HubSpot, Salesforce, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from trained import command

from features.crm_settings import HubSpotSettings, SalesforceSettings
from features.errors import ProjectFileError, RefusedError, SinkError
from serving.crm import calls, hubspot, salesforce
from serving.crm.calls import Caller
from serving.crm.rows import Mapped, crm_rows
from serving.delivery.outgoing import Answer, Way
from serving.delivery.targets import Rules

LOCAL = Way(Rules(frozenset({"127.0.0.1"})), 10, 5_000_000)
FIELDS = {"score": "ripelead_score", "band": "ripelead_band"}
FIELDS__C = {"score": "S__c", "band": "B__c"}
PROPERTIES = {*FIELDS.values()}
THROTTLED = (429, {"retry-after": "7"})


def rows_of(*leads, fields=FIELDS):
    return crm_rows(scored(*leads), Mapped(tuple(fields.items()), {}), None, {})


def numbered(n, **more):
    return [{"lead_id": str(number), **more} for number in range(n)]


def to_hubspot(crm, rows, waits=None, id_property=None):
    """What became of the rows; `waits` gets the seconds that were waited."""
    own = HubSpotSettings.model_validate({"fields": FIELDS, "id_property": id_property})
    sleep = ([] if waits is None else waits).append
    return hubspot.push(rows, own, crm.url, Caller("HubSpot", LOCAL, sleep).signed_in(TOKEN))


def to_salesforce(crm, rows, monkeypatch, most_bytes=salesforce.MOST_BYTES, **own):
    for name, value in (("URL", crm.url), ("CLIENT_ID", "me"), ("CLIENT_SECRET", "s3cret"), ("REFRESH_TOKEN", "r")):
        monkeypatch.setenv(f"SALESFORCE_{name}", value)
    chosen = SalesforceSettings.model_validate({"fields": FIELDS__C, "external_id": "Ext__c", **own})
    time = [0.0]
    jobs = salesforce.signed_in(chosen, Caller("Salesforce", LOCAL, lambda s: time.__setitem__(0, time[0] + s)))
    return salesforce.push(rows, salesforce.Jobs(jobs.settings, jobs.caller, jobs.address, lambda: time[0], most_bytes))


def outcome(found):
    """Lead: sent, refused or retry."""
    return dict.fromkeys(found.sent, "sent") | {
        one.lead_id: "retry" if one.again else "refused" for one in found.refused
    }


@pytest.mark.parametrize("id_property", [None, "email"])
def test_hubspot_takes_batches_and_refuses_single_contacts(id_property):
    with serving(HubSpot(range(250), PROPERTIES, wrong={"Z"})) as crm:
        leads = [*numbered(249), {"lead_id": "249", "band": "Z"}, {"lead_id": "999"}]
        found = to_hubspot(crm, rows_of(*leads), id_property=id_property)
    unknown = "refused" if id_property is None else "sent"  # a unique property makes contacts, the Record ID does not
    assert Counter(outcome(found).values())["sent"] == 249 + (unknown == "sent")
    assert (outcome(found)["249"], outcome(found)["999"], crm.calls) == ("refused", unknown, 3)
    assert next(one.reason for one in found.refused if one.lead_id == "249") == "Property values were not valid: Z"
    assert crm.contacts["7"] == {"ripelead_score": "68", "ripelead_band": "A"}


@given(st.sets(st.integers(0, 149), max_size=4), st.booleans())
@settings(max_examples=12)
def test_every_lead_is_accounted_for_however_hubspot_says_it(wrong, spoils):
    leads = [{"lead_id": str(n), "band": "Z" if n in wrong else "A"} for n in range(150)]
    with serving(HubSpot(range(150), PROPERTIES, wrong={"Z"}, spoils=spoils)) as crm:
        found = to_hubspot(crm, rows_of(*leads))
    assert outcome(found) == {str(n): "refused" if n in wrong else "sent" for n in range(150)}
    assert {n for n, kept in crm.contacts.items() if kept} == {str(n) for n in range(150) if n not in wrong}


def test_hubspot_gets_the_patience_that_it_asks_for():
    waits = []
    with serving(HubSpot(range(3), PROPERTIES, troubles=[THROTTLED, (502, {})])) as crm:
        found = to_hubspot(crm, rows_of(*numbered(3)), waits)
    assert (len(found.sent), found.stopped, waits) == (3, None, [7.0, 5.0])


@pytest.mark.parametrize("trouble", [(429, {"retry-after": "3600"}), (503, {})])
def test_what_cannot_be_sent_now_is_named_and_a_second_run_sends_it(trouble):
    rows = rows_of(*numbered(250))
    with serving(HubSpot(range(250), PROPERTIES)) as crm:
        original, seen = crm.answer, []
        crm.answer = lambda *a: (*trouble, {}) if seen.append(1) or len(seen) > 1 else original(*a)
        found = to_hubspot(crm, rows)
        assert (len(found.sent), Counter(outcome(found).values())["retry"]) == (100, 150)
        assert f"HubSpot answered {trouble[0]}" in found.stopped
        crm.answer = original
        assert len(to_hubspot(crm, rows).sent) == 250


def test_a_property_that_hubspot_lacks_ends_the_run_with_its_name():
    with serving(HubSpot(range(9), {"ripelead_score"})) as crm, pytest.raises(ProjectFileError) as caught:
        to_hubspot(crm, rows_of(*numbered(9)))
    assert 'Property "ripelead_band" does not exist' in str(caught.value)
    assert crm.calls == 1


def test_salesforce_says_for_each_row_what_became_of_it(monkeypatch):
    errors = {"1": "REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --",
              "2": "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"}  # fmt: skip
    leads = [{"lead_id": "0", "band": None}, {"lead_id": "1"}, {"lead_id": "2"}, {"lead_id": 'a "b",\r\nc'}]
    with serving(Salesforce(FIELDS__C.values(), lambda row: errors.get(row["Ext__c"]))) as crm:
        crm.records = {"0": {"B__c": "C"}}
        found = to_salesforce(crm, rows_of(*leads, fields=FIELDS__C), monkeypatch)
    assert outcome(found) == {"0": "sent", leads[3]["lead_id"]: "sent", "1": "refused", "2": "retry"}
    assert found.refused[-1].reason.startswith(("UNABLE_TO_LOCK_ROW", "REQUIRED_FIELD_MISSING"))
    assert crm.records["0"] == {"Ext__c": "0", "S__c": "68", "B__c": ""}  # an empty band empties the old one
    assert crm.grants == ["client_credentials"]


def test_large_files_are_cut_into_jobs(monkeypatch):
    with serving(Salesforce(FIELDS__C.values(), most=500)) as crm:
        rows = rows_of(*numbered(100), fields=FIELDS__C)
        found = to_salesforce(crm, rows, monkeypatch, most_bytes=300)
    assert (len(found.sent), len(crm.records)) == (100, 100)
    assert len(crm.jobs) > 2


def test_a_job_that_fails_leaves_its_unprocessed_rows_to_another_run(monkeypatch):
    rows = rows_of(*numbered(10), fields=FIELDS__C)
    with serving(Salesforce(FIELDS__C.values(), fails=4)) as crm:
        found = to_salesforce(crm, rows, monkeypatch)
        assert Counter(outcome(found).values()) == {"sent": 4, "retry": 6}
        assert found.stopped == "Salesforce: the job ended as Failed: too long"
        crm.fails = None
        assert len(to_salesforce(crm, rows, monkeypatch).sent) == 10
    assert len(crm.records) == 10


def test_a_job_that_takes_too_long_is_left_alone(monkeypatch):
    with serving(Salesforce(FIELDS__C.values(), polls=10**9)) as crm:
        found = to_salesforce(crm, rows_of(*numbered(2), fields=FIELDS__C), monkeypatch, wait_minutes=2.0)
    assert set(outcome(found).values()) == {"retry"}
    assert "is not done after 2 minutes" in found.stopped


def test_salesforce_by_refresh_token(monkeypatch):
    with serving(Salesforce(FIELDS__C.values())) as crm:
        to_salesforce(
            crm, rows_of(*numbered(1), fields=FIELDS__C), monkeypatch, refresh_token="${SALESFORCE_REFRESH_TOKEN}"
        )
    assert crm.grants == ["refresh_token"]


def test_a_wrong_secret_is_told_without_being_shown(monkeypatch):
    with serving(Salesforce(secret="another")) as crm, pytest.raises(SinkError) as caught:
        to_salesforce(crm, rows_of(*numbered(1), fields=FIELDS__C), monkeypatch)
    assert "invalid_client" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_an_object_that_salesforce_lacks(monkeypatch):
    with serving(Salesforce()) as crm, pytest.raises(ProjectFileError, match="Unable to find object: Leed"):
        to_salesforce(crm, rows_of(*numbered(1), fields=FIELDS__C), monkeypatch, object="Leed")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["0", "1", "7", "JobComplete", "Failed", "x"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["results", "errors", "context", "objectWriteTraceId", "ids", "message", "id", "state",
                         "errorMessage", "access_token", "instance_url"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
ANSWERS = st.builds(
    Answer,
    status=st.sampled_from([200, 200, 200, 207, 201, 400, 404, 500]),
    headers=st.just({}),
    body=JSON.map(lambda found: json.dumps(found).encode()) | st.binary(max_size=20) | st.just(b"sf__Id,Ext__c\n1,0\n"),
    whole=st.booleans(),
)


@given(st.lists(ANSWERS, min_size=1, max_size=12), st.sampled_from(["hubspot", "salesforce"]))
@settings(max_examples=150)
def test_whatever_a_crm_answers_every_lead_is_accounted_for(answers, to):
    rows, time = rows_of(*numbered(3), fields=FIELDS if to == "hubspot" else FIELDS__C), [0.0]
    turns = itertools.cycle(answers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "send", lambda request, way: next(turns))
        caller = Caller("CRM", LOCAL, lambda seconds: time.__setitem__(0, time[0] + seconds))
        try:
            if to == "hubspot":
                own = HubSpotSettings.model_validate({"fields": FIELDS})
                found = hubspot.push(rows, own, "https://x.example", caller)
            else:
                own = SalesforceSettings.model_validate({"fields": FIELDS__C, "external_id": "Ext__c"})
                found = salesforce.push(rows, salesforce.Jobs(own, caller, "https://x.example", lambda: time[0]))
        except RefusedError:
            return  # one sentence, and an exit code
    assert sorted([*found.sent, *(one.lead_id for one in found.refused)]) == ["0", "1", "2"]


# The command.


def pushed(folder, crm, *more, allow='allow_private_hosts = ["127.0.0.1"]'):
    settings = f'[serve]\n{allow}\n[crm.hubspot]\nurl = "{crm.url}"\n[crm.hubspot.fields]\nscore = "ripelead_score"\n'
    return command(
        "crm-push", "--to", "hubspot", "--scores", folder / "s.parquet", "-p", crm_project(folder, settings), *more
    )


def test_the_command_names_what_was_not_sent(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HUBSPOT_TOKEN", TOKEN)
    score_file(tmp_path / "s.parquet", *numbered(3))
    with serving(HubSpot([0, 1], PROPERTIES)) as crm:
        assert pushed(tmp_path, crm) == 1
        assert "2 leads sent, 1 refused, 0 to be tried again" in capsys.readouterr().out
        with (tmp_path / "crm" / "hubspot-not-sent.csv").open(encoding="utf-8", newline="") as stream:
            assert [(row["lead_id"], row["result"], row["by"]) for row in csv.DictReader(stream)] == [
                ("2", "refused", "HubSpot")
            ]
        crm.contacts["2"] = {}
        assert pushed(tmp_path, crm) == 0
    assert not (tmp_path / "crm" / "hubspot-not-sent.csv").exists()


def test_a_dry_run_calls_nobody_and_needs_no_token(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("HUBSPOT_TOKEN", raising=False)
    score_file(tmp_path / "s.parquet", *numbered(101))
    with serving(HubSpot()) as crm:
        assert pushed(tmp_path, crm, "--dry-run") == 0
    assert crm.calls == 0
    assert "would send 101 leads in 2 calls, and refuse 0" in capsys.readouterr().out


def test_exit_codes_of_what_cannot_work(tmp_path, monkeypatch, capsys):
    score_file(tmp_path / "s.parquet", *numbered(1))
    with serving(HubSpot([0], PROPERTIES)) as crm:
        monkeypatch.delenv("HUBSPOT_TOKEN", raising=False)
        assert pushed(tmp_path, crm) == 2  # no token
        monkeypatch.setenv("HUBSPOT_TOKEN", "wr0ng")
        assert pushed(tmp_path, crm) == 5
        assert pushed(tmp_path, crm, allow="") == 2  # not allowed to be called
    said = capsys.readouterr().err
    assert "HUBSPOT_TOKEN" in said
    assert "HubSpot does not take the token (401: Authentication credentials not found.)" in said
    assert "allow_private_hosts" in said
    assert "wr0ng" not in said
