"""The forge on GitHub through a pull request's life, on a GitHub that nobody here wrote as well as on ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from github.Repository import Repository as Posted

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge.github import GitHubForge
from greenroom_pipeline.forge.github_session import open_job_session
from greenroom_pipeline.repository import Repository
from tests.forges import IMPATIENT, KEY, a_check
from tests.github.emulated import emulated
from tests.github.server import FakeGitHub

MARK = "<!-- greenroom:flights -->"


@dataclass(frozen=True)
class Place:
    api: str
    token: str
    number: int
    head: str

    def forge(self) -> GitHubForge:
        session = open_job_session(self.api, token=self.token, name="ada/flights", patience=IMPATIENT)
        return GitHubForge(session, Repository(Path()))


@pytest.fixture(params=["ours", "emulate"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "emulate":
        with emulated() as other:
            yield Place(other.api, other.token, other.number, other.head_sha)
        return
    with FakeGitHub() as github:
        flights = github.repository("ada/flights")
        number = flights.open_pull("a" * 40, "better")
        yield Place(github.api, github.token(flights), number, "a" * 40)


def look(place: Place) -> tuple[list[str], list[tuple[str, str, str | None]]]:
    """Return the comments with our marker, and the checks, as a stranger reads them."""

    def read(posted: Posted) -> tuple[list[str], list[tuple[str, str, str | None]]]:
        bodies = [each.body for each in posted.get_issue(place.number).get_comments()]
        runs = posted.get_commit(place.head).get_check_runs()
        return [each for each in bodies if MARK in each], [
            (each.name, each.conclusion, each.output.title) for each in runs
        ]

    return place.forge().session.settle("all there is", read)


def delete_all(posted: Posted, number: int) -> None:
    for comment in posted.get_issue(number).get_comments():
        comment.delete()


def test_a_pull_request_from_open_to_merged(place: Place) -> None:
    """Read, commented on, checked, refused where it moved, and merged: the same on both."""
    forge = place.forge()
    (opened,) = forge.pulls()
    forge.session.settle(
        "remarks",
        lambda posted: [posted.get_issue(place.number).create_comment(f"{n}") for n in range(31)],
    )
    before = forge.comment(place.number, KEY)
    for text in ("Running", "Passed", "Passed"):
        place.forge().write_comment(place.number, KEY, text)
    forge.write_check(a_check(place.head))

    assert (opened.number, opened.head, opened.branch) == (place.number, place.head, "better")
    assert (opened.base, opened.state, opened.is_fork) == ("main", "open", False)
    assert before is None
    assert forge.comment(place.number, KEY) == "Passed"
    assert look(place) == ([f"{MARK}\nPassed"], [("greenroom/gate", "success", "Passed")])
    assert (forge.may_write("ada"), forge.may_write("nobody-knows")) == (True, False)
    assert forge.admit(place.number, branch="better", head=place.head) == forge.pull(place.number)
    with pytest.raises(RepositoryError, match="review the new commit"):
        forge.merge(place.number, head="b" * 40, by="Grace")
    with pytest.raises(RepositoryError, match="no pull request 77 in ada/flights"):
        forge.pull(77)

    merged = forge.merge(place.number, head=place.head, by="Grace")

    assert len(merged) == 40
    assert [pull.state for pull in forge.pulls()] == ["merged"]


def test_a_lost_comment_comes_back(place: Place) -> None:
    """One that was deleted is created again, and one too many goes."""
    forge = place.forge()
    forge.write_comment(place.number, KEY, "Running")
    forge.session.settle("comments", lambda posted: delete_all(posted, place.number))
    forge.session.settle(
        "comments",
        lambda posted: [posted.get_issue(place.number).create_comment(f"{MARK}\n{n}") for n in range(2)],
    )
    forge.write_comment(place.number, KEY, "Passed")

    assert look(place)[0] == [f"{MARK}\nPassed"]
