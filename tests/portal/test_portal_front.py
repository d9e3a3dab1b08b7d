from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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


def open_socket(front: Front, **headers: str) -> None:
    address = front.address.replace("http", "ws", 1) + "/_stcore/stream"
    with connect_ws(address, headers=headers, subprotocols=["streamlit"]):
        pass


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
    """A proxy forwards events and jobs to it; pages stay on this machine for as long as nobody signs in."""
    public = {"Host": "Greenroom.Example.com"}
    headers, body = make_event("ping", {})

    assert httpx.get(f"{front.address}/api/health", headers=public).status_code == 200
    assert httpx.post(
        f"{front.address}/api/github/events", headers=headers | public, content=body
    ).json() == {"delivery": "dropped"}
    for path in ("/", "/review", "/_stcore/health", "/apis", "/api/../"):
        assert httpx.get(front.address + path, headers=public).status_code == 400
    with pytest.raises(WebSocketUpgradeError):
        open_socket(front, **public)


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


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9", "null"])
def test_foreign_origin_is_refused(front: Front, origin: str) -> None:
    """Another origin's page, a preview on another port included, reaches neither pages nor the socket."""
    assert httpx.get(f"{front.address}/api/health", headers={"Origin": origin}).status_code == 403
    with pytest.raises(WebSocketUpgradeError):
        open_socket(front, Origin=origin)


def test_own_origin_opens_the_socket(front: Front) -> None:
    """The portal's own page is let in."""
    open_socket(front, Origin=front.address)


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
