"""The link that a run gives, while servers come and go."""

from __future__ import annotations

from pathlib import Path

from greenroom_pipeline.report import from_json
from greenroom_services.host.launch import launch_host
from tests.projects import Finished, Workbench, make_project


def run_on_a_host(bench: Workbench) -> tuple[Finished, str]:
    """Run beside a lasting host, and return with it the address of the host's gateway."""
    host = launch_host(bench.places.host, cache=bench.places.environments)
    try:
        return bench.greenroom("run"), host.endpoints.gateway
    finally:
        host.stop()


def test_a_known_commit_gives_the_link_that_answers(tmp_path: Path) -> None:
    """The same commit again gives its preview's address on the server of now: not that of another, nor of none."""
    bench = make_project(tmp_path / "links", "regression", estimator="Ridge()")
    first, before = run_on_a_host(bench)
    alone = bench.greenroom("run", "--json")
    again, after = run_on_a_host(bench)

    assert f"Preview: {before}/p/links/" in first.out, first.err
    preview = from_json(alone.out).preview
    assert preview is not None
    assert (preview.state, preview.address) == ("awake", None)
    assert before != after
    assert "nothing changed since run" in again.out
    assert f"Preview: {after}/p/links/" in again.out
    assert before not in again.out
