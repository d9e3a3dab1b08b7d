"""What a preview uses, read from the kernel's own files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from greenroom_services.runtimes.runtime import Usage

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def find_process(parent: int, inner: int) -> int | None:
    """Return the process below *parent* that has the number *inner* in its own or its parent's namespace."""
    return next((pid for pid in _descendants(parent) if _inner(pid) == inner), None)


def measure(pid: int) -> Usage | None:
    """Return what *pid* and all below it use; None when it has ended."""
    memory, cpu, processes = 0, 0.0, 0
    for each in (pid, *_descendants(pid)):
        with suppress(OSError, ValueError, IndexError):
            memory += _own_memory(each)
            cpu += _cpu_seconds(each)
            processes += 1
    return Usage(memory, cpu, processes) if processes else None


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                yield int(child)
                yield from _descendants(int(child))


def _inner(pid: int) -> int | None:
    """Return the process's number one namespace further in, its own where there is none."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                numbers = [int(number) for number in line.split()[1:]]
                return numbers[min(1, len(numbers) - 1)]
    return None


def _own_memory(pid: int) -> int:
    """Return the bytes that no other process shares; a close guess where the kernel does not say."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except PermissionError:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(resident) - int(shared)) * PAGE
    own = ("Private_Clean:", "Private_Dirty:", "Swap:")
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(own))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
