"""The hand-over package (row M22): complete, point in time, escaped, the same in three renderings."""

import json
from dataclasses import fields, replace
from html.parser import HTMLParser

import pytest
from handovers import AS_OF, TABLES, handed_over, small_project
from hypothesis import given
from hypothesis import strategies as st
from trained import command

from serving.handover.as_json import handover_from_json, handover_json
from serving.handover.content import Handover
from serving.handover.page import handover_page
from serving.handover.text import handover_text


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return small_project(tmp_path_factory.mktemp("handover"))


@pytest.fixture(scope="module")
def found(project):
    return handover_from_json(handed_over(project))


def test_m22_everything_sales_needs_is_there(found):
    assert (found.person.name, found.person.role, found.company.name) == ("Ann Muster", "purchaser", "ACME GmbH")
    assert (found.standing.stage, found.standing.overdue) == ("sal", True)
    assert {fact.name: fact.value for fact in found.company.facts} == {"industry": "energy", "employees": "300"}
    assert [one.kind for one in found.content] == ["webinar_attended", "content_download"]
    assert [member.lead_id for member in found.team.members] == ["ann", "bo"]
    assert found.points.total == sum(entry.points for entry in found.points.entries) == 30


def test_m22_bant_has_its_evidence_with_what_was_noted_and_open_questions(found):
    bant = found.frameworks[0]
    budget = next(one for one in bant.criteria if one.name == "budget")
    (piece,) = budget.evidence
    assert (bant.outcome, bant.met, budget.state) == ("open", 1, "met")
    assert (piece.amount, f"{piece.deadline:%Y-%m-%d}", piece.note, piece.by) == (
        10000,
        "2026-09-30",
        "EUR for Q3",
        "rep-1",
    )
    assert "Who decides, and can you introduce us?" in found.open_questions


def test_what_other_frameworks_hold_otherwise_is_said_at_the_criterion_with_what_it_rests_on(found):
    said = {framework.name: {one.label: one.elsewhere for one in framework.criteria} for framework in found.frameworks}
    assert said["bant"]["Authority"] == ("Met for SAL: BANT and location; The seven properties of an SQL (job title)",)
    unknown = "Not known for BANT, at least 3 of 4 (what counts there: what sales assessed)"
    assert unknown in said["sal"]["Authority"]
    assert said["bant"]["Need"] == ()  # unknown to all of them


def test_m22_next_steps_begin_with_what_is_due(found):
    assert [step.kind for step in found.next_steps] == ["contact", "question", "question", "role"]
    assert found.next_steps[0].sentence.startswith(
        "Contact now: it was due by 2026-01-12 10:00 UTC"
    )  # eight business hours after Friday, 10:00


def test_m22_nothing_at_or_after_the_date_is_seen(project):
    early = handover_from_json(handed_over(project, as_of="2026-01-10T10:00:00Z"))
    assert early.frameworks[0].met == 0
    assert all(one.at < early.as_of for one in early.timeline)
    assert not early.content[0].last >= early.as_of
    assert "cy" not in {member.lead_id for member in early.team.members}


def test_m22_what_comes_at_or_after_the_date_changes_no_byte(project, tmp_path):
    later = {
        "leads": "dee,2026-02-01T00:00:01Z,acme,social,dee@acme.example,Dee,CEO,,DE\n",
        "interactions": f"ann,{AS_OF},webinar_attended,security,inbound\nbo,2026-03-01T00:00:00Z,demo_requested,,\n",
        "assessments": f"ann,{AS_OF},authority,1,,,,\nann,2026-02-02T00:00:00Z,budget,0,,,,\n",
        "decisions": f"ann,{AS_OF},reject,rep-2\n",
        "deals": f"ann,{AS_OF},lost\n",
    }
    more = small_project(tmp_path, **{name: TABLES[name] + rows for name, rows in later.items()})
    assert handed_over(more) == handed_over(project)


def test_m24_missing_roles_are_tasks(found):
    assert set(found.team.missing) == {"team_lead", "production_manager", "management"}
    assert len(found.team.tasks) == 3
    assert found.team.tasks[0] in {step.sentence for step in found.next_steps}


def test_json_is_strict_and_comes_back_equal(found):
    text = handover_json(found)
    assert handover_from_json(text) == found
    assert list(json.loads(text)) == [field.name for field in fields(Handover)]
    with pytest.raises(ValueError, match="expected schema_version 1, got 2"):
        handover_from_json(text.replace('"schema_version": 1', '"schema_version": 2', 1))
    with pytest.raises(ValueError, match="keys or values that the schema does not know"):
        handover_from_json(text.replace('"given"', '"further": 1, "given"', 1))
    with pytest.raises(ValueError, match="given"):
        handover_from_json(text.replace('"given"', '"further"', 1))


