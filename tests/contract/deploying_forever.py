"""Deploys two bundles in turn until it is killed: run with the host's folder, a run folder and the cache."""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse

from greenroom_services.host.folder import HostFolder
from greenroom_services.host.slots import Slots
from greenroom_services.previews import Address
from tests.contract.thread_previews import ThreadRuntime, bento_folder, deploy_packed, pack_bento

ADDRESS = Address(project="flights", slot="7")


async def answer(request: Request) -> JSONResponse:
    return JSONResponse({"kind": request.app.state.kind})


async def main(state: Path, run_folder: Path, cache: Path) -> None:
    run_folder.mkdir()
    slots = Slots(HostFolder(state), run_folder=run_folder, cache=cache, runtime=ThreadRuntime(answer))
    slots.restore()
    bundles = [pack_bento(bento_folder(run_folder / kind, kind), ADDRESS) for kind in ("one", "two")]
    for bundle in itertools.cycle(bundles):
        await deploy_packed(slots, bundle, ADDRESS)
        print("deployed", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*map(Path, sys.argv[1:])))
