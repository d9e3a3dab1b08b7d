"""Brings a preview up: its environment, its process, and the wait until it answers."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from greenroom_services.environments import build_environment
from greenroom_services.errors import PreviewFailed
from greenroom_services.host.clock import Clock
from greenroom_services.host.preview import Preview, Tally
from greenroom_services.host.upstream import reach
from greenroom_services.previews import Manifest
from greenroom_services.runtimes.runtime import Limits, PreviewSpec, RunningPreview, Runtime

POLL_SECONDS = 0.01
ANSWER_BYTES = 16 * 2**20
SHOWN_CHARACTERS = 300
Ready = Callable[[RunningPreview, httpx.AsyncClient, Manifest], Awaitable[None]]


@dataclass(frozen=True)
class Call:
    """What is to be brought up: a slot's Bento."""

    bento: Path
    manifest: Manifest
    user: int
    log: Path
    tally: Tally


@dataclass(frozen=True)
class Stage:
    """Where previews are brought up, and by which runtime."""

    runtime: Runtime
    run_folder: Path
    cache: Path
    limits: Limits
    clock: Clock

    async def wake(self, call: Call) -> Preview:
        """Return the preview once it is ready. Raises `PreviewFailed` or `RequirementsError`, with log."""
        return await self._start(call, _await_ready)

    async def try_out(self, call: Call) -> Preview:
        """Return the preview once it has answered its probe, else raise likewise."""
        return await self._start(call, _await_probe)

    async def _start(self, call: Call, ready: Ready) -> Preview:
        environment = await asyncio.to_thread(build_environment, call.manifest.requirements, cache=self.cache)
        began = self.clock.steady()
        folder = Path(tempfile.mkdtemp(prefix="", dir=self.run_folder))
        running: RunningPreview | None = None
        try:
            spec = PreviewSpec(call.bento, environment, folder, call.log, call.user, self.limits)
            running = await _start_whole(self.runtime, spec)
            await _first_answer(running, call.manifest, ready)
            people, programs = (reach(running.socket, call.tally) for _ in range(2))
            now = self.clock.steady()
            return Preview(running, people, programs, call.manifest.routes, folder, now - began, now)
        except BaseException:
            if running is not None:
                await asyncio.to_thread(running.stop)
            shutil.rmtree(folder, ignore_errors=True)
            raise


async def _start_whole(runtime: Runtime, spec: PreviewSpec) -> RunningPreview:
    starting = asyncio.create_task(asyncio.to_thread(runtime.start, spec))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # The thread goes on, and what it starts must not stay behind.
        with suppress(Exception):
            await asyncio.to_thread((await starting).stop)
        raise


async def _first_answer(running: RunningPreview, manifest: Manifest, ready: Ready) -> None:
    transport = httpx.AsyncHTTPTransport(uds=str(running.socket))
    prober = httpx.AsyncClient(transport=transport, base_url="http://preview", timeout=manifest.timeout)
    try:
        async with asyncio.timeout(manifest.timeout), prober as client:
            await ready(running, client, manifest)
    except TimeoutError:
        raise PreviewFailed(
            f"the preview gave no answer within {manifest.timeout:g} seconds; make it load faster, or set"
            " preview.timeout higher",
            log=running.log(),
        ) from None


async def _await_ready(running: RunningPreview, client: httpx.AsyncClient, manifest: Manifest) -> None:
    while not await _is_ready(client):
        if not running.alive():
            raise PreviewFailed("the preview ended while it started; its log says why", log=running.log())
        await asyncio.sleep(POLL_SECONDS)


async def _await_probe(running: RunningPreview, client: httpx.AsyncClient, manifest: Manifest) -> None:
    await _await_ready(running, client, manifest)
    if manifest.probe is not None:
        await _probe(running, client, manifest.probe)


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


async def _probe(running: RunningPreview, client: httpx.AsyncClient, row: dict[str, Any]) -> None:
    try:
        answer = await _ask(client, "POST", "/predict", json={"rows": [row]})
    except httpx.TransportError as error:
        raise PreviewFailed(
            f"the preview broke off its first answer: {error!r}", log=running.log()
        ) from error
    if answer.status_code != httpx.codes.OK:
        raise PreviewFailed(
            f"the preview did not answer the example row ({answer.status_code}): {answer.text}",
            log=running.log(),
        )
