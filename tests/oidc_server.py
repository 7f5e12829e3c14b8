"""A small OpenID Connect provider on loopback with keys of its own, and what an attacker would make of its answers."""

import base64
import hashlib
import json
import secrets
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

CLIENT, SECRET = "ripelead", "s3cret:+/ä"


class Provider:
    """Codes that were given out, keys, and what is changed in the next ID token or answer."""

    def __init__(self, issuer):
        self.issuer, self.codes = issuer, {}
        self.keys = [RSAKey.generate_key(2048, {"kid": "a", "use": "sig"})]
        self.metadata = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
        }
        self.attack = {}
        self.asked = []

    def code(self, location, now_s, **claims):
        """A code as the provider gives it after the browser went to `location` and somebody signed in."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        code = secrets.token_urlsafe(8)
        told = {"iss": self.issuer, "aud": CLIENT, "sub": "7", "iat": now_s, "exp": now_s + 300, "email": "ann@x.com"}
        self.codes[code] = query, {**told, "groups": ["sales"], "nonce": query["nonce"], **claims}
        return {"code": code, "state": query["state"], "iss": self.issuer}

    def token(self, form, authorization):
        query, claims = self.codes.pop(form["code"], (None, None))
        pair = f"{CLIENT}:{SECRET}"
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        )
        fits = query and challenge == query["code_challenge"] and form["redirect_uri"] == query["redirect_uri"]
        if not fits or ":".join(map(unquote, given.split(":"))) != pair:
            return {"error": "invalid_grant"}
        return {"id_token": self.signed({**claims, **self.attack.get("claims", {})}), "token_type": "Bearer"}

    def signed(self, claims):
        kind, key = self.attack.get("sign", ""), self.keys[-1]
        if kind == "none":
            parts = [{"alg": "none", "kid": key.kid}, claims]
            return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + "."
        if kind == "hmac":  # the public key as a shared secret
            shared = OctKey.import_key(key.as_pem(private=False))
            return jwt.encode({"alg": "HS256", "kid": key.kid}, claims, shared, algorithms=["HS256"])
        if kind == "stranger":
            key = RSAKey.generate_key(2048, {"kid": key.kid})
        if kind == "embedded":  # a header that brings its own key along
            own = RSAKey.generate_key(2048)
            return jwt.encode({"alg": "RS256", "jwk": own.as_dict(private=False)}, claims, own)
        token = jwt.encode({"alg": "ES256" if isinstance(key, ECKey) else "RS256", "kid": key.kid}, claims, key)
        return token[:-8] + "AAAAAAAA" if kind == "tampered" else token

    def answer(self, path, form, authorization):
        self.asked.append(path)
        if path == "/token":
            return self.token(form, authorization)
        if path == "/keys":
            own = KeySet(self.keys).as_dict(private=False)["keys"]
            return {"keys": [*own, {"kty": "oct", "k": "AAAA", "kid": "a"}, {"kty": "new"}, 7]}
        return self.metadata if path == "/.well-known/openid-configuration" else {"error": "nothing here"}


@contextmanager
def oidc_server():
    """A running provider."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._say({})

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._say({name: values[0] for name, values in parse_qs(body).items()})

        def _say(self, form):
            body = json.dumps(provider.answer(self.path, form, self.headers.get("authorization", ""))).encode()
            self.send_response(400 if b'"error"' in body else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
