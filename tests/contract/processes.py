"""Whether a process has ended, also where nobody waits for it."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from pathlib import Path


def has_ended(pid: int) -> bool:
    """Say whether the process is gone, or only its entry is left."""
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE, text=True, check=False
    )
    return shown.stdout.strip() == "" or shown.stdout.lstrip().startswith("Z")


def assert_ends(pid: int, *, timeout: float = 10) -> None:
    deadline = time.monotonic() + timeout
    while not has_ended(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.02)


def find_named(name: str) -> list[int]:
    """Return the processes that call themselves *name*."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (folder / "comm").read_text().strip() == name:
                found.append(int(folder.name))
    return found
