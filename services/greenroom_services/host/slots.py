"""The previews that the host runs: one a slot, switched over without a gap and restored after a restart."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import httpx

from greenroom_services.environments import build_environment
from greenroom_services.errors import PreviewAbsent, PreviewFailed, PreviewStarting, ServiceError
from greenroom_services.host.folder import HostFolder
from greenroom_services.host.upstream import reach
from greenroom_services.previews import Address, Deployment, PreviewState, State
from greenroom_services.runtimes.runtime import PreviewSpec, RunningPreview, Runtime

log = logging.getLogger(__name__)

RESTORED_AT_ONCE = 2
POLL_SECONDS = 0.02
GRACE_SECONDS = 10.0
ANSWER_SECONDS = 65.0
ANSWER_BYTES = 16 * 2**20
SHOWN_CHARACTERS = 300


@dataclass(frozen=True)
class Preview:
    """A preview that has answered: its process, and the clients that reach it.

    People's queries and programs' have connections of their own, so that neither waits for the other's.
    """

    deployment: Deployment
    running: RunningPreview
    people: aiohttp.ClientSession
    programs: aiohttp.ClientSession
    folder: Path
    seconds: float
    routes: tuple[str, ...] = ()

    async def stop(self) -> None:
        """End it once it has answered what it was asked."""
        await asyncio.to_thread(self.running.stop, grace=GRACE_SECONDS)
        await self.people.close()
        await self.programs.close()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Attempt:
    """The newest deployment to a slot, while it starts or after it failed."""

    deployment: Deployment
    error: str | None = None
    log: str = ""


class Slots:
    """All slots of the host. Deployments to one slot wait for each other; slots do not."""

    def __init__(self, folder: HostFolder, *, run_folder: Path, cache: Path, runtime: Runtime) -> None:
        self._folder = folder
        self._run_folder = run_folder
        self._cache = cache
        self._runtime = runtime
        self._previews: dict[Address, Preview] = {}
        self._attempts: dict[Address, Attempt] = {}
        self._locks: defaultdict[Address, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._restoring: dict[Address, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()

    def addresses(self) -> list[Address]:
        return sorted({*self._previews, *self._attempts}, key=str)

    def state(self, address: Address) -> PreviewState:
        """Return the slot as it is now; `PreviewAbsent` when nothing was deployed to it."""
        preview, attempt = self._previews.get(address), self._attempts.get(address)
        subject = preview or attempt
        if subject is None:
            raise PreviewAbsent(f"there is no preview in {address}; deploy one first")
        error, tail = (attempt.error, attempt.log) if attempt else (None, "")
        if preview is not None and not preview.running.alive():
            error, tail = "the preview ended by itself; its log says more", preview.running.log()
        return PreviewState(
            project=address.project,
            slot=address.slot,
            state=_name_state(preview, attempt),
            bento=str(subject.deployment.bento),
            model=_read_identity(subject.deployment.bento),
            seconds=preview.seconds if preview else None,
            error=error,
            log=tail,
        )

    @asynccontextmanager
    async def visit(self, address: Address, *, patience: float) -> AsyncIterator[Preview]:
        """Give the preview that answers in the slot, waiting *patience* seconds at most for one that starts."""
        deadline = time.monotonic() + patience
        while True:
            try:
                preview = self.awake(address)
                break
            except PreviewStarting:
                if time.monotonic() >= deadline:
                    raise
                await asyncio.sleep(POLL_SECONDS)
        yield preview

    def awake(self, address: Address) -> Preview:
        """Return the preview that answers in the slot, or raise what stands in its place."""
        preview = self._previews.get(address)
        if preview is not None and preview.running.alive():
            return preview
        state = self.state(address)
        if state.state == "starting":
            raise PreviewStarting(f"the preview in {address} is starting; ask again in a moment")
        raise PreviewFailed(f"the preview in {address} has failed: {state.error}", log=state.log)

    def log(self, address: Address) -> str:
        """Return the last lines of the preview that runs, else of the one that failed."""
        preview = self._previews.get(address)
        return preview.running.log() if preview else self.state(address).log

    async def deploy(self, address: Address, deployment: Deployment) -> PreviewState:
        """Start the Bento, and switch the slot over once it has answered; until then the old one answers.

        One that is only being restored is abandoned. Raises `PreviewFailed` or `RequirementsError`, and the
        old one goes on, or is restored after all.
        """
        abandoned = not self._restores(address, deployment) and await self._abandon_restore(address)
        try:
            return await self._deploy(address, deployment)
        except ServiceError:
            old = self._folder.deployments().get(address) if abandoned else None
            if old is not None:
                self._restoring[address] = asyncio.create_task(self._bring_back(address, old))
            raise

    async def _deploy(self, address: Address, deployment: Deployment) -> PreviewState:
        async with self._locks[address]:
            old = self._previews.get(address)
            if old is not None and old.running.alive() and _same(old.deployment, deployment):
                self._attempts.pop(address, None)
                return self.state(address)
            await self._replace(address, deployment)
            self._folder.save(address, deployment)
            if old is not None:
                self._run_in_background(old)
            return self.state(address)

    async def remove(self, address: Address) -> PreviewState:
        """Stop the preview and forget it, so that a restart does not bring it back."""
        await self._abandon_restore(address)
        async with self._locks[address]:
            state = self.state(address)
            self._folder.forget(address)
            self._attempts.pop(address, None)
            preview = self._previews.pop(address, None)
            if preview is not None:
                await preview.stop()
            return state.model_copy(update={"state": "stopped", "seconds": None})

    async def restore(self) -> None:
        """Start again what ran before; what does not come up stands as failed."""
        gate = asyncio.Semaphore(RESTORED_AT_ONCE)

        async def take_turn(address: Address, deployment: Deployment) -> None:
            async with gate:
                await self._bring_back(address, deployment)

        found = self._folder.deployments()
        self._attempts.update({address: Attempt(deployment) for address, deployment in found.items()})
        async with asyncio.TaskGroup() as group:
            for address, deployment in found.items():
                self._restoring[address] = group.create_task(take_turn(address, deployment))

    async def _bring_back(self, address: Address, deployment: Deployment) -> None:
        try:
            await self._deploy(address, deployment)
        except ServiceError as error:
            log.warning("the preview in %s was not restored: %s", address, error)
        except Exception:
            # A defect with one is no reason to go without the others.
            log.exception("the preview in %s was not restored", address)

    def _restores(self, address: Address, deployment: Deployment) -> bool:
        """Say whether it is this very deployment that is being restored."""
        attempt = self._attempts.get(address)
        return address in self._restoring and attempt is not None and _same(attempt.deployment, deployment)

    async def _abandon_restore(self, address: Address) -> bool:
        """Break off what is being restored to the slot and stop its process; say whether there was any."""
        task = self._restoring.pop(address, None)
        if task is None or task.done():
            return False
        task.cancel()
        await asyncio.wait([task])
        return True

    async def close(self) -> None:
        """Stop every preview; they stay on disk, to be restored."""
        for address in list(self._restoring):
            await self._abandon_restore(address)
        previews = list(self._previews.values())
        self._previews.clear()
        await asyncio.gather(*(preview.stop() for preview in previews), *self._background)

    async def _replace(self, address: Address, deployment: Deployment) -> None:
        self._attempts[address] = Attempt(deployment)
        try:
            self._previews[address] = await self._start(deployment)
        except ServiceError as error:
            self._attempts[address] = Attempt(deployment, str(error), error.log)
            raise
        except BaseException:
            self._attempts[address] = Attempt(deployment, "the deployment was broken off")
            raise
        del self._attempts[address]

    async def _start(self, deployment: Deployment) -> Preview:
        if not (deployment.bento / "bento.yaml").is_file():
            raise PreviewFailed(f"{deployment.bento} is not the folder of a Bento; package the model first")
        environment = await asyncio.to_thread(build_environment, deployment.requirements, cache=self._cache)
        folder = Path(tempfile.mkdtemp(prefix="", dir=self._run_folder))
        began = time.monotonic()
        spec = PreviewSpec(deployment.bento, environment, folder)
        starting = asyncio.create_task(asyncio.to_thread(self._runtime.start, spec))
        try:
            running = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # The thread goes on, and what it starts must not stay behind.
            await asyncio.to_thread((await starting).stop)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        try:
            async with _prober(running.socket) as client:
                await _first_answer(running, client, deployment)
        except BaseException:
            await asyncio.to_thread(running.stop)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        people, programs = reach(running.socket), reach(running.socket)
        return Preview(deployment, running, people, programs, folder, time.monotonic() - began)

    def _run_in_background(self, old: Preview) -> None:
        task = asyncio.create_task(old.stop())
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _prober(socket: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=str(socket)), base_url="http://preview", timeout=ANSWER_SECONDS
    )


def _same(one: Deployment, other: Deployment) -> bool:
    return one.bento == other.bento and one.requirements == other.requirements


def _name_state(preview: Preview | None, attempt: Attempt | None) -> State:
    if preview is not None and preview.running.alive():
        return "awake"
    return "starting" if attempt is not None and attempt.error is None else "failed"


def _read_identity(bento: Path) -> dict[str, str | None]:
    try:
        identity = json.loads((bento / "src" / "identity.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: identity.get(key) for key in ("name", "version", "digest")}


async def _first_answer(running: RunningPreview, client: httpx.AsyncClient, deployment: Deployment) -> None:
    """Wait until the preview is ready and has answered its probe."""
    try:
        async with asyncio.timeout(deployment.timeout):
            while not await _is_ready(client):
                if not running.alive():
                    raise PreviewFailed(
                        "the preview ended while it started; its log says why", log=running.log()
                    )
                await asyncio.sleep(POLL_SECONDS)
            if deployment.probe is not None:
                await _probe(running, client, deployment)
    except TimeoutError:
        raise PreviewFailed(
            f"the preview gave no answer within {deployment.timeout:g} seconds; make it load faster, or set"
            " preview.timeout higher",
            log=running.log(),
        ) from None


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await _ask(client, "GET", "/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@dataclass(frozen=True)
class Answer:
    """What a candidate's service answered, with the beginning of its text in one line."""

    status_code: int
    text: str


