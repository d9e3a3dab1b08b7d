"""The list of reviews, from a real store: what is shown is asked for, and nothing else."""

from __future__ import annotations

import pytest

from greenroom_pipeline import listing
from greenroom_pipeline.local_desk import LocalDesk
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.record import begin_record
from greenroom_pipeline.report import main_result
from tests.contract.test_record import make_origin
from tests.projects import make_project
from tests.reports import make_report


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Five pull requests, of which each but the last ran twice: 2 and 4 ended with another verdict than before."""
    bench = make_project(tmp_path_factory.mktemp("listing") / "project", "regression", estimator="Ridge()")
    project = open_project(bench.places)
    main = main_result(make_report())
    assert main is not None
    for number in range(1, 6):
        bench.git("switch", "--quiet", "--create", f"change-{number}", "main")
        sha = bench.commit(f"Change {number}")
        project.forge.pull_of_checkout()
        for verdict in ("fail", "fail" if number % 2 else "pass") if number < 5 else ():
            run = begin_record(project.store, make_origin(sha, number))
            told = {"summary": "A sentence.", "digest": str(number), "main_result": main.model_dump_json()}
            project.store.tag(run, {"state": "finished", "verdict": verdict, **told})
            project.store.end(run)
    return project


@pytest.mark.parametrize("recent", [100, 3])
def test_what_is_shown_is_the_newest_run(
    project: Project, recent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page says of each pull request what its newest run says, however many runs came after it."""
    monkeypatch.setattr(listing, "RECENT", recent)
    desk = LocalDesk(project)
    pulls = desk.pulls()
    reviews = desk.describe(pulls[:2] + pulls[-1:])

    assert [(each.pull, each.verdict, each.run_state) for each in reviews] == [
        (5, None, "waiting"),
        (4, "pass", "finished"),
        (1, "fail", "finished"),
    ]
    assert [each.main for each in reviews] == [None, *[main_result(make_report())] * 2]
    assert desk.describe(pulls) == desk.reviews() == [desk.review("project", each.number) for each in pulls]


def test_verdicts_name_their_commits(project: Project) -> None:
    """The commits with a verdict are found without reading any other's run."""
    desk = LocalDesk(project)
    heads = {pull.number: pull.head for pull in desk.pulls()}

    assert desk.judged("pass") == {heads[2], heads[4]}
    assert desk.judged("inconclusive") == frozenset()
