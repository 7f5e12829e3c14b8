"""Frameworks as they are written in TOML: criteria, their weights, and where the evidence for each comes from."""

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from features.errors import ProjectFileError
from features.refusals import sentences, unknown_key
from features.rule_settings import RuleSettings
from features.sections import Section

Source = Literal["assessments", "attributes", "interactions", "points"]
SOURCES: tuple[Source, ...] = ("assessments", "attributes", "interactions", "points")
SHARED = "criteria"
BASELINE = "bant"
SUFFIX = ".toml"
Grade = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=0, le=36500)]
Texts = dict[Literal["en", "de", "da"], str]


class Signal(Section):
    """Interactions that speak for a criterion: so many of some kinds (and topics) within so many days."""

    kinds: tuple[str, ...] = Field(min_length=1)
    topics: tuple[str, ...] = ()
    at_least: int = Field(1, ge=1)
    within_days: Days = 0
    grade: float = Field(gt=0, le=1)


class AttributeRule(Section):
    """Values of an attribute with the grade each gives; 0 says no, whatever the interactions say."""

    attribute: str
    values: dict[str, Grade] = Field(min_length=1)


class Criterion(Section):
    """One criterion; 0 days means never: evidence does not fade, expire, or need a deadline."""

    name: Texts = Field(default={})
    question: Texts = Field(default={})
    weight: float = Field(default=1.0, gt=0)
    required: bool = False
    when_unknown: Literal["blocks", "asks"] = "blocks"
    met_from: float | None = Field(default=None, gt=0, le=1)
    half_life_days: Days = 0
    max_age_days: Days = 0
    deadline_within_days: Days = 0
    assessed_as: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()
    attributes: tuple[AttributeRule, ...] = ()
    points: Literal["fit", "engagement", "total"] | None = None


class Framework(Section):
    """A framework: its criteria, how many must be met, and what evidence counts."""

    title: str
    at_least: int | None = Field(None, ge=1)
    met_from: float = Field(0.5, gt=0, le=1)
    min_score: float = Field(0.0, ge=0, le=1)
    evidence: tuple[Source, ...] = Field(SOURCES, min_length=1)
    criteria: dict[str, Criterion] = Field(min_length=1)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.at_least is not None and self.at_least > len(self.criteria):
            raise ValueError(f"at_least = {self.at_least}, but there are only {len(self.criteria)} criteria")
        return self

    @property
    def needed(self) -> int:
        """How many criteria must be met; all of them unless the framework says otherwise."""
        return len(self.criteria) if self.at_least is None else self.at_least

    def limit(self, criterion: Criterion) -> float:
        """The grade from which a criterion is met."""
        return self.met_from if criterion.met_from is None else criterion.met_from


def read_frameworks(rules: RuleSettings, directory: Path) -> dict[str, Framework]:
    """The frameworks that a project uses, by name: shipped ones, and files relative to its folder (`….toml`).

    Raises:
        ProjectFileError: no such framework or file, or its content is not as expected.
    """
    found = {}
    for asked in rules.frameworks:
        name = Path(asked).stem
        if name in found:
            raise ProjectFileError(f"[rules] frameworks: {name!r} comes twice: expected different names")
        found[name] = _shipped(asked, rules) if not asked.endswith(SUFFIX) else _own(directory / asked)
    return found


def shipped_names() -> tuple[str, ...]:
    """Names of the frameworks that come with Ripelead, in alphabetical order."""
    files = (path.name for path in resources.files(__package__).iterdir())
    return tuple(
        sorted(name.removesuffix(SUFFIX) for name in files if name.endswith(SUFFIX) and name != SHARED + SUFFIX)
    )


def _shipped(name: str, rules: RuleSettings) -> Framework:
    if name not in shipped_names():
        raise ProjectFileError(unknown_key(name, shipped_names(), "ripelead.toml [rules] frameworks"))
    framework = parse_framework((resources.files(__package__) / f"{name}{SUFFIX}").read_text(encoding="utf-8"), name)
    return baseline(framework, rules) if name == BASELINE else framework


def baseline(framework: Framework, rules: RuleSettings) -> Framework:
    """BANT with the keys of `[rules]`: the framework that always agrees with `bant_qualified`."""
    own = {name.lower(): criterion for name, criterion in framework.criteria.items()}
    criteria = {
        name: own.get(name.lower(), Criterion()).model_copy(
            update={"assessed_as": (name,), "max_age_days": rules.max_age_days or 0}
        )
        for name in rules.criteria
    }
    update = {"criteria": criteria, "at_least": rules.at_least, "met_from": rules.met_from}
    title = f"BANT, at least {rules.at_least} of {len(criteria)}"
    return framework.model_copy(update={**update, "title": title})


def _own(path: Path) -> Framework:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectFileError(f"[rules] frameworks: {path} cannot be read ({error}): check the name") from error
    return parse_framework(text, path.name)


def parse_framework(text: str, where: str) -> Framework:
    """A framework from its TOML text, with what it takes over from the shared criteria.

    Raises:
        ProjectFileError: not TOML, or keys or values that are not as expected; `where` names the file.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProjectFileError(f"framework {where}: not valid TOML: {error}") from error
    criteria = raw.get("criteria")
    if isinstance(criteria, Mapping):
        raw["criteria"] = {name: _with_shared(name, own, where) for name, own in criteria.items()}
    try:
        return Framework.model_validate_json(json.dumps(raw, default=str), strict=True)
    except ValidationError as error:
        raise ProjectFileError(sentences(error, _known(), f"framework {where}")) from error


def _known() -> list[str]:
    kinds: tuple[type[Section], ...] = (Framework, Criterion, Signal, AttributeRule)
    return [*(key for kind in kinds for key in kind.model_fields), "like"]


def _with_shared(name: str, own: object, where: str) -> object:
    if not isinstance(own, Mapping):
        return own
    given = {"assessed_as": [name], **own}
    if (like := given.pop("like", None)) is None:
        return given
    if like not in _shared():
        raise ProjectFileError(unknown_key(str(like), _shared(), f"framework {where} criteria.{name} like"))
    shared = _shared()[str(like)]
    # A criterion of another name is also assessed under its own.
    assessed = own.get("assessed_as", [*dict.fromkeys([name, *shared.get("assessed_as", [like])])])
    return {**shared, **given, "assessed_as": assessed}


@cache
def _shared() -> Mapping[str, Mapping[str, Any]]:
    text = (resources.files(__package__) / f"{SHARED}{SUFFIX}").read_text(encoding="utf-8")
    return tomllib.loads(text)
