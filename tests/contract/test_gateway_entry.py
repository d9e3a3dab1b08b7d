"""Who may ask at the gateway, by which names, how often, and what people get to see there."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from httpx_ws import WebSocketDisconnect, WebSocketSession, connect_ws
from playwright.sync_api import Browser

from greenroom_services.errors import HostError
from greenroom_services.host.gateway import GatewayLimits
from greenroom_services.host.launch import launch_host
from greenroom_services.host.names import Entrance
from greenroom_services.host.server import listen_gateway, require_guarded
from greenroom_services.tokens import Scope, TokenStore
from tests.contract.test_gateway import converse
from tests.gateways import DIGEST, HERE, SHA, Running, gateway_before
from tests.patience import await_true

NAMED = Entrance(name="models.example.com", preview_domain="previews.example.com")
PAGE = {"Accept": "text/html,application/xhtml+xml"}


def make_token(
    store: TokenStore, *, scope: Scope = "query", project: str = "flights", slot: str = "7"
) -> tuple[str, dict[str, str]]:
    expires = datetime.now(UTC) + timedelta(hours=1)
    number, text = store.create(scope=scope, project=project, slot=slot, expires=expires)
    return number, {"Authorization": f"Bearer {text}"}


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "tokens.json")


@pytest.fixture(scope="module")
def named() -> Iterator[Running]:
    """A gateway with a public name, and names for its previews."""
    with gateway_before(entrance=NAMED) as running:
        yield running


@pytest.fixture(scope="module")
def client(named: Running) -> Iterator[httpx.Client]:
    with named.client() as client:
        yield client


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("127.0.0.1:1", f"{HERE}/readyz", 200),
        ("LOCALHOST", f"{HERE}/readyz", 200),
        ("[::1]:80", f"{HERE}/readyz", 200),
        ("models.example.com", f"{HERE}/readyz", 200),
        ("models.example.com.:443", f"{HERE}/readyz", 200),
        ("7--flights.previews.example.com", "/readyz", 200),
        ("7--Flights.Previews.example.com:80", "/readyz", 200),
        ("7--flights.previews.example.com", f"{HERE}/readyz", 404),
        ("7--flights.previews.example.com", "/openapi.json", 404),
        ("9--flights.previews.example.com", "/readyz", 404),
        ("flights.previews.example.com", "/readyz", 404),
        ("main--flights.previews.example.com", "/readyz", 404),
        ("previews.example.com", f"{HERE}/readyz", 421),
        ("a.7--flights.previews.example.com", "/readyz", 421),
        ("evil.example", f"{HERE}/readyz", 421),
        ("models.example.com.evil.example", f"{HERE}/readyz", 421),
        ("127.0.0.1.evil.example", f"{HERE}/readyz", 421),
        ("[::1", f"{HERE}/readyz", 400),
        ("a b", f"{HERE}/readyz", 400),
        ("user@127.0.0.1", f"{HERE}/readyz", 400),
        ("", f"{HERE}/readyz", 400),
    ],
)
def test_a_name_is_known_or_not(client: httpx.Client, host: str, path: str, status: int) -> None:
    """The gateway answers to its own names and its previews', so that nobody rebinds one to it (threats 7, 16)."""
    answer = client.get(path, headers={"Host": host})

    assert answer.status_code == status
    if status != 200:
        assert set(answer.json()) == {"error", "detail"}


FOLLOWED = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("GET", {"Sec-Fetch-Site": "none"}, 200),
        ("GET", {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1"}, 200),
        ("GET", FOLLOWED, 200),
        ("GET", {**FOLLOWED, "Sec-Fetch-Dest": "iframe"}, 403),
        ("POST", FOLLOWED, 403),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403),
        ("GET", {"Origin": "http://127.0.0.1:8501"}, 403),
        ("POST", {"Origin": "https://evil.example"}, 403),
        ("POST", {"Origin": "null"}, 403),
        ("OPTIONS", {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}, 403),
    ],
)
def test_no_other_sites_page_asks(
    client: httpx.Client, method: str, headers: dict[str, str], status: int
) -> None:
    """A page that a browser shows cannot query a gateway on loopback; a link to it may be followed (threat 17)."""
    path = "predict" if method == "POST" else "readyz"

    answer = client.request(method, f"{HERE}/{path}", headers={"Host": "127.0.0.1", **headers})

    assert answer.status_code == status


