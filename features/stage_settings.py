"""Settings of what happens to leads: `[stages]`, who moves them on, and `[sla]`, how long they may wait."""

import re
from datetime import date, time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from features.sections import PositiveDays, Section, Timezone

Decider = Literal["rule", "model", "both", "person"]
WaitingStage = Literal["lead", "mql", "sal", "sql", "opportunity"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPENING = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
OFFICE_HOURS: dict[Weekday, str] = dict.fromkeys(WEEKDAYS[:5], "09:00-17:00")


class StageSettings(Section):
    """`[stages]`: who moves leads from stage to stage, and what must be known before sales gets one."""

    log: str = Field(
        "stages", description="folder of the append-only log of stage events, relative to this file", min_length=1
    )
    mql: Decider = Field(
        "rule",
        description="who makes a lead an MQL: rule (points reach their threshold), model (its class), …",
    )
    sal: Decider = Field(
        "person",
        description="who makes an MQL an SAL: person (a decision), rule (sal_framework is met), …",
    )
    sql: Decider = Field(
        "model", description="who makes an SAL an SQL: rule (sql_framework is met), model (its class), both, person"
    )
    direct_sql: bool = Field(False, description="true: an MQL becomes an SQL the same way without being an SAL")
    sql_score: int | None = Field(
        None, description="score from which the model says SQL, instead of its class", ge=0, le=100, examples=[70]
    )
    sal_framework: str = Field("sal", description="framework of the rule for SAL: shipped, or a file beside this one")
    sql_framework: str = Field("bant", description="framework of the rule for SQL: shipped, or a file beside this one")
    gates: tuple[str, ...] = Field(
        (),
        description="shared criteria without which nobody is handed over, whatever the rest says",
        examples=[["fit", "need", "budget"]],
    )
    gates_when_unknown: Literal["asks", "blocks"] = Field(
        "asks", description="a gate that nobody knows about: asks lets pass, blocks does not"
    )
    contact_verified: bool = Field(
        False, description="true: an SQL needs an e-mail address or phone number of the right form"
    )
    phone: str = Field("phone", description="attribute of leads with the phone number")
    phone_country: str | None = Field(
        None, description="country of numbers without an international prefix", examples=["DE"], pattern="^[A-Z]{2}$"
    )
    check_mx: bool = Field(False, description="true: ask the name server whether the domain of an address takes mail")
    recycle_days: PositiveDays = Field(90, description="a recycled lead is left to nurturing for so long")
    reject_days: PositiveDays = Field(90, description="a rejected lead comes back as a lead after so long")


def _opening_hours(text: str) -> str:
    found = OPENING.fullmatch(text)
    try:
        opens, closes = (time.fromisoformat(part) for part in found.groups()) if found else (time(1), time(0))
    except ValueError:
        opens, closes = time(1), time(0)
    if not opens < closes:
        raise ValueError(f'expected opening hours such as "09:00-17:00", got "{text}"')
    return text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValueError(f'expected a day such as "2026-12-24", got "{text}"') from error


class ServiceLevelSettings(Section):
    """`[sla]`: for how many business hours a lead may stay in a stage, and when there is business."""

    hours: dict[WaitingStage, Annotated[float, Field(gt=0, le=8784)]] = Field(
        {"mql": 16, "sal": 8, "sql": 4}, description="business hours until something must have happened, by stage"
    )
    opening: dict[Weekday, Annotated[str, AfterValidator(_opening_hours)]] = Field(
        OFFICE_HOURS, description="opening hours by day of the week; a day that is not named is closed", min_length=1
    )
    timezone: Timezone | None = Field(
        None, description="time zone of the opening hours; default: the project's, else UTC", examples=["Europe/Berlin"]
    )
    holidays: str | None = Field(
        None,
        description="country, or country and region, whose public holidays are closed",
        examples=["DE-BY"],
        pattern="^[A-Z]{2}(-[A-Z0-9]+)?$",
    )
    closed: tuple[Annotated[str, AfterValidator(_day)], ...] = Field(
        (), description="further closed days", examples=[["2026-12-24", "2026-12-31"]]
    )
