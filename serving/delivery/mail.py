"""E-mails: one for each key, through the mail server of the settings."""

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from features.digest_settings import DigestSettings
from features.errors import SinkError
from features.files import write_text
from features.project import expand_environment
from training.locks import held

TIMEOUT_S = 30
WAIT_S = 60


def send_once(folder: Path, key: str, send: Callable[[], None]) -> bool:
    """Send, unless that was done before; False then. Who is killed in between sends again, with the same Message-ID.

    Raises:
        OverlapError: another process is sending it.
        SinkError: it cannot be sent, or not be noted.
    """
    mark = folder / f"{key}.sent"
    with held(folder / f"{key}.lock", "sending the same e-mail", WAIT_S):
        if mark.exists():
            return False
        send()
        write_text(mark, "")
    return True


def send_mail(message: EmailMessage, settings: DigestSettings) -> None:
    """Give an e-mail to the mail server.

    Raises:
        ProjectFileError: a variable is not set.
        SinkError: the server cannot be reached, or does not take it.
    """
    credentials = None
    if settings.user is not None and settings.password is not None:
        credentials = expand_environment(settings.user), expand_environment(settings.password)
    try:
        with _connected(settings) as server:
            if credentials is not None:
                server.login(*credentials)
            server.send_message(message)
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise SinkError(f"mail server {settings.host}:{settings.port}: {_plain(error)}") from None


def _connected(settings: DigestSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if settings.security == "tls":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=TIMEOUT_S, context=context)
    server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_S)
    if settings.security == "starttls":
        server.starttls(context=context)
    return server


def _plain(error: Exception) -> str:
    """What went wrong, without what was sent: the answer to a sign-in is told by its code alone."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"does not take user and password ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"does not take the recipient ({', '.join(str(code) for code, _ in error.recipients.values())})"
    return str(error) or type(error).__name__
