"""Contact verification: whether an e-mail address and a phone number could reach a person at the lead's company.

A verdict is about form, not about existence: an address of the right form may still bounce. Nothing leaves the machine,
except that `mx_of` asks the name server when somebody wants that.
"""

from dataclasses import dataclass
from typing import Literal

EmailVerdict = Literal["business", "freemail", "role", "disposable", "malformed", "missing"]
PhoneVerdict = Literal["possible", "malformed", "missing"]

# Addresses of a function, not of a person: RFC 2142 and what companies use beside it, in three languages.
_ROLES = """
abuse admin administrator billing buchhaltung contact einkauf faktura hello hilfe hostmaster hr info jobs kontakt
kundeservice mail marketing news newsletter no-reply noreply office ordre post postmaster presse press privacy
purchasing sales salg security sekretariat service support team verkauf vertrieb webmaster zentrale
"""
_FREEMAIL = """
aol.com fastmail.com freenet.de gmail.com gmx.at gmx.ch gmx.de gmx.net googlemail.com hotmail.com hotmail.de icloud.com
live.com live.dk mail.com mail.dk me.com msn.com outlook.com outlook.de proton.me protonmail.com t-online.de web.de
yahoo.com yahoo.de yahoo.dk zoho.com
"""
ROLES, FREEMAIL = frozenset(_ROLES.split()), frozenset(_FREEMAIL.split())
REACHABLE: frozenset[EmailVerdict] = frozenset({"business", "freemail"})


@dataclass(frozen=True, slots=True)
class Contact:
    """What was found out about the contact data of one lead."""

    email: EmailVerdict
    phone: PhoneVerdict

    @property
    def verified(self) -> bool:
        """Whether at least one way to a person is of the right form."""
        return self.email in REACHABLE or self.phone == "possible"


def verify_contact(email: str | None, phone: str | None, country: str | None = None) -> Contact:
    """Verdicts on an address and a number; `country` (ISO code) reads numbers without an international prefix."""
    return Contact(verify_email(email), verify_phone(phone, country))


def verify_email(email: str | None) -> EmailVerdict:
    """Verdict on an address; the order of the checks is that of the reasons not to write to it.

    >>> [verify_email(one) for one in ("ann@acme.example", "info@acme.example", "ann@", None)]
    ['business', 'role', 'malformed', 'missing']
    """
    if email is None or not email.strip():
        return "missing"
    parts = _parts(email.strip())
    if parts is None:
        return "malformed"
    local, domain = parts
    if _is_disposable(domain):
        return "disposable"
    if local.partition("+")[0] in ROLES:
        return "role"
    return "freemail" if domain in FREEMAIL else "business"


def verify_phone(phone: str | None, country: str | None = None) -> PhoneVerdict:
    """Verdict on a number: possible when its country's numbering plan has numbers of that form.

    >>> verify_phone("+49 30 901820"), verify_phone("030 901820", "DE"), verify_phone("12")
    ('possible', 'possible', 'malformed')
    """
    import phonenumbers

    if phone is None or not phone.strip():
        return "missing"
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return "malformed"
    return "possible" if phonenumbers.is_valid_number(number) else "malformed"


def mx_of(email: str, seconds: float = 3.0) -> bool | None:
    """Whether the domain of an address takes mail, by a question to the name server; None when it did not answer."""
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(email, check_deliverability=True, timeout=max(1, round(seconds)))
    except EmailNotValidError:
        return False
    return None if getattr(found, "mx", None) is None else True


def _parts(email: str) -> tuple[str, str] | None:
    """Local part and ASCII domain in lower case; None when the form is wrong."""
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.local_part.lower(), found.ascii_domain.lower()


def _is_disposable(domain: str) -> bool:
    from disposable_email_domains import blocklist

    labels = domain.split(".")
    return any(".".join(labels[n:]) in blocklist for n in range(len(labels) - 1))
