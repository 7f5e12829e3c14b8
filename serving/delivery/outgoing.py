"""Requests to other people's servers that cannot be turned against the inside of one's own network (SSRF).

A name is resolved once; every address it has must be public, the connection goes to exactly such an address, and the
peer is looked at again once it stands: a name that changes between check and use (DNS rebinding) gains nothing. There
are no redirects, proxies, cookies or kept connections, and one limit of time holds for the whole exchange.
"""

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from ssl import SSLContext
from typing import Any

import httpcore2

from serving.delivery.addresses import inside_kind, is_own_network
from serving.delivery.targets import Rules, Target, TargetRefusedError, target_of

USER_AGENT = "ripelead"
_PIECE = 65_536
Resolve = Callable[[str, int], list[str]]


class NotReachedError(ValueError):
    """A request that got no answer, or none that can be used; trying again later may help."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header values may hold tokens and are never shown."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    body: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names in lower case) and body of an answer; `whole` is false where the body was cut off."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


def system_addresses(host: str, port: int) -> list[str]:
    """Addresses of a name as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Way:
    """How requests go out: what is allowed, seconds for a whole exchange, most bytes of an answer that are read."""

    rules: Rules = field(default_factory=Rules)
    seconds: float = 20.0
    answer_bytes: int = 65_536
    resolve: Resolve = system_addresses
    network: httpcore2.NetworkBackend = field(default_factory=httpcore2.SyncBackend)
    tls: SSLContext = field(default_factory=httpcore2.default_ssl_context)


def send(request: Request, way: Way) -> Answer:
    """The answer to a request, whatever its status; redirects are answers like others.

    Raises:
        TargetRefusedError: the URL or an address behind it is not allowed.
        NotReachedError: no name, no connection, no trusted certificate, no answer in time.
    """
    target = target_of(request.url, way.rules)
    backend = _Guarded(target, way, time.monotonic() + way.seconds)
    headers = {"host": target.shown.partition("://")[2], "user-agent": USER_AGENT, "accept-encoding": "identity",
               "connection": "close", **request.headers}  # fmt: skip
    url = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    try:
        with (
            httpcore2.ConnectionPool(way.tls, network_backend=backend, max_keepalive_connections=0) as pool,
            pool.stream(request.method, url, headers=list(headers.items()), content=request.body) as response,
        ):
            body, whole = _limited(response.iter_stream(), way.answer_bytes)
            names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            return Answer(response.status, names, body, whole)
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as error:
        raise NotReachedError(f"{target.shown}: {_plain(error)}") from None  # the cause may hold the URL


def _plain(error: Exception) -> str:
    if isinstance(error, httpcore2.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpcore2.LocalProtocolError):  # its text may show the header, and with it a token
        return "a header of the request holds a sign that HTTP does not allow, such as a line end"
    return str(error) or type(error).__name__


def _limited(chunks: Iterable[bytes], most: int) -> tuple[bytes, bool]:
    """At most `most` bytes, and whether that was all."""
    body = b""
    for chunk in chunks:
        body += chunk
        if len(body) > most:
            return body[:most], False
    return body, True


class _Guarded(httpcore2.NetworkBackend):
    """Connects to checked addresses of one target only, before one deadline."""

    def __init__(self, target: Target, way: Way, deadline: float) -> None:
        self._target, self._way, self._deadline = target, way, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  (one deadline holds for everything)
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first of the host's addresses that answers."""
        failure: Exception = httpcore2.ConnectError("no address")
        addresses = self._checked_addresses(host, port)
        for number, address in enumerate(addresses):
            share = max(self._deadline - time.monotonic(), 0.001) / (len(addresses) - number)
            try:
                stream = self._way.network.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
                continue
            self._check_peer(stream, address)
            return _Timed(stream, self._deadline)
        raise failure

    def _checked_addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = self._way.resolve(host, port)
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError("the name is not known") from None
        for address in addresses:
            self._refuse_inside(address)
        return addresses

    def _check_peer(self, stream: httpcore2.NetworkStream, address: str) -> None:
        if ip_address(stream.get_extra_info("server_addr")[0]) != ip_address(address):
            stream.close()
            raise TargetRefusedError(f"{self._target.shown}: the connection led to another address than it should")

    def _refuse_inside(self, address: str) -> None:
        kind = inside_kind(address)
        if kind is None:
            return
        if not self._way.rules.trusts(self._target):
            raise TargetRefusedError(
                f"{self._target.shown} is inside the network ({kind}): only hosts in allow_private_hosts may be"
            )
        if not is_own_network(address):
            raise TargetRefusedError(f"{self._target.shown} is an address that no host may have ({kind})")


class _Timed(httpcore2.NetworkStream):
    """A connection whose every step ends before the deadline, so that slow drops of bytes cannot hold it open."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def _left(self, late: type[Exception]) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise late
        return left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Some bytes."""
        return self._stream.read(max_bytes, self._left(httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Send bytes."""
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], self._left(httpcore2.WriteTimeout))

    def close(self) -> None:
        """End the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """The connection, encrypted; the certificate must be of the name that was asked for."""
        left = self._left(httpcore2.ConnectTimeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  (as in the class it stands for)
        """What the connection knows about itself."""
        return self._stream.get_extra_info(info)
