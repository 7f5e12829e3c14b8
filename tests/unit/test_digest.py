"""The morning's e-mail: what it says, that nothing of the data gets into its headers, and that nobody gets two."""

import email
import re
from datetime import UTC, datetime
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
from crm import crm_project
from hypothesis import given
from hypothesis import strategies as st
from mail_server import mail_server
from publications import AS_OF, published
from trained import command

from serving.delivery.digest import Morning, digest_message, digest_of, digest_text, key_of
from serving.store.connection import open_store
from serving.store.digest_leads import DigestLead, OwnLeads

SIX = datetime(2026, 6, 10, 4, tzinfo=UTC)
MORNING = Morning("anna", "acme", SIX, ZoneInfo("Europe/Berlin"), "en", "https://r.example")
DUE = int(datetime(2026, 6, 10, 7, tzinfo=UTC).timestamp()) * 1_000_000
LATE = int(datetime(2026, 6, 9, 15, tzinfo=UTC).timestamp()) * 1_000_000
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def lead(lead_id="L 1", due_at=None, name="Eva", **more):
    told = {"account_name": "Müller AG", "stage": "sql", "score": 68, "score_before": 62, "band": "A"} | more
    return DigestLead(lead_id=lead_id, name=name, due_at=due_at, sales_qualified=True, **told)


OWN = OwnLeads(AS_OF, (lead(due_at=LATE), lead("L2", DUE)), (lead("L3", name=None, score_before=None),), 7)


def test_the_text():
    assert digest_text(digest_of(OWN, MORNING)) == (
        "Good morning, anna.\n\n"
        "2 leads due today or before\n"
        "- Eva, Müller AG: overdue since 2026-06-09 17:00; score 68 (+6); sales qualified\n"
        "  https://r.example/leads/L%201\n"
        "- Eva, Müller AG: due by 2026-06-10 09:00; score 68 (+6); sales qualified\n"
        "  https://r.example/leads/L2\n\n"
        "Next, by priority\n"
        "- Müller AG: score 68; sales qualified\n"
        "  https://r.example/leads/L3\n\n"
        "Scores are as of 2026-05-28 22:26 CEST.\n"
    )


@pytest.mark.parametrize(
    ("language", "word"), [("de", "2 Leads heute oder früher fällig"), ("da", "2 leads skal kontaktes i dag eller før")]
)
def test_other_languages(language, word):
    german = Morning("anna", "acme", SIX, ZoneInfo("UTC"), language, None)
    assert digest_of(OWN, german).subject.startswith(f"acme: {word}, 7 ")


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_nothing_of_the_data_becomes_a_header_or_a_tag(rep, project, name, company):
    morning = Morning(rep, project, SIX, ZoneInfo("UTC"), "en", "https://r.example")
    own = OwnLeads(AS_OF, (), (lead(name=name + "<b>", account_name=company),), 1)
    raw = digest_message(digest_of(own, morning), "from@x.example", "to@x.example", morning).as_bytes()
    read = email.message_from_bytes(raw, policy=default)
    assert set(read) == {
        "Subject",
        "From",
        "To",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    }
    assert (read["To"], read["From"]) == ("to@x.example", "from@x.example")
    page = read.get_body(("html",)).get_content()
    assert set(re.findall(r"</?(\w+)", page)) <= {"html", "head", "meta", "title", "body", "p", "h2", "ul", "li", "a"}


@pytest.mark.parametrize("address", ["a@x.example\r\nBcc: b@x.example", "a@x.example, b@x.example", "a"])
def test_an_address_stands_alone(address):
    with pytest.raises((ValueError, IndexError)):
        digest_message(digest_of(OWN, MORNING), address, address, MORNING)


def test_one_key_a_day_and_rep():
    later = Morning("anna", "acme", SIX.replace(hour=20), MORNING.zone, "de", None)
    next_day = Morning("anna", "acme", SIX.replace(hour=22), MORNING.zone, "en", None)  # midnight in Berlin
    ben = Morning("ben", "acme", SIX, MORNING.zone, "en", None)
    assert key_of(MORNING) == key_of(later)
    assert len({key_of(MORNING), key_of(next_day), key_of(ben)}) == 3


# The command.


RECIPIENTS = 'recipients = { anna = "anna@example.com", ben = "ben@example.com" }'


def sent(folder, server, *more, lines="", at="2026-06-10T04:00:00Z"):
    settings = f"""
[serve.digest]
enabled = true
host = "127.0.0.1"
port = {server.server_address[1]}
security = "none"
sender = "ripelead@example.com"
{lines or RECIPIENTS}
"""
    return command("digest", "-p", crm_project(folder, settings), "--as-of", at, *more)


@pytest.fixture
def folder(tmp_path):
    """A project folder with a publication."""
    store = open_store(f"sqlite:///{tmp_path}/.ripelead/store.db")
    published(store, {"lead_id": "L1", "name": "Eva"}, {"lead_id": "L2", "owner": "ben"})
    store.close()
    return tmp_path


def test_each_rep_gets_one_a_day(folder, capsys):
    with mail_server() as server:
        assert sent(folder, server) == 0
        assert sent(folder, server) == 0
        assert sent(folder, server, "--rep", "anna", at="2026-06-11T04:00:00Z") == 0
    to = [email.message_from_bytes(raw)["To"] for raw in server.got]
    assert to == ["anna@example.com", "ben@example.com", "anna@example.com"]
    assert "anna: was sent before on 2026-06-10" in capsys.readouterr().out


def test_one_address_that_is_refused_does_not_stop_the_others(folder, capsys):
    with mail_server(refuses="anna@") as server:
        assert sent(folder, server) == 5
        assert len(server.got) == 1
        server.refuses = "nobody@"
        assert sent(folder, server) == 0
    assert len(server.got) == 2
    assert "anna: mail server 127.0.0.1" in capsys.readouterr().err


def test_a_dry_run_prints_and_sends_nothing(folder, capsys):
    with mail_server() as server:
        assert sent(folder, server, "--dry-run", "--rep", "anna") == 0
    assert server.got == []
    assert "Subject: acme: 0 leads due today or before, 1 open lead of yours" in capsys.readouterr().out


def test_a_rep_without_leads_gets_no_e_mail(folder, capsys):
    with mail_server() as server:
        assert sent(folder, server, lines='[serve.digest.recipients]\ncarla = "c@example.com"') == 0
    assert server.got == []
    assert "carla: has no open leads, nothing is sent" in capsys.readouterr().out


def test_it_is_off_by_default_and_wants_what_it_needs(folder, capsys):
    with mail_server() as server:
        assert command("digest", "-p", crm_project(folder), "--as-of", "2026-06-10T04:00:00Z") == 2
        assert sent(folder, server, "--rep", "carla") == 2
        assert sent(folder, server, lines=f'{RECIPIENTS}\nuser = "${{U}}"\npassword = "${{P}}"') == 2
        assert sent(folder, server, lines=f'{RECIPIENTS}\nuser = "${{U}}"') == 2
    said = capsys.readouterr().err
    assert "[serve.digest] is off" in said
    assert "recipients has no address for that rep" in said
    assert "a password is not sent unencrypted" in said
    assert "user and password go together" in said
