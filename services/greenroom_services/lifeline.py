"""First code in every process that runs a script with a candidate: ends it with its parent.

Called as `python -I lifeline.py SCRIPT ARGUMENT…`; standard input is a pipe whose other end the parent holds.
However the parent ends, the pipe closes, and this process's whole group is killed.
"""

from __future__ import annotations

import gc
import os
import resource
import runpy
import signal
import sys
import threading

FILE_BYTES = 4 * 2**30


def hold(pipe: int) -> None:
    """Wait until the parent's end of *pipe* closes."""
    while os.read(pipe, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


def _limit_files() -> None:
    """Let no single file grow beyond what a model or its answers come to; who set less, keeps it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    given = [limit for limit in (soft, hard, FILE_BYTES) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(given), min(given)))


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit_files()
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=hold, args=(pipe,), daemon=True).start()
    # Importing and loading make much that stays and little that goes, and looking for that over and over takes
    # long. A script turns it on again when its model has loaded.
    gc.disable()
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
