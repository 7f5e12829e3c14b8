"""Settings of the server: `[serve]`, where it listens, where it keeps what it knows, and how old scores may be."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from features.sections import Section

STORE = "sqlite:///.ripelead/store.db"


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("expected an address such as 'https://ripelead.example.com'")
    return text.rstrip("/")


def _record_link(text: str) -> str:
    if "{lead_id}" not in text or urlsplit(text).scheme not in ("http", "https"):
        raise ValueError("expected an address with {lead_id} such as 'https://crm.example.com/contacts/{lead_id}'")
    return text


class ServeSettings(Section):
    """`[serve]`: the page and the API."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 is every one of the machine")
    port: int = Field(8000, description="port to listen on", ge=0, le=65535)
    workers: int | None = Field(None, description="processes that answer; default: one per core, two at most", ge=1)
    store: str = Field(
        STORE, description="database of the server, as an SQLAlchemy URL; a path of SQLite is relative to the project"
    )
    public_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        None,
        description="address that people type; default: host and port; with https cookies are marked secure",
        examples=["https://ripelead.example.com"],
    )
    crm_record: Annotated[str, AfterValidator(_record_link)] | None = Field(
        None,
        description="address of a lead's record in the CRM",
        examples=["https://crm.example.com/contacts/{lead_id}"],
    )
    stale_after_hours: float = Field(36, description="older scores and feeds are called stale", gt=0)
    session_hours: float = Field(12, description="how long a sign-in lasts", gt=0, le=24 * 90)
    idle_minutes: float = Field(120, description="how long a sign-in lasts without a request", gt=0)
    per_rep_statistics: bool = Field(False, description="true: managers see counts by rep; false: nobody does")
    requests_per_minute: int = Field(60_000, description="requests of an API key per minute, for all workers", ge=1)
    allow_private_hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9._\[\]:-]+$")], ...] = Field(
        (),
        description="hosts of your own network that webhooks and CRM calls may go to: host or host:port; also by http",
        examples=[["crm.intern", "10.0.0.5:8443"]],
    )
    allow_ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = Field(
        (), description="ports besides 443 that webhooks and CRM calls may go to", examples=[[8443]]
    )
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="addresses of proxies in front, whose X-Forwarded-For says where a request comes from",
        examples=[["127.0.0.1"]],
    )
    audit_days: int = Field(180, description="how long the log of who saw and changed what is kept", ge=1, le=3650)
    max_body_kb: int = Field(16_384, description="largest request body", ge=16, le=1_000_000)

    @model_validator(mode="after")
    def _known_store(self) -> Self:
        if "${" not in self.store and not self.store.startswith(("sqlite:///", "postgresql")):
            raise ValueError("store: expected sqlite:///FILE or postgresql+psycopg://…, better as ${NAME}")
        return self
