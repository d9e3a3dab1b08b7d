"""A server that is an App: what is live of a pull request fits what it is, whatever became of the events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom_pipeline.settling import settle
from tests.app_stage import Stage, open_stage


@pytest.fixture
def stage(tmp_path: Path, tables: Path) -> Iterator[Stage]:
    with open_stage(tmp_path, tables=tables) as opened:
        yield opened


def test_a_pull_request_from_open_to_closed_and_back(stage: Stage) -> None:
    """A check waits for the run; its report becomes comment, check and deployment; all of it ends and comes back."""
    number = stage.propose()
    head = stage.head(number)
    assert not settle(stage.server, number)
    assert (stage.check(head).status, stage.comments(number)) == ("in_progress", [])

    stage.hand_in(stage.draft(number))
    assert settle(stage.server, number)
    assert (stage.check(head).conclusion, stage.live()) == ("success", [(head, "success")])
    assert "RMSE falls by 2.1" in stage.comment(number)
    assert f"https://greenroom.example.com/review?project=flights&pull={number}" in stage.comment(number)
    before = stage.writes()
    assert settle(stage.server, number)
    assert stage.writes() == before, [(e.method, e.path[-30:]) for e in stage.github.requests if e.method != "GET"][-2:]

    stage.repository.close(number)
    assert settle(stage.server, number)
    assert (stage.live(), stage.previews.running) == ([], {})

    stage.repository.reopen(number)
    assert settle(stage.server, number)
    assert (stage.live(), stage.previews.shas) == ([(head, "success")], {str(number): head})
    assert len(stage.comments(number)) == 1
