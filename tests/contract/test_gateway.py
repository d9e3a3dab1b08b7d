"""What passes through the gateway, in both directions, and what does not."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from httpx_ws import WebSocketDisconnect, WebSocketSession, connect_ws
from starlette.types import Receive, Scope, Send

from greenroom_services.host.connections import Connection
from greenroom_services.host.gateway import GatewayLimits
from greenroom_services.host.passage import Bounds
from tests.gateways import HERE, Running, Serving, gateway_before
from tests.patience import await_true

JSON = {"Content-Type": "application/json"}


def wish(**answer: Any) -> str:
    """Return the path on which the echoing preview answers so."""
    return f"{HERE}/predict?{quote(json.dumps(answer))}"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Running]:
    """A gateway before a preview that says what came."""
    with gateway_before() as running:
        yield running


@pytest.fixture(scope="module")
def client(gateway: Running) -> Iterator[httpx.Client]:
    with gateway.client() as client:
        yield client


def test_a_question_passes(client: httpx.Client) -> None:
    """Method, path, query, body and ordinary headers reach the preview as they came."""
    headers = {**JSON, "X-Own": "kept", "Accept-Encoding": "br"}

    seen = client.post(f"{HERE}/predict?d=e%26f&g", content=b'{"rows": []}', headers=headers).json()

    assert (seen["method"], seen["path"], seen["query"]) == ("POST", "/predict", "d=e%26f&g")
    assert seen["body"] == '{"rows": []}'
    came = dict(seen["headers"])
    assert came["x-own"] == "kept"
    assert came["accept-encoding"] == "br"
    assert came["content-type"] == "application/json"
    assert came["host"] == "preview"


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "Cookie", "Proxy-Authorization", "Proxy-Anything", "Forwarded", "X-Forwarded-For"),
        *("X-Forwarded-User", "X-Real-IP", "X-Auth-Request-Email", "Remote-User", "X-Remote-User", "Via"),
        *("X-Goog-Iap-Jwt-Assertion", "Cf-Access-Jwt-Assertion", "X-Ms-Client-Principal", "True-Client-IP"),
        *(
            "X-HTTP-Method-Override",
            "X-Original-URL",
            "X_Forwarded_For",
            "Referer",
            "X-Api-Key",
            "Tailscale-User-Login",
        ),
        *("Keep-Alive", "TE", "Trailer", "X-Named"),
    ],
)
def test_what_is_not_a_candidates_business(client: httpx.Client, name: str) -> None:
    """Credentials, identities, what proxies tell each other, and the hop's own headers stay here (threat 16)."""
    headers = {name: "1", "Connection": "keep-alive, X-Named"}

    seen = client.post(f"{HERE}/predict", headers=headers).json()

    assert name.lower() not in dict(seen["headers"])


@pytest.mark.parametrize(
    "name",
    [
        *("Set-Cookie", "Set-Cookie2", "Clear-Site-Data", "Strict-Transport-Security", "Alt-Svc", "Location"),
        *(
            "Access-Control-Allow-Origin",
            "Service-Worker-Allowed",
            "WWW-Authenticate",
            "Refresh",
            "Link",
            "NEL",
        ),
        *("Keep-Alive", "X-Named", "Server"),
    ],
)
def test_what_a_preview_may_not_say(client: httpx.Client, name: str) -> None:
    """No answer sets a cookie, opens itself to other sites, or speaks for the whole origin (threat 17)."""
    answer = client.post(wish(headers={name: "1", "Connection": "X-Named", "X-Own": "kept"}))

    assert name not in answer.headers
    assert answer.headers["X-Own"] == "kept"


