"""Previews, forkservers and the host are killed at random under load: nothing deployed is lost, no answer is wrong."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from greenroom_services.bento import PackagedBento, digest_folder
from greenroom_services.client import HostClient
from greenroom_services.errors import ServiceError
from greenroom_services.host.launch import HostProcess, launch_host
from tests.contract.example_models import Example

# httpcore leaves its socket open where the listener goes in the very moment.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

Pack = Callable[..., PackagedBento]
KINDS = [
    "preview",
    "forkserver",
    "preview",
    "host",
    "deploy",
    "preview",
    "forkserver",
    "deploy",
    "host",
    "preview",
]


class Load:
    """Asks every slot again and again, and holds each answer against the model that it says it is of."""

    def __init__(self, state: Path, slots: dict[str, Example]) -> None:
        self.client = HostClient(state)
        self.slots = slots
        self.answers: Counter[str] = Counter()
        self.wrong: list[object] = []
        self._stop = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask, args=(slot,)) for slot in self.slots]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _ask(self, slot: str) -> None:
        example = self.slots[slot]
        while not self._stop.is_set():
            try:
                answer = self.client.predict(example.name, slot, example.records[:3])
            except ServiceError:
                self._stop.wait(0.01)  # what was killed says so, and is asked again
                continue
            self.answers[slot] += 1
            if not is_right(answer["predictions"], example) or answer["model"]["name"] != example.name:
                self.wrong.append(answer)


def is_right(predictions: list[object], example: Example) -> bool:
    return (
        predictions == pytest.approx(example.expected[:3])
        if example.task == "regression"
        else (predictions == example.expected[:3])
    )


def find_victims(host: HostProcess, kind: str) -> list[psutil.Process]:
    """Return the previews, or what keeps the forkservers, among what the host has started."""
    below = psutil.Process(host.process.pid).children(recursive=True)
    named = {process: " ".join(process.cmdline()) for process in below if process.is_running()}
    if kind == "forkserver":
        return [process for process, line in named.items() if "greenroom_keeper" in line]
    return [process for process, line in named.items() if "forkserver" in line and not process.children()]


def kill_one(host: HostProcess, kind: str, dice: random.Random) -> None:
    try:
        victims = find_victims(host, kind)
        if victims:
            dice.choice(victims).kill()
    except psutil.NoSuchProcess:
        return  # it has just gone by itself


@pytest.mark.parametrize("seed", [7])
def test_chaos(
    seed: int, tmp_path: Path, cache: Path, examples: dict[str, Example], pack: Pack, requirements: list[str]
) -> None:
    """Whatever is killed and whenever, each slot answers in the end, with what was last deployed to it."""
    dice, state = random.Random(seed), tmp_path / "host"
    slots = {"7": examples["irises"], "8": examples["average"], "9": examples["diabetes"]}
    host = launch_host(state, cache=cache)
    deployed = {
        slot: deploy(host.client, example, slot, pack, requirements, "v1") for slot, example in slots.items()
    }
    load = Load(state, slots)
    with load.running():
        for number, kind in enumerate(dice.sample(KINDS, len(KINDS))):
            if kind == "host":
                host.process.kill()
                host.stop()
                host = launch_host(state, cache=cache)
            elif kind == "deploy":
                slot = dice.choice(list(slots))
                deployed[slot] = deploy(host.client, slots[slot], slot, pack, requirements, f"v{number + 2}")
            else:
                kill_one(host, kind, dice)
            await_answers(load, 2)
    try:
        for slot, example in slots.items():
            state_now = host.client.wake(example.name, slot)
            assert state_now.model["version"] == deployed[slot]
            answer = host.client.predict(example.name, slot, example.records[:3])
            assert is_right(answer["predictions"], example)
    finally:
        host.stop()
    assert load.wrong == []
    assert set(load.answers) == set(slots)


def deploy(
    client: HostClient, example: Example, slot: str, pack: Pack, requirements: list[str], version: str
) -> str:
    """Deploy, again and again while what tries it out is killed, and return the version that is there now."""
    bento = pack(example, version=f"chaos-{version}")
    deadline = time.monotonic() + 60
    while True:
        try:
            client.deploy(
                example.name,
                slot,
                bento=bento.path,
                requirements=requirements,
                sha="0" * 40,
                model=digest_folder(example.path),
                probe=example.records[0],
            )
            return f"chaos-{version}"
        except ServiceError:
            assert time.monotonic() < deadline


def await_answers(load: Load, count: int, *, timeout: float = 60) -> None:
    """Go on once some more questions have been answered."""
    wanted = load.answers.total() + count
    deadline = time.monotonic() + timeout
    while load.answers.total() < wanted:
        assert time.monotonic() < deadline
        time.sleep(0.01)
