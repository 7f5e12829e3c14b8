"""The commented project file that `ripelead init` writes, and the reference of all its keys, both from the settings."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from features.contact_settings import ContactWindowSettings
from features.crm_settings import DynamicsSettings, HubSpotSettings, SalesforceSettings
from features.digest_settings import DigestSettings
from features.nurture_settings import AudienceSettings, NurtureSettings
from features.oidc_settings import OidcSettings
from features.project import (
    SECTIONS,
    FeatureSettings,
    HygieneSettings,
    ProjectSettings,
    SnapshotSettings,
    TableName,
    TableSettings,
)
from features.routing_settings import RoutingSettings
from features.rule_settings import PointSettings, RuleSettings
from features.schema import SPECS
from features.sections import Section
from features.serve_settings import ServeSettings
from features.stage_settings import ServiceLevelSettings, StageSettings
from features.team_settings import TeamSettings
from features.webhook_settings import WebhookSettings

Preset = Literal["canonical", "flat"]
FEATURE_SECTIONS: Mapping[str, type[Section]] = {
    "project": ProjectSettings,
    "tables": TableSettings,
    "snapshots": SnapshotSettings,
    "hygiene": HygieneSettings,
    "features": FeatureSettings,
    "rules": RuleSettings,
    "points": PointSettings,
    "team": TeamSettings,
    "contact_window": ContactWindowSettings,
    "nurture": NurtureSettings,
    "audience": AudienceSettings,
    "routing": RoutingSettings,
    "stages": StageSettings,
    "sla": ServiceLevelSettings,
    "serve": ServeSettings,
    "serve.oidc": OidcSettings,
    "serve.webhooks": WebhookSettings,
    "serve.digest": DigestSettings,
    "crm.hubspot": HubSpotSettings,
    "crm.salesforce": SalesforceSettings,
    "crm.dynamics": DynamicsSettings,
}
# The keys that a new project sets; all others stand there as comments with their defaults.
PRESETS: Mapping[Preset, Mapping[str, Mapping[str, object]]] = {
    "canonical": {
        "tables.leads": {"file": "leads.csv"},
        "tables.interactions": {"file": "interactions.csv"},
        "tables.deals": {"file": "deals.csv"},
        "snapshots": {"ages_days": [1, 7, 30]},
        "label": {"horizon_days": 90},
    },
    "flat": {
        "tables.leads": {"file": "leads.csv"},
        "label": {"column": "Converted"},
        "folds": {"kind": "random"},
    },
}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_HEAD = """\
# Ripelead project file. Paths are relative to this file; ${NAME} stands for an environment variable.
# A key behind a # is not set: what stands there is its default, or an example where it has none.
"""


def starter_text(name: str, sections: Mapping[str, type[Section]] | None = None, preset: Preset = "canonical") -> str:
    """A commented `ripelead.toml` for project `name` with every key of every section.

    `sections` are the sections of the layers above by name; those of the features layer are always there.
    """
    chosen = {**PRESETS[preset], "project": {"name": name}}
    lines = [_HEAD]
    for section, kind in _in_order(sections).items():
        if section == "tables":
            lines += _tables_lines(chosen)
        else:
            lines += [f"[{section}]", f"# {_first_line(kind)}", *_key_lines(section, kind, chosen.get(section, {})), ""]
    return "\n".join(lines).rstrip() + "\n"


def project_file_markdown(sections: Mapping[str, type[Section]] | None = None) -> str:
    """The reference of all keys as Markdown: per section a table of key, type, default and meaning."""
    parts = []
    for section, kind in _in_order(sections).items():
        title = "tables.NAME" if section == "tables" else section
        rows = [_reference_row(name, field) for name, field in kind.model_fields.items()]
        head = ["| key | type | default | meaning |", "|---|---|---|---|"]
        parts.append("\n".join([f"### `[{title}]`", "", f"{_first_line(kind)}", "", *head, *rows]))
    return "\n\n".join(parts) + "\n"


def _in_order(sections: Mapping[str, type[Section]] | None) -> dict[str, type[Section]]:
    known = {**FEATURE_SECTIONS, **(sections or {})}
    return {name: known[name] for name in SECTIONS if name in known}


def _first_line(kind: type[Section]) -> str:
    text = (kind.__doc__ or "").splitlines()[0]
    words = re.sub(r"^`\[.*?\]`: ", "", text)
    return words[:1].upper() + words[1:]


def _tables_lines(chosen: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    for table in get_args(TableName):
        section = f"tables.{table}"
        given = chosen.get(section, {})
        yield f"[{section}]" if given else f"#[{section}]"
        yield f"# {_canonical_columns(table)}"
        if table == "leads":
            yield from _key_lines(section, TableSettings, given)
        elif given:
            yield from (f"{key} = {toml_value(value)}" for key, value in given.items())
        else:
            yield f'#file = "{table}.csv"'
        yield ""


def _canonical_columns(table: TableName) -> str:
    spec = SPECS[table]
    names = [column.name if column.required else f"{column.name}?" for column in spec.columns]
    return f"columns: {', '.join(names)}{'; further ones are attributes' if spec.attributes else ''}"


def _key_lines(section: str, kind: type[Section], chosen: Mapping[str, object]) -> Iterator[str]:
    """A comment and a line per key; a table of defaults comes last, as TOML wants it."""
    fields = sorted(
        kind.model_fields.items(), key=lambda item: bool(isinstance(item[1].default, dict) and item[1].default)
    )
    for name, field in fields:
        meaning = "; ".join(part for part in (field.description, _limits(field)) if part)
        if meaning:
            yield f"# {meaning}"
        if name in chosen:
            yield f"{name} = {toml_value(chosen[name])}"
        elif isinstance(field.default, dict) and field.default:
            yield f"#[{section}.{name}]"
            yield from (f"#{toml_key(key)} = {toml_value(value)}" for key, value in field.default.items())
        else:
            yield f"#{name} = {toml_value(_default_or_example(field))}"


def _default_or_example(field: FieldInfo) -> object:
    empty = field.default in (None, (), {}, PydanticUndefined)
    if empty and field.examples:
        return field.examples[0]
    if field.default is None or field.default is PydanticUndefined:
        return _placeholder(field)
    default: object = field.default
    return default


def _placeholder(field: FieldInfo) -> object:
    """A value of the right type for a key that has neither default nor example."""
    words = type_words(field.annotation)
    if words.startswith("whole number") or words.startswith("number"):
        return next((bound.ge for bound in field.metadata if hasattr(bound, "ge")), 1)
    return "2026-01-01T00:00:00Z" if words.startswith("time") else "…"


def toml_value(value: object) -> str:
    """`value` as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, datetime):
        return json.dumps(value.isoformat())
    if isinstance(value, Mapping):
        items = ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {items} }}" if items else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return json.dumps(str(value), ensure_ascii=False)


