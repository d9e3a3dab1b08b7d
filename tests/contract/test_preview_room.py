"""A preview host without room, as a run and its gate take it."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.preview_answers import PreviewAnswers
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.gate import decide
from greenroom_pipeline.packaging import Package
from greenroom_pipeline.previews import Host, deploy
from greenroom_pipeline.profile import FeatureProfile
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.settings import GateTable
from greenroom_services.bento import PackagedBento
from greenroom_services.host import records
from tests.contract.thread_previews import MODEL, SHA, bento_folder, hosting

PASSED = CheckResult(code="GR102", title="Loss", outcome="passed", reason="No loss.")


async def answer(request: Request) -> JSONResponse:
    return JSONResponse({"predictions": [1.0]})


@pytest.fixture
def host(cache: Path) -> Iterator[Host]:
    """A lasting host whose control API is real."""
    with tempfile.TemporaryDirectory(prefix="gr-") as name:
        state = Path(name) / "state"
        state.mkdir()
        with hosting(state, answer, cache=cache) as client:
            yield Host(client, lasting=True)


def test_a_full_disk_fails_no_candidate(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview that the disk has no room for leaves a report without a link, and the verdict to the other checks."""

    def fail(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(records, "write_whole", fail)
    row = {"day": 1}
    profile = FeatureProfile(
        task="regression", target="delay", classes=[], rows=1, features=[], typical=row, examples=[row]
    )
    package = Package(PackagedBento("echo:v1", bento_folder(tmp_path / "bento")), MODEL, (), profile)

    preview = deploy(host, package, project="flights", slot="7", sha=SHA, timeout=30)
    (check,) = PreviewAnswers().run(GateTable(), Case(Evaluation("regression", True, ()), preview=preview))

    assert (preview.state, preview.address) == ("stopped", None)
    assert check.outcome == "not_tested"
    assert "disk is full; remove previews, or give it more" in check.reason
    assert decide([PASSED, check]) == "pass"
