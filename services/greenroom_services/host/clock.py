"""What time it is, for the host: passed in, so that tests can let hours pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Two clocks in seconds: one that only goes on, and one that is the same after a restart but may jump."""

    steady: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
