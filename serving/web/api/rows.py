"""What requests bring along: rows with the columns of the canonical tables, typed as JSON writes them."""

from datetime import datetime
from typing import Annotated, Any, Required, cast

from pydantic import BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from features.cells import EPOCH, MICROSECOND, instant
from features.errors import InputContractError

_CLOSED = ConfigDict(extra="forbid", strict=True)
_OPEN = ConfigDict(extra="allow", strict=True)
READABLE = r"^[^\x00]*$"
"""Text that every database takes: no NUL; half a surrogate pair is refused on the way."""
Absent = SkipJsonSchema[None]
"""A parameter of an address that was left out; there is no null in addresses."""
_TIME: dict[str, Any] = {"type": "string", "format": "date-time"}


def _moment(given: object) -> datetime:
    try:
        return EPOCH + instant(given) * MICROSECOND
    except InputContractError as error:
        raise ValueError(str(error)) from error


class _SaidOnce:
    """One sentence where none of several types fits, instead of one for each."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        schema = handler(source)
        said = {"custom_error_type": "id", "custom_error_message": "Input should be text (1 to 500 signs) or a number"}
        return cast(CoreSchema, {**schema, **said})


Id = Annotated[
    Annotated[str, Field(min_length=1, max_length=500, pattern=READABLE)]
    | Annotated[int, Field(ge=-(2**53), le=2**53)],
    _SaidOnce(),
]
"""As CRMs write them: text or a whole number."""
Text = Annotated[str, Field(max_length=10_000, pattern=READABLE)]
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Time = Annotated[str, Field(max_length=64), WithJsonSchema(_TIME)]
"""ISO 8601 with an offset, as text: who reads the row checks it, and says which row it is in."""
Instant = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema(_TIME)]
"""ISO 8601 with an offset, checked: an aware datetime."""


class LeadRow(TypedDict, total=False):
    """A lead: ids, when it was created (null: not known), and any further attribute by its column's name."""

    __pydantic_config__ = _OPEN  # type: ignore[misc]
    lead_id: Required[Id]
    created_at: Required[Time | None]
    account_id: Id | None


class AccountRow(TypedDict, total=False):
    """The lead's account: its id, and any further attribute by its column's name."""

    __pydantic_config__ = _OPEN  # type: ignore[misc]
    account_id: Id | None


class InteractionRow(TypedDict, total=False):
    """Something that happened: of a lead, or by `account_id` alone of its account."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    occurred_at: Required[Time]
    kind: Required[Annotated[Text, Field(min_length=1)]]
    lead_id: Id | None
    account_id: Id | None
    interaction_id: Id | None
    topic: Text | None
    channel: Text | None
    direction: Text | None
    duration_s: Number | None
    value: Number | None
    actor: Text | None


class LeadChangeRow(TypedDict, total=False):
    """A field of the lead that got another value; null: none any more."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    changed_at: Required[Time]
    field: Required[Annotated[Text, Field(min_length=1)]]
    value: Text | Number | bool | None
    lead_id: Id


class AssessmentRow(TypedDict, total=False):
    """What somebody found out about a criterion: 0 not met, 1 met, or between."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    assessed_at: Required[Time | None]
    criterion: Required[Annotated[Text, Field(min_length=1)]]
    met: Required[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]]
    lead_id: Id
    amount: Number | None
    deadline: Time | None
    note: Text | None
    by: Text | None


class History(TypedDict, total=False):
    """A lead with everything that is known of it and its account; only `lead` must be there."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    lead: Required[LeadRow]
    account: AccountRow | None
    colleagues: list[LeadRow] | None
    interactions: list[InteractionRow] | None
    lead_changes: list[LeadChangeRow] | None
    assessments: list[AssessmentRow] | None
