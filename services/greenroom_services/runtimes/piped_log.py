"""A log that a candidate writes to through a pipe: it never holds a file of the host's, and cannot fill its disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CHUNK_BYTES = 2**16
KEPT_BYTES = 4 * 2**20


class PipedLog:
    """Appends to the file *path* what comes through the pipe, and keeps as much again in `.1` beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reading, self._writing = os.pipe()
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    @contextmanager
    def writing(self) -> Iterator[int]:
        """Give the descriptor to hand over; once it is closed here, the log ends with the last that holds it."""
        try:
            yield self._writing
        finally:
            os.close(self._writing)

    def finish(self, *, timeout: float) -> None:
        """Wait until all that was written is in the file."""
        self._thread.join(timeout)

    def _copy(self) -> None:
        with os.fdopen(self._reading, "rb", buffering=0) as pipe:
            while chunk := pipe.read(CHUNK_BYTES):
                # A full disk costs lines of the log, and never the preview.
                with suppress(OSError):
                    self._append(chunk)

    def _append(self, chunk: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(chunk)
            full = file.tell() > KEPT_BYTES
        if full:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
