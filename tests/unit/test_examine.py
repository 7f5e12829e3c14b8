from datetime import UTC, datetime

from holdouts import synthetic_holdout
from test_report import EVIL, evaluated, facts

from training import examinations
from training.audit.section import audit_section
from training.audit.suspects import Audit, Bar, CheckRun, Suspect
from training.examinations import examine
from training.examine import Finding
from training.report import render_report


def suspect(column):
    bars = (Bar("a", 10, 0.1), Bar("b", 20, 0.9))
    return Suspect("single column", "leads", column, 0.9, {}, "It knows", "exclude = []", bars=bars)


def audit(*suspects):
    return Audit(suspects, (), ("nothing is dated",), 0.2, 1.0)


def test_findings_are_written_and_those_with_nothing_to_say_are_not(tmp_path, monkeypatch):
    found = Finding("calls", "{}\n")
    monkeypatch.setattr(examinations, "EXAMINATIONS", {"counting": lambda _: found, "waiting": lambda _: None})
    said = []
    assert examine(None, tmp_path, said.append) == (found,)
    assert said == ["counting", "waiting"]
    assert [path.name for path in tmp_path.iterdir()] == ["calls.json"]


def test_a_section_stands_in_the_report_with_its_picture_and_hostile_text_escaped():
    section = audit_section(audit(suspect(EVIL)))
    page = render_report(
        evaluated(synthetic_holdout(300)), {}, facts(data_end=datetime(2026, 6, 30, tzinfo=UTC)), [section]
    )
    assert '<section class="card" id="leaks">' in page
    assert "It knows." in page
    assert page.count("<svg") == 1
    assert "<script" not in page


def test_an_audit_without_suspects_says_so_and_what_it_could_not_check():
    page = render_report(evaluated(synthetic_holdout(300)), {}, facts(), [audit_section(audit())])
    assert "Nothing stood out." in page
    assert "nothing is dated." in page


def test_a_check_that_could_not_run_is_told_in_the_report():
    found = Audit(
        (), (CheckRun("evidence", 0, 1.0), CheckRun("order", 0, 0.1, "could not run: KeyError")), (), 0.2, 1.0
    )
    page = render_report(evaluated(synthetic_holdout(300)), {}, facts(), [audit_section(found)])
    assert "order could not run: KeyError." in page
    assert "0 checks in" in page
