"""Page or JSON: the same URL answers with either, as the Accept header or `?format=json` asks."""

from fastapi import Request

JSON, HTML = "application/json", "text/html"


def wants_page(request: Request) -> bool:
    """Whether a person looks: HTML is accepted at least as gladly as JSON, and the path is no API's.

    A client that accepts anything, as curl does, gets JSON.
    """
    if request.url.path.startswith("/v1/") or request.query_params.get("format") == "json":
        return False
    accepted = _accepted(request.headers.get("accept", "*/*"))
    html = max(accepted.get(HTML, 0.0), accepted.get("text/*", 0.0))
    return html > 0 and html >= accepted.get(JSON, 0.0)


def _accepted(header: str) -> dict[str, float]:
    """Quality of each media type of an Accept header; what cannot be read counts as not accepted.

    >>> _accepted("text/html;q=0.9, application/json, x;q=a")
    {'text/html': 0.9, 'application/json': 1.0, 'x': 0.0}
    """
    found: dict[str, float] = {}
    for part in header.split(",")[:50]:
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        try:
            found[kind] = min(max(float(quality), 0.0), 1.0)
        except ValueError:
            found[kind] = 0.0
    return found
