from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from httpx_ws import WebSocketUpgradeError, connect_ws

from greenroom_pipeline.forge.registration import write_registration
from tests.portal.front_process import PATIENCE, Front, start_front
from tests.signed_events import make_event, make_registration


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("front")
    # Registered on GitHub, so that it has a public name.
    write_registration(folder / ".greenroom", make_registration())
    with start_front("passing", folder=folder) as started:
        yield started


def open_socket(front: str, **headers: str) -> None:
    address = front.replace("http", "ws", 1) + "/_stcore/stream"
    with connect_ws(address, headers=headers, subprotocols=["streamlit"]):
        pass


def ask_as_is(address: str, target: str, *, version: str = "HTTP/1.1") -> tuple[int, bytes]:
    """Return status and body for a target that no client has tidied up."""
    here = urlsplit(address)
    with socket.create_connection((str(here.hostname), here.port or 0), timeout=PATIENCE) as connection:
        connection.sendall(
            f"GET {target} {version}\r\nHost: {here.netloc}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read()


def test_front_answers_health(front: Front) -> None:
    """A front on a free port writes its address and answers there with JSON."""
    answer = httpx.get(f"{front.address}/api/health")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/api/nothing", 404),
        ("GET", "/api/", 404),
        ("GET", "/api", 404),
        ("POST", "/api", 404),
        ("DELETE", "/api/health", 405),
        ("OPTIONS", "/api/health", 405),
    ],
)
def test_unknown_api_address_is_a_json_error(front: Front, method: str, path: str, status: int) -> None:
    """Whatever the API does not know is an error in the one shape, never the portal's page."""
    answer = httpx.request(method, f"{front.address}{path}")

    assert answer.status_code == status
    assert answer.json() == {"error": f"There is no {method} {answer.url.path}.", "detail": []}


def test_no_path_below_the_api_is_the_portals(front: Front) -> None:
    """A path with line breaks, where a route's pattern may end, is the API's as well."""
    for path in ("/api/projects/a%0Ab/pulls/7/bundle", "/api/%0A", "/api/x%0Ay"):
        answer = httpx.put(f"{front.address}{path}")
        assert answer.status_code in (401, 404), path
        assert set(answer.json()) == {"error", "detail"}
        assert "\n" not in answer.json()["error"]


def test_portal_is_served_at_deep_links(front: Front) -> None:
    """The portal's page answers at the root and at a review's own address."""
    for path in ("/", "/review?project=flight-delays&pull=7"):
        answer = httpx.get(front.address + path)
        assert answer.status_code == 200
        assert '<div id="root">' in answer.text


def test_pages_are_private_and_load_nothing_from_elsewhere(front: Front) -> None:
    """Pages are kept from search engines and frames, and may only load what the front serves."""
    headers = httpx.get(front.address).headers

    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "'unsafe-inline'" not in headers["content-security-policy"].split("style-src")[0]


@pytest.mark.parametrize("path", ["/", "/api/health", "/_stcore/health"])
def test_foreign_host_is_refused(front: Front, path: str) -> None:
    """A name that is not this machine's, as DNS rebinding uses, gets nothing."""
    assert httpx.get(front.address + path, headers={"Host": "evil.example"}).status_code == 400


def test_the_api_alone_has_a_public_name(front: Front) -> None:
    """A proxy hands events and jobs on to a port of their own, where there are no pages, whatever Host it gives."""
    headers, body = make_event("ping", {})
    for host in ("Greenroom.Example.com", "127.0.0.1:8503", front.address.removeprefix("http://"), "x@y"):
        name = {"Host": host, "X-Forwarded-For": "203.0.113.9"}
        assert httpx.get(f"{front.api}/api/health", headers=name).status_code == 200
        told = httpx.post(f"{front.api}/api/github/events", headers=headers | name, content=body)
        assert told.json() == {"delivery": "dropped"}
        for path in ("/", "/review", "/_stcore/health", "/apis", "/api/../", "//api/health"):
            assert httpx.get(f"{front.api}{path}", headers=name).status_code == 404
        for target in ("/api/../review", "/api/%2e%2e/review", "/api/..%2freview"):
            status, content = ask_as_is(str(front.api), target)
            assert (status, set(json.loads(content))) == (404, {"error", "detail"}), target
        with pytest.raises(WebSocketUpgradeError):
            open_socket(str(front.api), **name)


@pytest.mark.parametrize("path", ["/", "/review", "/_stcore/health", "/api/health"])
def test_the_portal_has_no_public_name(front: Front, path: str) -> None:
    """On its own port the name is nobody's, for the API neither: no proxy leads there."""
    answer = httpx.get(front.address + path, headers={"Host": "greenroom.example.com"})

    assert answer.status_code == 400


