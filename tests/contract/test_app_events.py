"""From webhook to what people see: events are hints, so twice, out of order or lost they come to the same."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from greenroom_pipeline.api.app import Api
from greenroom_pipeline.api.identity import TokenSenders
from greenroom_pipeline.api.reception import open_reception
from greenroom_pipeline.api.webhooks import Webhooks
from greenroom_pipeline.events import worker as module
from greenroom_pipeline.events.inbox import FILE, Inbox
from greenroom_pipeline.events.rounds import SECONDS, STILL, Rounds
from greenroom_pipeline.events.settling import settle
from greenroom_pipeline.events.worker import work
from greenroom_pipeline.forge.registration import write_registration
from greenroom_services.errors import HostAbsent
from greenroom_services.tokens import TokenStore
from tests.api_server import serving
from tests.app_stage import Stage, open_stage
from tests.github.examples import events, examples
from tests.github.faults import Fault


@pytest.fixture
def stage(tmp_path: Path, tables: Path) -> Iterator[Stage]:
    with open_stage(tmp_path, tables=tables) as opened:
        yield opened


@pytest.fixture
def url(stage: Stage, tmp_path: Path) -> Iterator[str]:
    """The server's address for events."""

    def refuse() -> Any:
        raise AssertionError("an event opens no project")

    webhooks = Webhooks(stage.server.registration, stage.inbox)
    with serving(Api(TokenSenders(TokenStore(tmp_path / "tokens")), refuse, webhooks=webhooks)) as address:
        yield f"{address}/api/github/events"


def deliver(
    stage: Stage, url: str, event: str, *, delivery: str | None = None, **about: Any
) -> httpx.Response:
    answer = stage.app.deliver(url, event, stage.repository.payload(event, **about), delivery=delivery)
    assert answer.status_code == 202
    return answer


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def go_round(rounds: Rounds) -> int:
    """Finish a round, and return how many pull requests it looked after."""
    looked = 0
    while rounds.step():
        looked += 1
    return looked


def test_a_pull_request_s_life_by_its_events(stage: Stage, url: str) -> None:
    """Opened, handed in, closed, reopened and merged: after each event everything is as it must be."""
    number = stage.propose()
    head = stage.head(number)
    deliver(stage, url, "pull_request", action="opened", number=number)
    stage.work()
    assert stage.check(head).status == "in_progress"

    stage.hand_in(stage.draft(number))
    deliver(stage, url, "workflow_run", run=stage.repository.workflow_run(head))
    stage.work()
    assert (stage.check(head).conclusion, stage.live()) == ("success", [(head, "success")])

    comment = stage.repository.say(number, "ada", "/greenroom keep-awake")
    deliver(stage, url, "issue_comment", comment=comment)
    button = stage.check(head).id
    deliver(stage, url, "check_run", check=button, action="rerequested", sender="ada")
    stage.work()
    assert (stage.previews.kept, len(stage.reruns())) == ({str(number)}, 1)

    deliver(stage, url, "merge_group", number=number, head_sha="e" * 40)
    stage.work()
    assert stage.check("e" * 40).conclusion == "success"

    stage.repository.merge(number)
    deliver(stage, url, "pull_request", action="closed", number=number)
    stage.work()
    assert (stage.live(), stage.previews.shas, len(stage.comments(number))) == ([], {}, 1)


def test_twice_and_out_of_order_come_to_the_same(stage: Stage, url: str) -> None:
    """A late `closed` of what is open again takes nothing away, and a delivery that comes twice is acted on once."""
    number = stage.propose()
    stage.hand_in(stage.draft(number))
    deliver(stage, url, "pull_request", action="opened", number=number, delivery="first")
    stage.work()
    before = stage.writes()
    late = stage.repository.payload("pull_request", action="closed", number=number)
    assert stage.app.deliver(url, "pull_request", late).status_code == 202
    again = deliver(stage, url, "pull_request", action="opened", number=number, delivery="first")
    stage.work()

    assert again.json() == {"delivery": "known"}
    assert (stage.writes(), stage.live()) == (before, [(stage.head(number), "success")])
    assert (len(stage.comments(number)), len(stage.repository.checks(stage.head(number)))) == (1, 1)


def test_a_lost_event_is_asked_for_again(stage: Stage, url: str) -> None:
    """A round has the forge send what did not arrive, and looks after every pull request itself."""
    number = stage.propose()
    payload = stage.repository.payload("pull_request", action="opened", number=number)
    lost = stage.app.lose(url, "pull_request", payload)
    looked = go_round(Rounds(stage.server, Clock()))
    event = stage.inbox.take()

    assert looked == 1
    assert stage.check(stage.head(number)).status == "in_progress"
    assert event is not None
    assert (event.delivery, event.payload["number"]) == (lost.guid, number)