@pytest.mark.parametrize("status", [200, 302, 400, 500])
def test_an_answer_is_kept_in_its_place(client: httpx.Client, status: int) -> None:
    """A browser runs nothing of what a preview says, whatever it says of itself; no search engine keeps it (17)."""
    own = {"Content-Security-Policy": "default-src *", "Content-Type": "text/html", "X-Robots-Tag": "all"}

    answer = client.post(wish(status=status, headers=own))

    assert answer.status_code == status
    assert answer.headers.get_list("Content-Security-Policy") == ["sandbox; default-src 'none'"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers.get_list("X-Robots-Tag") == ["noindex"]


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.bentoml+pickle",
        "Application/VND.BentoML+Pickle; charset=utf-8",
        "APPLICATION/VND.BENTOML+PICKLE;v=1",
        "application/json, application/vnd.bentoml+pickle",
        "multipart/form-data; boundary=application/vnd.bentoml+pickle",
    ],
)
def test_no_pickle_passes(client: httpx.Client, gateway: Running, kind: str) -> None:
    """BentoML's own door for pickles is closed, however it is spelled, in both directions (threat 4)."""
    before = gateway.stand.visits
    refused = client.post(f"{HERE}/predict", headers={"Content-Type": kind})
    assert gateway.stand.visits == before
    answered = client.post(wish(headers={"Content-Type": kind}))

    assert (refused.status_code, answered.status_code) == (415, 502)
    for answer in (refused, answered):
        assert set(answer.json()) == {"error", "detail"}


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("POST", "/describe", 200, None),
        ("GET", "/readyz", 200, None),
        ("GET", "/livez", 200, None),
        ("GET", "/healthz", 200, None),
        ("GET", "/metrics", 200, None),
        ("GET", "/docs.json", 200, None),
        ("HEAD", "/readyz", 200, None),
        ("GET", "/predict", 405, "POST, OPTIONS"),
        ("HEAD", "/predict", 405, "POST, OPTIONS"),
        ("POST", "/readyz", 405, "GET, HEAD, OPTIONS"),
        ("DELETE", "/predict", 405, "POST, OPTIONS"),
        ("TRACE", "/readyz", 405, "GET, HEAD, OPTIONS"),
        ("OPTIONS", "/predict", 204, "POST, OPTIONS"),
        ("GET", "/static_content/index.css", 404, None),
        ("GET", "/readyz/", 404, None),
        ("GET", "//readyz", 404, None),
        ("GET", "/%2Freadyz", 404, None),
        ("GET", "/%00", 404, None),
        ("GET", "/readyz%23", 404, None),
        ("GET", "/readyz%0A", 404, None),
        ("GET", "/stream", 404, None),
        ("OPTIONS", "/stream", 404, None),
    ],
)
def test_what_a_preview_is_asked(
    client: httpx.Client, method: str, path: str, status: int, allow: str | None
) -> None:
    """The two questions and what BentoML adds pass, by their own methods; nothing else does (threat 4)."""
    answer = client.request(method, HERE + path)

    assert answer.status_code == status
    assert answer.headers.get("Allow") == allow
    if status >= 400 and method != "HEAD":
        assert set(answer.json()) == {"error", "detail"}
    if method in ("HEAD", "OPTIONS") and status < 400:
        assert answer.content == b""


@pytest.mark.parametrize(
    "path",
    [
        "/previews",
        "/p",
        "/p/",
        "/p/flights",
        "/p/flights/main/readyz",
        "/p/Flights/7/readyz",
        "/",
        "/p/flights/9/readyz",
    ],
)
def test_what_is_not_there(client: httpx.Client, path: str) -> None:
    """A path that names no preview is 404, in the one shape of errors."""
    answer = client.get(path)

    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "detail"}


