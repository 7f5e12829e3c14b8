"""Settings of webhooks: `[serve.webhooks]`, who is told of what happens to leads."""

from typing import Literal, Self

from pydantic import Field, model_validator

from features.sections import SecretNames, Section

EventType = Literal[
    "lead.marketing_qualified",
    "lead.sales_accepted",
    "lead.sales_qualified",
    "lead.opportunity",
    "lead.won",
    "lead.lost",
    "lead.nurture",
    "lead.rejected",
    "lead.disqualified",
    "lead.decided",
]


class Endpoint(Section):
    """An endpoint: who gets messages, where, signed with which secret, and about what."""

    name: str = Field(description="name in messages and on the replay page", pattern="^[a-z0-9][a-z0-9_-]{0,39}$")
    url: str = Field(description="https address; may use ${NAME}", min_length=1, max_length=2048)
    secret: SecretNames = Field(description='variable with the signing secret; "${NEW} ${OLD}" signs with both')
    events: tuple[EventType, ...] = Field(("lead.sales_qualified",), description="what it is told", min_length=1)


class WebhookSettings(Section):
    """`[serve.webhooks]`: who is told, signed, of what happens to leads."""

    endpoints: tuple[Endpoint, ...] = Field(
        (),
        description="receivers; events: lead.sales_qualified (the default), lead.marketing_qualified, "
        "lead.sales_accepted, lead.opportunity, lead.won, lead.lost, lead.nurture, lead.rejected, lead.disqualified, "
        "lead.decided",
        examples=[
            [
                {
                    "name": "crm",
                    "url": "https://hooks.example.com/ripelead",
                    "secret": "${HOOK_SECRET}",
                    "events": ["lead.sales_qualified"],
                }
            ]
        ],
    )
    language: Literal["en", "de", "da"] = Field("en", description="language of the reasons in messages")
    timeout_s: float = Field(20.0, description="seconds that a receiver has to answer", ge=1, le=60)
    keep_days: float = Field(30.0, description="delivered messages are deleted after so long", gt=0)

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [one.name for one in self.endpoints]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"endpoints: the name {name!r} is given twice")
        return self
