"""A preview that answers: the clients that reach it, who visits it, and how often it was asked."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from greenroom_services.runtimes.runtime import RunningPreview

GRACE_SECONDS = 10.0


@dataclass
class Tally:
    """What became of the requests to one slot, by class of status such as `2xx`."""

    answered: Counter[str] = field(default_factory=Counter)
    broken: int = 0
    """Those that the preview broke off."""

    @property
    def requests(self) -> int:
        return self.answered.total() + self.broken

    @property
    def errors(self) -> int:
        return self.answered["5xx"] + self.broken

    def count(self, status: int) -> None:
        self.answered[f"{status // 100}xx"] += 1


@dataclass(eq=False)
class Preview:
    """A preview that has answered.

    People's queries and programs' have connections of their own, so that neither waits for the other's.
    """

    running: RunningPreview
    people: aiohttp.ClientSession
    programs: aiohttp.ClientSession
    routes: tuple[str, ...]
    """Path prefixes that its service has besides its own two."""
    folder: Path
    seconds: float
    """From its start to its first answer."""
    since: float
    """When it first answered, by the host's steady clock."""
    _visits: int = 0
    _left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def socket(self) -> Path:
        return self.running.socket

    def enter(self) -> None:
        self._visits += 1
        self._left.clear()

    def leave(self) -> None:
        self._visits -= 1
        if self._visits == 0:
            self._left.set()

    async def stop(self, *, patience: float = GRACE_SECONDS) -> None:
        """End it once nobody visits it any more, after *patience* seconds at the latest."""
        if self._visits:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), patience)
        await asyncio.to_thread(self.running.stop, grace=GRACE_SECONDS)
        await self.people.close()
        await self.programs.close()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
