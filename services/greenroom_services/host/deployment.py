"""A deployment: a bundle is taken in, tried out beside the old one, and switched over to, or nothing changes."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from greenroom_services.bundle import FULL, Bundle, receive_bundle
from greenroom_services.bundle_checks import read_digest
from greenroom_services.errors import (
    BundleRefused,
    BundleStale,
    HostFull,
    PreviewFailed,
    ServiceError,
)
from greenroom_services.host import life
from greenroom_services.host.identity import require_identity
from greenroom_services.host.preview import Preview
from greenroom_services.host.records import Record
from greenroom_services.host.slot import Attempt, Slot, name_event
from greenroom_services.host.slots import DRAIN_SECONDS, Slots, end
from greenroom_services.previews import Address, Manifest, PreviewState

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """A bundle that may run in its slot, with what its Bento says of its model."""

    bundle: Bundle
    identity: dict[str, str | None]


@dataclass(frozen=True)
class Deployments:
    """What is deployed to a host's slots."""

    slots: Slots

    async def deploy(self, address: Address, chunks: AsyncIterator[bytes], *, digest: str) -> PreviewState:
        """Try the bundle out, and switch the slot over once it has answered; until then the old one answers.

        *digest* is its Content-Digest. What the slot holds already is not started again. Raises `BundleRefused`,
        `BundleTooLarge`, `BundleStale`, `HostFull`, `PreviewFailed` or `RequirementsError`, and the old one goes on.
        """
        name = read_digest(digest).hex()
        slot = self.slots.open(address)
        slot.used = self.slots.now()
        if slot.holds(name):
            return await self._repeat(slot)
        with _noting(slot):
            into = self.slots.records.incoming(address)
            try:
                arrival = await take_in(chunks, address=address, digest=digest, into=into)
                await self._accept(slot, arrival)
            finally:
                shutil.rmtree(into, ignore_errors=True)
        return self.slots.state(address)

    async def _repeat(self, slot: Slot) -> PreviewState:
        """Leave what was deployed already as it is; what had failed is tried again."""
        slot.attempt = None
        if slot.deaths.failed:
            return await self.slots.wake(slot.address)
        return self.slots.state(slot.address)

    async def _accept(self, slot: Slot, arrival: Arrival) -> None:
        bundle = arrival.bundle
        given = bundle.manifest.order
        order = slot.newest + 1 if given is None else given
        _require_newer(slot, order)
        slot.newest = order
        async with slot.lock:
            _require_newer(slot, order)
            if not self.slots.has(slot):
                raise PreviewFailed(f"the preview in {slot.address} was removed while it was deployed")
            if not slot.holds(bundle.digest):
                await self._try_out(slot, arrival, order)

    async def _try_out(self, slot: Slot, arrival: Arrival, order: int) -> None:
        slot.attempt = Attempt()
        # A task of its own: others wait for it, too, and a removal breaks it off.
        slot.starting = asyncio.create_task(self._switch(slot, arrival, order))
        try:
            await slot.starting
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise PreviewFailed(f"the preview in {slot.address} was removed while it started") from None
        finally:
            slot.starting = None

    async def _switch(self, slot: Slot, arrival: Arrival, order: int) -> None:
        slots, address, bundle = self.slots, slot.address, arrival.bundle
        slots.make_room(coming=0)
        slots.records.move_in(bundle.folder, address, bundle.digest)
        preview: Preview | None = None
        try:
            preview = await slots.stage.try_out(slots.call(slot, bundle.digest, bundle.manifest))
            record = _make_record(slot, bundle, order)
            slots.records.save(address, record)
        except BaseException:
            if preview is not None:
                await preview.stop(patience=0)
            slots.records.discard(address, bundle.digest)
            raise
        self._install(slot, record, preview)
        slot.model = arrival.identity

    def _install(self, slot: Slot, record: Record, preview: Preview) -> None:
        """Let everybody who comes from now on reach the new preview; the old one ends after its last answer."""
        slots, before = self.slots, slot.stored
        old, waking = slot.detach()
        slot.record, slot.preview, slot.attempt, slot.used = record, preview, None, slots.now()
        log.info("%s was deployed", slot.address, extra=name_event("deployed", slot, bundle=record.bundle))
        slots.in_background(self._retire(slot, before, old, waking))
        self._evict(sparing=slot.address)

    async def _retire(
        self,
        slot: Slot,
        record: Record | None,
        preview: Preview | None,
        waking: asyncio.Task[None] | None,
    ) -> None:
        await end(preview, waking, patience=DRAIN_SECONDS)
        if record is None:
            return
        async with slot.lock:
            # It may have been deployed again in the meantime.
            if not slot.holds(record.bundle):
                await asyncio.to_thread(self.slots.records.discard, slot.address, record.bundle)

    def _evict(self, *, sparing: Address) -> None:
        """Let the bundles of sleeping previews make room; a new one is kept also where none can."""
        slots, limit = self.slots, self.slots.limits.max_bytes
        for address in life.choose_evictions(slots.standings(), max_bytes=limit, sparing=sparing):
            slot = slots.open(address)
            assert slot.record is not None
            slot.record = slot.record.model_copy(update={"evicted": True})
            with suppress(OSError):  # without it, the missing bundle says the same
                slots.records.save(address, slot.record)
            slots.in_background(asyncio.to_thread(slots.records.discard, address, slot.record.bundle))
            log.info("%s was evicted", address, extra=name_event("evicted", slot))
        stored = sum(standing.stored for standing in slots.standings())
        if stored > limit:
            log.warning("bundles take %d bytes of %d", stored, limit, extra={"event": "over_limit"})