@pytest.mark.parametrize("mark", ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-IP"])
def test_a_proxys_request_gets_no_page(front: Front, mark: str) -> None:
    """A proxy may give the Host that it asks at, as nginx and Apache do: what it adds betrays it."""
    for path in ("/review", "/_stcore/health", "/api/health"):
        assert httpx.get(front.address + path, headers={mark: "203.0.113.9"}).status_code == 400
    with pytest.raises(WebSocketUpgradeError):
        open_socket(front.address, **{mark: "203.0.113.9"})


def test_a_proxy_that_adds_nothing_gets_no_page(front: Front) -> None:
    """nginx by itself asks in HTTP/1.0, with the Host of the portal."""
    assert ask_as_is(front.address, "/review", version="HTTP/1.0")[0] == 400
    assert ask_as_is(front.address, "/review")[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "greenroom.example.com@127.0.0.1",
        "127.0.0.1#x",
        "127.0.0.1/x",
        "127.0.0.1?x",
        "127.0.0.1:x",
        "127.0.0.1:80:80",
        "[127.0.0.1",
        "",
    ],
)
def test_what_is_no_host_is_none(front: Front, host: str) -> None:
    """A Host is a name or an address with a port, and nothing around it."""
    assert httpx.get(f"{front.address}/review", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8501", "127.0.0.1", "[::1]:8501"])
def test_this_machines_names_are_answered(front: Front, host: str) -> None:
    """With any port: a tunnel has its own."""
    assert httpx.get(f"{front.address}/review", headers={"Host": host}).status_code == 200


def test_without_a_registration_there_is_no_port_for_a_proxy(tmp_path: Path) -> None:
    """Nobody calls a server that has no public name."""
    with start_front("passing", folder=tmp_path) as front:
        assert front.api is None


def test_one_port_is_not_both(tmp_path: Path) -> None:
    """The pages and what a proxy reaches cannot share a port."""
    write_registration(tmp_path, make_registration())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    ended = subprocess.run(
        [sys.executable, "-m", "greenroom_portal.front", "--port", port, "--api-port", port],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=os.environ | {"GREENROOM_HOME": str(tmp_path)},
    )

    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "use --api-port 0 for a free one" in ended.stderr


def test_a_registration_that_others_read_is_one_line(tmp_path: Path) -> None:
    """The front does not start on a private key that is no secret."""
    write_registration(tmp_path, make_registration()).chmod(0o644)
    ended = subprocess.run(
        [sys.executable, "-m", "greenroom_portal.front", "--port", "0"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=os.environ | {"GREENROOM_HOME": str(tmp_path)},
    )

    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "run `chmod 600" in ended.stderr


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9", "null", "http://["])
def test_foreign_origin_is_refused(front: Front, origin: str) -> None:
    """Another origin's page, a preview on another port included, reaches neither pages nor the socket."""
    assert httpx.get(f"{front.address}/api/health", headers={"Origin": origin}).status_code == 403
    with pytest.raises(WebSocketUpgradeError):
        open_socket(front.address, Origin=origin)


def test_own_origin_opens_the_socket(front: Front) -> None:
    """The portal's own page is let in."""
    open_socket(front.address, Origin=front.address)


def test_api_refuses_in_json(front: Front) -> None:
    """Who asks the API under a foreign name or from a foreign page gets the one shape of errors too."""
    for header, value, status in (
        ("Host", "evil.example", 400),
        ("Host", "[::1", 400),
        ("Origin", "null", 403),
    ):
        answer = httpx.get(f"{front.address}/api/health", headers={header: value})
        assert answer.status_code == status
        assert set(answer.json()) == {"error", "detail"}


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/metrics/"])
def test_metrics_are_off(front: Front, path: str) -> None:
    """Streamlit's figures on who is there are nobody's business."""
    assert httpx.get(front.address + path).status_code == 404


def test_agent_api_is_off(front: Front) -> None:
    """Streamlit's interface for agents is not on offer."""
    answer = httpx.post(f"{front.address}/_stcore/agent/interact", json={})

    assert answer.status_code in (403, 404)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_reachable_address_is_refused(host: str) -> None:
    """Without a sign-in nothing binds beyond loopback: one line, exit status 2."""
    ended = subprocess.run(
        [sys.executable, "-m", "greenroom_portal.front", "--host", host, "--port", "0"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"--host {host} is reachable from other machines" in ended.stderr


def test_taken_port_is_one_line(front: Front) -> None:
    """A port that is in use ends with a sentence that says what to do."""
    ended = subprocess.run(
        [sys.executable, "-m", "greenroom_portal.front", "--port", front.address.rpartition(":")[2]],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert ended.returncode == 2
    assert "use --port 0 for a free one" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    """SIGTERM and SIGINT end the front with status 0 and nothing on stderr."""
    with start_front("passing", folder=tmp_path) as front:
        httpx.get(f"{front.address}/api/health")
        front.process.send_signal(number)
        _, errors = front.process.communicate(timeout=PATIENCE)

        assert front.process.returncode == 0
        assert errors == ""
