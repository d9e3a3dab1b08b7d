from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, NamedTuple

import pytest

from greenroom_portal.snippets import needs_token, write_address, write_curl, write_python
from tests.portal.desk_in_memory import HOSTILE

ROWS: dict[str, dict[str, Any]] = {
    "plain": {"distance": 870, "wind": 9.25, "weekend": False, "note": None},
    "quotes": {"it's": "a 'quoted' \"text\"", '"': "'; touch /tmp/owned; '", "$HOME": "$(id) `id` !!"},
    "lines": {"note": "first\nsecond\r\n\tthird\\n", "nul": "a\x00b\x1b[31m"},
    "unicode": {"größe": "日本 🚀 \u202eabc\u2066", "\ufeff": "\u2028"},
    "hostile": {HOSTILE: HOSTILE, "-d": "@/etc/passwd", "--": "%0a"},
    "numbers": {"large": 2**63, "small": 5e-324, "negative": -0.0},
}


class Received(NamedTuple):
    address: str
    requests: list[tuple[str, str | None, Any]]


@pytest.fixture
def server() -> Iterator[Received]:
    """A real HTTP server that keeps path, token and document of what it is asked."""
    requests: list[tuple[str, str | None, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/json"
            requests.append((self.path, self.headers["Authorization"], json.loads(body)))
            answer = b'{"predictions": ["1"]}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: Any) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Handler) as started:
        thread = Thread(target=started.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Received(f"http://127.0.0.1:{started.server_port}/p/flight-delays/7", requests)
        started.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ROWS)
def test_curl_sends_the_row_exactly(name: str, server: Received) -> None:
    """The command, run by a shell, asks the preview about this row and nothing else happens."""
    command = write_curl(server.address, ROWS[name])

    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True, text=True)

    assert json.loads(done.stdout) == {"predictions": ["1"]}
    assert server.requests == [("/p/flight-delays/7/predict", None, {"rows": [ROWS[name]]})]
    assert command.isascii()
    assert command.replace("\n", "").isprintable()


def test_python_sends_the_rows_exactly(server: Received) -> None:
    """The script, run by Python, asks the preview about each of these rows."""
    script = "".join(write_python(server.address, row) for row in ROWS.values())

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)

    assert done.stdout.splitlines() == ["{'predictions': ['1']}"] * len(ROWS)
    assert [document for _, _, document in server.requests] == [{"rows": [row]} for row in ROWS.values()]
    assert all(line.isprintable() for line in script.splitlines())


def test_a_token_has_its_place(server: Received) -> None:
    """Beyond loopback both send the token of the environment, which is not written into them."""
    here = server.address.replace("127.0.0.1", "models.example.com")
    curl, script = (
        write(here, ROWS["plain"]).replace(here, server.address) for write in (write_curl, write_python)
    )
    environment = {"TOKEN": "s3cret", "PATH": "/usr/bin:/bin"}

    subprocess.run(["/bin/sh", "-c", curl], env=environment, check=True, capture_output=True)
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True)

    assert [token for _, token, _ in server.requests] == ["Bearer s3cret"] * 2
    assert needs_token("https://models.example.com/p/x/7")
    assert not needs_token("http://[::1]:8502/p/x/7")


def test_an_address_that_would_be_a_command_is_none() -> None:
    """Whatever the gateway calls itself, the shell takes it as one word."""
    assert write_curl("http://h/'; id; '", {}).startswith("""curl 'http://h/'"'"'; id; '"'"'/predict'""")
    assert write_address("", {"row": "{}"}) == "/try?row=%7B%7D"
