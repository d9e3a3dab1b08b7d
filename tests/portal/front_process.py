"""A real front in a process of its own, on a free port."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@dataclass(frozen=True)
class Front:
    address: str
    api: str | None
    """Where the API alone is answered, of a registered server."""
    process: subprocess.Popen[str]


def name_desk(desk: str) -> str:
    """Return where a desk is opened: a function of desk_in_memory, or of the module that *desk* names."""
    module, _, function = desk.rpartition(":")
    return f"tests.portal.{module.removeprefix('tests.portal.') or 'desk_in_memory'}:{function}"


@contextmanager
def start_front(desk: str, *, folder: Path) -> Iterator[Front]:
    """Start the front with the desk of that name, or `module:name`; stop it at the end."""
    file = folder / "address"
    environment = {
        **os.environ,
        "GREENROOM_DESK": name_desk(desk),
        "PYTHONPATH": str(ROOT),
    }
    ports = ("--port", "0", "--api-port", "0")
    process = subprocess.Popen(
        [sys.executable, "-m", "greenroom_portal.front", *ports, "--address-file", str(file)],
        env=environment,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address, *others = _await_addresses(file, process)
        yield Front(address, next(iter(others), None), process)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def _await_addresses(file: Path, process: subprocess.Popen[str]) -> list[str]:
    """Wait for the file that the front writes once it answers, or for its end."""
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            assert time.monotonic() < deadline, "the front did not start"
        else:
            raise AssertionError(f"the front ended: {process.communicate()[1]}")
    return file.read_text().split()
