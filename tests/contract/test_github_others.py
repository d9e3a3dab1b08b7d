"""The tests' GitHub beside what others made of it: the same scenario, and payloads that GitHub once sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import github as pygithub
import pytest
from github import Auth
from github.Repository import Repository

from tests.github.emulated import emulated
from tests.github.examples import examples
from tests.github.server import FakeGitHub
from tests.node import LOCK

SHA = "a" * 40
NOT_OF_EVERY_ONE = {"enterprise", "installation", "organization"}
"""What a payload has only where it is sent for an App or from within an organisation."""


@dataclass(frozen=True)
class Place:
    """A repository with a pull request, on one of the two."""

    repository: Repository
    number: int
    head: str


@pytest.fixture(params=["ours", "emulate"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "emulate":
        with emulated() as other:
            yield Place(enter(other.api, other.token), other.number, other.head_sha)
        return
    with FakeGitHub() as hub:
        flights = hub.repository("ada/flights")
        number = flights.open_pull(SHA, "better")
        yield Place(enter(hub.api, hub.token(flights, "app", login="github-actions")), number, SHA)


def enter(api: str, token: str) -> Repository:
    options = {"retry": None, "seconds_between_requests": 0, "seconds_between_writes": 0}
    return pygithub.Github(auth=Auth.Token(token), base_url=api, **options).get_repo("ada/flights")  # type: ignore[arg-type]


def test_keeps_comments(place: Place) -> None:
    """Listed oldest first over pages, edited in place, and gone once deleted."""
    pull = place.repository.get_pull(place.number)
    made = [pull.create_issue_comment(f"comment {number}") for number in range(32)]

    made[30].edit("edited")
    made[31].delete()

    assert [each.body for each in pull.get_issue_comments()] == [
        *(f"comment {number}" for number in range(30)),
        "edited",
    ]
    assert pull.get_issue_comment(made[30].id).body == "edited"


def test_keeps_checks(place: Place) -> None:
    """A check is found by its name at its commit, and says what it was last told."""
    check = place.repository.create_check_run(
        "greenroom/gate", place.head, status="in_progress", external_id="flights"
    )
    check.edit(conclusion="success", status="completed", output={"title": "t", "summary": "s"})
    path = f"{place.repository.url}/commits/{place.head}/check-runs?check_name=greenroom/gate"

    _, found = place.repository.requester.requestJsonAndCheck("GET", path)

    assert [
        (each["name"], each["status"], each["conclusion"], each["external_id"], each["output"]["summary"])
        for each in found["check_runs"]
    ] == [("greenroom/gate", "completed", "success", "flights", "s")]


def test_merges(place: Place) -> None:
    """A merged pull request is closed, and no longer among the open ones."""
    place.repository.get_pull(place.number).merge(sha=place.head)

    pull = place.repository.get_pull(place.number)

    assert (pull.merged, pull.state) == (True, "closed")
    assert list(place.repository.get_pulls()) == []


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ("check_run", "requested_action"),
        ("issue_comment", "created"),
        ("merge_group", "checks_requested"),
        ("pull_request", "opened"),
        ("pull_request", "synchronize"),
        ("workflow_run", "completed"),
    ],
)
def test_tells_what_github_told(event: str, action: str) -> None:
    """A payload of ours says all that one of GitHub's says of the same event, at its top and one level down."""
    with FakeGitHub() as hub:
        flights = hub.repository("ada/flights")
        flights.open_pull(SHA, "better")
        flights.push(1, "b" * 40)
        token = hub.token(flights, "app", login="github-actions")
        check = enter(hub.api, token).create_check_run("greenroom/gate", SHA)
        about: dict[str, dict[str, Any]] = {
            "check_run": {"check": check.id, "identifier": "rerun"},
            "issue_comment": {"comment": flights.say(1, "eve", "hello")},
            "merge_group": {"number": 1, "head_sha": "c" * 40},
            "pull_request": {"number": 1},
            "workflow_run": {"run": flights.workflow_run(SHA)},
        }
        ours = flights.payload(event, action=action, **about[event])
    theirs = next(each for each in examples(event) if each["action"] == action)

    assert theirs.keys() - NOT_OF_EVERY_ONE <= ours.keys()
    for name in theirs.keys() - NOT_OF_EVERY_ONE - {"action", "number", "before", "after"}:
        assert theirs[name].keys() <= ours[name].keys(), name


def test_pins_what_others_made_by_digest_alone() -> None:
    """Every package has its digest, and none the address of a registry: that is for each machine to know."""
    packages = json.loads(LOCK.read_text())["packages"]
    named = {name: package for name, package in packages.items() if name}

    assert all("integrity" in package for package in named.values())
    assert not any("resolved" in package for package in named.values())
