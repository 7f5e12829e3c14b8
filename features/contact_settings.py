"""Settings of the contact window: `[contact_window]`, what a contact is and when a lead is worth one (row M23)."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from features.sections import PositiveDays, Section


def _ascending(hours: tuple[int, ...]) -> tuple[int, ...]:
    if any(hour < 1 for hour in hours) or list(hours) != sorted(set(hours)):
        raise ValueError("expected ascending hours such as [4, 24, 72]")
    return hours


class ContactWindowSettings(Section):
    """`[contact_window]`: when a lead should be contacted: too early, now, going cold."""

    kinds: tuple[str, ...] | None = Field(
        None,
        description="kinds of interactions by which sales contacts a person; default: whatever is outbound, but mails "
        "sent ([hygiene] sent_kinds) and advertising",
        examples=[["call_attempt", "personal_mail"]],
    )
    half_life_days: PositiveDays = Field(
        14, description="interest, the points of what a lead did, fades by half in this time; reports show the learned"
    )
    now_from: float = Field(
        20, description="interest from which a lead is worth a contact now; below, it is too early", gt=0
    )
    cold_from_half_lives: float = Field(
        1, description="half-lives of silence, or of fading below now_from, after which a lead is going cold", gt=0
    )
    lost_after_half_lives: float = Field(
        4, description="half-lives without a sign of interest after which its interest is gone", gt=0
    )
    delays_hours: Annotated[tuple[int, ...], AfterValidator(_ascending)] = Field(
        (24, 72, 168, 336, 720, 1440),
        description="ends of the waiting times before a first contact that the report compares",
        min_length=1,
        max_length=12,
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.lost_after_half_lives <= self.cold_from_half_lives:
            raise ValueError("lost_after_half_lives must be more than cold_from_half_lives")
        return self
