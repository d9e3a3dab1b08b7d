"""An issuer of OIDC tokens as GitHub Actions has one, over HTTP: its keys, its tokens, and a job's way to them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/.well-known/jwks"
REPOSITORY_ID, OWNER_ID = 1_001, 77
JOB_TOKEN = "of-the-job"


@cache
def make_key(name: str) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2_048)


def make_jwk(name: str) -> dict[str, Any]:
    numbers = jwt.algorithms.RSAAlgorithm.to_jwk(make_key(name).public_key(), as_dict=True)
    return numbers | {"kid": name, "use": "sig", "alg": "RS256"}


def make_claims(*, issuer: str, audience: str, number: int = 7, **others: Any) -> dict[str, Any]:
    """Return what GitHub says of a job of a pull request from a branch `better`; None takes a claim out."""
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": "repo:ada/flights:pull_request",
        "jti": f"{number}-{time.monotonic_ns()}",
        "iat": now,
        "nbf": now - 600,
        "exp": now + 300,
        "repository": "ada/flights",
        # As text, as GitHub writes them.
        "repository_id": str(REPOSITORY_ID),
        "repository_owner": "ada",
        "repository_owner_id": str(OWNER_ID),
        "event_name": "pull_request",
        "ref": f"refs/pull/{number}/merge",
        "ref_type": "branch",
        "sha": "f" * 40,
        "head_ref": "better",
        "base_ref": "main",
        "run_id": "12345",
        "run_attempt": "1",
    }
    return {name: value for name, value in (claims | others).items() if value is not None}


def sign(claims: dict[str, Any], *, key: str = "first", **headers: Any) -> str:
    return jwt.encode(claims, make_key(key), algorithm="RS256", headers={"kid": key} | headers)


@dataclass
class Issuer:
    """*answers* replace what an address answers: a status, a document or bytes, and a place to look instead."""

    address: str = ""
    keys: list[str] = field(default_factory=lambda: ["first"])
    claims: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def token(self, audience: str, *, key: str = "first", **claims: Any) -> str:
        return sign(make_claims(issuer=self.address, audience=audience, **(self.claims | claims)), key=key)

    def job(self) -> dict[str, str]:
        """Return the variables by which a job asks for tokens."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.address}/job?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": JOB_TOKEN,
        }

    def count(self, path: str) -> int:
        return self.requests.count(path)

    def answer(self, path: str, query: str, authorization: str) -> tuple[int, Any]:
        self.requests.append(path)
        if path in self.answers:
            return self.answers[path]
        if path == DISCOVERY:
            return 200, {"issuer": self.address, "jwks_uri": f"{self.address}{JWKS}"}
        if path == JWKS:
            return 200, {"keys": [make_jwk(name) for name in self.keys]}
        if path == "/job" and authorization == f"bearer {JOB_TOKEN}" and "api-version=2.0" in query:
            (audience,) = parse_qs(query)["audience"]
            return 200, {"count": 1, "value": self.token(audience)}
        return 401, {"message": "no"}


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Serve an issuer on a free port."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, content = issuer.answer(parts.path, parts.query, self.headers.get("Authorization", ""))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", content)
                content = b""
            self.end_headers()
            self.wfile.write(content if isinstance(content, bytes) else json.dumps(content).encode())

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
