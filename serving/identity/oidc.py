"""Signing in with OpenID Connect, the part that is arithmetic: the request, the checks of what comes back, the person.

Authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636, RFC 9207, RFC 9700).
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from features.oidc_settings import OidcSettings
from serving.identity.names import user_name
from serving.identity.paths import page_after
from serving.identity.roles import Role
from serving.identity.tokens import same

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

# Signatures only the provider can make: neither "none" nor HMAC, whose key a client also has.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
LEEWAY_S = 60
_TEXTS = frozenset(("state", "nonce", "verifier", "next_page"))


class OidcError(ValueError):
    """A sign-in that did not come about; the message is for the server's log."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the provider is asked, as its metadata say."""

    authorization: str
    token: str
    keys: str
    takes_basic: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in under way, kept in the browser that began it."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    next_page: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who the provider says somebody is, and what its groups make of them."""

    subject: str
    name: str
    role: Role | None
    owner: str | None


def endpoints_of(metadata: Mapping[str, Any], issuer: str) -> Endpoints:
    """Endpoints in a provider's metadata.

    Raises:
        OidcError: the metadata are another issuer's, or lack something.
    """
    if metadata.get("issuer") != issuer:
        raise OidcError(f"the metadata are of issuer {metadata.get('issuer')!r}, not of {issuer!r}")
    found = [metadata.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if not all(isinstance(url, str) and url for url in found):
        raise OidcError("the metadata lack authorization_endpoint, token_endpoint or jwks_uri")
    ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    authorization, token, keys = map(str, found)
    return Endpoints(authorization, token, keys, "client_secret_basic" in ways)


def new_flow(next_page: str) -> Flow:
    """A sign-in that begins; it leads on to a page of this server."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Flow(state, nonce, verifier, page_after(next_page))


def flow_text(flow: Flow) -> str:
    """The flow as its cookie holds it."""
    return _encoded(json.dumps(asdict(flow)).encode())


def flow_of(text: str) -> Flow | None:
    """The flow in a cookie; None for what is none."""
    try:
        given = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except ValueError:
        return None
    if not isinstance(given, dict) or set(given) != _TEXTS or not all(isinstance(one, str) for one in given.values()):
        return None
    return Flow(given["state"], given["nonce"], given["verifier"], page_after(given["next_page"]))


def authorization_url(endpoints: Endpoints, settings: OidcSettings, flow: Flow, redirect_uri: str) -> str:
    """Where the browser goes to sign in."""
    asked = {
        "response_type": "code",
        "client_id": settings.client_id or "",
        "redirect_uri": redirect_uri,
        "scope": " ".join(settings.scopes),
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": _encoded(hashlib.sha256(flow.verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    return f"{endpoints.authorization}{'&' if '?' in endpoints.authorization else '?'}{urlencode(asked)}"


def _encoded(given: bytes) -> str:
    return base64.urlsafe_b64encode(given).rstrip(b"=").decode()


def code_of(answer: Mapping[str, str], flow: Flow, issuer: str) -> str:
    """The code in the provider's answer to a flow.

    Raises:
        OidcError: the answer is to another flow, of another issuer, an error, or without a code.
    """
    if not same(answer.get("state", ""), flow.state):
        raise OidcError("the answer belongs to no sign-in of this browser")
    if answer.get("iss", issuer) != issuer:
        raise OidcError(f"the answer comes from issuer {answer['iss']!r}")
    if "error" in answer or not answer.get("code"):
        raise OidcError(f"the provider says {answer.get('error', 'nothing')!r}")
    return answer["code"]


def claims_of(id_token: str, keys: "KeySet", expected: tuple[str, str, str], now_s: int) -> Mapping[str, Any]:
    """The claims of an ID token whose signature, issuer, audience, time and nonce are right.

    `expected` are issuer, client and nonce.

    Raises:
        OidcError: something is not.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError

    issuer, client_id, nonce = expected
    registry = jwt.JWTClaimsRegistry(
        now=now_s,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        nonce={"essential": True, "value": nonce},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        claims = jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise OidcError(f"the ID token is not taken: {type(error).__name__}: {error}") from error
    subject = claims["sub"]
    if not (subject.isascii() and subject.isprintable() and len(subject) <= 255):
        raise OidcError("the ID token's subject is not 1 to 255 ASCII characters")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise OidcError("the ID token was made for another client")
    return claims


def person_of(claims: Mapping[str, Any], settings: OidcSettings) -> Person:
    """Who signed in: name, role by the first group that fits (None: no group does), owner of their leads.

    Raises:
        OidcError: no usable name, or an e-mail address that the provider did not verify.
    """
    given = claims.get(settings.name_claim)
    if settings.name_claim == "email" and claims.get("email_verified", True) not in (True, "true"):
        raise OidcError("the provider did not verify the e-mail address")
    if not isinstance(given, str):
        raise OidcError(f"the ID token has no claim {settings.name_claim!r}: ask for its scope, or set name_claim")
    try:
        name = user_name(given)
    except ValueError as error:
        raise OidcError(f"the claim {settings.name_claim!r} is no name: {error}") from error
    groups = claims.get(settings.role_claim)
    mine = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    role = next((role for group, role in settings.roles.items() if group in mine), None)
    owner = claims.get(settings.owner_claim) if settings.owner_claim else None
    return Person(f"{claims['iss']} {claims['sub']}", name, role, _plain(owner))


def _plain(value: object) -> str | None:
    return value if isinstance(value, str) and value and value.isprintable() else None
