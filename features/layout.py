"""Which column of a source is which canonical column or attribute: the names of the project file resolved."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from features.errors import InputContractError, ProjectFileError
from features.project import FILE_NAME, TableSettings
from features.schema import TableSpec
from features.sources import SourceTable

EITHER_ID = ("lead_id", "account_id")


@dataclass(frozen=True, slots=True)
class Layout:
    """Canonical (or attribute) name → source column; `others` are source columns that have no name here."""

    canonical: Mapping[str, str]
    attributes: Mapping[str, str]
    excluded: Mapping[str, str]
    others: tuple[str, ...]
    notes: tuple[str, ...] = ()


def layout_of(source: SourceTable, settings: TableSettings, spec: TableSpec) -> Layout:
    """Layout of `source`.

    Raises:
        ProjectFileError: a canonical name that does not exist, a required column excluded.
        InputContractError: a source column that does not exist, a required column missing.
    """
    table, available = source.table, source.rows.column_names
    if not available:
        return Layout({}, {}, {}, ())
    _refuse_unknown_names(source, settings, spec)
    mapped = dict(settings.columns)
    own_name = {name: name for name in available if name not in mapped.values() and name not in mapped}
    named = own_name | mapped
    known = {column.name for column in spec.columns}
    canonical = {name: named[name] for name in named if name in known}
    attributes = {name: named[name] for name in named if name not in known and spec.attributes}
    others = () if spec.attributes else tuple(name for name in own_name if name not in known)
    layout = Layout(canonical, attributes, {}, others, _notes(source, settings, spec))
    layout = _without_excluded(layout, source, settings)
    _refuse_missing(layout, source, settings, spec)
    _refuse_stray_values(layout, table, settings)
    return layout


def _refuse_unknown_names(source: SourceTable, settings: TableSettings, spec: TableSpec) -> None:
    known = [column.name for column in spec.columns]
    for name, column in settings.columns.items():
        if name not in known and not spec.attributes:
            raise ProjectFileError(
                f"{FILE_NAME} [tables.{source.table}] columns: {source.table} has no column {name!r}; "
                f"{nearest(name, known)}"
            )
        if column not in source.rows.column_names:
            raise InputContractError(
                f"{FILE_NAME} [tables.{source.table}] columns: {name} = {column!r}, but {source.origin} has no "
                f"such column; {nearest(column, source.rows.column_names)}"
            )


def nearest(name: str, known: Collection[str]) -> str:
    """The hint that ends a refusal: the nearest of the known names, else all of them."""
    plain = {_plain(candidate): candidate for candidate in known}
    near = get_close_matches(_plain(name), list(plain), 1, cutoff=0.5)
    if near:
        return f"did you mean {plain[near[0]]!r}?"
    shown = [repr(candidate) for candidate in list(known)[:40]]
    return f"known are {', '.join(shown)}{', …' if len(known) > 40 else ''}"


def _plain(name: str) -> str:
    return name.casefold().replace(" ", "_").replace("-", "_")


def _notes(source: SourceTable, settings: TableSettings, spec: TableSpec) -> tuple[str, ...]:
    known = [column.name for column in spec.columns]
    hidden = [name for name in source.rows.column_names if settings.columns.get(name, name) != name]
    notes = [
        f"{source.table}: the source's own column {name!r} is left out, because {name} is mapped to "
        f"{settings.columns[name]!r}"
        for name in hidden
        if name not in settings.columns.values()
    ]
    for name in settings.columns:
        near = get_close_matches(name, known, 1, cutoff=0.8)
        if name not in known and near:
            notes.append(
                f"{source.table}: {name!r} is no canonical column and is used as an attribute; "
                f"did you mean {near[0]!r}?"
            )
    return tuple(notes)


def _without_excluded(layout: Layout, source: SourceTable, settings: TableSettings) -> Layout:
    """Excluded by source name or by the name it is mapped to."""
    named = {**layout.canonical, **layout.attributes, **{name: name for name in layout.others}}
    excluded: dict[str, str] = {}
    for name in settings.exclude:
        hits = {own: column for own, column in named.items() if name in (own, column)}
        if not hits and name not in source.rows.column_names:
            raise InputContractError(
                f"{FILE_NAME} [tables.{source.table}] exclude: {source.origin} has no column {name!r}; "
                f"{nearest(name, source.rows.column_names)}"
            )
        excluded |= hits
    return replace(
        layout,
        canonical={name: column for name, column in layout.canonical.items() if name not in excluded},
        attributes={name: column for name, column in layout.attributes.items() if name not in excluded},
        excluded=excluded,
        others=tuple(name for name in layout.others if name not in excluded),
    )


def _refuse_missing(layout: Layout, source: SourceTable, settings: TableSettings, spec: TableSpec) -> None:
    required = [column.name for column in spec.columns if column.required]
    for name in required:
        if name in layout.excluded:
            raise ProjectFileError(
                f"{FILE_NAME} [tables.{source.table}] exclude: {name} is required and cannot be excluded"
            )
        if name not in layout.canonical:
            raise InputContractError(_missing(name, source, settings))
    either = {column.name for column in spec.columns} >= set(EITHER_ID) and "lead_id" not in required
    if either and source.table != "leads" and not set(EITHER_ID) & set(layout.canonical):
        raise InputContractError(_missing("lead_id", source, settings) + " (or account_id)")


def _missing(name: str, source: SourceTable, settings: TableSettings) -> str:
    """The refusal of a table without a required column, with the line that would mend it."""
    columns = source.rows.column_names
    shown = ", ".join(map(repr, columns[:40])) + (", …" if len(columns) > 40 else "")
    free = [column for column in columns if column not in settings.columns.values()]
    plain = {_plain(column): column for column in free}
    near = get_close_matches(_plain(name), list(plain), 1, cutoff=0.5)
    guess = plain[near[0]] if near else "…"
    mend = f'select "{guess}" as {name}, …' if settings.sql else f'columns = {{ {name} = "{guess}" }}'
    return (
        f"{source.table}: the required column {name} is missing. {source.origin} has {shown}. "
        f"{f'Nearest is {guess!r}. ' if near else ''}In {FILE_NAME}, [tables.{source.table}], expected: {mend}"
    )


def _refuse_stray_values(layout: Layout, table: str, settings: TableSettings) -> None:
    named = {**layout.canonical, **layout.attributes, **layout.excluded}
    for name in settings.values:
        if name not in named:
            own = [canonical for canonical, column in named.items() if column == name]
            hint = f"use its mapped name {own[0]!r}" if own else nearest(name, list(named))
            raise InputContractError(f"{FILE_NAME} [tables.{table}] values: no column {name!r}; {hint}")
