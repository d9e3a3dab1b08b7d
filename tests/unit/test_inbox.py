"""The queue of hints: each once, none lost, whoever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenroom_pipeline.errors import InboxError
from greenroom_pipeline.events import inbox as module
from greenroom_pipeline.events.inbox import LEASE, MOST_TRIES, REMEMBERED, Inbox


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(tmp_path: Path, clock: Clock) -> Inbox:
    return Inbox(tmp_path / "inbox.db", clock=clock)


def take_all(inbox: Inbox) -> list[str]:
    """Take and finish whatever is due."""
    found = []
    while (event := inbox.take()) is not None:
        found.append(event.delivery)
        inbox.done(event)
    return found


def test_events_come_out_once_and_in_order(inbox: Inbox, clock: Clock) -> None:
    """The one that has been due for longest comes first, with what was said."""
    for delivery in ("c", "a", "b"):
        clock.now += 1
        assert inbox.add(delivery, "pull", {"number": 7, "word": "naïve"})
    first = inbox.take()

    assert first is not None
    assert (first.delivery, first.name, first.payload, first.tries) == (
        "c",
        "pull",
        {"number": 7, "word": "naïve"},
        1,
    )
    inbox.done(first)
    assert take_all(inbox) == ["a", "b"]
    assert inbox.take() is None


def test_a_delivery_counts_once(inbox: Inbox, clock: Clock) -> None:
    """The same delivery again is refused while it waits, when it is done, and for 30 days."""
    assert inbox.add("a", "pull", {})
    assert not inbox.add("a", "pull", {})
    take_all(inbox)
    clock.now += REMEMBERED - 1
    assert not inbox.add("a", "pull", {})
    clock.now += 2
    assert inbox.add("a", "pull", {})
    assert take_all(inbox) == ["a"]


def test_what_a_crash_took_comes_back(inbox: Inbox, clock: Clock) -> None:
    """An event that was taken and never brought back is given out again after its lease, and not before."""
    inbox.add("a", "pull", {})
    inbox.take()
    clock.now += LEASE - 1
    assert inbox.take() is None
    clock.now += 2
    again = inbox.take()

    assert again is not None
    assert (again.delivery, again.tries) == ("a", 2)


def test_a_postponed_event_waits_longer_each_time(
    inbox: Inbox, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """It comes back after 2, 4, 8 seconds, and at last is kept as failed, with its reason in the log."""
    inbox.add("a", "pull", {})
    event = inbox.take()
    for power in range(MOST_TRIES - 1):
        assert event is not None
        inbox.postpone(event, 2, "the forge is away")
        clock.now += 2 * 2**power - 1
        assert inbox.take() is None
        clock.now += 1
        event = inbox.take()
    assert event is not None
    inbox.postpone(event, 2, "the forge is away")
    clock.now += REMEMBERED - 10_000

    assert inbox.take() is None
    assert "given up after 10 tries: the forge is away" in caplog.text
    assert not inbox.add("a", "pull", {})


def test_an_event_that_kills_its_worker_is_given_up(inbox: Inbox, clock: Clock) -> None:
    """One that is never brought back does not keep the others from their turn for ever."""
    inbox.add("poison", "pull", {})
    for _ in range(MOST_TRIES):
        assert inbox.take() is not None
        clock.now += LEASE + 1
    inbox.add("b", "pull", {})

    assert take_all(inbox) == ["b"]


def test_it_takes_so_many(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its bound it refuses in words, and takes again once there is room; what is done takes none."""
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    inbox.add("a", "pull", {})
    inbox.add("b", "pull", {})
    with pytest.raises(InboxError, match="2 events wait already"):
        inbox.add("c", "pull", {})
    take_all(inbox)

    assert inbox.add("c", "pull", {})


def test_a_deleted_file_is_made_anew(inbox: Inbox, tmp_path: Path) -> None:
    """It holds hints alone, so whoever deletes it breaks nothing."""
    inbox.add("a", "pull", {})
    for path in tmp_path.glob("inbox.db*"):
        path.unlink()

    assert inbox.take() is None
    assert inbox.add("b", "pull", {})


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    """It says what to do."""
    (tmp_path / "inbox.db").write_bytes(b"no database" * 100)
    with pytest.raises(InboxError, match="delete it when it is damaged"):
        Inbox(tmp_path / "inbox.db").take()


WRITER = """
import sys
from pathlib import Path
from greenroom_pipeline.events.inbox import Inbox
inbox = Inbox(Path(sys.argv[1]))
for number in range(100):
    inbox.add(f"{sys.argv[2]}-{number % 50}", "pull", {"number": number})
"""
TAKER = """
import sys, time
from pathlib import Path
from greenroom_pipeline.events.inbox import Inbox
print(Inbox(Path(sys.argv[1])).take().delivery, flush=True)
time.sleep(600)
"""


def test_processes_share_it(tmp_path: Path) -> None:
    """Two that write and two threads that take at once: every delivery comes out once."""
    path = tmp_path / "inbox.db"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    with ThreadPoolExecutor(2) as pool:
        taken = [*pool.map(lambda _: _take_while(path, writers), range(2))]

    assert [writer.wait() for writer in writers] == [0, 0]
    found = sorted([*taken[0], *taken[1], *take_all(Inbox(path))])
    assert found == sorted(f"{name}-{number}" for name in "ab" for number in range(50))


def _take_while(path: Path, writers: list[subprocess.Popen[bytes]]) -> list[str]:
    found: list[str] = []
    while any(writer.poll() is None for writer in writers):
        found += take_all(Inbox(path))
    return found


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    """What a process had in hand when it was killed is given to the next one."""
    clock = Clock()
    path = tmp_path / "inbox.db"
    Inbox(path).add("a", "pull", {})
    taker = subprocess.Popen([sys.executable, "-c", TAKER, str(path)], stdout=subprocess.PIPE, text=True)
    assert taker.stdout is not None
    assert taker.stdout.readline() == "a\n"
    os.kill(taker.pid, signal.SIGKILL)
    taker.communicate()
    clock.now = 2.0**40
    event = Inbox(path, clock=clock).take()

    assert event is not None
    assert (event.delivery, event.tries) == ("a", 2)
