"""Taking turns: pages are worked out two at a time, so that most of a crowd waits for less than all of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Threads of one interpreter that all work hand it to each other thousands of times a second, and end last together.
AT_ONCE = 2
PATIENCE = 2.0
"""Seconds after which a page is worked out without a turn: those that have one may be waiting for a store."""

_turns = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def take_turn() -> Iterator[None]:
    """Wait for a turn and keep it while the context lasts."""
    taken = _turns.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if taken:
            _turns.release()