@pytest.mark.parametrize(("language", "heading", "elsewhere"), [
    ("en", "Next steps", "Met for SAL"),
    ("de", "Nächste Schritte", "Erfüllt für SAL"),
    ("da", "Næste skridt", "Opfyldt for SAL"),
])  # fmt: skip
def test_the_page_speaks_three_languages_and_loads_nothing(project, language, heading, elsewhere):
    page = handed_over(project, "--language", language, out="page.html")
    assert heading in page
    assert elsewhere in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "src=" not in page.replace("default-src", "").replace("style-src", "")


class Shape(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self):
        super().__init__()
        self.tags, self.words = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data):
        self.words += data


def shape(page):
    parser = Shape()
    parser.feed(page)
    return parser


HOSTILE = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "\" onmouseover='x'",
        "</style><img src=//x>",
        "{{ 7*7 }}",
        "&lt;b&gt;",
        "]]>",
        "\u202ex",
    ]
) | st.text(min_size=1, max_size=20)


@given(HOSTILE)
def test_m22_hostile_names_and_notes_make_no_tag(found, text):
    plain, evil = (with_text(found, words) for words in ("plain", text))
    assert shape(handover_page(evil)).tags == shape(handover_page(plain)).tags
    assert "49" not in shape(handover_page(with_text(found, "{{ 7*7 }}"))).words


def with_text(found, text):
    person = replace(found.person, name=text, title=text, email=text)
    piece = replace(found.frameworks[0].criteria[0].evidence[0], note=text, by=text)
    criterion = replace(found.frameworks[0].criteria[0], evidence=(piece,))
    framework = replace(found.frameworks[0], criteria=(criterion,))
    line = replace(found.timeline[0], detail=text)
    company = replace(found.company, name=text)
    return replace(found, person=person, company=company, frameworks=(framework,), timeline=(line,), project=text)


def test_control_signs_of_the_data_reach_no_terminal(tmp_path):
    leads = 'lead_id,created_at,name\nann,2026-01-05T09:00:00Z,"A\x1b[31mnn\u202e"\n'
    (tmp_path / "ripelead.toml").write_text(
        '[project]\nname = "x"\n[tables.leads]\nfile = "leads.csv"\n[label]\nhorizon_days = 9\n'
    )
    (tmp_path / "leads.csv").write_text(leads, encoding="utf-8")
    text = handed_over(tmp_path, out="a.txt")
    assert "A [31mnn" in text
    assert not {"\x1b", "\u202e"} & set(text)


def test_a_lead_that_wants_to_be_left_alone_gets_one_step(tmp_path):
    decisions = "lead_id,decided_at,decision\nann,2026-01-09T10:00:00Z,do_not_contact\n"
    found = handover_from_json(handed_over(small_project(tmp_path, decisions=decisions)))
    assert [step.kind for step in found.next_steps] == ["leave_alone"]


def test_text_names_every_section(found):
    text = handover_text(found)
    for heading in (
        "Next steps",
        "Qualification",
        "Open questions",
        "Person",
        "Company",
        "Buying team",
        "What happened",
    ):
        assert f"\n{heading}\n" in text
    assert "No model has been promoted yet" in text


@pytest.mark.parametrize(("arguments", "message"), [
    (("nobody", "--as-of", "2026-02-01T00:00:00Z"), "no lead 'nobody'"),
    (("cy", "--as-of", "2026-02-01T00:00:00Z"), "was created later"),
    (("ann", "--as-of", "2026-02-01T00:00:00Z", "--out", "x.pdf"), "ending in .html, .json, .txt"),
    (("ann", "--as-of", "2026-02-01T00:00:00Z", "--json", "--out", "x.html"), "ending in .json"),
])  # fmt: skip
def test_wrong_input_is_one_sentence(project, capsys, arguments, message):
    assert command("handover", "-p", project, *arguments) == 2
    assert message in capsys.readouterr().err


def test_m22_with_a_model_the_reasons_add_up(world):
    import pandas as pd
    from trained import AS_OF as END

    leads = pd.read_parquet(world / "leads.parquet")
    deals = pd.read_parquet(world / "deals.parquet")
    lead = leads.loc[~leads["lead_id"].isin(deals["lead_id"]), "lead_id"].iloc[-1]
    found = handover_from_json(handed_over(world, lead=lead, as_of=END))
    assert found.score is not None
    assert sum(reason.points for reason in found.score.reasons) == found.score.score
    assert "Why this score" in handover_text(found)
