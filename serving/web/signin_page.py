"""The pages around signing in, rendered: the form, and the account with its password."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from serving.language.translations import msg
from serving.web.render import TEMPLATES
from serving.web.render import page as framed

__all__ = ["TEMPLATES", "WORDS", "page"]

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


def page(
    request: Request, name: str, content: Mapping[str, Any], status: int = 200, _language: str | None = None
) -> HTMLResponse:
    """A page of the template `name`, in the frame of all pages."""
    return framed(request, name, getattr(request.state, "identity", None), status, **content)
