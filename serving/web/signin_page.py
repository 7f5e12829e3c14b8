"""The pages around signing in, rendered: the form, and the account with its password."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined

from serving.language.translations import msg, translation_to
from serving.web.languages import language_asked

WORDS = (
    msg("Sign in"),
    msg("Sign in with {provider}"),
    msg("Name"),
    msg("Password"),
    msg("Account"),
    msg("You are signed in as {name}."),
    msg("Change the password"),
    msg("Present password"),
    msg("New password"),
    msg("New password, once more"),
    msg("Sign out"),
)
"""What the templates say, so that it is found for the catalogues."""
TEMPLATES = Path(__file__).with_name("templates")
_PLAIN = (
    '<!doctype html><html lang="{{ language }}"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{% block title %}{% endblock %}</title>'
    "<main>{% block main %}{% endblock %}</main></html>"
)


def page(
    request: Request, name: str, content: Mapping[str, Any], status: int = 200, language: str | None = None
) -> HTMLResponse:
    """A page of the template `name` in a language, or in the browser's where none is known."""
    chosen = language or language_asked(request.headers.get("accept-language", ""))
    text = _templates().get_template(name).render(language=chosen, text=translation_to(chosen).text, **content)
    return HTMLResponse(text, status)


@cache
def _templates() -> Environment:
    loader = ChoiceLoader([FileSystemLoader(TEMPLATES), DictLoader({"base.html": _PLAIN})])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
