"""Sections of the project file: what all of them have in common, and the types of their values."""

import re
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Section(BaseModel):
    """A section of the project file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


S = TypeVar("S", bound=Section)


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = get_close_matches(name, sorted(available_timezones()), 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown time zone{hint}") from error
    return name


def _moment(value: object) -> datetime:
    """A time with its zone; a plain date is its midnight, UTC."""
    try:
        moment = (
            value if isinstance(value, datetime) else datetime.fromisoformat(value if isinstance(value, str) else "")
        )
    except ValueError as error:
        raise ValueError('expected a time with its zone such as "2026-06-30T00:00:00Z", or a date') from error
    if moment.tzinfo is None and re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
        moment = moment.replace(tzinfo=UTC)
    if moment.tzinfo is None:
        raise ValueError("has no time zone: add Z or an offset such as +01:00")
    if not 1900 <= moment.year < 2200:
        raise ValueError("expected a time between 1900 and 2199")
    return moment.astimezone(UTC)


def _duration(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,3}[dw]", text):
        raise ValueError("expected a number of days or weeks such as '7d' or '2w'")
    return text


def _known_encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError("unknown encoding; common ones are utf-8, cp1252, utf-16") from error
    return name


def _known_directives(pattern: str) -> str:
    moment = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    try:
        datetime.strptime(moment.strftime(pattern), pattern)
    except ValueError as error:
        raise ValueError(f"no strptime pattern such as '%d.%m.%Y %H:%M' ({error})") from error
    return pattern


def _variables(text: str) -> str:
    if not re.fullmatch(r"\$\{[A-Za-z_]\w*\}( \$\{[A-Za-z_]\w*\})*", text):
        raise ValueError('expected a variable such as "${NAME}": secrets stand in the environment, never in this file')
    return text


def _variable(text: str) -> str:
    return _variables(text.replace(" ", "$"))  # of one only


Timezone = Annotated[str, AfterValidator(_known_timezone)]
AwareTime = Annotated[datetime, BeforeValidator(_moment)]
Every = Annotated[str, AfterValidator(_duration)]
Encoding = Annotated[str, AfterValidator(_known_encoding)]
TimeFormat = Annotated[str, AfterValidator(_known_directives)]
PositiveDays = Annotated[int, Field(ge=1, le=3650)]
Seconds = Annotated[float, Field(ge=0, le=3600)]
# A secret is never in the file, only the name of the variable that holds it; of several variables, each one's counts.
SecretName = Annotated[str, AfterValidator(_variable)]
SecretNames = Annotated[str, AfterValidator(_variables)]
