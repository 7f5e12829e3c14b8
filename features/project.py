"""The project file `ripelead.toml`, read into frozen typed settings.

Each layer reads its own sections through `Project.section`; the names of all sections are known here, so that a
misspelt one is refused by every command.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, model_validator

from features.errors import ProjectFileError
from features.refusals import sentences, unknown_key
from features.rule_settings import PointSettings, RuleSettings
from features.sections import AwareTime, Encoding, Every, PositiveDays, S, Seconds, Section, TimeFormat, Timezone
from features.team_settings import TeamSettings

FILE_NAME = "ripelead.toml"
TableName = Literal["leads", "interactions", "deals", "accounts", "lead_changes", "assessments", "decisions", "spend"]
SECTIONS = (
    "project",
    "tables",
    "snapshots",
    "hygiene",
    "features",
    "rules",
    "points",
    "team",
    "contact_window",
    "nurture",
    "audience",
    "routing",
    "stages",
    "sla",
    "crm.hubspot",
    "crm.salesforce",
    "crm.dynamics",
    "label",
    "folds",
    "model",
    "tune",
    "policy",
    "exploration",
    "tracking",
    "gate",
    "report",
    "serve",
    "serve.oidc",
    "serve.webhooks",
    "serve.digest",
)


class ProjectSettings(Section):
    """`[project]`: name, time zone of naive times, end of observation."""

    name: str = Field(description="shown in reports", min_length=1, max_length=80)
    timezone: Timezone | None = Field(
        None, description="time zone of naive times; they are refused without it", examples=["Europe/Berlin"]
    )
    data_end: AwareTime | None = Field(
        None,
        description="observation stops here; default: the latest interaction or closed deal that has happened",
        examples=["2026-06-30T00:00:00Z"],
    )


class TableSettings(Section):
    """`[tables.NAME]`: where a canonical table comes from and how its columns and values map."""

    file: str | None = Field(
        None,
        description="csv, tsv, txt, jsonl, ndjson (each also .gz), parquet or xlsx; a pattern reads several",
        examples=["exports/contacts.csv"],
    )
    sql: str | None = Field(
        None,
        description="instead of file: one DuckDB SELECT over files next to the project file",
        examples=["select id as lead_id, created as created_at from 'exports/contacts.parquet'"],
    )
    database: str | None = Field(
        None,
        description="the database that runs sql, as an SQLAlchemy URL; default: DuckDB, over files",
        examples=["${CRM_URL}"],
    )
    columns: dict[str, str] = Field(
        {}, description="canonical column = column of the source", examples=[{"lead_id": "Record ID"}]
    )
    values: dict[str, dict[str, str | float | bool]] = Field(
        {},
        description="per canonical column: value of the source = canonical value; '*' is any other, '' a missing one",
        examples=[{"source": {"Web Form": "web", "*": "other"}}],
    )
    exclude: tuple[str, ...] = Field(
        (), description="columns that are left out: they know the outcome, or mean nothing", examples=[["Lead Status"]]
    )
    missing: tuple[str, ...] = Field(
        (), description="further values that mean 'not known', in every column", examples=[["Select"]]
    )
    time_format: TimeFormat | None = Field(
        None,
        description="strptime pattern of the table's times where they are text; default: ISO 8601",
        examples=["%d.%m.%Y %H:%M"],
    )
    encoding: Encoding = Field("utf-8", description="character encoding of a text file")
    delimiter: Literal[",", ";", "|", "\t"] | None = Field(
        None, description="of a text file; default: seen from the header line", examples=[";"]
    )
    sheet: str | None = Field(None, description="sheet of an Excel file; default: the first", examples=["Contacts"])
    spark: dict[str, str] = Field(
        {},
        description="of [tables.interactions]: format and options by which the Spark engine reads it instead of file",
        examples=[{"format": "parquet", "path": "s3a://lake/events"}],
    )

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.spark and "format" not in self.spark:
            raise ValueError('spark = … names no format; expected such as { format = "parquet", path = "…" }')
        if (self.file is None) == (self.sql is None) and not (self.spark and self.file is None):
            raise ValueError("give either file = … or sql = …, and not both")
        if self.database is not None and self.sql is None:
            raise ValueError("database = … needs sql = …: the SELECT that it runs")
        return self


class SnapshotSettings(Section):
    """`[snapshots]`: at which as-of dates open leads are looked at for training."""

    ages_days: tuple[Annotated[int, Field(ge=0, le=36500)], ...] = Field(
        (), description="days after a lead was created", examples=[[1, 7, 30]]
    )
    every: Every | None = Field(None, description="calendar grid (weeks start on Mondays, 00:00 UTC)", examples=["7d"])
    at: tuple[AwareTime, ...] = Field((), description="fixed as-of dates", examples=[["2026-01-01", "2026-04-01"]])

    @property
    def given(self) -> bool:
        """Whether any as-of date is asked for."""
        return bool(self.ages_days or self.every or self.at)


class HygieneSettings(Section):
    """`[hygiene]`: interactions that are left out before anything is counted; a rule looks at earlier events only."""

    enabled: bool = Field(True, description="false: every interaction counts")
    scanner_seconds: Seconds = Field(
        5, description="opens and clicks sooner than this after a mail to the lead are a mail scanner's; 0: rule off"
    )
    burst_seconds: Seconds = Field(2, description="clicks that follow one another sooner are a burst; 0: rule off")
    burst_clicks: int = Field(3, description="the click of a burst from which on they are left out", ge=2)
    duplicate_seconds: Seconds = Field(
        1, description="an event is left out this soon after one that equals it in all but its time; 0: rule off"
    )
    mail_before_answer: bool = Field(
        False, description="leave out opens and clicks before the first mail to the lead; for logs with every mail"
    )
    exact_minutes: bool = Field(
        False, description="true: times on a whole minute are exact; otherwise the rules above leave such events alone"
    )
    sent_kinds: tuple[str, ...] = Field(("email_sent", "email_delivered"), description="kinds: a mail to the lead")
    open_kinds: tuple[str, ...] = Field(("email_open",), description="kinds: a mail is opened")
    click_kinds: tuple[str, ...] = Field(("email_click", "unsubscribe"), description="kinds: a link of a mail")
    bots: tuple[str, ...] = Field(
        ("bot", "*[!a-z]bot", "bot[!a-z]*", "*[!a-z]bot[!a-z]*", "*bot/*", "*crawler*", "*spider*", "*headless*"),
        description="patterns of `actor` whose events are left out, whatever the case of letters",
    )
    internal_domains: tuple[str, ...] = Field(
        (), description="leads with such an address are tests: their events are left out", examples=[["acme.com"]]
    )
    internal_actors: tuple[str, ...] = Field(
        (), description="patterns of `actor` whose events, unless outbound, are left out", examples=[["qa-*"]]
    )
    first_year: int = Field(
        1990, description="earlier interactions come from a clock that was never set", ge=1900, le=2199
    )
    rep_activities: Literal["keep", "exclude"] = Field(
        "keep", description="exclude: what sales did (outbound, or as the next two keys say) counts in no feature"
    )
    rep_actors: tuple[str, ...] = Field(
        (), description="patterns of `actor` who are sales; '*' where only they are named", examples=[["*@acme.com"]]
    )
    rep_kinds: tuple[str, ...] = Field(
        ("email_sent", "email_delivered", "call_attempt"), description="kinds that sales bring about"
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.rep_activities == "exclude" and not self.enabled:
            raise ValueError('rep_activities = "exclude" needs enabled = true; switch the other rules off one by one')
        return self

    @property
    def without_reps(self) -> bool:
        """Whether what sales did is left out."""
        return self.rep_activities == "exclude"


NO_HYGIENE = HygieneSettings.model_validate({"enabled": False})


class FeatureSettings(Section):
    """`[features]`: windows and vocabulary of the engagement features."""

    windows_days: tuple[PositiveDays, ...] = Field((7, 30, 90), description="observation windows", min_length=1)
    half_lives_days: tuple[PositiveDays, ...] = Field((7, 30, 90), description="of decaying interest points")
    columns: Literal["lean", "all"] = Field(
        "lean", description="lean: the features that earned their place on real data; all: every one there is"
    )
    max_kinds: int = Field(
        40, description="most frequent kinds with features of their own; the rest is pooled", ge=1, le=10_000
    )
    max_topics: int = Field(12, description="most frequent topics with features of their own", ge=0, le=10_000)
    max_categories: int = Field(200, description="categories per attribute; rarer ones are pooled", ge=2, le=254)
    min_category_leads: int = Field(20, description="leads a category needs for a code of its own", ge=1)
    account_history: bool = Field(True, description="also features of the whole account's history")
    calendar: bool = Field(False, description="weekday and month of the as-of date as features")
    exclude: tuple[str, ...] = Field((), description="feature names, or patterns such as 'account_*', to leave out")


@dataclass(frozen=True, slots=True)
class Project:
    """A read project file: its folder, its features-side settings, and the raw sections of the other layers."""

    directory: Path
    raw: Mapping[str, Any]
    project: ProjectSettings
    tables: Mapping[TableName, TableSettings]
    snapshots: SnapshotSettings
    hygiene: HygieneSettings
    features: FeatureSettings
    rules: RuleSettings
    points: PointSettings
    team: TeamSettings

    def section(self, name: str, kind: type[S]) -> S:
        """Section `name` as settings class `kind`; raises `ProjectFileError` naming the key at fault."""
        return parse_section(self.raw, name, kind)

    @property
    def timezone(self) -> ZoneInfo | None:
        """Time zone of naive input times."""
        return ZoneInfo(self.project.timezone) if self.project.timezone else None


def read_project(directory: Path) -> Project:
    """Project file of `directory`.

    Raises:
        ProjectFileError: no such file, not TOML, unknown or wrong keys (with the nearest known one).
    """
    raw = _read_toml(directory / FILE_NAME)
    _refuse_unknown(raw, [name.partition(".")[0] for name in SECTIONS], FILE_NAME)
    _refuse_unknown_inside(raw)
    return Project(
        directory=directory,
        raw=raw,
        project=parse_section(raw, "project", ProjectSettings),
        tables=_tables(raw),
        snapshots=parse_section(raw, "snapshots", SnapshotSettings),
        hygiene=parse_section(raw, "hygiene", HygieneSettings),
        features=parse_section(raw, "features", FeatureSettings),
        rules=parse_section(raw, "rules", RuleSettings),
        points=parse_section(raw, "points", PointSettings),
        team=parse_section(raw, "team", TeamSettings),
    )


def parse_section(raw: Mapping[str, Any], name: str, kind: type[S]) -> S:
    """Section `name` of the raw file, such as `crm.hubspot`, all defaults when it is absent."""
    value: Any = raw
    for part in name.split("."):
        value = value.get(part, {})
    if isinstance(value, Mapping):
        inner = {known.removeprefix(f"{name}.") for known in SECTIONS if known.startswith(f"{name}.")}
        value = {key: own for key, own in value.items() if key not in inner}
    return _parse(value, kind, f"[{name}]")


def expand_environment(text: str) -> str:
    """`text` with each `${NAME}` replaced; raises `ProjectFileError` when a variable is not set."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            raise ProjectFileError(f"{text!r} uses ${{{name}}}, which is not set: run `export {name}=…` first")
        return os.environ[name]

    return re.sub(r"\$\{([A-Za-z_]\w*)\}", value, text)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ProjectFileError(
            f"no {FILE_NAME} in {path.parent}: run `ripelead init {path.parent}` or name another folder with -p"
        ) from error
    except UnicodeDecodeError as error:
        raise ProjectFileError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise ProjectFileError(f"{path}: not valid TOML: {error}") from error
    except OSError as error:
        raise ProjectFileError(f"{path}: cannot be read: {error.strerror}") from error