def toml_key(key: object) -> str:
    """`key` bare where TOML allows it, else in quotes."""
    return str(key) if re.fullmatch(r"[A-Za-z0-9_-]+", str(key)) else json.dumps(str(key), ensure_ascii=False)


def _reference_row(name: str, field: FieldInfo) -> str:
    kind = "; ".join(part for part in (type_words(field.annotation), _limits(field)) if part)
    if field.is_required():
        default = "required"
    else:
        default = "–" if field.default in (None, (), {}) else f"`{_short(toml_value(field.default))}`"
    example = f"example: `{toml_value(field.examples[0])}`" if field.examples else ""
    cells = (f"`{name}`", kind, default, "; ".join(part for part in (field.description, example) if part))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:100].rsplit(", ", 1)[0] + ", … }"


def type_words(annotation: Any) -> str:  # noqa: ANN401, PLR0911 - a type is any object
    """A settings type in plain words.

    >>> type_words(tuple[int, ...] | None), type_words(Literal["a", "b"])
    ('list of whole numbers', '"a" or "b"')
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_words(inner[0])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(type_words(kind) for kind in inner if kind is not NoneType))
    if origin is Literal:
        return " or ".join(json.dumps(choice) for choice in inner)
    if origin is tuple:
        return f"list of {_plural(type_words(inner[0]))}"
    if origin is dict:
        return f"table of {_plural(type_words(inner[1]))}"
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return f"table of {', '.join(annotation.model_fields)}"
    return {str: "text", int: "whole number", float: "number", bool: "true or false", datetime: "time"}[annotation]


def _plural(words: str) -> str:
    return re.sub(r"^(whole number|number|text|time|table)\b", r"\1s", words)


def _limits(field: FieldInfo) -> str:
    """The bounds of a number: `at least 1 and at most 3650`."""
    found = [
        f"{words} {toml_value(getattr(bound, name))}"
        for bound in _bounds(field)
        for name, words in _BOUNDS.items()
        if hasattr(bound, name)
    ]
    return " and ".join(found)


def _bounds(field: FieldInfo) -> Iterator[object]:
    """Bounds of the field itself, and of the type that stands beside None."""
    yield from field.metadata
    for kind in get_args(field.annotation):
        for extra in getattr(kind, "__metadata__", ()):
            yield from getattr(extra, "metadata", ())
