"""The identity provider of a project: its metadata and keys, asked for by requests that cannot be turned inside."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from features.errors import ProjectFileError
from features.oidc_settings import OidcSettings
from features.project import Project, expand_environment
from serving.delivery.outgoing import NotReachedError, Request, Way, send
from serving.delivery.targets import DEFAULT_PORTS, Rules, TargetRefusedError, target_of
from serving.identity.oidc import Endpoints, Flow, OidcError, authorization_url, claims_of, endpoints_of

KEPT_S = 3600
"""How long metadata and keys are taken as they were read."""
ASKED_AGAIN_S = 60
"""How soon they are read again because a key is not among them."""
RESTS_S = 5
"""How long a provider that could not be read is left alone, so that requests do not queue up for it."""
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class _Known:
    endpoints: Endpoints
    keys: KeySet
    read_at_s: int


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows this server by."""

    settings: OidcSettings
    issuer: str
    client_id: str
    secret: str | None = field(repr=False)


class Provider:
    """One provider; what was read of it is kept for an hour. May be used by many threads."""

    def __init__(self, client: Client, way: Way) -> None:
        self.client, self._way = client, way
        self._known: _Known | None = None
        self._failed_at_s = -RESTS_S
        self._lock = Lock()

    @property
    def label(self) -> str:
        """Its name on the sign-in page."""
        return self.client.settings.label or str(urlsplit(self.client.issuer).hostname)

    def begin(self, flow: Flow, redirect_uri: str, now_s: int) -> str:
        """Where the browser goes to sign in; raises `OidcError` when the provider cannot be asked."""
        return authorization_url(self._read(now_s, KEPT_S).endpoints, self.client.settings, flow, redirect_uri)

    def finish(self, code: str, flow: Flow, redirect_uri: str, now_s: int) -> Mapping[str, Any]:
        """The claims of who signed in.

        Raises:
            OidcError: the provider cannot be asked, refuses the code, or its ID token is not right.
        """
        known = self._read(now_s, KEPT_S)
        id_token = self._exchanged(known.endpoints, code, flow, redirect_uri)
        expected = self.client.issuer, self.client.client_id, flow.nonce
        try:
            return claims_of(id_token, known.keys, expected, now_s)
        except OidcError:
            fresh = self._read(now_s, ASKED_AGAIN_S)
            if fresh is known:
                raise
            return claims_of(id_token, fresh.keys, expected, now_s)

    def _read(self, now_s: int, kept_s: int) -> _Known:
        with self._lock:
            if self._known is None or not 0 <= now_s - self._known.read_at_s < kept_s:
                if 0 <= now_s - self._failed_at_s < RESTS_S:
                    raise OidcError("the provider could not be read a moment ago")
                self._failed_at_s = now_s
                self._known = self._asked(now_s)
                self._failed_at_s = -RESTS_S
            return self._known

    def _asked(self, now_s: int) -> _Known:
        where = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
        endpoints = endpoints_of(self._json(Request("GET", where, {"accept": _JSON})), self.client.issuer)
        self._refuse_odd(endpoints.authorization)
        return _Known(endpoints, _keys(self._json(Request("GET", endpoints.keys, {"accept": _JSON}))), now_s)

    def _refuse_odd(self, url: str) -> None:
        """The browser is sent there: only by https, or to the issuer's own host."""
        try:
            target_of(url, self._way.rules)
        except TargetRefusedError as error:
            raise OidcError(f"authorization_endpoint: {error}") from error

    def _exchanged(self, endpoints: Endpoints, code: str, flow: Flow, redirect_uri: str) -> str:
        given = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
                 "client_id": self.client.client_id, "code_verifier": flow.verifier}  # fmt: skip
        headers = {"accept": _JSON, "content-type": _FORM}
        if self.client.secret is not None and endpoints.takes_basic:
            pair = f"{quote(self.client.client_id, safe='')}:{quote(self.client.secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif self.client.secret is not None:
            given["client_secret"] = self.client.secret
        answer = self._json(Request("POST", endpoints.token, headers, urlencode(given).encode()))
        id_token = answer.get("id_token")
        if not isinstance(id_token, str):
            raise OidcError("the provider's answer has no id_token")
        return id_token

    def _json(self, request: Request) -> Mapping[str, Any]:
        try:
            answer = send(request, self._way)
            body = json.loads(answer.body) if answer.whole else None
        except (TargetRefusedError, NotReachedError) as error:
            raise OidcError(str(error)) from error
        except ValueError:
            body = None
        if not answer.ok or not isinstance(body, dict):
            told = str(body.get("error", ""))[:80] if isinstance(body, dict) else "no JSON"
            raise OidcError(f"the provider answers {answer.status} ({told})")
        return body


def _keys(given: Mapping[str, Any]) -> KeySet:
    """The keys that may sign; others in the set, such as those for encryption, are left out."""
    listed = given.get("keys")
    fit = [
        key
        for key in (listed if isinstance(listed, list) else [])
        if isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": fit})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise OidcError(f"the provider's keys cannot be read: {error}") from error


def provider_of(project: Project) -> Provider | None:
    """The provider of `[serve.oidc]`; None where none is named.

    Raises:
        ProjectFileError: the section is not complete, or the variable of its secret is not set.
    """
    settings = project.section("serve.oidc", OidcSettings)
    if settings.issuer is None:
        return None
    if settings.client_id is None or not settings.roles:
        raise ProjectFileError("[serve.oidc]: issuer needs client_id = … and roles = { group = role }")
    secret = None if settings.client_secret is None else expand_environment(settings.client_secret)
    parts = urlsplit(settings.issuer)
    host = f"{parts.hostname}:{parts.port or DEFAULT_PORTS[parts.scheme]}"
    client = Client(settings, settings.issuer, settings.client_id, secret)
    return Provider(client, Way(Rules(frozenset((host,))), seconds=10.0))
