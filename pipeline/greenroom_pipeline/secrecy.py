"""What other processes of the same user may read of this one."""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE = 4


def close_process() -> None:
    """Keep them from its memory, and from the environment that it began with, which stays there for as long as it runs.

    On Linux alone, and not from who may trace others, as root may. What is started by exec is open again, and may
    not read this one.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
