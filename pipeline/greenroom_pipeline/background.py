"""Work that goes on in a thread beside everything else, until a context closes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_GRACE = 10.0


@contextmanager
def in_background(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run *work* while the context is open; it ends soon after the event that it is given is set."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_GRACE)