async def _ask(client: httpx.AsyncClient, method: str, path: str, *, json: object = None) -> Answer:
    """Return the answer; `PreviewFailed` for one without end, which would fill the memory."""
    size, shown = 0, b""
    async with client.stream(method, path, json=json) as answer:
        async for chunk in answer.aiter_raw():
            size += len(chunk)
            shown = shown or chunk[: 4 * SHOWN_CHARACTERS]
            if size > ANSWER_BYTES:
                raise PreviewFailed(
                    f"the preview answered {method} {path} with more than {ANSWER_BYTES // 2**20} MiB;"
                    " make its answers smaller"
                )
    text = " ".join(shown.decode(errors="replace").split())
    return Answer(answer.status_code, text[:SHOWN_CHARACTERS])


async def _probe(running: RunningPreview, client: httpx.AsyncClient, deployment: Deployment) -> None:
    try:
        answer = await _ask(client, "POST", "/predict", json={"rows": [deployment.probe]})
    except httpx.TransportError as error:
        raise PreviewFailed(
            f"the preview broke off its first answer: {error!r}", log=running.log()
        ) from error
    if answer.status_code != httpx.codes.OK:
        raise PreviewFailed(
            f"the preview did not answer the example row ({answer.status_code}): {answer.text}",
            log=running.log(),
        )
