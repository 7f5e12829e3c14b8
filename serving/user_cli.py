"""Commands `user …`: who may sign in, as what. Passwords never stand on a command line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.cells import instant
from features.cli import HERE, ProjectFolder, app, err, out, utc_now
from features.errors import ProjectFileError
from features.oidc_settings import HumanRole, OidcSettings
from features.project import read_project
from features.serve_settings import ServeSettings
from serving.language.translations import Language

if TYPE_CHECKING:
    from serving.identity.audit import Action
    from serving.store.connection import Store
    from serving.store.users import User

user_app = typer.Typer(no_args_is_help=True, help="Who may sign in, as what, and the keys of programs.")
app.add_typer(user_app, name="user")
Name = Annotated[str, typer.Argument(help="the user's name, such as ann@example.com")]
Role = Annotated[HumanRole, typer.Option(help="what they may")]
Owner = Annotated[str | None, typer.Option(help="how the CRM names the owner of their leads")]
Generate = Annotated[bool, typer.Option("--generate", help="make a password and print it once")]


@dataclass(frozen=True, slots=True)
class Desk:
    """One command's transaction on the store, and its time."""

    connection: Any
    now: int

    def log(self, action: "Action", about: str, **details: object) -> None:
        """Write down what the command did."""
        from serving.store.audit import Line, log

        log(self.connection, Line(self.now, operator(), action, about, details))

    def user(self, name: str) -> "User":
        """The user of a name; raises `ProjectFileError` where there is none."""
        from serving.store.users import user_named

        known = user_named(self.connection, spelled(name))
        if known is None:
            raise ProjectFileError(f"no user {name!r}: `ripelead user list` shows all")
        return known


def operator() -> str:
    """Who runs a command, as the log names them."""
    try:
        return f"cli:{getuser()}"
    except (OSError, KeyError):  # a container may have no name for its user
        return "cli"


def store_of(directory: Path) -> "Store":
    """The store of a project folder."""
    from serving.store.connection import open_store, store_url

    settings = read_project(directory).section("serve", ServeSettings)
    return open_store(store_url(directory, settings.store))


@contextmanager
def at_desk(directory: Path) -> Iterator[Desk]:
    """A transaction on the store of a project folder."""
    store = store_of(directory)
    try:
        with store.writing() as connection:
            yield Desk(connection, instant(utc_now()))
    finally:
        store.close()


def spelled(name: str) -> str:
    """A user's name in its one spelling; raises `ProjectFileError` for what is none."""
    from serving.identity.names import user_name

    try:
        return user_name(name)
    except ValueError as error:
        raise ProjectFileError(f"{name!r}: {error}") from error


@user_app.command()
def add(
    name: Name,
    role: Role,
    directory: ProjectFolder = HERE,
    owner: Owner = None,
    generate: Generate = False,
    language: Annotated[Language | None, typer.Option(help="language of their pages; default: their browser's")] = None,
) -> None:
    """Add somebody who may sign in; the password is asked for, or read from standard input."""
    from serving.identity.passwords import hashed
    from serving.store.users import NewUser, add_user, user_named

    own = spelled(name)
    password = _password(own, generate)
    new = NewUser(own, role, owner, hashed(password), None, None if language is None else str(language))
    with at_desk(directory) as desk:
        if user_named(desk.connection, own) is not None:
            raise ProjectFileError(f"there is a user {own!r} already: `ripelead user role` and `password` change them")
        add_user(desk.connection, new, desk.now)
        desk.log("user_added", own, role=role, owner=owner)
    out.print(f"added {own} as {role}", markup=False)
    _show_once(password, generate)
    if role == "rep" and owner is None:
        err.print("note: without --owner they see the leads of the pool only", markup=False)


@user_app.command(name="list")
def list_users(directory: ProjectFolder = HERE) -> None:
    """List all users: name, role, owner of their leads, and how they sign in."""
    from serving.store.users import all_users

    with at_desk(directory) as desk:
        users = all_users(desk.connection)
    for user in users:
        ways = [way for way, has in (("password", user.password_hash), ("provider", user.subject)) if has]
        state = "disabled" if user.disabled_at is not None else " and ".join(ways)
        out.print(f"{user.name:<32} {user.role:<15} {user.owner or '–':<24} {state}", markup=False)
    if not users:
        out.print("no users: `ripelead user add NAME --role admin` makes the first", markup=False)


