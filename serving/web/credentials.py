"""What a request brings along to say who it is from: a key in its Authorization header, else the session's cookie."""

from ipaddress import ip_address, ip_network

from starlette.requests import HTTPConnection
from starlette.responses import Response

from serving.web.site import Site

_PLAIN, _SECURE = "ripelead", "__Host-ripelead"


def site_of(request: HTTPConnection) -> Site:
    """The site that a request asks."""
    site: Site = request.app.state.site
    return site


def cookie_name(site: Site) -> str:
    """Name of the session's cookie; with its prefix browsers take it from this very host by https only."""
    return _SECURE if site.is_secure else _PLAIN


def bearer(request: HTTPConnection) -> str | None:
    """What stands behind `Bearer` in the Authorization header; None: nothing such, the cookie counts.

    Browsers send Basic on their own when a proxy in front asked for it: it is not for this server.
    """
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def session_token(request: HTTPConnection) -> str | None:
    """The token of the session's cookie."""
    return request.cookies.get(cookie_name(site_of(request)))


def put_cookie(answer: Response, site: Site, name: str, value: str, lasts_s: int) -> None:
    """Give the browser a cookie that scripts cannot read and other sites' forms do not bring along."""
    answer.set_cookie(name, value, max_age=lasts_s, path="/", secure=site.is_secure, httponly=True, samesite="lax")


def drop_cookie(answer: Response, site: Site, name: str) -> None:
    """Let the browser forget a cookie."""
    answer.delete_cookie(name, path="/", secure=site.is_secure, httponly=True, samesite="lax")


def client_address(request: HTTPConnection) -> str:
    """Where a request comes from: the peer, or whom the last trusted proxy names; of IPv6 its network of 64 bits."""
    proxies = set(site_of(request).settings.trusted_proxies)
    peer = request.client.host if request.client else ""
    hops = [hop.strip() for header in request.headers.getlist("x-forwarded-for") for hop in header.split(",")]
    for hop in reversed(hops):
        if peer not in proxies:
            break
        peer = hop
    try:
        address = ip_address(peer)
    except ValueError:
        return "unknown"
    return str(address) if address.version == 4 else str(ip_network(f"{address}/64", strict=False))
