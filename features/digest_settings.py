"""Settings of the morning's e-mail: `[serve.digest]`."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from features.sections import SecretName, Section


def _address(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        # Nobody is asked; quoted and non-ASCII local parts are refused, so that headers are plain.
        validate_email(text, check_deliverability=False, allow_smtputf8=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(f"expected an e-mail address such as anna@example.com ({error})") from error
    return text


MailAddress = Annotated[str, AfterValidator(_address)]


class DigestSettings(Section):
    """`[serve.digest]`: a rep's own leads by e-mail every morning; off unless `enabled`."""

    enabled: bool = Field(False, description="true: `ripelead digest` sends e-mails; else only --dry-run")
    host: str = Field("", description="mail server (SMTP)", examples=["smtp.example.com"], pattern=r"^[A-Za-z0-9.:-]*$")
    port: int = Field(587, description="its port", ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how the connection is encrypted; none: not at all, for a server on this machine"
    )
    user: SecretName | None = Field(
        None, description="variable with the user name; default: no sign-in", examples=["${SMTP_USER}"]
    )
    password: SecretName | None = Field(None, description="variable with the password", examples=["${SMTP_PASSWORD}"])
    sender: MailAddress | None = Field(
        None, description="address that e-mails come from", examples=["ripelead@example.com"]
    )
    recipients: dict[str, MailAddress] = Field(
        {}, description="rep, as owners are named = address", examples=[{"anna": "anna@example.com"}]
    )
    language: Literal["en", "de", "da"] = Field("en", description="language of the e-mails")
    most_leads: int = Field(10, description="leads named besides those that are due", ge=0, le=100)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.enabled:
            return self
        if not self.host or self.sender is None or not self.recipients:
            raise ValueError("enabled = true needs host, sender and recipients")
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if self.user is not None and self.security == "none":
            raise ValueError('a password is not sent unencrypted: expected security = "starttls" or "tls"')
        return self