def _tables(raw: Mapping[str, Any]) -> dict[TableName, TableSettings]:
    given = raw.get("tables", {})
    if not isinstance(given, Mapping):
        raise ProjectFileError(f"{FILE_NAME} [tables]: expected sections such as [tables.leads], got {given!r}")
    _refuse_unknown(given, get_args(TableName), "[tables]")
    if "leads" not in given:
        raise ProjectFileError(f'{FILE_NAME}: [tables.leads] is missing: add it with file = "…" or sql = "…"')
    for name, table in given.items():
        if name != "interactions" and isinstance(table, Mapping) and table.get("spark"):
            raise ProjectFileError(
                f"{FILE_NAME} [tables.{name}]: spark = … is for interactions only; expected file = … or sql = …"
            )
    return {name: _parse(table, TableSettings, f"[tables.{name}]") for name, table in given.items()}


def _refuse_unknown_inside(raw: Mapping[str, Any]) -> None:
    """Refuse misspelt sections of groups such as `[crm]`, which have no keys of their own."""
    for group in {name.partition(".")[0] for name in SECTIONS if "." in name}:
        given, inner = raw.get(group, {}), [name for name in SECTIONS if name.startswith(f"{group}.")]
        if not isinstance(given, Mapping):
            raise ProjectFileError(f"{FILE_NAME} [{group}]: expected sections such as [{inner[0]}], got {given!r}")
        if group not in SECTIONS:
            _refuse_unknown(given, [name.removeprefix(f"{group}.") for name in inner], f"[{group}]")


def _parse(value: object, kind: type[S], where: str) -> S:
    """TOML has the types of JSON and times: strict JSON rules take 7 for 7.0, a list and a time, and no "7" for 7."""
    try:
        return kind.model_validate_json(json.dumps(value, default=lambda time: time.isoformat()), strict=True)
    except ValidationError as error:
        raise ProjectFileError(sentences(error, kind.model_fields, f"{FILE_NAME} {where}")) from error


def _refuse_unknown(given: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for key in given:
        if key not in known:
            raise ProjectFileError(unknown_key(key, known, where if where == FILE_NAME else f"{FILE_NAME} {where}"))