def test_own_routes() -> None:
    """A preview whose bundle names routes has those too, and nothing beside, above or around them."""
    with gateway_before(routes=("/stream", "/ui/")) as running, running.client() as client:
        found = {
            path: client.get(HERE + path).status_code
            for path in (
                "/stream",
                "/stream/a",
                "/ui/",
                "/ui/x.css",
                "/streams",
                "/ui/%2e%2e/admin",
                "/ui//admin",
                "/ui/%5c",
            )
        }
        deleted = client.delete(f"{HERE}/stream")
        seen = client.get(f"{HERE}/stream/a?b=1").json()

    assert [path for path, status in found.items() if status == 200] == [
        "/stream",
        "/stream/a",
        "/ui/",
        "/ui/x.css",
    ]
    assert set(found.values()) == {200, 404}
    assert deleted.status_code == 405
    assert (seen["path"], seen["query"]) == ("/stream/a", "b=1")


def talk(running: Running, sent: bytes) -> list[tuple[int, bytes]]:
    """Send what no proper client would, and return every answer until the connection ends."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as caller:
        caller.sendall(sent)
        answers = []
        stream = caller.makefile("rb")
        while line := stream.readline():
            answer = http.client.HTTPResponse(_Replayed(line, stream))  # type: ignore[arg-type]
            answer.begin()
            answers.append((answer.status, answer.read()))
        return answers


class _Replayed:
    """A file whose first line was read already."""

    def __init__(self, line: bytes, stream: Any) -> None:
        self._line, self._stream = line, stream

    def makefile(self, mode: str) -> _Replayed:
        return self

    def readline(self, limit: int = -1) -> bytes:
        line, self._line = self._line, b""
        return line or bytes(self._stream.readline(limit))

    def read(self, size: int = -1) -> bytes:
        return bytes(self._stream.read(size))

    def flush(self) -> None: ...

    def close(self) -> None: ...


HEAD = b"POST /p/flights/7/predict HTTP/1.1\r\nHost: 127.0.0.1\r\n"
INNER = b"GET /p/flights/7/readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + INNER, id="both"),
        pytest.param(
            b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" + INNER, id="both, turned"
        ),
        pytest.param(b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + INNER, id="two lengths"),
        pytest.param(b"Content-Length: 0, 5\r\n\r\n" + INNER, id="list"),
        pytest.param(b"Content-Length: +5\r\n\r\nhello" + INNER, id="plus"),
        pytest.param(b"Content-Length: -5\r\n\r\n" + INNER, id="minus"),
        pytest.param(b"Content-Length: 0x5\r\n\r\nhello" + INNER, id="hexadecimal"),
        pytest.param(b"Content-Length: \r\n\r\n" + INNER, id="empty"),
        pytest.param(b"Content-Length: 99999999999999999999999\r\n\r\n" + INNER, id="huge"),
        pytest.param(b"Content-Length : 5\r\n\r\nhello" + INNER, id="space"),
        pytest.param(b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + INNER, id="gzip"),
        pytest.param(b"Transfer-Encoding: identity\r\n\r\n" + INNER, id="identity"),
        pytest.param(
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + INNER, id="two codings"
        ),
        pytest.param(b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + INNER, id="vertical tab"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + INNER, id="no size"),
        pytest.param(b"Host: evil.example\r\n\r\n" + INNER, id="two hosts"),
        pytest.param(b" folded: 1\r\n\r\n" + INNER, id="folded"),
        pytest.param(b"A\x00B: 1\r\n\r\n" + INNER, id="null"),
    ],
)
def test_no_request_hides_in_another(gateway: Running, sent: bytes) -> None:
    """What two servers could take for one request or for two is refused, and its connection ends (threat 4)."""
    answers = talk(gateway, HEAD + sent)

    assert [status for status, _ in answers] == [400]
    assert set(json.loads(answers[0][1])) == {"error", "detail"}


def test_requests_one_after_the_other(gateway: Running) -> None:
    """Requests that come in one piece are answered in their order, on one connection; chunks pass as they are."""
    chunked = b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    last = b"Connection: close\r\nContent-Length: 2\r\n\r\nhi"

    answers = talk(gateway, HEAD + chunked + INNER + HEAD + last)

    assert [status for status, _ in answers] == [200, 200, 200]
    assert [json.loads(body)["body"] for _, body in answers] == ["hello", "", "hi"]


@pytest.mark.parametrize("head", [b"X: " + b"a" * 200_000, b"X: 1\r\n" * 40_000], ids=["long", "many"])
def test_a_head_has_a_largest_size(gateway: Running, head: bytes) -> None:
    """A head that goes on is refused before it is whole."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as caller:
        with suppress(ConnectionError):
            caller.sendall(HEAD + head)
        with suppress(ConnectionError):
            assert caller.recv(12) in (b"HTTP/1.1 400", b"")