def test_a_browser_keeps_pages_out(browser: Browser, named: Running) -> None:
    """A page of another origin gets no answer, and a preview's own page runs nothing, in a real browser (17)."""
    with gateway_before() as other:
        page = browser.new_page()
        page.goto(f"{other.address}/openapi.json")
        before = named.stand.visits
        outcome = page.evaluate(
            "address => fetch(address, {method: 'POST', mode: 'no-cors', body: '{}'})"
            ".then(answer => answer.type, error => 'refused')",
            f"{named.address}{HERE}/predict",
        )
        page.goto(f"{named.address}{HERE}/docs.json")
        origin = page.evaluate("() => window.origin")
        page.close()

    assert outcome in ("opaque", "refused")
    assert named.stand.visits == before + 1  # the page that was gone to
    assert origin == "null"


@pytest.mark.parametrize(
    ("scope", "project", "slot", "status"),
    [
        ("query", "flights", "7", 200),
        ("query", "flights", "*", 200),
        ("query", "*", "*", 200),
        ("query", "flights", "8", 401),
        ("query", "churn", "*", 401),
        ("deploy", "*", "*", 401),
    ],
)
def test_a_token_opens_what_it_is_for(
    store: TokenStore, scope: Scope, project: str, slot: str, status: int
) -> None:
    """Beyond loopback a token for this preview is needed, and it is not passed on (threats 6, 16)."""
    _, headers = make_token(store, scope=scope, project=project, slot=slot)
    with gateway_before(tokens=store) as running, running.client() as client:
        answer = client.post(f"{HERE}/predict", headers=headers)

    assert answer.status_code == status
    if status == 200:
        assert "authorization" not in dict(answer.json()["headers"])
    else:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert running.stand.visits == 0


def test_a_revoked_token_is_refused_at_once(store: TokenStore, tmp_path: Path) -> None:
    """What is made or revoked elsewhere counts for the next request of a gateway that runs (threat 6)."""
    with gateway_before(tokens=TokenStore(tmp_path / "tokens.json")) as running, running.client() as client:
        number, headers = make_token(store)
        assert client.get(f"{HERE}/readyz", headers=headers).status_code == 200
        store.revoke(number)
        assert client.get(f"{HERE}/readyz", headers=headers).status_code == 401


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_websocket_ends_with_its_token(tmp_path: Path, how: str) -> None:
    """A WebSocket that is open is closed when its token is revoked or expires, and not before (threat 6)."""
    clock = [datetime.now(UTC)]
    store = TokenStore(tmp_path / "tokens.json", now=lambda: clock[0])
    number, headers = make_token(store)
    ws: WebSocketSession
    with (
        gateway_before(converse, routes=["/ws"], tokens=store, limits=GatewayLimits(recheck=0.01)) as running,
        running.client() as client,
        connect_ws(f"{running.address}{HERE}/ws/echo", client, headers=headers) as ws,
    ):
        ws.receive_text(timeout=20)
        ws.send_text("still")
        assert ws.receive_text(timeout=20) == "still"
        if how == "revoked":
            TokenStore(tmp_path / "tokens.json").revoke(number)
        else:
            clock[0] += timedelta(hours=2)
        with pytest.raises(WebSocketDisconnect) as closed:
            ws.receive_text(timeout=20)
        await_true(lambda: running.stand.open_visits == 0)

    assert closed.value.code == 1008


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bearer",
        b"Bearer x",
        b"Basic eDp4",
        b"Bearer \xe9",
        b"Bearer grt_" + b"a" * 60_000,
        b"grt_x",
    ],
)
def test_a_malformed_authorization(store: TokenStore, value: bytes) -> None:
    """Whatever stands in the header, who has no token gets 401 and the one shape of errors (threat 6)."""
    with gateway_before(tokens=store) as running, running.client() as client:
        answer = client.get(f"{HERE}/readyz", headers={b"Authorization": value})

    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "detail"}


def test_a_token_has_a_pace(store: TokenStore) -> None:
    """A token that asks too often is told when to come again, and another one is not held back by it (threat 15)."""
    (_, eager), (_, other) = make_token(store), make_token(store)
    with (
        gateway_before(tokens=store, limits=GatewayLimits(rate=0.01, burst=3)) as running,
        running.client() as client,
    ):
        statuses = [client.get(f"{HERE}/readyz", headers=eager).status_code for _ in range(4)]
        refused = client.get(f"{HERE}/readyz", headers=eager)
        unhurt = client.get(f"{HERE}/readyz", headers=other)

    assert statuses == [200, 200, 200, 429]
    assert 1 <= int(refused.headers["Retry-After"]) <= 101
    assert unhurt.status_code == 200


def test_programs_are_held_while_it_wakes() -> None:
    """Requests to a preview that sleeps wait for it and are answered then; each more than may wait is told (15)."""
    limits = GatewayLimits(crowd=4)
    with (
        gateway_before(limits=limits) as running,
        running.client() as client,
        ThreadPoolExecutor(4) as pool,
    ):
        running.stand.state_name = "asleep"
        asking = [pool.submit(client.get, f"{HERE}/readyz") for _ in range(4)]
        await_true(lambda: running.stand.visits == 4)
        refused = client.get(f"{HERE}/readyz")
        running.stand.woken.set()
        answered = [each.result().status_code for each in asking]

    assert answered == [200] * 4
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "2"


