"""The address that was asked for, as a browser would write it again."""

from urllib.parse import quote

from fastapi import Request


def address_asked(request: Request) -> str:
    """Path and query of a request, to lead back to it; `request.url` takes a ? or # within a path for its end."""
    path = quote(request.scope["path"], safe="/:@!$&'()*+,;=", errors="replace")
    query: bytes = request.scope["query_string"]
    return f"{path}?{query.decode('latin-1')}" if query else path