class Hasty(Connection):
    head_seconds = 0.1


@pytest.mark.parametrize("sent", [b"", HEAD, INNER + HEAD], ids=["nothing", "half", "after another"])
def test_a_head_has_a_time_to_arrive(sent: bytes) -> None:
    """A connection on which no request comes to its end is closed."""
    with (
        gateway_before(protocol=Hasty) as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=20) as caller,
    ):
        caller.sendall(sent)
        while caller.recv(65_536):
            pass


UPGRADE = b"Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\n" + UPGRADE + b"Content-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\n" + UPGRADE + b"\r\n",
        b"GET / HTTP/1.1\r\n" + UPGRADE + b"Content-Length: 3\r\n\r\nabc",
        b"GET / HTTP/1.1\r\n" + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + UPGRADE + b"\r\n",
        b"GET / HTTP/1.0\r\n" + UPGRADE + b"\r\n",
    ],
    ids=["POST with a body", "POST", "body", "chunks", "no key", "old"],
)
def test_a_malformed_upgrade_ends(sent: bytes) -> None:
    """What asks for a WebSocket and can open none is refused, its connection ends, and so does the server."""
    with (
        gateway_before() as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=20) as caller,
    ):
        caller.sendall(sent)
        said = b""
        while piece := caller.recv(65_536):
            said += piece

    assert said.startswith(b"HTTP/1.1 4")


class Small(Connection):
    most = 2


def test_connections_have_a_largest_number() -> None:
    """More connections than that are told so and ended; when one of the others ends there is room again."""
    with gateway_before(protocol=Small) as running:
        address = ("127.0.0.1", running.port)
        with (
            socket.create_connection(address, timeout=20) as first,
            socket.create_connection(address, timeout=20),
        ):
            first.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert first.recv(12) == b"HTTP/1.1 200"
            with socket.create_connection(address, timeout=20) as third:
                assert third.recv(12) == b"HTTP/1.1 503"

        def answers() -> bool:
            with running.client() as client, suppress(httpx.TransportError):
                return client.get("/openapi.json").status_code == 200
            return False

        await_true(answers)


# Bodies and answers as streams.


@pytest.mark.parametrize("known", [True, False], ids=["with its length", "in chunks"])
def test_a_request_has_a_largest_size(client: httpx.Client, known: bool) -> None:
    """More than 16 MiB is refused, whether or not the request says so beforehand (threat 15)."""
    chunk = b" " * 2**20
    content = chunk * 17 if known else (chunk for _ in range(17))

    answer = client.post(f"{HERE}/predict", content=content)

    assert answer.status_code == 413, answer.text
    assert set(answer.json()) == {"error", "detail"}


@pytest.mark.parametrize("known", [True, False], ids=["with its length", "in chunks"])
def test_a_large_request_passes(client: httpx.Client, known: bool) -> None:
    """One of 15 MiB comes whole, with its length where it had one."""
    chunk = b"a" * 2**20
    content = chunk * 15 if known else (chunk for _ in range(15))

    seen = client.post(f"{HERE}/predict", content=content).json()

    assert seen["size"] == 15 * 2**20
    assert ("content-length" in dict(seen["headers"])) is known


