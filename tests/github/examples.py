"""Webhook payloads as GitHub once sent them: those of npm's `@octokit/webhooks-examples`, some of them years old."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tests.node import find_modules

FILE = "@octokit/webhooks-examples/api.github.com/index.json"


def examples(event: str) -> list[dict[str, Any]]:
    """Return every example of an event, such as `pull_request`."""
    return _read()[event]


def events() -> list[str]:
    """Return the names of all events that there are examples of."""
    return sorted(_read())


@cache
def _read() -> dict[str, list[dict[str, Any]]]:
    listed = json.loads((find_modules() / FILE).read_bytes())
    return {each["name"]: each["examples"] for each in listed}
