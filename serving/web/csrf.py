"""Requests that come from where they should: asked of this very server, and changes only from its own pages."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from socket import gethostname
from urllib.parse import urlsplit

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from features.serve_settings import ServeSettings
from serving.web.credentials import bearer, session_token
from serving.web.problems import Problem, answer

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253})(:[0-9]{1,5})?")
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))


def known_hosts(settings: ServeSettings) -> frozenset[str]:
    """Names by which this server may be asked for, beside addresses (which no name server can turn elsewhere)."""
    public = urlsplit(settings.public_url or "").hostname
    return frozenset(name.lower() for name in (settings.host, public, "localhost", gethostname()) if name)


def host_of(header: str) -> str | None:
    """The host in a Host header, in lower case and without brackets; None for what is none.

    >>> host_of("Example.com:8000"), host_of("[::1]:8000"), host_of("a@b"), host_of("")
    ('example.com', '::1', None, None)
    """
    found = _HOST.fullmatch(header)
    return None if found is None else found[1].lower().strip("[]").removesuffix(".")


def is_own(request: Request, public_url: str | None) -> bool:
    """Whether a page of this server (or the person's own hand) made a request, as the browser says.

    Browsers send Sec-Fetch-Site by https and on localhost; elsewhere Origin, or Referer, says it.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin") or request.headers.get("referer") or ""
    here = f"{request.scope['scheme']}://{request.headers.get('host', '')}"
    return _origin(origin) is not None and _origin(origin) in {_origin(public_url or ""), _origin(here)}


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of a URL; None for what has none, such as `null`."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and port else None


class KnownHosts:
    """Answers only requests for this server, so that no other name can be pointed at it (DNS rebinding)."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app, self._names = app, frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and not self._is_known([v for name, v in scope["headers"] if name == b"host"]):
            problem = Problem(421, "this server does not go by that name: set [serve] public_url to the one it has")
            return await answer(Request(scope), problem)(scope, receive, send)
        return await self._app(scope, receive, send)

    def _is_known(self, headers: list[bytes]) -> bool:
        """Also a request without the header, which browsers always send, and old health checks do not."""
        hosts = [host_of(header.decode("latin-1")) for header in headers]
        return len(hosts) < 2 and all(host is not None and (host in self._names or _is_address(host)) for host in hosts)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class OwnChangesOnly:
    """Refuses unsafe requests that another site's page may have made; programs with a key are exempt."""

    def __init__(self, app: ASGIApp, public_url: str | None) -> None:
        self._app, self._public_url = app, public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and scope["method"] not in SAFE:
            request = Request(scope)
            if not _without_cookie(request) and not is_own(request, self._public_url):
                problem = Problem(403, "changes are taken from this server's own pages, or with a key")
                return await answer(request, problem)(scope, receive, send)
        return await self._app(scope, receive, send)


def _without_cookie(request: Request) -> bool:
    """Whether no cookie can speak for somebody: a key does, or it is a call of the API that brings none along."""
    api_call = request.url.path.startswith("/v1/") and session_token(request) is None
    return bearer(request) is not None or api_call