class Slow:
    """A preview that takes the body piece by piece and answers with a piece for each, until it is told to go on."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.ended = False
        self.left = threading.Event()
        self.sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream/endless":
            await asyncio.gather(self._flood(send), self._watch(receive))
            return
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            self.got.append(message["body"])
            self.ended = not message.get("more_body", False)
            await send({"type": "http.response.body", "body": message["body"].upper(), "more_body": True})
            if not message.get("more_body") and scope["path"] == "/predict":
                await send({"type": "http.response.body", "body": b""})
                return

    async def _flood(self, send: Send) -> None:
        while not self.left.is_set():
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
            self.sent += 65_536
            await asyncio.sleep(0)

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left.set()


def open_stream(running: Running, head: bytes) -> socket.socket:
    caller = socket.create_connection(("127.0.0.1", running.port), timeout=20)
    caller.sendall(head)
    return caller


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def test_both_ways_are_streams() -> None:
    """Each piece of a request reaches the preview, and each piece of its answer the caller, before there is more."""
    preview = Slow()
    with gateway_before(preview) as running, open_stream(running, CHUNKED) as caller:
        for number in range(3):
            caller.sendall(b"3\r\nab%d\r\n" % number)
            seen = b""
            while b"AB%d" % number not in seen:
                piece = caller.recv(65_536)
                assert piece
                seen += piece
            assert len(preview.got) == number + 1


@pytest.mark.parametrize("path", [b"/stream/quiet", b"/stream/endless", b"/stream/body"])
def test_who_leaves_is_not_worked_for(path: bytes) -> None:
    """When the caller goes, the preview sees it go, whether it waits or is in the midst of its answer."""
    preview = Slow()
    head = b"POST /p/flights/7%b HTTP/1.1\r\nHost: 127.0.0.1\r\n" % path
    head += b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n" if path.endswith(b"body") else b"\r\n"
    with gateway_before(preview, routes=["/stream"]) as running:
        with open_stream(running, head) as caller:
            assert caller.recv(12) == b"HTTP/1.1 200"
            assert running.stand.open_visits == 1
            if path.endswith(b"body"):
                caller.sendall(b"0\r\n\r\n")
                await_true(lambda: preview.ended)
        assert preview.left.wait(10)
        await_true(lambda: running.stand.open_visits == 0)


def test_who_breaks_off_a_request_is_not_worked_for() -> None:
    """So it is for one who leaves while its request comes."""
    preview = Slow()
    with gateway_before(preview) as running:
        with open_stream(running, CHUNKED + b"3\r\nabc\r\n"):
            await_true(lambda: preview.got == [b"abc"])
        assert preview.left.wait(10)
        await_true(lambda: running.stand.open_visits == 0)


def test_who_does_not_read_holds_it_back() -> None:
    """Of an answer without end that nobody reads, little is fetched: buffers fill, and nothing else does (15)."""
    preview = Slow()
    head = b"GET /p/flights/7/stream/endless HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with gateway_before(preview, routes=["/stream"]) as running, open_stream(running, head):
        before = -1
        while preview.sent > before or before <= 0:
            before = preview.sent
            threading.Event().wait(0.2)  # there is nothing to wait for but that nothing happens
        assert before < 32 * 2**20


@pytest.mark.parametrize(
    ("bounds", "sent", "status"),
    [
        (Bounds(body_idle=0.1), CHUNKED + b"3\r\nabc\r\n", 408),
        (Bounds(body_idle=0.1), CHUNKED, 408),
        (Bounds(answer_idle=0.1), INNER.replace(b"readyz", b"stream"), 504),
        (Bounds(whole=0.1), INNER.replace(b"readyz", b"stream"), 504),
    ],
    ids=["between pieces", "before the first", "answer", "whole"],
)
def test_nothing_takes_for_ever(bounds: Bounds, sent: bytes, status: int) -> None:
    """A body that stops, and an answer that does not come, are given up, in the one shape of errors (threat 15)."""

    async def mute(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    limits = GatewayLimits(bounds=bounds)
    with (
        gateway_before(mute, limits=limits, routes=["/stream"]) as running,
        open_stream(running, sent) as caller,
    ):
        answer = http.client.HTTPResponse(caller)
        answer.begin()

        assert answer.status == status
        assert set(json.loads(answer.read())) == {"error", "detail"}
        await_true(lambda: running.stand.open_visits == 0)


def speaking(said: bytes) -> Serving:
    """Return what answers every connection with these bytes and closes it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(said)
            await writer.drain()
        writer.close()

    async def serve(path: Path) -> asyncio.Server:
        return await asyncio.start_unix_server(answer, path)

    return serve


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
    ],
    ids=["nothing", "no HTTP", "no status", "another protocol", "no length", "long", "two lengths"],
)
def test_a_preview_that_speaks_no_http(said: bytes) -> None:
    """Whatever a candidate sends, its asker gets an answer in the one shape of errors."""
    with gateway_before(raw=speaking(said)) as running, running.client() as client:
        answer = client.get(f"{HERE}/readyz")

    assert answer.status_code == 502
    assert set(answer.json()) == {"error", "detail"}


