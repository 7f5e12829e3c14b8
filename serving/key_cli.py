"""Commands `user key …`: the keys of programs that use the API; a key is shown once, when it is made."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from features.cells import instant
from features.cli import HERE, ProjectFolder, err, out, utc_now
from features.errors import ProjectFileError
from serving.user_cli import at_desk, operator, spelled, user_app

if TYPE_CHECKING:
    from serving.store.keys import Key

key_app = typer.Typer(no_args_is_help=True, help="Keys of programs that use the API.")
user_app.add_typer(key_app, name="key")


@key_app.command(name="add")
def add_api_key(
    name: Annotated[str, typer.Argument(help="which program it is for, such as crm-sync")],
    scope: Annotated[list[str], typer.Option(help="a permission, such as score; may be given several times")],
    directory: ProjectFolder = HERE,
    owner: Annotated[str | None, typer.Option(help="limit it to the leads of this owner, and the pool")] = None,
    days: Annotated[int, typer.Option(help="days until it ends", min=1, max=3650)] = 365,
) -> None:
    """Make a key for a program and print it, once."""
    from serving.identity.tokens import new_key
    from serving.store.keys import NewKey, add_key, all_keys

    scopes, own, text = _scopes(scope, owner), spelled(name), new_key()
    ends = utc_now() + timedelta(days=days)
    with at_desk(directory) as desk:
        if any(key.name == own and key.usable(desk.now) for key in all_keys(desk.connection)):
            raise ProjectFileError(f"there is a key {own!r} already: revoke it first, or take another name")
        add_key(desk.connection, text, NewKey(own, scopes, owner, instant(ends)), operator(), desk.now)
        desk.log("key_added", text.prefix, name=own, scopes=scopes, owner=owner)
    out.print(text.shown, markup=False)
    err.print(f"shown this once; it ends on {ends:%Y-%m-%d}; requests send `Authorization: Bearer rl_…`", markup=False)


def _scopes(given: list[str], owner: str | None) -> tuple[str, ...]:
    from serving.identity.roles import ALLOWED

    known = [one for one in ALLOWED["admin"] if one in ALLOWED["service"]]
    if wrong := [one for one in given if one not in known]:
        raise ProjectFileError(f"--scope {wrong[0]}: expected one of {', '.join(sorted(known))}")
    if owner is not None and "leads.all" in given:
        raise ProjectFileError("--scope leads.all and --owner exclude each other: expected leads.own_and_pool")
    return tuple(dict.fromkeys([*given, *(["leads.own_and_pool"] if "leads.all" in given else [])]))


@key_app.command(name="list")
def list_keys(directory: ProjectFolder = HERE) -> None:
    """List all keys: prefix, name, state, last use, scopes."""
    from serving.store.keys import all_keys

    with at_desk(directory) as desk:
        keys = all_keys(desk.connection)
    for key in keys:
        used = "never used" if key.used_at is None else f"used {_day(key.used_at)}"
        whose = "" if key.owner is None else f" of {key.owner}"
        state = _state(key, desk.now)
        out.print(f"{key.prefix} {key.name:<24} {state:<18} {used:<16} {' '.join(key.scopes)}{whose}", markup=False)
    if not keys:
        out.print("no keys", markup=False)


@key_app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="prefix or name of the key")], directory: ProjectFolder = HERE
) -> None:
    """End a key; running servers refuse it within a second."""
    from serving.store.keys import all_keys, revoke_keys

    with at_desk(directory) as desk:
        meant = [one.prefix for one in all_keys(desk.connection) if key in (one.prefix, one.name, f"rl_{one.prefix}")]
        if not meant:
            raise ProjectFileError(f"no key {key!r}: `ripelead user key list` shows all")
        ended = revoke_keys(desk.connection, meant, desk.now)
        for prefix in meant:
            desk.log("key_revoked", prefix)
    out.print(f"revoked {ended} key{'' if ended == 1 else 's'}", markup=False)


def _state(key: "Key", now: int) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is None:
        return "without end"
    return f"until {_day(key.expires_at)}" if key.usable(now) else "expired"


def _day(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%d}"
