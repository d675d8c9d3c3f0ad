"""An OAuth 2 token endpoint on loopback: takes client credentials, returns signed JWTs, serves the public keys."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import attrs
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tributary.stack import ports

CLIENT_ID, CLIENT_SECRET, AUDIENCE = "member", "member-secret", "kafka"
LIFETIME_S = 600


@attrs.frozen
class TokenServer:
    """The address of the endpoint, and the tokens that it signs."""

    url: str
    _key: rsa.RSAPrivateKey
    issued: list[str] = attrs.field(factory=list)
    """The tokens that clients were given."""

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    @property
    def keys_url(self) -> str:
        """The JSON Web Key Set."""
        return f"{self.url}/keys"

    def sign(self, subject: str, lifetime_s: float = LIFETIME_S, audience: str = AUDIENCE) -> str:
        """A token for `subject`."""
        now = time.time()
        head = {"alg": "RS256", "typ": "JWT", "kid": "1"}
        claims = {"iss": self.url, "aud": audience, "sub": subject, "iat": int(now), "exp": int(now + lifetime_s)}
        text = ".".join(_encoded(json.dumps(part).encode()) for part in (head, claims))
        return f"{text}.{_encoded(self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def keys(self) -> dict[str, Any]:
        """The public key, as a JSON Web Key Set."""
        numbers = self._key.public_key().public_numbers()
        n, e = (_encoded(value.to_bytes((value.bit_length() + 7) // 8)) for value in (numbers.n, numbers.e))
        return {"keys": [{"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": n, "e": e}]}


@contextmanager
def token_server() -> Iterator[TokenServer]:
    """Serve tokens until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, tokens.keys())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            given = {key: values[0] for key, values in form.items()}
            scheme, _, login = self.headers.get("Authorization", "").partition(" ")
            client = base64.b64decode(login).decode() if scheme == "Basic" else ""
            client = client or f"{given.get('client_id')}:{given.get('client_secret')}"
            if given.get("grant_type") != "client_credentials" or client != f"{CLIENT_ID}:{CLIENT_SECRET}":
                self._answer(401, {"error": "invalid_client"})
                return
            tokens.issued.append(tokens.sign(CLIENT_ID))
            self._answer(200, {"access_token": tokens.issued[-1], "token_type": "Bearer", "expires_in": LIFETIME_S})

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((ports.LOOPBACK, 0), Handler)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    tokens = TokenServer(f"http://{ports.LOOPBACK}:{server.server_port}", key)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield tokens
    finally:
        server.shutdown()
        server.server_close()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