def flooding(head: bytes, piece: bytes) -> Serving:
    """Return a preview that answers with *head*, and with *piece* for as long as anybody takes it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head)
            while True:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    async def serve(path: Path) -> asyncio.Server:
        return await asyncio.start_unix_server(answer, path)

    return serve


INTERIM = b"HTTP/1.1 102 Processing\r\n\r\n"
OKAY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize("piece", [INTERIM, INTERIM * 5000], ids=["one by one", "many"])
def test_interim_answers_have_an_end(piece: bytes) -> None:
    """A preview that never comes to its answer is left, and its asker is told."""
    with gateway_before(raw=flooding(b"", piece)) as running, running.client() as client:
        answer = client.get(f"{HERE}/readyz")

    assert answer.status_code == 502
    assert set(answer.json()) == {"error", "detail"}


def test_a_few_interim_answers_pass_unseen() -> None:
    """Some before the answer are in order, for each request anew."""
    with gateway_before(raw=speaking(INTERIM * 8 + OKAY)) as running, running.client() as client:
        assert [client.get(f"{HERE}/readyz").text for _ in range(3)] == ["ok"] * 3


def test_an_answer_of_single_bytes_passes() -> None:
    """An answer in chunks of one byte without end is passed on, and does not keep others from theirs."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with gateway_before(raw=flooding(head, b"1\r\na\r\n" * 1000)) as running, running.client() as client:
        with client.stream("GET", f"{HERE}/readyz") as answer:
            assert set(next(answer.iter_raw())) == set(b"a")
            with running.client() as other:
                assert other.get("/openapi.json").status_code == 200
        await_true(lambda: running.stand.open_visits == 0)


def test_an_answer_that_ends_too_early() -> None:
    """An answer that is cut short is cut short for its asker too, and not made whole."""
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
    with gateway_before(raw=speaking(said)) as running, running.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(f"{HERE}/readyz")
        await_true(lambda: running.stand.open_visits == 0)


def test_a_header_that_is_none() -> None:
    """A header of the preview's that would break the answer apart is left out."""
    said = b"HTTP/1.1 200 OK\r\nX-Odd: a\x01b\r\nX_Under: 1\r\nX-Own: \xe9\r\nContent-Length: 2\r\n\r\nok"
    with gateway_before(raw=speaking(said)) as running, running.client() as client:
        answer = client.get(f"{HERE}/readyz")

    if answer.status_code == 200:
        assert answer.text == "ok"
        assert "X-Odd" not in answer.headers
        assert "X_Under" not in answer.headers
    else:
        assert answer.status_code == 502


# WebSockets.


