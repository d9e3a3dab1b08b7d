"""A query as others can make it: an address, curl, Python."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def write_address(base: str, parameters: Mapping[str, str]) -> str:
    """Return the page's address with its query; without a known *base*, from the server's root on."""
    return f"{base or '/try'}?{urlencode(parameters)}"


def needs_token(address: str) -> bool:
    """Say whether the gateway asks for one: beyond loopback it does."""
    return urlsplit(address).hostname not in _HERE


def write_curl(address: str, row: Mapping[str, Any]) -> str:
    """Return a command for any POSIX shell; nothing that a row holds leaves its quotes."""
    token = ['-H "Authorization: Bearer $TOKEN"'] if needs_token(address) else []
    # JSON in ASCII: a terminal gets no control characters from a row.
    body = json.dumps({"rows": [dict(row)]}, allow_nan=False)
    parts = [
        f"curl {shlex.quote(f'{address}/predict')}",
        *token,
        "-H 'Content-Type: application/json'",
        f"--data-binary {shlex.quote(body)}",
    ]
    return " \\\n  ".join(parts)


def write_python(address: str, row: Mapping[str, Any]) -> str:
    """Return a script for Python with httpx."""
    token = needs_token(address)
    # repr() shows what does not print, such as a change of direction, as an escape.
    cells = "".join(f"    {name!r}: {value!r},\n" for name, value in row.items())
    headers = """    headers={"Authorization": f"Bearer {os.environ['TOKEN']}"},\n""" if token else ""
    return (
        f"{'import os' + chr(10) * 2 if token else ''}import httpx\n\n"
        f"row = {{\n{cells}}}\n"
        "answer = httpx.post(\n"
        f"    {f'{address}/predict'!r},\n"
        '    json={"rows": [row]},\n'
        f"{headers}"
        "    timeout=60,\n"
        ")\n"
        "answer.raise_for_status()\n"
        "print(answer.json())\n"
    )
