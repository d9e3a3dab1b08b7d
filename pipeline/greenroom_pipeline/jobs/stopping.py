"""Coming to an end although one is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_WISHES = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def insisting() -> Iterator[None]:
    """Be deaf to further wishes to stop while what is inside says how it ended.

    GitHub sends a job that is cancelled SIGINT, SIGTERM 7.5 s later, and kills it 2.5 s after that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {wish: signal.signal(wish, signal.SIG_IGN) for wish in _WISHES}
    try:
        yield
    finally:
        for wish, handler in before.items():
            signal.signal(wish, handler)
