"""The host's upkeep, again and again: who is idle sleeps, who died is tried again, who has expired goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from greenroom_services.environments import evict_environments
from greenroom_services.errors import PreviewAbsent, PreviewFailed, ServiceError
from greenroom_services.host import life
from greenroom_services.host.logs import bound_log
from greenroom_services.host.slot import Slot
from greenroom_services.host.slots import Slots
from greenroom_services.previews import Address, PreviewState

log = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
LOG_SECONDS = 0.25
MEMORY_SECONDS = 2.0
AGES_SECONDS = 600.0
EVICTION_SECONDS = 600.0
WOKEN_AT_ONCE = 2


@dataclass
class Upkeep:
    """What is done to a host's slots without anybody asking."""

    slots: Slots
    _ages_saved: float = field(default=0.0, init=False)

    async def run(self) -> None:
        """Go on until cancelled."""
        await asyncio.gather(
            _repeat(self._go_round, seconds=ROUND_SECONDS),
            _repeat(self._bound_logs, seconds=LOG_SECONDS),
            _repeat(self.watch_memory, seconds=MEMORY_SECONDS),
            _repeat(self._evict_environments, seconds=EVICTION_SECONDS),
        )

    async def _go_round(self) -> None:
        self.round()

    def round(self) -> None:
        """Look after all slots once; what takes time is done in the background."""
        slots, limits = self.slots, self.slots.limits
        for slot in slots.slots():
            self._revive(slot)
        for address in life.find_idle(slots.standings(), idle=limits.idle):
            slots.rest(address)
        slots.make_room(coming=0)
        for address in life.find_expired(slots.standings(), ttl=limits.ttl):
            slots.in_background(self._remove(address))
        if slots.now() - self._ages_saved >= AGES_SECONDS:
            self.save_ages()

    def _revive(self, slot: Slot) -> None:
        """Bring up what has died and would otherwise be awake."""
        self.slots.notice(slot)
        wanted = slot.kept or slot.standing(self.slots.now()).idle < self.slots.limits.idle
        if slot.deaths.count and slot.preview is None and slot.stored is not None and wanted:
            with suppress(PreviewFailed):
                self.slots.bring_up(slot)

    async def _remove(self, address: Address) -> None:
        log.info("%s has expired", address, extra={"event": "expired", "project": address.project})
        with suppress(PreviewAbsent):
            await self.slots.remove(address)

    async def wake_kept(self) -> None:
        """Wake what is kept awake, a few at a time; what does not come up stands as it is."""
        gate = asyncio.Semaphore(WOKEN_AT_ONCE)

        async def take_turn(address: Address) -> None:
            async with gate:
                with suppress(ServiceError):  # the slot says it
                    await self.slots.wake(address)

        kept = [slot.address for slot in self.slots.slots() if slot.kept and slot.stored]
        await asyncio.gather(*map(take_turn, kept))

    def save_ages(self) -> None:
        """Keep for how long nobody has used the slots, for after a restart."""
        self._ages_saved = self.slots.now()
        ages = {standing.address: standing.idle for standing in self.slots.standings()}
        with suppress(OSError):  # a full disk costs them some of their age
            self.slots.records.save_ages(ages, now=self.slots.wall())

    async def _bound_logs(self) -> None:
        for path in self.slots.logs():
            await asyncio.to_thread(bound_log, path)

    async def watch_memory(self) -> None:
        await self.slots.measure()
        for slot in self.slots.slots():
            self.slots.end_greedy(slot)

    async def _evict_environments(self) -> None:
        """Remove environments that no preview, run or other host has used for long."""
        slots = self.slots
        before = slots.wall() - slots.limits.environment_age
        evicted = await asyncio.to_thread(evict_environments, slots.stage.cache, before=before)
        if evicted:
            log.info("removed %d unused environments", len(evicted), extra={"event": "environments_evicted"})


async def sweep(slots: Slots, project: str, *, open: Iterable[str]) -> list[PreviewState]:
    """Remove the previews of all pull requests of the project but the *open* ones, and return them."""
    closed = life.find_closed(slots.addresses(), project=project, open=set(open))
    ended = await asyncio.gather(*map(slots.remove, closed), return_exceptions=True)
    for address, error in zip(closed, ended, strict=True):
        if isinstance(error, Exception) and not isinstance(error, PreviewAbsent):
            log.error("%s was not swept", address, exc_info=error, extra={"event": "defect"})
    return [state for state in ended if isinstance(state, PreviewState)]


async def _repeat(work: Callable[[], Awaitable[None]], *, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception:
            # A defect with one preview is no reason to neglect the others from now on.
            log.exception("the upkeep has a defect", extra={"event": "defect"})
