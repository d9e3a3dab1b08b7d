"""The forge of a run that hands in to a server: it posts nothing and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom_pipeline.errors import ForgeError
from greenroom_pipeline.forge.assigned import AssignedForge
from greenroom_pipeline.forge.posts import Check, Deployment
from greenroom_pipeline.repository import Repository
from tests.projects import init_repository


def test_posting_is_the_servers(tmp_path: Path) -> None:
    """Whoever would post learns that the server does; what only the server can know is unknown."""
    forge = AssignedForge(Repository(init_repository(tmp_path / "project").root), 7)
    posts: list[Callable[[], object]] = [
        lambda: forge.comment(7, "flights"),
        lambda: forge.write_comment(7, "flights", "text"),
        lambda: forge.write_check(Check("greenroom/gate", "flights", "0" * 40, "success", "Passed", "")),
        lambda: forge.write_deployment(Deployment("flights", 7, "0" * 40, "d" * 64, "success", "Answers")),
        lambda: forge.end_deployments(7, "flights"),
    ]
    for post in posts:
        with pytest.raises(
            ForgeError, match=r"posted on (pull request 7|commit 0000000) is posted by the server"
        ):
            post()
    with pytest.raises(ForgeError, match="asked by the server"):
        forge.may_write("ada")
    with pytest.raises(ForgeError, match="asked by the server"):
        forge.history(7)
    with pytest.raises(ForgeError, match="asked by the server"):
        forge.parents("0" * 40)
    assert forge.changed_files(7) is None