async def converse(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept below /ws, say what the handshake held, echo, and close as one is told."""
    assert (await receive())["type"] == "websocket.connect"
    if scope["path"] != "/ws/echo":
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept", "subprotocol": next(iter(scope["subprotocols"]), None)})
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    await send({"type": "websocket.send", "text": json.dumps([scope["query_string"].decode(), headers])})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "close":
            await send({"type": "websocket.close", "code": 4001, "reason": "as you say"})
            return
        await send({**message, "type": "websocket.send"})
    LEFT.append(message["code"])


LEFT: list[int] = []


@pytest.fixture(scope="module")
def channels() -> Iterator[Running]:
    limits = GatewayLimits(channel_idle=20, crowd=2)
    with gateway_before(converse, routes=["/ws"], limits=limits) as running:
        yield running


def test_a_websocket_passes(channels: Running) -> None:
    """Texts and bytes pass both ways, with query and subprotocol and without what is private, until one side closes."""
    address = f"{channels.address}{HERE}/ws/echo?a=1"
    headers = {"Cookie": "session=1", "X-Forwarded-User": "eve", "X-Own": "kept"}

    with channels.client() as client:
        ws: WebSocketSession
        with connect_ws(address, client, subprotocols=["v2", "v1"], headers=headers) as ws:
            query, came = json.loads(ws.receive_text(timeout=20))
            assert ws.subprotocol == "v2"
            assert channels.stand.open_visits == 1
            ws.send_text("grüß")
            assert ws.receive_text(timeout=20) == "grüß"
            ws.send_bytes(b"\x00\xff" * 100_000)
            assert ws.receive_bytes(timeout=20) == b"\x00\xff" * 100_000
            ws.send_text("close")
            with pytest.raises(WebSocketDisconnect) as closed:
                ws.receive_text(timeout=20)
        await_true(lambda: channels.stand.open_visits == 0)

    assert query == "a=1"
    assert came["x-own"] == "kept"
    assert not {"cookie", "x-forwarded-user", "origin"} & set(came)
    assert (closed.value.code, closed.value.reason) == (4001, "as you say")


def test_who_closes_a_websocket_is_heard(channels: Running) -> None:
    """A caller's own code reaches the preview, and one that vanishes is gone there too."""
    ws: WebSocketSession
    LEFT.clear()
    with channels.client() as client:
        with connect_ws(f"{channels.address}{HERE}/ws/echo", client) as ws:
            ws.receive_text(timeout=20)
            ws.close(4002)
        await_true(lambda: LEFT == [4002])
    await_true(lambda: channels.stand.open_visits == 0)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"{HERE}/ws/none", {}, 404),
        (f"{HERE}/other", {}, 404),
        (f"{HERE}/predict", {}, 404),
        ("/openapi.json", {}, 404),
        (f"{HERE}/", {}, 404),
        (f"{HERE}/ws/echo", {"Origin": "https://evil.example"}, 403),
        (f"{HERE}/ws/echo", {"Origin": "null"}, 403),
        (f"{HERE}/ws/echo", {"Host": "evil.example"}, 421),
    ],
)
def test_a_websocket_is_refused(channels: Running, path: str, headers: dict[str, str], status: int) -> None:
    """A WebSocket is opened on a preview's own routes alone, and for no other site's page (threat 17)."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    with channels.client() as client:
        answer = client.get(path, headers={**upgrade, **key, **headers})

    assert answer.status_code == status
    assert set(answer.json()) == {"error", "detail"}


def test_a_silent_websocket_is_closed() -> None:
    """A WebSocket on which nothing is said for too long ends, so that it keeps no preview awake for ever."""
    ws: WebSocketSession
    with (
        gateway_before(converse, routes=["/ws"], limits=GatewayLimits(channel_idle=0.1)) as running,
        running.client() as client,
        connect_ws(f"{running.address}{HERE}/ws/echo", client) as ws,
    ):
        ws.receive_text(timeout=20)
        with pytest.raises(WebSocketDisconnect) as closed:
            ws.receive_text(timeout=20)
        await_true(lambda: running.stand.open_visits == 0)

    assert closed.value.code == 1001