def test_patience_ends() -> None:
    """A preview that does not wake in time is 503 with Retry-After, and one that failed says so with its log."""
    with gateway_before(limits=GatewayLimits(patience=0.05)) as running, running.client() as client:
        running.stand.state_name = "asleep"
        late = client.get(f"{HERE}/readyz")
        running.stand.state_name, running.stand.log = "failed", "out of memory"
        failed = client.get(f"{HERE}/readyz")

    assert (late.status_code, late.headers["Retry-After"]) == (503, "2")
    assert failed.status_code == 502
    assert failed.json()["detail"] == [{"log": "out of memory"}]


def test_the_page_for_people(named: Running, client: httpx.Client) -> None:
    """Its page says which model and commit answers and how to ask it, and holds no script and nobody's markup."""
    answer = client.get(f"{HERE}/", headers=PAGE)

    assert answer.status_code == 200
    assert "v&lt;1&gt;" in answer.text
    assert DIGEST in answer.text
    assert SHA in answer.text
    assert f"{named.address}{HERE}/predict" in answer.text
    assert 'href="docs.json"' in answer.text
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert client.head(f"{HERE}/", headers=PAGE).content == b""


def test_the_page_by_other_ways(client: httpx.Client) -> None:
    """Without its slash it is elsewhere; by a preview's own name it is at the root; a program is told what to ask."""
    host = {"Host": "7--flights.previews.example.com"}

    assert client.get(HERE, headers=PAGE).headers["Location"] == f"{HERE}/"
    assert "curl" in client.get("/", headers={**PAGE, **host}).text
    assert client.get(f"{HERE}/").status_code == 404
    assert client.post(f"{HERE}/", headers=PAGE).status_code == 405
    assert client.get("/p/flights/9/", headers=PAGE).status_code == 404


def test_a_page_that_waits(browser: Browser) -> None:
    """A person who comes to a preview that sleeps sees that it wakes, and soon, without a click, that it answers."""
    with gateway_before() as running:
        running.stand.state_name = "asleep"
        page = browser.new_page(viewport={"width": 400, "height": 700})
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.goto(f"{running.address}{HERE}/")
        assert page.get_by_role("heading", name="waking up").is_visible()
        running.stand.woken.set()
        page.get_by_role("heading", name="This preview answers").wait_for(timeout=15_000)
        width = page.evaluate("document.documentElement.scrollWidth")
        page.close()

    assert width <= 400
    assert problems == []


def test_a_page_that_failed() -> None:
    """The page of a preview that failed holds its last log lines as text, whatever they are (threat 12)."""
    with gateway_before() as running, running.client() as client:
        running.stand.state_name = "failed"
        running.stand.log = (
            "\n".join(f"line {number}" for number in range(100)) + "\n<img src=x onerror=alert(1)>"
        )
        answer = client.get(f"{HERE}/", headers=PAGE)

    assert answer.status_code == 502
    assert "&lt;img src=x onerror=alert(1)&gt;" in answer.text
    assert "<img" not in answer.text
    assert "line 99" in answer.text
    assert "line 1\n" not in answer.text


@pytest.mark.parametrize(
    ("entrance", "reason"),
    [
        (Entrance(host="0.0.0.0"), "has no name there; give --gateway-name or --preview-domain"),
        (Entrance(host="::"), "has no name there"),
        (
            Entrance(host="0.0.0.0", name="models.example.com"),
            "nobody has a token; make one with `greenroom token",
        ),
        (
            Entrance(name="https://models.example.com"),
            "--gateway-name 'https://models.example.com' is no host name",
        ),
        (Entrance(preview_domain="previews_"), "--preview-domain 'previews_' is no host name"),
        (Entrance(host="192.0.2.1", name="a.example"), "nobody has a token"),
    ],
)
def test_nothing_is_open_to_all(store: TokenStore, entrance: Entrance, reason: str) -> None:
    """A gateway that others would reach without name or token is refused, and why is said in a line (threat 16)."""
    with pytest.raises(HostError) as caught:
        require_guarded(entrance, None if entrance.loopback else store)

    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_open_gateway_does_not_start(tmp_path: Path) -> None:
    """So it is with a host: it ends, and its starter is told; its folder is its user's alone."""
    with pytest.raises(HostError, match=r"did not start: --gateway-host 0\.0\.0\.0 is reachable from other"):
        launch_host(tmp_path / "host", cache=tmp_path / "cache", entrance=Entrance(host="0.0.0.0"))

    assert stat.S_IMODE((tmp_path / "host").stat().st_mode) == 0o700


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_guarded_gateway_starts(tmp_path: Path) -> None:
    """With a name and a token it listens on every address, and asks for the token on loopback, too (threat 16)."""
    _, headers = make_token(TokenStore(tmp_path / "host" / "tokens.json"), project="*", slot="*")
    port = find_port()
    entrance = Entrance(host="0.0.0.0", port=port, name="models.example.com")
    host = launch_host(tmp_path / "host", cache=tmp_path / "cache", entrance=entrance)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            without = client.get(f"{HERE}/readyz")
            with_it = client.get(f"{HERE}/readyz", headers=headers)
            document = client.get("/openapi.json").json()
    finally:
        host.stop()

    assert host.endpoints.gateway == "https://models.example.com"
    assert (without.status_code, with_it.status_code) == (401, 404)
    assert document["security"] == [{"token": []}]