@user_app.command()
def disable(name: Name, directory: ProjectFolder = HERE) -> None:
    """Let somebody sign in no more; what they have open ends at once."""
    from serving.store.users import disable_user

    with at_desk(directory) as desk:
        user = desk.user(name)
        disable_user(desk.connection, user.id, desk.now)
        desk.log("user_disabled", user.name)
    out.print(f"disabled {user.name}", markup=False)


@user_app.command()
def enable(name: Name, directory: ProjectFolder = HERE) -> None:
    """Let somebody who was disabled sign in again."""
    from serving.store.users import enable_user

    with at_desk(directory) as desk:
        user = desk.user(name)
        enable_user(desk.connection, user.id)
        desk.log("user_changed", user.name, enabled=True)
    out.print(f"enabled {user.name}", markup=False)


@user_app.command()
def password(name: Name, directory: ProjectFolder = HERE, generate: Generate = False) -> None:
    """Give somebody another password; what they have open ends at once."""
    from serving.identity.passwords import hashed
    from serving.store.users import revoke_sessions_of, set_password_hash

    with at_desk(directory) as desk:
        own = desk.user(name).name
    chosen = _password(own, generate)
    stored = hashed(chosen)
    with at_desk(directory) as desk:
        user = desk.user(own)
        set_password_hash(desk.connection, user.id, stored)
        revoke_sessions_of(desk.connection, user.id, desk.now)
        desk.log("user_changed", own, password=True)
    out.print(f"changed the password of {own}", markup=False)
    _show_once(chosen, generate)


@user_app.command()
def role(
    name: Name,
    new_role: Annotated[HumanRole, typer.Argument(metavar="ROLE", help="what they may from now on")],
    directory: ProjectFolder = HERE,
    owner: Annotated[
        str | None, typer.Option(help="how the CRM names the owner of their leads, '' for nobody; default: as it was")
    ] = None,
) -> None:
    """Give somebody another role; it holds at once, also for what they have open."""
    from serving.store.users import set_access

    with at_desk(directory) as desk:
        user = desk.user(name)
        whose = user.owner if owner is None else owner or None
        set_access(desk.connection, user.id, new_role, whose)
        desk.log("user_changed", user.name, role=new_role, owner=whose)
    out.print(f"{user.name} is {new_role} now", markup=False)


@user_app.command()
def link(
    name: Name,
    subject: Annotated[str, typer.Argument(help="the claim `sub` by which the identity provider knows them")],
    directory: ProjectFolder = HERE,
) -> None:
    """Let a user who has a password sign in with the identity provider of [serve.oidc] as well."""
    from serving.store.users import set_subject, user_of_subject

    issuer = read_project(directory).section("serve.oidc", OidcSettings).issuer
    if issuer is None:
        raise ProjectFileError("[serve.oidc] names no issuer: expected issuer = … in the project file")
    with at_desk(directory) as desk:
        user, taken = desk.user(name), user_of_subject(desk.connection, f"{issuer} {subject}")
        if taken is not None and taken.id != user.id:
            raise ProjectFileError(f"{subject} is linked with {taken.name} already")
        set_subject(desk.connection, user.id, f"{issuer} {subject}")
        desk.log("user_changed", user.name, subject=subject)
    out.print(f"{user.name} may sign in as {subject} of {issuer}", markup=False)


def _password(name: str, generate: bool) -> str:
    """A made one, what is typed twice, or the first line of standard input."""
    from serving.identity.passwords import new_password, refusal

    if generate:
        return new_password()
    if sys.stdin.isatty():
        given: str = typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    if why := refusal(given, name):
        raise ProjectFileError(f"the password is not taken: {why}")
    return given


def _show_once(password: str, generate: bool) -> None:
    if generate:
        out.print(password, markup=False)
        err.print("the password is shown this once; they change it on the page `account`", markup=False)
