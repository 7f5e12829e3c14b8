"""Headers that every answer carries: what a browser may do with it, and that nobody keeps what is personal."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ONE_YEAR_S = 31_536_000
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_SWITCHED_OFF = "camera", "display-capture", "geolocation", "microphone", "payment", "publickey-credentials-get", "usb"
_ALWAYS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": ", ".join(f"{feature}=()" for feature in _SWITCHED_OFF),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def security_headers(*, secure: bool) -> dict[str, str]:
    """Headers of every answer; `secure`: people come by https, and browsers are told to insist on it for a year."""
    return {**_ALWAYS, "strict-transport-security": f"max-age={_ONE_YEAR_S}"} if secure else dict(_ALWAYS)


class SecureHeaders:
    """Adds the headers that an answer does not have yet; without a word about caching it is not kept anywhere.

    Static files hold nothing personal: they are kept, and asked about again.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in security_headers(secure=secure).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        caching = b"no-cache" if scope["path"].startswith("/static/") else b"no-store"
        wanted = [*self._headers, (b"cache-control", caching)]

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                present = {name.lower() for name, _ in own}
                message = {**message, "headers": own + [pair for pair in wanted if pair[0] not in present]}
            await send(message)

        return await self._app(scope, receive, completed)
