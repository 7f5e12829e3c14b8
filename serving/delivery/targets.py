"""Where an outgoing request goes: a URL taken apart once, strictly, so that no two parsers can read it differently."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

MOST_URL = 2048
DEFAULT_PORTS = {"https": 443, "http": 80}
_URL = re.compile(r"(?P<scheme>[A-Za-z]+)://(?P<host>\[[^\[\]/?]*\]|[^:/?\[\]]*)(:(?P<port>[^/?]*))?(?P<path>[/?].*)?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# Browsers and resolvers read a host whose last label is a number (12, 0x7f) as an IPv4 address in some other spelling.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class TargetRefusedError(ValueError):
    """A request that is not sent because of where it would go; trying again does not help."""


@dataclass(frozen=True, slots=True)
class Target:
    """Scheme, host (lower case, an IPv6 address without brackets), port, and path with query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def shown(self) -> str:
        """The target in messages: without its path, which often holds a token."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is allowed: hosts that may be inside (`host` or `host:port`; these also by http), and further ports."""

    private_hosts: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset()

    def trusts(self, target: Target) -> bool:
        """Whether the operator named this very host."""
        host = f"[{target.host}]" if ":" in target.host else target.host
        return bool({target.host, host, f"{host}:{target.port}"} & self.private_hosts)


def target_of(url: str, rules: Rules) -> Target:
    """The target of a URL.

    Raises:
        TargetRefusedError: no plain http(s) URL, a host in a spelling that parsers read differently, a name and
            password in it, http to a host that is not named in `rules`, or a port that is not.
    """
    target = _taken_apart(url)
    if rules.trusts(target):
        return target
    if target.scheme != "https":
        raise TargetRefusedError(f"{target.shown}: expected https (http only for hosts in allow_private_hosts)")
    if target.port not in {443, *rules.ports}:
        raise TargetRefusedError(f"{target.shown}: expected port 443 or one of the allowed ports")
    return target


def _taken_apart(url: str) -> Target:
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\#@%|<>^`{}"') - _in_path(url):
        raise TargetRefusedError(
            "expected a URL of plain ASCII letters, without name, password or fragment (names as xn--…)"
        )
    found = _URL.fullmatch(url)
    if found is None or len(url) > MOST_URL:
        raise TargetRefusedError("expected a URL such as https://example.com/hook")
    scheme = found["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise TargetRefusedError(f"expected https://, got {scheme}://")
    path = found["path"] or "/"
    return Target(scheme, _host(found["host"]), _port(found["port"], scheme), path if path[0] == "/" else f"/{path}")


def _in_path(url: str) -> set[str]:
    """Signs that are legal after the host: percent escapes, and an @ that cannot be a password's."""
    host = re.match(r"[A-Za-z]+://[^/?]*", url)
    return set("%@") if host and not set(host[0]) & set("%@") else set()


def _host(text: str) -> str:
    host = text.lower()
    if host.startswith("["):
        return _address(host[1:-1], IPv6Address)
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _address(host, IPv4Address)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise TargetRefusedError("expected a host name such as example.com, without a full stop at its end")
    return host


def _address(text: str, kind: type[IPv4Address] | type[IPv6Address]) -> str:
    try:
        address = kind(text)
    except ValueError as error:
        raise TargetRefusedError("expected a host name, or an address in its usual spelling") from error
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise TargetRefusedError("expected an address without a zone")
    return str(address)


def _port(text: str | None, scheme: str) -> int:
    if text is None:
        return DEFAULT_PORTS[scheme]
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text) or int(text) > 65535:
        raise TargetRefusedError("expected a port from 1 to 65535")
    return int(text)