def test_rounds_find_what_has_changed(stage: Stage) -> None:
    """What is settled and looks as before is left alone for an hour; what waits, or has moved, is looked after."""
    clock = Clock()
    rounds = Rounds(stage.server, clock)
    done, waiting = stage.propose(), stage.propose("other")
    stage.hand_in(stage.draft(done))
    assert go_round(rounds) == 2
    assert go_round(rounds) == 0  # not due yet
    looked = []
    for _ in range(STILL + 2):
        clock.now += SECONDS
        looked.append(go_round(rounds))
    stage.repository.close(done)
    clock.now += SECONDS

    assert looked == [*[1] * (STILL - 1), 2, 1, 1]
    assert go_round(rounds) == 2
    assert (stage.live(), stage.check(stage.head(waiting)).status) == ([], "in_progress")


def test_a_round_survives_a_forge_that_is_away(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """It says so, and the next one does what this one could not."""
    clock = Clock()
    rounds = Rounds(stage.server, clock)
    stage.propose()
    stage.github.faults.append(Fault("GET", "/pulls", "500-before", 20))
    looked = go_round(rounds)
    stage.github.faults.clear()
    clock.now += SECONDS

    assert (looked, go_round(rounds)) == (0, 1)
    assert "nothing was done on this round" in caplog.text


def test_one_event_does_not_end_the_worker(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one that cannot be handled nor one that meets a defect keeps the next from its turn."""
    number = stage.propose()

    def fail(server: Any, wanted: int) -> bool:
        if wanted == 13:
            raise ZeroDivisionError("a defect")
        return settle(server, wanted)

    monkeypatch.setattr(module, "settle", fail)
    for each in (999, 13, number):
        stage.inbox.note("pull", {"kind": "pull", "number": each})
    stage.inbox.note("odd", {"kind": "odd"})
    with caplog.at_level(logging.WARNING):
        stage.work()

    assert stage.check(stage.head(number)).status == "in_progress"
    assert "no pull request 999" in caplog.text
    assert "a defect of Greenroom" not in caplog.text
    assert "met a defect" in caplog.text


def test_the_worker_works_until_it_is_stopped(stage: Stage) -> None:
    """In a thread of its own it acts on what comes, within the time of a glance, and ends when it is told to."""
    number = stage.propose()
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stage.server, stage.inbox, stop))
    thread.start()
    try:
        deadline = threading.Event()
        while not stage.repository.checks(stage.head(number)):
            assert not deadline.wait(0.02)
        other = stage.propose("other")
        stage.inbox.note("pull", {"kind": "pull", "number": other})
        while not stage.repository.checks(stage.head(other)):
            assert not deadline.wait(0.02)
    finally:
        stop.set()
        thread.join(30)

    assert not thread.is_alive()


def test_a_bundle_tells_the_worker(stage: Stage, tmp_path: Path) -> None:
    """What the API has taken in is published without any event of the forge, also where no preview could start."""
    number = stage.propose()
    places = stage.bench.places
    write_registration(places.home, stage.server.registration)
    reception = open_reception({"GREENROOM_REPOSITORY": str(places.repository)})
    with pytest.raises(HostAbsent):
        stage.hand_in(stage.draft(number), reception)
    event = Inbox(places.home / FILE).take()

    assert event is not None
    assert (event.name, event.payload) == ("pull", {"kind": "pull", "number": number})


def test_whatever_github_once_sent_is_taken(stage: Stage, url: str) -> None:
    """None of npm's examples breaks endpoint or worker; they are held as if they were of this repository."""
    numbers = [stage.propose(f"idea-{each}") for each in range(2)]
    used = {"pull_request", "issue_comment", "check_run", "merge_group", "workflow_run"}
    for event in events():
        for payload in examples(event)[: None if event in used else 1]:
            if isinstance(payload.get("repository"), dict):
                payload = {**payload, "repository": {**payload["repository"], "id": stage.repository.id}}
            answer = stage.app.deliver(url, event, payload)
            assert answer.status_code == 202, (event, answer.text)
    stage.work()

    assert {check.name for check in stage.repository.every_check} <= {"greenroom/gate"}
    assert [stage.comments(number) for number in numbers] == [[], []]
