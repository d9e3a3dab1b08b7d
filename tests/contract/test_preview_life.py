"""Previews are deployed, sleep, wake, die, make room and end; small applications in threads stand for Bentos."""

from __future__ import annotations

import asyncio
import errno
import random
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from starlette.responses import JSONResponse

from greenroom_services.bundle import PackedBundle
from greenroom_services.errors import (
    BundleRefused,
    BundleStale,
    HostFull,
    PreviewAbsent,
    PreviewFailed,
    PreviewStarting,
)
from greenroom_services.host import records
from greenroom_services.host.clock import Clock
from greenroom_services.host.control import Control
from greenroom_services.host.deployment import Deployments
from greenroom_services.host.folder import HostFolder
from greenroom_services.host.limits import DAY, HostLimits
from greenroom_services.host.slots import Slots
from greenroom_services.host.upkeep import Upkeep
from greenroom_services.previews import Address, PreviewState
from tests.contract.thread_previews import (
    ThreadPreview,
    ThreadRuntime,
    bento_folder,
    deploy_packed,
    pack_bento,
)

SEVEN, EIGHT, NINE = (Address(project="flights", slot=slot) for slot in "789")
PRODUCTION = Address(project="flights", slot="production")
LIMITS = HostLimits(idle=900, max_awake=10, ttl=14 * DAY, patience=20)
Run = Callable[[Callable[["Stage"], Coroutine[Any, Any, None]]], None]


@dataclass
class Hands:
    """The clocks' hands, which only the test moves."""

    steady: float = 1_000.0
    wall: float = 1_700_000_000.0

    def clock(self) -> Clock:
        return Clock(lambda: self.steady, lambda: self.wall)


@dataclass
class Stage:
    """A host's slots on a folder, as a test drives them."""

    folder: Path
    cache: Path
    limits: HostLimits = LIMITS
    hands: Hands = field(default_factory=Hands)
    held: bool = False
    """While true, previews that have been started answer nothing."""
    slots: Slots = field(init=False)
    runtime: ThreadRuntime = field(init=False)
    upkeep: Upkeep = field(init=False)

    def __post_init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self.runtime = ThreadRuntime(self._answer)
        self.slots = Slots(
            HostFolder(self.folder / "state"),
            run_folder=self.folder,
            cache=self.cache,
            runtime=self.runtime,
            limits=self.limits,
            clock=self.hands.clock(),
        )
        self.slots.restore()
        self.upkeep = Upkeep(self.slots)

    async def _answer(self, request: Request) -> JSONResponse:
        while self.held:
            await asyncio.sleep(0.01)
        status = int(request.query_params.get("status", 200))
        return JSONResponse({"kind": request.app.state.kind}, status)

    async def restart(self) -> None:
        """Let the host end in order, and another one begin."""
        self.upkeep.save_ages()
        await self.slots.close()
        self._open()

    def pack(self, address: Address, kind: str = "one", **fields: Any) -> PackedBundle:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        return pack_bento(bento_folder(folder / "bento", kind), address, **fields)

    async def deploy(self, address: Address, kind: str = "one", **fields: Any) -> PreviewState:
        return await deploy_packed(self.slots, self.pack(address, kind, **fields), address)

    async def ask(self, address: Address, *, patience: float = 20) -> str:
        async with (
            self.slots.visit(address, patience=patience) as preview,
            preview.people.post("http://preview/predict") as answer,
        ):
            kind: str = (await answer.json())["kind"]
            return kind

    def state(self, address: Address) -> str:
        return self.slots.state(address).state

    def states(self) -> dict[str, str]:
        return {address.slot: self.state(address) for address in self.slots.addresses()}

    def alive(self) -> int:
        return sum(running.alive() for _, running in self.runtime.started)

    def kill(self) -> None:
        """End the preview that was started last, as a crash does."""
        self.runtime.started[-1][1].stop()

    def files(self, address: Address) -> set[str]:
        folder = self.folder / "state" / "previews" / address.project / address.slot
        return {path.name for path in folder.iterdir()} if folder.exists() else set()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.fixture
