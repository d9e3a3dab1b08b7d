"""Which headers pass between a program and a preview, and which requests are none that two servers read alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

Headers = Sequence[tuple[bytes, bytes]]

# Hop by hop (RFC 9110, 7.6.1), and what Connection names besides.
CONNECTION_HEADERS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
# Credentials, who somebody is, and who came through which proxy: none of a candidate's business.
PRIVATE_HEADERS = frozenset(
    {
        *(b"authorization", b"cookie", b"cookie2", b"host", b"via", b"forwarded", b"origin", b"referer"),
        *(b"remote-user", b"remote-addr", b"remote-host", b"true-client-ip", b"client-ip", b"from", b"dpop"),
    }
)
PRIVATE_PREFIXES = (
    *(b"proxy-", b"x-forwarded", b"x-real-ip", b"x-original-", b"x-rewrite-", b"x-client-", b"x-cluster-"),
    *(b"x-auth", b"x-remote-", b"x-user", b"x-email", b"x-webauth-", b"x-jwt", b"x-api-key", b"x-csrf"),
    *(
        b"x-goog-",
        b"x-ms-client-principal",
        b"x-ms-token",
        b"x-amzn-",
        b"x-http-method",
        b"cf-",
        b"tailscale-",
    ),
    *(b"x-access-token", b"x-id-token", b"x-identity", b"x-greenroom", b"sec-fetch-", b"sec-websocket-"),
)
# Told anew, by whoever sends the request on.
OWN_REQUEST_HEADERS = frozenset({b"content-length", b"expect", b"http2-settings"})
# What would reach beyond the preview's own answer: its origin is shared with other previews.
REFUSED_ANSWER_HEADERS = frozenset(
    {
        *(
            b"set-cookie",
            b"set-cookie2",
            b"clear-site-data",
            b"strict-transport-security",
            b"alt-svc",
            b"link",
        ),
        *(b"public-key-pins", b"service-worker-allowed", b"nel", b"report-to", b"reporting-endpoints"),
        *(b"www-authenticate", b"authentication-info", b"location", b"content-location", b"refresh"),
        *(b"server", b"date", b"expect-ct", b"x-robots-tag", b"sourcemap", b"x-sourcemap"),
        *(b"content-security-policy", b"content-security-policy-report-only", b"permissions-policy"),
        *(b"x-content-type-options", b"referrer-policy", b"x-frame-options", b"origin-agent-cluster"),
    }
)
REFUSED_ANSWER_PREFIXES = (b"access-control-", b"cross-origin-", b"proxy-", b"sec-")
# On everything that a preview says, so that a browser runs none of it and nothing else may read it.
GUARDS: Headers = (
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-robots-tag", b"noindex"),
)
NAME = re.compile(rb"[a-z0-9!#$%&'*+.^`|~-]+")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
LENGTH = re.compile(rb"[0-9]{1,18}")


def find_ambiguity(headers: Headers) -> str | None:
    """Return what two servers could read in two ways, so that one request would be two; None when all is plain."""
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if lengths and codings:
        return "the request has both a Content-Length and a Transfer-Encoding; send one of them"
    if len(lengths) > 1 or any(LENGTH.fullmatch(value) is None for value in lengths):
        return "the request's Content-Length is not one number; send one"
    if codings and [value.lower() for value in codings] != [b"chunked"]:
        return "the request's Transfer-Encoding is not chunked; send it so, or with its length"
    if sum(name == b"host" for name, _ in headers) != 1:
        return "the request has not one Host; send one"
    return None


def read_length(headers: Headers) -> int | None:
    """Return the length that the request gives; None when it gives none, as in chunks."""
    return next((int(value) for name, value in headers if name == b"content-length"), None)


def is_pickle(headers: Headers) -> bool:
    """Say whether the content is of BentoML's own type for pickles, however it is spelled."""
    return any(name == b"content-type" and b"pickle" in value.lower() for name, value in headers)


def pass_on(headers: Headers) -> list[tuple[str, str]]:
    """Return the request's headers that a preview gets to see."""
    dropped = CONNECTION_HEADERS | PRIVATE_HEADERS | OWN_REQUEST_HEADERS | _named_hops(headers)
    return [
        (name.decode("ascii"), _read(value))
        for name, value in headers
        if name not in dropped and not name.startswith(PRIVATE_PREFIXES) and _is_header(name, value)
    ]


def pass_back(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the answer's headers that anybody gets to see, with those that keep it in its place."""
    lowered = [(name.lower(), value) for name, value in headers]
    dropped = CONNECTION_HEADERS | REFUSED_ANSWER_HEADERS | _named_hops(lowered)
    if any(name == b"transfer-encoding" for name, _ in lowered):
        dropped |= {b"content-length"}
    kept = [
        (name, value)
        for name, value in lowered
        if name not in dropped and not name.startswith(REFUSED_ANSWER_PREFIXES) and _is_header(name, value)
    ]
    return [*kept, *GUARDS]


def _named_hops(headers: Headers) -> frozenset[bytes]:
    """Return what Connection names: it belongs to this hop alone."""
    named = [value for name, value in headers if name == b"connection"]
    return frozenset(token.strip().lower() for value in named for token in value.split(b","))


def _is_header(name: bytes, value: bytes) -> bool:
    """Say whether it is one everywhere: some servers take an underscore in a name for a dash."""
    return NAME.fullmatch(name) is not None and VALUE.fullmatch(value) is not None


def _read(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
