"""Settings of the sign-in with OpenID Connect: `[serve.oidc]`."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from features.sections import SecretName, Section

HumanRole = Literal["rep", "manager", "marketing", "data_scientist", "admin"]


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in text:
        raise ValueError("expected the issuer's address such as 'https://login.example.com'")
    return text


class OidcSettings(Section):
    """`[serve.oidc]`: people sign in with the company's identity provider (OpenID Connect)."""

    issuer: Annotated[str, AfterValidator(_issuer)] | None = Field(
        None,
        description="the provider's issuer, exactly as it names itself; default: no such sign-in",
        examples=["https://login.example.com"],
    )
    client_id: str | None = Field(None, description="what the provider calls this server", examples=["ripelead"])
    client_secret: SecretName | None = Field(
        None,
        description="its secret there; default: none, a public client with PKCE only",
        examples=["${OIDC_CLIENT_SECRET}"],
    )
    label: str = Field("", description="name of the provider on the button; default: its host", max_length=60)
    scopes: tuple[str, ...] = Field(("openid", "profile", "email"), description="scopes that are asked for")
    name_claim: str = Field(
        "email", description="claim that becomes the user's name; an e-mail address counts unless it is unverified"
    )
    role_claim: str = Field("groups", description="claim with the groups or roles, a text or a list of texts")
    owner_claim: str | None = Field(
        None, description="claim that holds how the CRM names the owner of their leads", examples=["email"]
    )
    roles: dict[str, HumanRole] = Field(
        {},
        description="group = role; the first that fits counts, and who has none may not sign in",
        examples=[{"sales-leads": "manager", "sales": "rep"}],
    )

    @model_validator(mode="after")
    def _asks_for_identity(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError('scopes: expected "openid" among them')
        return self