def run(cache: Path) -> Run:
    """Run a test's steps on a stage of its own."""

    async def on_stage(steps: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
        with tempfile.TemporaryDirectory(prefix="gr-") as folder:
            stage = Stage(Path(folder), cache)
            try:
                async with asyncio.timeout(60):
                    await steps(stage)
            finally:
                stage.held = False
                await stage.slots.close()
                assert stage.alive() == 0

    return lambda steps: asyncio.run(on_stage(steps))


def test_idle_previews_sleep_and_a_visit_wakes_them(run: Run) -> None:
    """Who was not visited for long enough costs nothing, and answers who asks again."""

    async def steps(stage: Stage) -> None:
        assert (await stage.deploy(SEVEN)).state == "awake"
        stage.hands.steady += 899
        stage.upkeep.round()
        assert stage.state(SEVEN) == "awake"

        stage.hands.steady += 1
        stage.upkeep.round()
        await until(lambda: stage.alive() == 0)
        assert stage.state(SEVEN) == "asleep"

        assert await stage.ask(SEVEN) == "one"
        state = stage.slots.state(SEVEN)
        assert (state.state, state.wakes, state.last_used) == ("awake", 1, 0)

    run(steps)


def test_who_is_visited_stays_awake(run: Run) -> None:
    """However long a visit takes, its preview neither sleeps nor expires, and has all its idle time afterwards."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        async with stage.slots.visit(SEVEN, patience=0):
            stage.hands.steady += 30 * DAY
            stage.upkeep.round()
            assert stage.state(SEVEN) == "awake"
        stage.hands.steady += 800
        stage.upkeep.round()
        assert stage.state(SEVEN) == "awake"

    run(steps)


def test_the_wall_clock_puts_nobody_to_sleep(run: Run) -> None:
    """A wall clock that jumps changes nothing while the host runs."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        for jump in (400 * DAY, -800 * DAY):
            stage.hands.wall += jump
            stage.upkeep.round()
            await asyncio.sleep(0)
        assert stage.states() == {"7": "awake"}

    run(steps)


def test_all_visitors_share_one_wake(run: Run) -> None:
    """However many come at once, the preview is started once, and all are answered by it."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        await stage.slots.sleep(SEVEN)

        answers = await asyncio.gather(*(stage.ask(SEVEN) for _ in range(20)))

        assert answers == ["one"] * 20
        assert len(stage.runtime.started) == 2
        assert stage.slots.state(SEVEN).wakes == 1

    run(steps)


def test_patience_ends(run: Run) -> None:
    """Who does not want to wait as long is told when to come again, and finds the preview awake then."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        await stage.slots.sleep(SEVEN)
        stage.held = True

        for patience in (0, 0.05):
            with pytest.raises(PreviewStarting) as caught:
                await stage.ask(SEVEN, patience=patience)
            assert caught.value.retry >= 1
        assert stage.state(SEVEN) == "waking"

        stage.held = False
        await until(lambda: stage.state(SEVEN) == "awake")
        assert len(stage.runtime.started) == 2

    run(steps)


def test_after_a_restart_previews_sleep(run: Run) -> None:
    """A new host starts nothing but production and what is kept awake, and has all others at once, asleep."""

    async def steps(stage: Stage) -> None:
        for address in (SEVEN, EIGHT, PRODUCTION):
            await stage.deploy(address)
        assert stage.slots.keep_awake(EIGHT, kept=True).keep_awake
        users = [spec.user for spec, _ in stage.runtime.started]

        await stage.restart()
        assert stage.states() == {"7": "asleep", "8": "asleep", "production": "asleep"}
        await stage.upkeep.wake_kept()

        assert stage.states() == {"7": "asleep", "8": "awake", "production": "awake"}
        assert stage.slots.state(EIGHT).keep_awake
        assert await stage.ask(SEVEN) == "one"
        assert len(set(users)) == 3
        assert {spec.user for spec, _ in stage.runtime.started} == set(users)

    run(steps)


def test_a_preview_that_dies_is_tried_again(run: Run) -> None:
    """The next visit brings it up, after a backoff that is told to who does not want to wait for it."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        stage.kill()

        with pytest.raises(PreviewStarting):
            await stage.ask(SEVEN, patience=0.2)
        state = stage.slots.state(SEVEN)
        assert (state.state, state.error) == ("waking", "the preview ended by itself; its log says more")
        stage.hands.steady += 0.5

        assert await stage.ask(SEVEN) == "one"
        assert stage.slots.state(SEVEN).wakes == 1

    run(steps)


def test_a_preview_that_dies_is_brought_up_in_the_background(run: Run) -> None:
    """What would be awake comes up again without anybody asking; what nobody has visited for long does not."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(EIGHT)
        await stage.deploy(SEVEN)
        stage.kill()
        stage.upkeep.round()
        stage.hands.steady += 1
        await until(lambda: stage.state(SEVEN) == "awake")

        stage.kill()
        stage.hands.steady += 900
        stage.upkeep.round()
        await until(lambda: stage.states() == {"7": "asleep", "8": "asleep"})

    run(steps)


def test_a_preview_that_takes_too_much_memory_ends(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its slot says how much it took and may take; it comes up again as one does that died."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        await stage.upkeep.watch_memory()
        assert stage.slots.state(SEVEN).state == "awake"
        with monkeypatch.context() as patch:
            patch.setattr(ThreadPreview, "memory", 3_000 * 2**20)
            await stage.upkeep.watch_memory()

        state = stage.slots.state(SEVEN)
        assert state.error is not None
        assert "took 3,000 MiB of memory, and may take 2,048" in state.error
        stage.hands.steady += 0.5
        assert await stage.ask(SEVEN) == "one"

    run(steps)


def test_a_preview_that_keeps_dying_has_failed(run: Run) -> None:
    """After five deaths in a row it says so with its last lines, and is tried again only when somebody wants it."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        stage.kill()
        stage.runtime.fate = "dead"
        for _ in range(4):
            with pytest.raises(PreviewStarting):
                await stage.ask(SEVEN, patience=0.4)
            stage.hands.steady += 60

        with pytest.raises(PreviewFailed, match="ended while it started") as caught:
            await stage.ask(SEVEN)
        assert caught.value.log == "last words"
        assert (stage.state(SEVEN), stage.slots.state(SEVEN).log) == ("failed", "last words")
        started = len(stage.runtime.started)
        stage.hands.steady += 60
        stage.upkeep.round()
        with pytest.raises(PreviewFailed):
            await stage.ask(SEVEN)
        assert len(stage.runtime.started) == started

        with pytest.raises(PreviewFailed, match="did not come up: the preview ended"):
            await stage.slots.wake(SEVEN)
        stage.runtime.fate = None
        assert (await stage.slots.wake(SEVEN)).state == "awake"

    run(steps)


def test_a_deployment_tries_what_has_failed_again(run: Run) -> None:
    """The same bundle is no no-op for a preview that has failed."""

    async def steps(stage: Stage) -> None:
        bundle = stage.pack(SEVEN)
        await deploy_packed(stage.slots, bundle, SEVEN)
        stage.kill()
        stage.runtime.fate = "dead"
        while stage.state(SEVEN) != "failed":
            stage.hands.steady += 60
            stage.upkeep.round()
            await asyncio.sleep(0.01)
        stage.runtime.fate = None

        assert (await deploy_packed(stage.slots, bundle, SEVEN)).state == "awake"

    run(steps)


def test_the_least_recently_used_makes_room(run: Run) -> None:
    """Beyond the cap the longest idle one sleeps; when all are busy, the newcomer still comes up."""

    async def steps(stage: Stage) -> None:
        stage.slots.limits = replace(LIMITS, max_awake=2)
        for address in (SEVEN, EIGHT, NINE):
            await stage.deploy(address)
            stage.hands.steady += 1
        assert stage.states() == {"7": "asleep", "8": "awake", "9": "awake"}

        async with AsyncExitStack() as stack:
            await stack.enter_async_context(stage.slots.visit(EIGHT, patience=0))
            assert await stage.ask(SEVEN) == "one"
            assert stage.states() == {"7": "awake", "8": "awake", "9": "asleep"}
            await stack.enter_async_context(stage.slots.visit(SEVEN, patience=0))
            await stage.deploy(PRODUCTION)
            assert stage.states() == {"7": "awake", "8": "awake", "9": "asleep", "production": "awake"}
        stage.hands.steady += 1
        stage.upkeep.round()
        awake = [slot for slot, state in stage.states().items() if state == "awake"]
        assert len(awake) == 2
        assert "production" in awake

    run(steps)


def test_previews_expire(run: Run) -> None:
    """Who was neither deployed nor visited for the time to live goes, with all files; production stays."""

    async def steps(stage: Stage) -> None:
        for address in (SEVEN, EIGHT, NINE, PRODUCTION):
            await stage.deploy(address)
        stage.slots.keep_awake(NINE, kept=True)
        stage.hands.steady += 13 * DAY
        await stage.ask(EIGHT)
        assert stage.slots.state(SEVEN).expires == DAY
        assert stage.slots.state(PRODUCTION).expires is stage.slots.state(NINE).expires is None

        stage.hands.steady += DAY
        stage.upkeep.round()
        await until(lambda: "7" not in stage.states())

        assert set(stage.states()) == {"8", "9", "production"}
        await until(lambda: stage.files(SEVEN) == set())
        with pytest.raises(PreviewAbsent):
            await stage.ask(SEVEN)

    run(steps)


@pytest.mark.parametrize(
    ("jump", "age"),
    [(DAY / 2, 10.5 * DAY), (-400 * DAY, 10 * DAY), (4_000 * DAY, 11 * DAY)],
    ids=["half a day", "set back", "far ahead"],
)
def test_the_time_to_live_goes_on_over_a_restart(run: Run, jump: float, age: float) -> None:
    """A restart renews nobody, and a wall clock that jumped meanwhile expires nobody."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        stage.hands.steady += 10 * DAY
        stage.upkeep.save_ages()
        stage.hands.wall += jump
        stage.hands.steady = 5.0
        await stage.slots.close()
        stage._open()

        assert stage.slots.state(SEVEN).last_used == pytest.approx(age)

    run(steps)


def test_the_newest_bundle_wins(run: Run) -> None:
    """An older one is refused, also while a newer one is still starting, and what runs goes on."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN, "one", order=5)
        with pytest.raises(
            BundleStale, match="order 5 was accepted for flights/7, and this one is of order 4"
        ):
            await stage.deploy(SEVEN, "old", order=4)
        assert stage.slots.state(SEVEN).error is None

        stage.held = True
        newer = asyncio.create_task(stage.deploy(SEVEN, "newer", order=9))
        await until(lambda: len(stage.runtime.started) == 2)
        with pytest.raises(BundleStale):
            await stage.deploy(SEVEN, "older", order=8)
        stage.held = False
        await newer
        assert await stage.ask(SEVEN) == "newer"

        await stage.restart()
        with pytest.raises(BundleStale):
            await stage.deploy(SEVEN, "older", order=8)
        assert (await stage.deploy(SEVEN, "next")).state == "awake"
        with pytest.raises(BundleStale):
            await stage.deploy(SEVEN, "newer again", order=9)

    run(steps)


@pytest.mark.parametrize("first", [1, 2])
def test_two_racing_deployments(run: Run, first: int) -> None:
    """Whichever comes first, the slot ends with the newer one."""

    async def steps(stage: Stage) -> None:
        stage.held = True
        bundles = {order: stage.pack(SEVEN, f"order {order}", order=order) for order in (1, 2)}
        one = asyncio.create_task(deploy_packed(stage.slots, bundles[first], SEVEN))
        await until(lambda: len(stage.runtime.started) == 1)
        other = asyncio.create_task(deploy_packed(stage.slots, bundles[3 - first], SEVEN))
        await asyncio.sleep(0.05)
        stage.held = False

        ended = await asyncio.gather(one, other, return_exceptions=True)

        assert await stage.ask(SEVEN) == "order 2"
        assert [type(each) for each in ended].count(BundleStale) == (1 if first == 2 else 0)
        await until(lambda: stage.alive() == 1)
        await until(lambda: len(stage.files(SEVEN)) == 2)

    run(steps)


def test_what_was_overtaken_is_not_started(run: Run) -> None:
    """A deployment that still waits for its turn when a newer one comes is stale."""

    async def steps(stage: Stage) -> None:
        stage.held = True
        deployments = []
        for order in (1, 2, 3):
            bundle = stage.pack(SEVEN, f"order {order}", order=order)
            deployments.append(asyncio.create_task(deploy_packed(stage.slots, bundle, SEVEN)))
            await until(lambda: stage.runtime.started != [])
            await until(lambda order=order: stage.slots.open(SEVEN).newest == order)  # type: ignore[misc]
        stage.held = False

        ended = await asyncio.gather(*deployments, return_exceptions=True)

        assert [type(each) for each in ended] == [PreviewState, BundleStale, PreviewState]
        assert (await stage.ask(SEVEN), len(stage.runtime.started)) == ("order 3", 2)

    run(steps)


def test_the_same_bundle_again_is_a_no_op(run: Run) -> None:
    """What the slot holds already is answered at once, without its bytes being read, and sleeps on."""

    async def steps(stage: Stage) -> None:
        bundle = stage.pack(SEVEN)
        await deploy_packed(stage.slots, bundle, SEVEN)
        await stage.slots.sleep(SEVEN)
        stage.hands.steady += DAY

        async def unread() -> AsyncIterator[bytes]:
            pytest.fail("the bundle is read")
            yield b""

        state = await Deployments(stage.slots).deploy(SEVEN, unread(), digest=bundle.digest)

        assert (state.state, state.last_used, len(stage.runtime.started)) == ("asleep", 0, 1)

    run(steps)


def test_the_old_preview_ends_after_its_last_answer(run: Run) -> None:
    """Who visits the old one keeps it, with its files, while all others meet the new one."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN, "old")
        before = stage.files(SEVEN)
        async with stage.slots.visit(SEVEN, patience=0) as old:
            await stage.deploy(SEVEN, "new")
            assert await stage.ask(SEVEN) == "new"
            async with old.people.post("http://preview/predict") as answer:
                assert await answer.json() == {"kind": "old"}
            await stage.deploy(EIGHT)
            assert isinstance(old.running, ThreadPreview)
            assert not old.running.told_to_stop
            assert before < stage.files(SEVEN)
        await until(lambda: stage.alive() == 2)
        await until(lambda: len(stage.files(SEVEN)) == 2)
        assert await stage.ask(SEVEN) == "new"

    run(steps)


def test_a_deployment_does_not_wait_for_a_wake(run: Run) -> None:
    """A slot whose old preview does not come up is at once the new one's, and so are those who wait for it."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN, "old")
        await stage.slots.sleep(SEVEN)
        stage.runtime.fate = "mute"
        visit = asyncio.create_task(stage.ask(SEVEN))
        await until(lambda: len(stage.runtime.started) == 2)
        stage.runtime.fate = None

        await stage.deploy(SEVEN, "new")

        assert await visit == "new"
        await until(lambda: stage.alive() == 1)

    run(steps)


def test_a_visit_waits_for_the_first_deployment(run: Run) -> None:
    """Who comes while a slot's first preview is tried out is answered by it."""

    async def steps(stage: Stage) -> None:
        stage.held = True
        deployment = asyncio.create_task(stage.deploy(SEVEN))
        await until(lambda: len(stage.runtime.started) == 1)
        assert stage.state(SEVEN) == "starting"
        visit = asyncio.create_task(stage.ask(SEVEN))
        await asyncio.sleep(0.02)
        stage.held = False

        assert await visit == "one"
        await deployment

    run(steps)


def test_a_failed_deployment_changes_nothing(run: Run) -> None:
    """A Bento that does not come up leaves the old one running, its error in the state, and no files."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN, "old")
        before = stage.files(SEVEN)
        stage.runtime.fate = "dead"
        with pytest.raises(PreviewFailed, match="ended while it started"):
            await stage.deploy(SEVEN, "new")
        with pytest.raises(BundleRefused, match="is for flights/8 and cannot be deployed to flights/7"):
            await deploy_packed(stage.slots, stage.pack(EIGHT), SEVEN)

        state = stage.slots.state(SEVEN)
        assert (state.state, state.error is not None) == ("awake", True)
        assert await stage.ask(SEVEN) == "old"
        assert stage.files(SEVEN) == before
        await stage.restart()
        assert await stage.ask(SEVEN) == "old"

    run(steps)


def test_a_bento_of_another_model_is_refused(run: Run) -> None:
    """The manifest's model must be the one that the Bento says it is."""

    async def steps(stage: Stage) -> None:
        with pytest.raises(BundleRefused, match="Bento is of model bbbbbbbbbbbb…, its manifest says cccc"):
            await stage.deploy(SEVEN, model="c" * 64)
        assert stage.state(SEVEN) == "failed"
        with pytest.raises(PreviewFailed, match="pack the Bento of that model"):
            await stage.ask(SEVEN)

    run(steps)


def test_a_full_disk_changes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the record of a new preview cannot be written, the old one goes on, and the state says why."""

    def fail(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN, "old")
        before = stage.files(SEVEN)
        with monkeypatch.context() as patch:
            patch.setattr(records, "write_whole", fail)
            with pytest.raises(HostFull, match="disk is full"):
                await stage.deploy(SEVEN, "new")

        assert "disk is full" in (stage.slots.state(SEVEN).error or "")
        assert (await stage.ask(SEVEN), stage.alive(), stage.files(SEVEN)) == ("old", 1, before)

    run(steps)


def test_leftovers_are_swept(run: Run) -> None:
    """Whatever a killed host left half done is gone at the next start; old or new, the slot's preview is whole."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        before = stage.files(SEVEN)
        previews = stage.folder / "state" / "previews" / "flights"
        for name in (".unpacking-1", ".incoming-1", "e" * 64):
            (previews / "7" / name / "bento").mkdir(parents=True)
            (previews / "9" / name / "bento").mkdir(parents=True)
        (previews / "7" / ".record.json.1").write_text("{")
        (previews / "8").mkdir()
        (previews / "8" / "record.json").write_text("{")
        (previews / "8" / "bundle").mkdir()

        await stage.restart()

        assert stage.files(SEVEN) == before
        assert stage.files(NINE) == set()
        assert stage.files(EIGHT) == {"record.json", "bundle"}
        assert stage.states() == {"7": "asleep"}
        assert await stage.ask(SEVEN) == "one"

    run(steps)


@pytest.mark.parametrize("seed", range(4))
def test_a_kill_at_any_instant(run: Run, seed: int) -> None:
    """However a host that deploys without end is killed, the slot has one whole preview, old or new."""

    def deploy_and_kill(stage: Stage, instant: float) -> None:
        command = [sys.executable, "-m", "tests.contract.deploying_forever"]
        places = (stage.folder / "state", stage.folder / "run", stage.cache)
        root = Path(__file__).parents[2]
        with subprocess.Popen([*command, *map(str, places)], cwd=root, stdout=subprocess.PIPE) as host:
            assert host.stdout is not None
            assert host.stdout.readline() == b"deployed\n"
            with suppress(subprocess.TimeoutExpired):
                host.wait(instant)
            host.kill()

    async def steps(stage: Stage) -> None:
        await asyncio.to_thread(deploy_and_kill, stage, random.Random(seed).uniform(0, 0.4))

        await stage.restart()

        assert stage.states() == {"7": "asleep"}
        assert await stage.ask(SEVEN) in ("one", "two")
        assert len(stage.files(SEVEN)) == 2

    run(steps)


def test_a_deployment_that_is_broken_off_leaves_nothing(run: Run) -> None:
    """A sender that goes away in the middle, or a host that is stopped, leaves what was there before."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN, "old")
        before, bundle = stage.files(SEVEN), stage.pack(SEVEN, "new")

        async def cut() -> AsyncIterator[bytes]:
            yield next(bundle.chunks())
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await Deployments(stage.slots).deploy(SEVEN, cut(), digest=bundle.digest)
        assert stage.slots.state(SEVEN).error == "the deployment was broken off"
        assert stage.files(SEVEN) == before

        stage.runtime.fate = "mute"
        starting = asyncio.create_task(deploy_packed(stage.slots, bundle, SEVEN))
        await until(lambda: len(stage.runtime.started) == 2)
        starting.cancel()
        await asyncio.wait([starting])
        assert (stage.files(SEVEN), stage.alive()) == (before, 1)
        assert await stage.ask(SEVEN) == "old"

    run(steps)


def test_removal(run: Run) -> None:
    """A removed preview is gone with all files, also one that is just starting or waking."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        await stage.deploy(EIGHT)
        await stage.slots.sleep(EIGHT)
        stage.runtime.fate = "mute"
        starting = asyncio.create_task(stage.deploy(NINE))
        waking = asyncio.create_task(stage.ask(EIGHT))
        await until(lambda: len(stage.runtime.started) == 4)

        for address in (SEVEN, EIGHT, NINE):
            assert (await stage.slots.remove(address)).state == "stopped"

        with pytest.raises(PreviewFailed, match="was removed while it started"):
            await starting
        with pytest.raises(PreviewAbsent):
            await waking
        assert (stage.alive(), stage.states()) == (0, {})
        assert [stage.files(address) for address in (SEVEN, EIGHT, NINE)] == [set()] * 3

    run(steps)


def test_new_bundles_make_room(run: Run) -> None:
    """Over the cap on bytes the bundle that slept longest goes, and the slot remembers; nothing new is refused."""

    async def steps(stage: Stage) -> None:
        bundle = stage.pack(SEVEN)
        stage.slots.limits = replace(LIMITS, max_bytes=2 * bundle.size)
        await deploy_packed(stage.slots, bundle, SEVEN)
        await stage.slots.sleep(SEVEN)
        await stage.deploy(EIGHT)
        await stage.deploy(EIGHT, "update")
        assert stage.states() == {"7": "asleep", "8": "awake"}

        await stage.deploy(NINE)

        state = stage.slots.state(SEVEN)
        assert (state.state, state.evicted) == ("stopped", True)
        with pytest.raises(PreviewAbsent, match="a new push or `greenroom run` brings it back"):
            await stage.ask(SEVEN)
        await until(lambda: stage.files(SEVEN) == {"record.json"})
        await stage.restart()
        assert stage.slots.state(SEVEN).evicted

        await stage.ask(EIGHT)
        await stage.ask(NINE)
        assert (await deploy_packed(stage.slots, bundle, SEVEN)).state == "awake"
        assert stage.states() == {"7": "awake", "8": "awake", "9": "awake"}

    run(steps)


def test_a_bundle_that_has_gone_is_as_evicted(run: Run) -> None:
    """A slot whose files somebody removed does not keep the host from starting, and says how it comes back."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        await stage.slots.sleep(SEVEN)
        place = stage.folder / "state" / "previews" / "flights" / "7"
        next(path for path in place.iterdir() if path.is_dir()).rename(stage.folder / "elsewhere")
        await stage.restart()

        assert stage.slots.state(SEVEN).evicted

    run(steps)


@asynccontextmanager
async def controlling(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Control(stage.slots, gateway="http://127.0.0.1:1").app())
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        yield client


def test_the_control_api(run: Run) -> None:
    """Over HTTP previews are deployed, put to sleep, woken, kept awake and swept; each refusal has its status."""

    async def steps(stage: Stage) -> None:
        async with controlling(stage) as client:
            seven, eight = "/previews/flights/7", "/previews/flights/8"
            for path, address in ((seven, SEVEN), (eight, EIGHT)):
                bundle = stage.pack(address, order=2)
                answer = await client.put(path, content=b"".join(bundle.chunks()), headers=bundle.headers())
                assert (answer.status_code, answer.json()["state"]) == (200, "awake")
                assert answer.json()["address"] == f"http://127.0.0.1:1/p/flights/{address.slot}"
            assert (await client.post(seven + "/sleep")).json()["state"] == "asleep"
            assert (await client.post(seven + "/predict", json={})).json() == {"kind": "one"}
            assert (await client.post(seven + "/wake")).json()["state"] == "awake"
            assert (await client.put(seven + "/keep-awake")).json()["keep_awake"] is True
            assert (await client.delete(seven + "/keep-awake")).json()["keep_awake"] is False
            assert (await client.get(seven + "/log")).json() == {"log": ""}

            stale, other = stage.pack(SEVEN, "old", order=1), stage.pack(SEVEN, "other")
            for sent, headers, status in (
                (stale, stale.headers(), 409),
                (other, stale.headers(), 422),
                (other, {}, 422),
            ):
                answer = await client.put(seven, content=b"".join(sent.chunks()), headers=headers)
                assert (answer.status_code, set(answer.json())) == (status, {"error", "detail"})

            assert (await client.post("/sweep", content=b"{}")).status_code == 400
            swept = await client.post("/sweep", json={"project": "flights", "open": ["8"]})
            assert [state["slot"] for state in swept.json()["previews"]] == ["7"]
            assert [state["slot"] for state in (await client.get("/previews")).json()["previews"]] == ["8"]

    run(steps)


def respell(bento: Path, spelt: str) -> None:
    """Have the Bento's identity.json say of its version what *spelt* is in JSON."""
    path = bento / "src" / "identity.json"
    path.write_text(path.read_text().replace('"v1"', spelt))


BAD_VERSIONS = ("7", "null", '"\\ud800"', f'"{"1" * 201}"', f'"{"1" * 65_536}"', "[" * 30_000 + "]" * 30_000)


@pytest.mark.parametrize("spelt", BAD_VERSIONS, ids=("number", "null", "half", "long", "large", "deep"))
def test_an_identity_that_no_packer_writes(run: Run, spelt: str) -> None:
    """A Bento that names its model by anything but a short text is refused; on disk it is left out, and no more."""

    async def steps(stage: Stage) -> None:
        bento = bento_folder(Path(tempfile.mkdtemp(dir=stage.folder)) / "bento")
        respell(bento, spelt)
        with pytest.raises(BundleRefused, match=r"src/identity\.json.*; package the model again$"):
            await deploy_packed(stage.slots, pack_bento(bento, SEVEN), SEVEN)
        state = await stage.deploy(SEVEN)
        assert state.model["version"] == "v1"
        respell(stage.slots.records.bento(SEVEN, str(state.bundle)), spelt)
        await stage.restart()

        async with controlling(stage) as client:
            (shown,) = (await client.get("/previews")).json()["previews"]
            assert "version" not in shown["model"]
            assert (await client.get("/metrics")).status_code == 200
            assert (await client.delete("/previews/flights/7")).json()["state"] == "stopped"

    run(steps)


def test_a_slot_that_cannot_be_shown_hides_no_other(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is wrong with one, the others are listed, counted and swept, and it goes with them."""

    async def steps(stage: Stage) -> None:
        for address in (SEVEN, EIGHT):
            await stage.deploy(address)
        broken: Any = stage.slots.open(SEVEN)
        broken.model = {"version": 7}
        async with controlling(stage) as client:
            listed = (await client.get("/previews")).json()["previews"]
            metrics = (await client.get("/metrics")).text
            swept = (await client.post("/sweep", json={"project": "flights", "open": []})).json()["previews"]

        assert [[state["slot"] for state in states] for states in (listed, swept)] == [["8"], ["8"]]
        assert 'greenroom_previews{state="awake"} 1.0' in metrics
        assert (stage.alive(), stage.states(), stage.files(SEVEN)) == (0, {}, set())
        for sentence in ("flights/7 cannot be shown", "flights/7 was not swept"):
            assert sentence in caplog.messages

    run(steps)


def test_who_asks_too_early_is_told_when_to_come(run: Run) -> None:
    """A program that finds the preview waking gets 503 and, in whole seconds, when to try again."""

    async def steps(stage: Stage) -> None:
        stage.slots.limits = replace(LIMITS, patience=0.05)
        await stage.deploy(SEVEN)
        await stage.slots.sleep(SEVEN)
        stage.held = True
        async with controlling(stage) as client:
            answer = await client.post("/previews/flights/7/predict", json={})

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")

    run(steps)


def read_metrics(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def test_metrics(run: Run) -> None:
    """Prometheus reads states, wakes, requests, errors, memory and stored bytes; a removed slot is not among them."""

    async def steps(stage: Stage) -> None:
        await stage.deploy(SEVEN)
        await stage.deploy(EIGHT)
        await stage.slots.remove(EIGHT)
        await stage.slots.sleep(SEVEN)
        async with controlling(stage) as client:
            for status in (200, 200, 400, 500):
                await client.post("/previews/flights/7/predict", params={"status": status}, json={})
            found = [
                (name, labels, value)
                for name, labels, value in read_metrics((await client.get("/metrics")).text)
            ]
            state = (await client.get("/previews")).json()["previews"][0]

        def value(name: str, **wanted: str) -> float:
            (only,) = [
                value for key, labels, value in found if key == name and wanted.items() <= labels.items()
            ]
            return only

        assert value("greenroom_previews", state="awake") == 1
        assert value("greenroom_previews", state="asleep") == 0
        assert value("greenroom_wakes_total", project="flights", slot="7") == 1
        assert value("greenroom_wake_seconds_count") == 1
        assert value("greenroom_requests_total", slot="7", status="2xx") == 2
        assert value("greenroom_requests_total", slot="7", status="4xx") == 1
        assert value("greenroom_errors_total", slot="7") == 1
        assert value("greenroom_preview_memory_bytes", slot="7") == 1_000_000
        assert value("greenroom_stored_bytes") == stage.pack(SEVEN).size
        assert value("greenroom_host_build_info") == 1
        assert not [labels for _, labels, _ in found if labels.get("slot") == "8"]
        assert (state["requests"], state["errors"], state["memory"]) == (4, 1, 1_000_000)

    run(steps)
