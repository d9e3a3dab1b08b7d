"""Waiting for what comes soon: it is looked for again and again, and a deadline ends that."""

from __future__ import annotations

import time
from collections.abc import Callable


def await_true(condition: Callable[[], bool], *, timeout: float = 10, says: str = "") -> None:
    """Return once the condition holds; *says* is what failed when it never does."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, says
        time.sleep(0.005)
