"""A rep's morning as an e-mail: what is due today, then the leads with the highest priority; as text and as HTML."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from serving.language.page_words import lead_path
from serving.language.plain_text import one_line
from serving.language.translations import Translation, msg, msgs, translation_to
from serving.store.digest_leads import DigestLead, OwnLeads

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).with_name("templates")
SECOND = 1_000_000
_DUE = msgs("{n} lead due today or before", "{n} leads due today or before")
_OPEN = msgs("{n} open lead of yours", "{n} open leads of yours")
STAGES = {
    "lead": msg("lead"),
    "mql": msg("marketing qualified"),
    "sal": msg("sales accepted"),
    "sql": msg("sales qualified"),
    "opportunity": msg("opportunity"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A lead in the e-mail: who, what, and where to read on."""

    who: str
    what: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Digest:
    """What the e-mail says."""

    language: str
    open: int
    subject: str
    greeting: str
    due_title: str
    due: tuple[Line, ...]
    others_title: str
    others: tuple[Line, ...]
    footer: str


@dataclass(frozen=True, slots=True)
class Morning:
    """For whom, of which project, when, where times are read, in which language, and the address of the page."""

    rep: str
    project: str
    as_of: datetime
    zone: ZoneInfo
    language: str
    public_url: str | None

    @property
    def day(self) -> str:
        """The day where the readers live."""
        return f"{self.as_of.astimezone(self.zone):%Y-%m-%d}"

    @property
    def end_of_day(self) -> int:
        """The midnight that ends the day, in microseconds since 1970."""
        day = self.as_of.astimezone(self.zone).date() + timedelta(days=1)
        return int(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()) * SECOND


def digest_of(leads: OwnLeads, morning: Morning) -> Digest:
    """The morning in words."""
    to = translation_to(morning.language)
    due = to.counted(_DUE, len(leads.due))
    scored = datetime.fromtimestamp(leads.as_of / SECOND, UTC).astimezone(morning.zone)
    return Digest(
        language=morning.language,
        open=leads.open,
        subject=f"{one_line(morning.project)}: {due}, {to.counted(_OPEN, leads.open)}",
        greeting=to.text("Good morning, {name}.", name=one_line(morning.rep)),
        due_title=due,
        due=tuple(_line(one, morning, to) for one in leads.due),
        others_title=to.text("Next, by priority"),
        others=tuple(_line(one, morning, to) for one in leads.others),
        footer=to.text("Scores are as of {time}.", time=f"{scored:%Y-%m-%d %H:%M %Z}"),
    )


def _line(lead: DigestLead, morning: Morning, to: Translation) -> Line:
    who = ", ".join(one_line(part) for part in (lead.name, lead.account_name) if part) or one_line(lead.lead_id)
    link = None if morning.public_url is None else morning.public_url + lead_path(lead.lead_id)
    return Line(who, "; ".join(_facts(lead, morning, to)), link)


def _facts(lead: DigestLead, morning: Morning, to: Translation) -> list[str]:
    facts = []
    if lead.due_at is not None and lead.due_at < morning.end_of_day:
        due = datetime.fromtimestamp(lead.due_at / SECOND, UTC)
        form = msg("overdue since {time}") if due < morning.as_of else msg("due by {time}")
        facts.append(to.text(form, time=f"{due.astimezone(morning.zone):%Y-%m-%d %H:%M}"))
    if lead.score is not None:
        moved = "" if lead.score_before in (None, lead.score) else f" ({lead.score - (lead.score_before or 0):+d})"
        facts.append(to.text("score {score}", score=f"{lead.score}{moved}"))
    if lead.stage in STAGES:
        facts.append(to.text(STAGES[lead.stage]))
    return facts


def digest_text(digest: Digest) -> str:
    """The e-mail as plain text."""
    lines = [digest.greeting, ""]
    for title, leads in ((digest.due_title, digest.due), (digest.others_title, digest.others)):
        if leads:
            lines += [title, *(line for lead in leads for line in _as_text(lead)), ""]
    return "\n".join([*lines, digest.footer, ""])


def _as_text(lead: Line) -> list[str]:
    return [f"- {lead.who}: {lead.what}", *([f"  {lead.link}"] if lead.link else [])]


def digest_message(digest: Digest, sender: str, recipient: str, morning: Morning) -> EmailMessage:
    """The e-mail with both parts; its Message-ID is the same whenever the same morning is told again.

    Raises:
        ValueError: an address that would not stand alone in its header.
    """
    message = EmailMessage(policy=SMTP)
    message["Subject"] = digest.subject
    message["From"] = Address(addr_spec=sender)
    message["To"] = Address(addr_spec=recipient)
    message["Date"] = morning.as_of
    message["Message-ID"] = f"<{key_of(morning)}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(digest_text(digest))
    message.add_alternative(_template().render(digest=digest), subtype="html")
    return message


def key_of(morning: Morning) -> str:
    """What one e-mail is: the day, the project and the rep, without naming the rep."""
    named = "\n".join((morning.project, morning.rep)).encode("utf-8", "surrogatepass")
    return f"digest-{morning.day}-{hashlib.sha256(named).hexdigest()[:20]}"


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("digest.html")