def test_a_taken_gateway_port_is_one_line() -> None:
    """A port that another has is told with what to pass instead."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(HostError, match=f"port {port} .* pass --gateway-port 0 for a free one"):
            listen_gateway(Entrance(port=port))


@pytest.mark.parametrize(
    ("entrance", "told", "reached"),
    [
        (Entrance(), "http://127.0.0.1:8502", "http://127.0.0.1:8502"),
        (Entrance(host="::1"), "http://[::1]:8502", "http://[::1]:8502"),
        (Entrance("0.0.0.0", name="models.example.com"), "https://models.example.com", "http://0.0.0.0:8502"),
    ],
)
def test_where_a_proxy_must_reach_it(entrance: Entrance, told: str, reached: str) -> None:
    """The address that programs are told, and where the gateway listens, are one without a public name."""
    assert (entrance.address(8502), entrance.listens(8502)) == (told, reached)


def test_a_path_that_a_preview_has_not_wakes_nothing() -> None:
    """What the bundle's routes do not name is refused while the preview sleeps, and it goes on sleeping."""
    with gateway_before(routes=["/ui"]) as running, running.client() as client:
        running.stand.state_name = "asleep"
        answers = [client.get(f"{HERE}/{path}") for path in ("wp-login.php", "uix", "ui/../x%2e")]

        assert [answer.status_code for answer in answers] == [404, 404, 404]
        assert running.stand.visits == 0


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 404),
        ("GET", HERE, {}, 404),
        ("GET", f"{HERE}/nothing", {}, 404),
        ("GET", "/p/flights/8/readyz", {}, 404),
        ("GET", f"{HERE}/predict", {}, 405),
        ("POST", f"{HERE}/predict", {"Content-Type": "application/vnd.bentoml+pickle"}, 415),
        ("GET", f"{HERE}/readyz", {"Host": "elsewhere.example"}, 421),
        ("GET", f"{HERE}/readyz", {"Host": "a b"}, 400),
        ("GET", f"{HERE}/readyz", {"Origin": "https://elsewhere.example"}, 403),
        ("OPTIONS", f"{HERE}/predict", {}, 204),
    ],
)
def test_no_answer_is_listed(
    client: httpx.Client, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Search engines are told on every refusal, too, that it is nothing for them."""
    answer = client.request(method, path, headers=headers)

    assert (answer.status_code, answer.headers.get_list("x-robots-tag")) == (status, ["noindex"])


def test_no_refusal_of_a_token_or_a_preview_is_listed(store: TokenStore) -> None:
    """Nor are the answers to who has no token or asks too often, and of a preview that failed or is busy."""
    _, bearer = make_token(store)
    with (
        gateway_before(tokens=store, limits=GatewayLimits(rate=0.01, burst=2)) as running,
        running.client() as client,
    ):
        running.stand.state_name = "failed"
        answers = [client.get(f"{HERE}/readyz", headers=headers) for headers in ({}, bearer, bearer, bearer)]

    assert [answer.status_code for answer in answers] == [401, 502, 502, 429]
    assert all(answer.headers.get_list("x-robots-tag") == ["noindex"] for answer in answers)


def test_metrics_are_for_this_machine_alone(client: httpx.Client, store: TokenStore) -> None:
    """Prometheus scrapes a gateway on loopback by its address; by a public name, or beyond loopback, nobody does."""
    near = client.get("/metrics")
    named = client.get("/metrics", headers={"Host": "models.example.com"})
    make_token(store)
    with (
        gateway_before(entrance=Entrance("0.0.0.0", name="models.example.com"), tokens=store) as running,
        running.client() as other,
    ):
        beyond = other.get("/metrics")

    assert (near.status_code, near.text) == (200, "greenroom_stored_bytes 1\n")
    assert near.headers["content-type"].startswith("text/plain; version=")
    assert (named.status_code, beyond.status_code) == (404, 404)
