"""Whose record a run is: what came in a bundle counts for its own pull request, and for no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from greenroom_pipeline.errors import PromotionError
from greenroom_pipeline.local_desk import LocalDesk
from greenroom_pipeline.origin import Origin
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.promotion import promote_checkout, promote_pull
from greenroom_pipeline.record import begin_record, find_newest, find_same
from greenroom_pipeline.tracking import open_store
from tests.memory_forge import MemoryForge
from tests.projects import make_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return open_project(make_project(tmp_path / "project", "regression", estimator="Ridge()").places)


def make_origin(sha: str, pull: int | None) -> Origin:
    return Origin(
        sha=sha,
        subject="A model",
        author="Ada",
        branch=None,
        pull=pull,
        title="A model",
        fingerprint="f" * 64,
        holdout="d" * 64,
        evidence="e" * 64,
    )


def finish(project: Project, origin: Origin, *, digest: str, **tags: str) -> str:
    run_id = begin_record(project.store, origin, **tags)
    project.store.tag(run_id, {"state": "finished", "digest": digest, "version": "1"})
    return run_id


def test_a_bundle_counts_for_its_own_pull_request(project: Project) -> None:
    """The same commit handed in for another pull request, or with another's evidence, is not found for this one."""
    sha = "a" * 40
    own = finish(project, make_origin(sha, None), digest="1")
    theirs = finish(project, make_origin(sha, 8), digest="2", bundle="b")
    elsewhere = finish(project, make_origin("b" * 40, 7), digest="3", bundle="c")

    newest = {pull: find_newest(project.store, pull, sha=sha) for pull in (7, 8)}
    assert {pull: found.id for pull, found in newest.items() if found} == {7: own, 8: theirs}
    assert [each.id for each in find_same(project.store, make_origin(sha, 7))] == [own]
    assert [each.id for each in find_same(project.store, make_origin("b" * 40, 7))] == [elsewhere]


def test_promotion_takes_nobody_elses_model(project: Project) -> None:
    """What pull request 8 handed in of a commit promotes neither pull request 7 nor the commit over another's model."""
    pull = project.forge.pull_of_checkout()
    assert pull is None
    project.repository.git("switch", "--quiet", "--create", "seven")
    project.repository.git("commit", "--quiet", "--allow-empty", "-m", "A model")
    opened = project.forge.pull_of_checkout()
    assert opened is not None
    finish(project, make_origin(opened.head, 8), digest="2", bundle="b")
    with pytest.raises(PromotionError, match="no finished run"):
        promote_pull(project, opened.number, sha=opened.head, by="Ada")

    finish(project, make_origin(opened.head, 1), digest="1", bundle="a")
    project.repository.git("branch", "--force", "main", "HEAD")
    with pytest.raises(PromotionError, match="different models by pull request 1 and pull request 8"):
        promote_checkout(project, by="Ada")


def test_a_review_has_the_pages_of_its_forge_and_its_tracking_server(
    project: Project, mlflow_server: str
) -> None:
    """Where both have pages; a local repository and the embedded store have none."""
    forge = MemoryForge()
    forge.put(7, head="a" * 40, link="https://github.com/ada/project/pull/7")
    finish(project, make_origin("a" * 40, 7), digest="1")
    places = replace(project.places, tracking_uri=mlflow_server.replace("://", "://ada:secret@"))
    remote = replace(project, forge=forge, places=places, store=open_store(project.name, places))
    run = finish(remote, make_origin("a" * 40, 7), digest="1")
    embedded, served = LocalDesk(replace(project, forge=forge)), LocalDesk(remote)

    assert embedded.review("project", 7).run_link is None
    assert served.review("project", 7).link == "https://github.com/ada/project/pull/7"
    assert [each.run_link for each in (served.review("project", 7), *served.reviews())] == [
        f"{mlflow_server}/#/experiments/{remote.store.experiment}/runs/{run}"
    ] * 2
