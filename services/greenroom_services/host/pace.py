"""How fast a token may ask, and how many requests a preview answers at once; pure, the time is passed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Crowded(Exception):
    """As many are inside as may be."""


@dataclass(frozen=True)
class Level:
    left: float
    at: float


class Pace:
    """A bucket for each key, that holds *burst* and gets *rate* more each second."""

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._levels: dict[Hashable, Level] = {}

    def take(self, key: Hashable, *, now: float) -> float:
        """Take one and return 0; or leave it, and return the seconds until there is one."""
        level = self._levels.get(key, Level(self._burst, now))
        # A clock that is set back gives nothing and takes nothing.
        left = min(self._burst, level.left + max(0.0, now - level.at) * self._rate)
        taken = left >= 1
        self._levels[key] = Level(left - 1 if taken else left, now)
        return 0.0 if taken else (1 - left) / self._rate


class Crowd:
    """Who is inside, by key; never more than *most* of one."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._inside: Counter[Hashable] = Counter()

    @contextmanager
    def enter(self, key: Hashable) -> Iterator[None]:
        """Be inside while the context is open; `Crowded` when there is no room."""
        if self._inside[key] >= self._most:
            raise Crowded
        self._inside[key] += 1
        try:
            yield
        finally:
            self._inside[key] -= 1
            if not self._inside[key]:
                del self._inside[key]
