"""The table of slots: previews are deployed to it, visited, put to sleep, woken and removed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from greenroom_services.errors import PreviewAbsent, PreviewFailed, PreviewStarting, ServiceError
from greenroom_services.host import life
from greenroom_services.host.clock import Clock
from greenroom_services.host.folder import HostFolder
from greenroom_services.host.identity import read_identity
from greenroom_services.host.limits import HostLimits
from greenroom_services.host.logs import read_log
from greenroom_services.host.metrics import wake_histogram
from greenroom_services.host.preview import GRACE_SECONDS, Preview
from greenroom_services.host.records import Record, Records
from greenroom_services.host.slot import EVICTED, Slot, describe_slot, name_event
from greenroom_services.host.wake import Call, Stage
from greenroom_services.previews import Address, Manifest, PreviewState
from greenroom_services.runtimes.runtime import MIB, Runtime

log = logging.getLogger(__name__)

DRAIN_SECONDS = 300.0
POLL_SECONDS = 0.02


class Slots:
    """All slots of the host. Deployments to one slot wait for each other; slots do not."""

    def __init__(
        self,
        folder: HostFolder,
        *,
        run_folder: Path,
        cache: Path,
        runtime: Runtime,
        limits: HostLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.limits = limits or HostLimits()
        self.wake_seconds = wake_histogram()
        self._clock = clock or Clock()
        self.records = Records(folder.path)
        self.stage = Stage(runtime, run_folder, cache, self.limits.preview, self._clock)
        self._slots: dict[Address, Slot] = {}
        self._last_user = 0
        self._background: set[asyncio.Task[None]] = set()

    def restore(self) -> None:
        """Find again what was deployed before, asleep; leftovers of a host that was killed are swept."""
        records = self.records.load()
        self.records.sweep(records)
        ages, away = self.records.load_ages(now=self._clock.wall())
        for address, record in records.items():
            age = life.age_on_return(ages.get(str(address), 0.0), away=away)
            slot = Slot(address, record.user, self.now() - age, record, newest=record.order)
            slot.model = read_identity(self.records.bento(address, record.bundle))
            self._slots[address] = slot
        self._last_user = max((record.user for record in records.values()), default=0)

    # What there is

    def addresses(self) -> list[Address]:
        return sorted(self._slots, key=str)

    def shown(self) -> list[tuple[Slot, PreviewState]]:
        """Return every slot with how it is seen now; one that cannot be shown hides no other."""
        found = []
        for address in self.addresses():
            slot = self._slots[address]
            try:
                found.append((slot, self._describe(slot)))
            except Exception:
                log.exception("%s cannot be shown", address, extra=name_event("defect", slot))
        return found

    def state(self, address: Address) -> PreviewState:
        """Return the slot as it is now; `PreviewAbsent` when nothing was deployed to it."""
        return self._describe(self._require(address))

    def _describe(self, slot: Slot) -> PreviewState:
        stored = slot.stored
        bento = self.records.bento(slot.address, stored.bundle) if stored else None
        return describe_slot(slot, now=self.now(), ttl=self.limits.ttl, bento=bento)

    def known_routes(self, address: Address) -> tuple[str, ...] | None:
        """Return the routes that the slot's bundle names; None before a first one has come up."""
        record = self._require(address).record
        return None if record is None else record.manifest.routes

    def standings(self) -> list[life.Standing]:
        now = self.now()
        return [slot.standing(now) for slot in self._slots.values()]

    def log(self, address: Address) -> str:
        """Return the last lines of the slot's previews, else of the one that failed to come up."""
        slot = self._require(address)
        stored = slot.stored
        return read_log(self.records.log(address, stored.bundle)) if stored else self.state(address).log

    def logs(self) -> list[Path]:
        """Return the logs of all previews that write."""
        running = [slot for slot in self._slots.values() if slot.preview or slot.waking or slot.starting]
        return [path for slot in running for path in self.records.logs(slot.address)]

    async def measure(self) -> None:
        """Read how much memory the awake previews use."""
        for slot in list(self._slots.values()):
            if slot.preview is not None:
                usage = await asyncio.to_thread(slot.preview.running.usage)
                slot.memory = usage.memory if usage else None

    # Visits

    @asynccontextmanager
    async def visit(self, address: Address, *, patience: float) -> AsyncIterator[Preview]:
        """Give the preview in the slot, woken if it sleeps; it stays awake for as long as the context is open.

        Raises `PreviewStarting` when that takes longer than *patience* seconds, `PreviewFailed` when it does not
        come up any more, and `PreviewAbsent` when there is none.
        """
        slot = self._require(address)
        slot.visitors += 1
        slot.used = self.now()
        try:
            preview = await self._reach(slot, patience=patience)
            preview.enter()
            try:
                yield preview
            finally:
                preview.leave()
        finally:
            slot.visitors -= 1
            slot.used = self.now()

    async def _reach(self, slot: Slot, *, patience: float) -> Preview:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        while True:
            self.notice(slot)
            if slot.preview is not None:
                return slot.preview
            left = deadline - loop.time()
            wait = slot.deaths.wait(self.now())
            coming = self.bring_up(slot)
            if left <= 0 or wait > left or not (await asyncio.wait({coming}, timeout=left))[0]:
                raise PreviewStarting(
                    f"the preview in {slot.address} is starting; ask again in a moment", retry=max(1.0, wait)
                )

    def bring_up(self, slot: Slot) -> asyncio.Task[None]:
        """Return what brings the slot's preview up, begun now if need be, or raise what stands in its way."""
        if not self.has(slot):
            raise PreviewAbsent(f"the preview in {slot.address} was removed")
        if slot.waking is not None:
            return slot.waking
        if slot.stored is None:
            return self._require_start(slot)
        if slot.deaths.failed:
            raise PreviewFailed(
                f"the preview in {slot.address} has failed: {slot.deaths.error}", log=slot.deaths.log
            )
        self.make_room(coming=1)
        slot.waking = asyncio.create_task(self._wake(slot, slot.stored))
        return slot.waking

    def _require_start(self, slot: Slot) -> asyncio.Task[None]:
        """Return the deployment that is being tried out in a slot that has nothing else."""
        if slot.starting is not None:
            return slot.starting
        if slot.attempt is not None and slot.attempt.error is None:
            raise PreviewStarting(f"the preview in {slot.address} is on its way; ask again in a moment")
        if slot.record is not None:
            raise PreviewAbsent(f"the preview in {slot.address} is not there any more: {EVICTED}")
        error, said = (slot.attempt.error, slot.attempt.log) if slot.attempt else (None, "")
        raise PreviewFailed(f"the preview in {slot.address} has failed: {error}", log=said)

    async def _wake(self, slot: Slot, record: Record) -> None:
        try:
            while (left := slot.deaths.wait(self.now())) > 0:
                await asyncio.sleep(min(left, POLL_SECONDS))
            slot.preview = await self.stage.wake(self.call(slot, record.bundle, record.manifest))
        except Exception as error:
            # Whatever it is, the others go on.
            self._count_death(slot, lived=0.0, error=str(error), said=getattr(error, "log", ""))
            if not isinstance(error, ServiceError):
                log.exception("a preview was not woken", extra=name_event("defect", slot))
        else:
            slot.wakes += 1
            self.wake_seconds.observe(slot.preview.seconds)
            log.info(
                "%s is awake", slot.address, extra=name_event("awake", slot, seconds=slot.preview.seconds)
            )
        finally:
            if slot.waking is asyncio.current_task():
                slot.waking = None

    def call(self, slot: Slot, bundle: str, manifest: Manifest) -> Call:
        bento, said = self.records.bento(slot.address, bundle), self.records.log(slot.address, bundle)
        return Call(bento, manifest, slot.user, said, slot.tally)

    def notice(self, slot: Slot) -> None:
        """Take note when the slot's preview has ended by itself."""
        preview = slot.preview
        if preview is None or preview.running.alive():
            return
        slot.preview = None
        lived = self.now() - preview.since
        error = "the preview ended by itself; its log says more"
        self._count_death(slot, lived=lived, error=error, said=preview.running.log())
        self.in_background(preview.stop(patience=0))

    def end_greedy(self, slot: Slot) -> None:
        """End the slot's preview when it takes more memory than it may, with all its processes."""
        preview, most = slot.preview, self.stage.limits.memory
        if preview is None or slot.memory is None or slot.memory <= most:
            return
        slot.preview = None
        error = (
            f"the preview took {slot.memory // MIB:,} MiB of memory, and may take {most // MIB:,}; make it smaller,"
            " or set preview.max_memory_megabytes higher"
        )
        self._count_death(slot, lived=self.now() - preview.since, error=error, said=preview.running.log())
        self.in_background(preview.stop(patience=0))

    def _count_death(self, slot: Slot, *, lived: float, error: str, said: str) -> None:
        slot.deaths = slot.deaths.another(now=self.now(), lived=lived, error=error, log=said)
        event = name_event("failed" if slot.deaths.failed else "died", slot, deaths=slot.deaths.count)
        log.warning("%s: %s", slot.address, error, extra=event)

    # Sleep

    async def wake(self, address: Address) -> PreviewState:
        """Wake the preview now, also one that had failed; `PreviewFailed` when it does not come up."""
        slot = self._require(address)
        slot.deaths = life.Deaths()
        slot.used = self.now()
        self.notice(slot)
        if slot.preview is None:
            await asyncio.wait({self.bring_up(slot)})
        state = self.state(address)
        if slot.preview is None:
            reason = state.error or "it was put to sleep"
            raise PreviewFailed(f"the preview in {address} did not come up: {reason}", log=state.log)
        return state

    async def sleep(self, address: Address) -> PreviewState:
        """Stop the preview until somebody visits it; it may finish what it is answering."""
        slot = self._require(address)
        if slot.record is None:
            raise PreviewAbsent(f"there is no preview in {address} that could sleep")
        preview, waking = slot.detach()
        await end(preview, waking, patience=GRACE_SECONDS)
        return self.state(address)

    def rest(self, address: Address) -> None:
        """Put an idle preview to sleep, in the background."""
        slot = self._slots[address]
        preview, waking = slot.detach()
        self.in_background(end(preview, waking, patience=DRAIN_SECONDS))
        log.info("%s goes to sleep", address, extra=name_event("asleep", slot))

    def make_room(self, *, coming: int) -> None:
        """Put idle previews to sleep so that *coming* more may be awake; where all are busy, they may all the same."""
        limit = self.limits.max_awake
        for address in life.choose_sleepers(self.standings(), max_awake=limit, coming=coming):
            self.rest(address)

    def keep_awake(self, address: Address, *, kept: bool) -> PreviewState:
        slot = self._require(address)
        if slot.record is None:
            raise PreviewAbsent(f"there is no preview in {address} that could be kept awake")
        slot.record = slot.record.model_copy(update={"keep_awake": kept})
        self.records.save(address, slot.record)
        return self.state(address)

    # Beginning and end

    def slots(self) -> list[Slot]:
        return list(self._slots.values())

    def open(self, address: Address) -> Slot:
        """Return the slot, with a number of its own from now on."""
        slot = self._slots.get(address)
        if slot is None:
            taken = {each.user for each in self._slots.values()}
            self._last_user = life.choose_user(taken, after=self._last_user)
            slot = self._slots[address] = Slot(address, self._last_user, self.now())
        return slot

    def has(self, slot: Slot) -> bool:
        """Say whether it has not been removed."""
        return self._slots.get(slot.address) is slot

    async def remove(self, address: Address) -> PreviewState:
        """Stop the preview and forget it, so that a restart does not bring it back."""
        slot = self._require(address)
        if slot.starting is not None:
            slot.starting.cancel()
        async with slot.lock:
            if not self.has(slot):
                raise PreviewAbsent(f"the preview in {address} was removed already")
            self.records.forget(address)
            del self._slots[address]
            stored = slot.stored
            await end(*slot.detach(), patience=GRACE_SECONDS)
            if stored is not None:
                await asyncio.to_thread(self.records.discard, address, stored.bundle)
        log.info("%s was removed", address, extra=name_event("removed", slot))
        # Last: whatever is wrong with the slot, it is gone.
        return self._describe(slot).model_copy(update={"state": "stopped"})

    async def close(self) -> None:
        """Stop every preview; they stay on disk, to be found again."""
        for slot in self.slots():
            if slot.starting is not None:
                slot.starting.cancel()
        ending = [end(*slot.detach(), patience=GRACE_SECONDS) for slot in self.slots()]
        await asyncio.gather(*ending, *self._background, return_exceptions=True)

    def now(self) -> float:
        return self._clock.steady()

    def wall(self) -> float:
        return self._clock.wall()

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _require(self, address: Address) -> Slot:
        slot = self._slots.get(address)
        if slot is None:
            raise PreviewAbsent(f"there is no preview in {address}; `greenroom run` on its branch makes one")
        return slot


async def end(preview: Preview | None, waking: asyncio.Task[None] | None, *, patience: float) -> None:
    """End what was detached from a slot: the one that is being woken at once, the other after its last answer."""
    if waking is not None:
        await asyncio.wait({waking})
    if preview is not None:
        await preview.stop(patience=patience)
