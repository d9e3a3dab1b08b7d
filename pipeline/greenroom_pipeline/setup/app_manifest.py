"""Asking a person to make our App on GitHub: the manifest, and a page of this machine's own that sends it there."""

from __future__ import annotations

import hmac
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, HTTPServer
from string import Template
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from greenroom_pipeline.errors import ForgeError, GreenroomError
from greenroom_pipeline.forge.app_rights import EVENTS, RIGHTS, WRITING

LONGEST_NAME = 34
HOUR = 3600.0
"""How long GitHub's code is good for."""
_SILENCE = 5.0
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' "
_PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>$title</title>
<style>body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }
button { font: inherit; padding: .5rem 1rem }</style>
<h1>$title</h1>
$body
</html>
""")
_FORM = Template("""<p>GitHub shows what the App may do, and asks you for its name. It belongs to $owner.</p>
<form method="post" action="$action">
<input type="hidden" name="manifest" value="$manifest">
<button type="submit">Go on to GitHub</button>
</form>
""")


def build_manifest(server: str, *, name: str, redirect: str, merges: bool = False) -> dict[str, Any]:
    """Return the App that a server at *server* needs; *merges* adds the right to merge them and to pin cases."""
    rights: dict[str, str] = {each: level for each, (level, _) in RIGHTS.items()}
    return {
        "name": name[:LONGEST_NAME].strip(),
        "url": server,
        "description": "Reviews the models of pull requests.",
        "hook_attributes": {"url": f"{server}/api/github/events", "active": True},
        "redirect_url": redirect,
        "callback_urls": [f"{server}/oauth2callback"],
        "public": False,
        "default_permissions": rights | dict([WRITING] if merges else []),
        "default_events": list(EVENTS),
    }


def address_of_new_app(web: str, *, organisation: str | None, state: str) -> str:
    place = f"organizations/{organisation}/settings" if organisation else "settings"
    return f"{web}/{place}/apps/new?{urlencode({'state': state})}"


@dataclass
class Form:
    """One App that is asked for: the page shows the form, and takes back what GitHub sends a person with."""

    web: str
    """Address of GitHub's pages."""
    organisation: str | None
    describe: Callable[[str], dict[str, Any]]
    """Returns the manifest for an address to come back to."""
    convert: Callable[[str], str]
    """Trades GitHub's code; returns the page from which the App is installed."""
    path: str = field(default_factory=lambda: f"/{secrets.token_urlsafe(24)}")
    """Not to be guessed: whoever opens the page learns the state."""
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    done: bool = False
    failure: GreenroomError | None = None


def ask_for_app(form: Form, *, port: int, tell: Callable[[str], None], seconds: float = HOUR) -> None:
    """Serve the form on loopback until the App is made; *tell* is given its address."""
    try:
        server = HTTPServer(("127.0.0.1", port), _handle(form))
    except OSError as error:
        raise ForgeError(
            f"port {port} cannot be listened on ({error.strerror}); pass another --port"
        ) from None
    with server:
        server.timeout, end = 1.0, time.monotonic() + seconds
        tell(f"http://127.0.0.1:{server.server_port}{form.path}")
        while not form.done and time.monotonic() < end:
            server.handle_request()
    if form.failure is not None:
        raise form.failure
    if not form.done:
        raise ForgeError("nobody made the App on GitHub within the hour; begin again")


def _handle(form: Form) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SILENCE
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            status, title, body = self._answer()
            page = _PAGE.substitute(title=escape(title), body=body).encode()
            self.send_response(status)
            for name, value in (
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(page))),
                ("Content-Security-Policy", f"{_POLICY}{form.web}"),
                ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page)

        def _answer(self) -> tuple[int, str, str]:
            assert isinstance(self.server, HTTPServer)
            here = f"127.0.0.1:{self.server.server_port}"
            if self.headers.get("Host") != here:
                # Another name for this machine is some page's in the same browser.
                return 421, "Not here", "<p>Open the address as it was printed.</p>"
            asked = urlsplit(self.path)
            if _is(asked.path, form.path):
                return 200, "Make Greenroom's App", _write_form(form, f"http://{here}{form.path}/made")
            if _is(asked.path, f"{form.path}/made"):
                return _take_back(form, parse_qs(asked.query))
            return 404, "Nothing here", "<p>Open the address as it was printed.</p>"

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing: requests carry what is secret."""

    return Handler


def _write_form(form: Form, redirect: str) -> str:
    manifest = form.describe(redirect)
    return _FORM.substitute(
        owner=escape(form.organisation or "your own account"),
        action=escape(address_of_new_app(form.web, organisation=form.organisation, state=form.state)),
        manifest=escape(json.dumps(manifest)),
    )


def _take_back(form: Form, said: dict[str, list[str]]) -> tuple[int, str, str]:
    code, state = said.get("code", [""])[0], said.get("state", [""])[0]
    if not _is(state, form.state) or not re.fullmatch(r"[\w-]+", code):
        return 403, "Refused", "<p>This is not the answer to what was asked for here. Begin again.</p>"
    try:
        link = form.convert(code)
    except GreenroomError as error:
        form.failure, form.done = error, True
        return 502, "No App", f"<p>{escape(str(error))}</p>"
    form.done = True
    install = escape(f"{link}/installations/new")
    return 200, "The App is made", f'<p>Now <a href="{install}">install it on your repository</a>.</p>'


def _is(given: str, wanted: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), wanted.encode())
