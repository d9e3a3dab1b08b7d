"""One slot of the host: what is to run in it, what does, and how it is seen."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from greenroom_services.host.life import PRODUCTION, Deaths, Standing
from greenroom_services.host.preview import Preview, Tally
from greenroom_services.host.records import Record
from greenroom_services.previews import Address, PreviewState, State

EVICTED = "its bundle had to make room for others; a new push or `greenroom run` brings it back"


@dataclass(frozen=True)
class Attempt:
    """The newest deployment to a slot, while it starts or after it failed."""

    error: str | None = None
    log: str = ""


@dataclass(eq=False)
class Slot:
    """A slot's present; the table of slots changes it, one step at a time."""

    address: Address
    user: int
    used: float
    """When it was last deployed to or visited, by the host's steady clock."""
    record: Record | None = None
    """None until a first deployment has succeeded."""
    preview: Preview | None = None
    waking: asyncio.Task[None] | None = None
    starting: asyncio.Task[None] | None = None
    """The deployment that is being tried out."""
    attempt: Attempt | None = None
    newest: int = 0
    """Order of the newest bundle that was accepted."""
    deaths: Deaths = field(default_factory=Deaths)
    visitors: int = 0
    """Those who visit it, and those who wait for that."""
    wakes: int = 0
    memory: int | None = None
    model: dict[str, str | None] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Deployments to one slot wait for each other."""

    @property
    def stored(self) -> Record | None:
        """The record, where its bundle is there."""
        return self.record if self.record is not None and not self.record.evicted else None

    @property
    def alive(self) -> bool:
        return self.preview is not None and self.preview.running.alive()

    @property
    def kept(self) -> bool:
        return self.address.slot == PRODUCTION or (self.record is not None and self.record.keep_awake)

    def holds(self, digest: str) -> bool:
        """Say whether it runs this bundle, awake or asleep."""
        return self.stored is not None and self.stored.bundle == digest

    def detach(self) -> tuple[Preview | None, asyncio.Task[None] | None]:
        """Take the preview out of the slot, or what brings it up, so that nobody comes to it any more."""
        detached = self.preview, self.waking
        self.preview = self.waking = None
        self.deaths = Deaths()
        if detached[1] is not None:
            # Here and now: a step later it might put its preview into the slot.
            detached[1].cancel()
        return detached

    def standing(self, now: float) -> Standing:
        return Standing(
            address=self.address,
            idle=0.0 if self.visitors else now - self.used,
            awake=any((self.preview, self.waking, self.starting)),
            busy=bool(self.visitors or self.waking or self.lock.locked()),
            keep_awake=self.record is not None and self.record.keep_awake,
            stored=self.stored.stored if self.stored else 0,
        )


def describe_slot(slot: Slot, *, now: float, ttl: float, bento: Path | None) -> PreviewState:
    """Return the slot as the control API shows it; *bento* is its Bento's folder, where it has one."""
    record, preview = slot.record, slot.preview
    error, log = _explain(slot)
    idle = slot.standing(now).idle
    return PreviewState(
        project=slot.address.project,
        slot=slot.address.slot,
        state=_name_state(slot),
        bento=str(bento or ""),
        bundle=record.bundle if record else None,
        sha=record.manifest.sha if record else None,
        model=slot.model,
        seconds=preview.seconds if preview else None,
        error=error,
        log=log,
        wakes=slot.wakes,
        requests=slot.tally.requests,
        errors=slot.tally.errors,
        memory=slot.memory if preview else None,
        last_used=idle,
        keep_awake=record.keep_awake if record else False,
        expires=None if slot.kept or not ttl else max(0.0, ttl - idle),
        evicted=record.evicted if record else False,
    )


def _name_state(slot: Slot) -> State:
    if slot.alive:
        return "awake"
    if slot.attempt is not None and slot.attempt.error is None:
        return "starting"
    if slot.record is None:
        return "failed"
    if slot.record.evicted:
        return "stopped"
    if slot.deaths.failed:
        return "failed"
    return "asleep" if slot.waking is None else "waking"


def _explain(slot: Slot) -> tuple[str | None, str]:
    if slot.attempt is not None:
        return slot.attempt.error, slot.attempt.log
    if slot.deaths.count:
        return slot.deaths.error, slot.deaths.log
    evicted = slot.record is not None and slot.record.evicted
    return (EVICTED if evicted else None), ""


def name_event(event: str, slot: Slot, **more: object) -> dict[str, object]:
    """Return what a line of the host's log says besides its sentence."""
    return {"event": event, "project": slot.address.project, "slot": slot.address.slot, **more}
