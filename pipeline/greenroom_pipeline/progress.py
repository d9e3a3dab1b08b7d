"""Steps as they happen: timed, announced, and kept for the report."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from greenroom_pipeline.report import Timing

LAST_LINES = 40


class Progress(Protocol):
    """Someone who wants to hear how a run is getting on."""

    def started(self, step: str) -> None: ...

    def wrote(self, line: str) -> None:
        """A process of this step wrote a line."""
        ...

    def ended(self, timing: Timing, note: str) -> None: ...

    def failed(self, step: str, seconds: float) -> None: ...


class Silence:
    """Progress that nobody listens to."""

    def started(self, step: str) -> None:
        pass

    def wrote(self, line: str) -> None:
        pass

    def ended(self, timing: Timing, note: str) -> None:
        pass

    def failed(self, step: str, seconds: float) -> None:
        pass


class Watch:
    """Progress that passes on what it hears, and keeps which step is under way and what it wrote last."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self.step = "prepare"

    @property
    def log(self) -> str:
        return "\n".join(self._lines)

    def started(self, step: str) -> None:
        self.step = step
        self._lines.clear()
        self._progress.started(step)

    def wrote(self, line: str) -> None:
        self._lines.append(line)
        self._progress.wrote(line)

    def ended(self, timing: Timing, note: str) -> None:
        self._progress.ended(timing, note)

    def failed(self, step: str, seconds: float) -> None:
        self._progress.failed(step, seconds)


@dataclass
class Step:
    """A step under way; whoever does it says here what came of it."""

    name: str
    note: str = ""
    cached: bool = False


@dataclass
class Steps:
    """The steps of one run, in order, with their times."""

    progress: Progress
    timings: list[Timing] = field(default_factory=list)
    current: str = "prepare"

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time what happens inside; a step that raises is announced as failed and stays `current`."""
        self.current = name
        step, start = Step(name), time.monotonic()
        self.progress.started(name)
        try:
            yield step
        except BaseException:
            self.progress.failed(name, time.monotonic() - start)
            raise
        timing = Timing(step=name, seconds=round(time.monotonic() - start, 3), cached=step.cached)
        self.timings.append(timing)
        self.progress.ended(timing, step.note)
