"""The command `digest`: each rep's own leads by e-mail, once a morning."""

from typing import TYPE_CHECKING, Annotated

import typer

from features.cli import HERE, ProjectFolder, app, err, out, parse_as_of
from features.digest_settings import DigestSettings
from features.errors import ProjectFileError, RefusedError
from features.project import Project, read_project
from features.serve_settings import ServeSettings

if TYPE_CHECKING:
    from email.message import EmailMessage

    from serving.delivery.digest import Digest, Morning
    from serving.store.connection import Store

FOLDER = "digests"


@app.command(name="digest")
def digest_command(
    as_of: Annotated[str, typer.Option("--as-of", help="the morning, such as 2026-06-30T06:00:00Z")],
    directory: ProjectFolder = HERE,
    reps: Annotated[list[str] | None, typer.Option("--rep", help="for whom; default: all recipients")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print the e-mails; send none")] = False,
) -> None:
    """Send reps their own leads: what is due today, then by priority; nobody gets two on one day."""
    from serving.store.connection import open_store, store_url

    project = read_project(directory)
    settings = project.section("serve.digest", DigestSettings)
    chosen = _chosen(settings, reps, dry_run=dry_run)
    mornings = [_morning(project, settings, rep, as_of) for rep in chosen]
    store = open_store(store_url(project.directory, project.section("serve", ServeSettings).store))
    try:
        digests = [_digest(store, settings, morning) for morning in mornings]
    finally:
        store.close()
    if dry_run:
        _print(digests)
        return
    failed = [
        error
        for one, morning in zip(digests, mornings, strict=True)
        if (error := _sent(project, settings, one, morning))
    ]
    if failed:
        raise failed[0]


def _chosen(settings: DigestSettings, reps: list[str] | None, *, dry_run: bool) -> list[str]:
    if not settings.enabled and not dry_run:
        raise ProjectFileError("[serve.digest] is off: expected enabled = true, or --dry-run")
    chosen = list(dict.fromkeys(reps or settings.recipients))
    if not chosen:
        raise ProjectFileError("[serve.digest] recipients names nobody: expected rep = address, or --rep")
    if unknown := [rep for rep in chosen if rep not in settings.recipients and not dry_run]:
        raise ProjectFileError(f"--rep {unknown[0]}: [serve.digest] recipients has no address for that rep")
    return chosen


def _morning(project: Project, settings: DigestSettings, rep: str, as_of: str) -> "Morning":
    from zoneinfo import ZoneInfo

    from features.dates import zone_of
    from serving.delivery.digest import Morning

    url = project.section("serve", ServeSettings).public_url
    moment, zone = parse_as_of(as_of, project), ZoneInfo(zone_of(project))
    return Morning(rep, project.project.name, moment, zone, settings.language, url)


def _digest(store: "Store", settings: DigestSettings, morning: "Morning") -> "Digest":
    from features.cells import instant
    from serving.delivery.digest import digest_of
    from serving.store.digest_leads import own_leads

    with store.reading() as connection:
        leads = own_leads(connection, morning.rep, instant(morning.as_of), morning.end_of_day, settings.most_leads)
    if leads is None:
        raise ProjectFileError("nothing is published yet: run `ripelead publish` first")
    return digest_of(leads, morning)


def _print(digests: list["Digest"]) -> None:
    from serving.delivery.digest import digest_text

    for one in digests:
        out.print(f"Subject: {one.subject}\n\n{digest_text(one)}", markup=False)


def _sent(project: Project, settings: DigestSettings, digest: "Digest", morning: "Morning") -> RefusedError | None:
    """Send one; an error is given back, so that the other reps get theirs."""
    from serving.delivery.digest import digest_message, key_of
    from serving.delivery.mail import send_mail, send_once

    if digest.open == 0:
        out.print(f"{morning.rep}: has no open leads, nothing is sent", markup=False)
        return None
    assert settings.sender is not None
    message: EmailMessage = digest_message(digest, settings.sender, settings.recipients[morning.rep], morning)
    try:
        folder = project.directory / ".ripelead" / FOLDER
        new = send_once(folder, key_of(morning), lambda: send_mail(message, settings))
    except RefusedError as error:
        err.print(f"{morning.rep}: {error}", markup=False)
        return error
    out.print(f"{morning.rep}: {'sent' if new else 'was sent before on ' + morning.day}", markup=False)
    return None
