"""Brings a preview up: its environment, its process, and the wait until it answers."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

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
Ready = Callable[[RunningPreview, aiohttp.ClientSession, Manifest], Awaitable[None]]


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
    try:
        async with asyncio.timeout(manifest.timeout), reach(running.socket, None) as client:
            await ready(running, client, manifest)
    except TimeoutError:
        raise PreviewFailed(
            f"the preview gave no answer within {manifest.timeout:g} seconds; make it load faster, or set"
            " preview.timeout higher",
            log=running.log(),
        ) from None


async def _await_ready(running: RunningPreview, client: aiohttp.ClientSession, manifest: Manifest) -> None:
    while not await _is_ready(client):
        if not running.alive():
            raise PreviewFailed("the preview ended while it started; its log says why", log=running.log())
        await asyncio.sleep(POLL_SECONDS)


async def _await_probe(running: RunningPreview, client: aiohttp.ClientSession, manifest: Manifest) -> None:
    await _await_ready(running, client, manifest)
    if manifest.probe is not None:
        await _probe(running, client, manifest.probe)


async def _is_ready(client: aiohttp.ClientSession) -> bool:
    try:
        return (await _ask(client, "GET", "/readyz")).status_code == HTTPStatus.OK
    except (aiohttp.ClientError, OSError):
        return False


@dataclass(frozen=True)
class Answer:
    """What a candidate's service answered, with the beginning of its text in one line."""

    status_code: int
    text: str


async def _ask(client: aiohttp.ClientSession, method: str, path: str, *, json: object = None) -> Answer:
    """Return the answer; `PreviewFailed` for one without end, which would fill the memory."""
    size, shown = 0, b""
    headers = {} if json is None else {"Content-Type": "application/json"}
    async with client.request(
        method, f"http://preview{path}", json=json, headers=headers, allow_redirects=False
    ) as answer:
        async for chunk in answer.content.iter_any():
            await asyncio.sleep(0)  # whatever comes, others have their turn
            size += len(chunk)
            shown = shown or chunk[: 4 * SHOWN_CHARACTERS]
            if size > ANSWER_BYTES:
                raise PreviewFailed(
                    f"the preview answered {method} {path} with more than {ANSWER_BYTES // 2**20} MiB;"
                    " make its answers smaller"
                )
    text = " ".join(shown.decode(errors="replace").split())
    return Answer(answer.status, text[:SHOWN_CHARACTERS])


async def _probe(running: RunningPreview, client: aiohttp.ClientSession, row: dict[str, Any]) -> None:
    try:
        answer = await _ask(client, "POST", "/predict", json={"rows": [row]})
    except (aiohttp.ClientError, OSError) as error:
        raise PreviewFailed(
            f"the preview broke off its first answer: {error!r}", log=running.log()
        ) from error
    if answer.status_code != HTTPStatus.OK:
        raise PreviewFailed(
            f"the preview did not answer the example row ({answer.status_code}): {answer.text}",
            log=running.log(),
        )