async def take_in(chunks: AsyncIterator[bytes], *, address: Address, digest: str, into: Path) -> Arrival:
    """Return the bundle, unpacked to *into*, if it may run in the slot."""
    bundle = await receive_bundle(chunks, digest=digest, into=into)
    _require_address(bundle.manifest, address)
    return Arrival(bundle, await asyncio.to_thread(_require_bento, bundle))


def _require_address(manifest: Manifest, address: Address) -> None:
    if (manifest.project, manifest.slot) != (address.project, address.slot):
        raise BundleRefused(
            f"the bundle is for {manifest.project}/{manifest.slot} and cannot be deployed to {address};"
            " pack it for that slot"
        )


def _require_bento(bundle: Bundle) -> dict[str, str | None]:
    if not (bundle.bento / "bento.yaml").is_file():
        raise BundleRefused("the bundle holds no Bento: bento/bento.yaml is missing; package the model first")
    identity = require_identity(bundle.bento)
    digest = identity["digest"]
    if digest != bundle.manifest.model:
        raise BundleRefused(
            f"the bundle's Bento is of model {str(digest)[:12]}…, its manifest says {bundle.manifest.model[:12]}…;"
            " pack the Bento of that model"
        )
    return identity


def _require_newer(slot: Slot, order: int) -> None:
    if order < slot.newest:
        raise BundleStale(
            f"a bundle of order {slot.newest} was accepted for {slot.address}, and this one is of order {order};"
            " deploy the newest commit"
        )


def _make_record(slot: Slot, bundle: Bundle, order: int) -> Record:
    return Record(
        bundle=bundle.digest,
        manifest=bundle.manifest.model_copy(update={"files": {}}),
        order=order,
        user=slot.user,
        stored=bundle.bytes,
        keep_awake=slot.record.keep_awake if slot.record else False,
    )


@contextmanager
def _noting(slot: Slot) -> Iterator[None]:
    """Have the slot say why its newest deployment failed."""
    try:
        yield
    except BundleStale:
        raise
    except ServiceError as error:
        _note(slot, error)
        raise
    except BaseException as error:
        if not isinstance(error, OSError) or error.errno not in FULL:
            _note(slot, HostFull("the deployment was broken off"))
            raise
        full = HostFull("the preview host's disk is full; remove previews, or give it more")
        _note(slot, full)
        raise full from error


def _note(slot: Slot, error: ServiceError) -> None:
    slot.attempt = Attempt(str(error), error.log)
    event = name_event("refused", slot)
    log.warning("the deployment to %s failed: %s", slot.address, error, extra=event)
