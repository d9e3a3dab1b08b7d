"""Commands in comments without a server: a job in Actions answers them with its own token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from greenroom_pipeline.forge import Forge
from greenroom_pipeline.forge.github import GitHubForge
from greenroom_pipeline.forge.github_session import open_job_session
from greenroom_pipeline.forge.registration import DEFAULT_WORKFLOW, FILE
from greenroom_pipeline.handover import order_attempt
from greenroom_pipeline.jobs.actions import hide_credentials, read_actions
from greenroom_pipeline.jobs.job import Job
from greenroom_pipeline.jobs.workflow import run_job
from greenroom_pipeline.places import find_places
from greenroom_pipeline.progress import Silence, Watch
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.publication import Place, publish_report
from greenroom_pipeline.record import read_report
from greenroom_pipeline.repository import Repository
from tests.app_stage import SETTINGS, Stage, open_stage
from tests.forges import IMPATIENT
from tests.github.actions import start_job
from tests.submissions import PROJECT

# Those of the job `answer` that `greenroom init` writes.
RIGHTS = {
    "contents": "read",
    "actions": "write",
    "checks": "write",
    "deployments": "write",
    "pull_requests": "write",
}


@pytest.fixture
def stage(tmp_path: Path, tables: Path) -> Iterator[Stage]:
    with open_stage(tmp_path, tables=tables) as opened:
        # Its machine is a job's now, and no App's.
        (opened.bench.places.home / FILE).unlink()
        opened.github.person("eve")
        yield opened


def open_forge(repository: Repository, *, api: str, token: str, name: str, checkout: int | None) -> Forge:
    return GitHubForge(
        open_job_session(api, token=token, name=name, patience=IMPATIENT), repository, checkout
    )


def say(
    stage: Stage,
    number: int,
    text: str,
    *,
    by: str = "ada",
    action: str = "created",
    folder: str = "",
    **variables: str,
) -> str:
    """Have someone comment and the job run that it starts; return what is answered, and what the job said.

    *folder* is that of the project whose workflow the job is of.
    """
    # A while after all that there is by now: GitHub tells no parts of a second.
    stage.github.clock.advance(2)
    comment = stage.repository.say(number, by, text)
    payload = stage.repository.payload("issue_comment", comment=comment, action=action)
    token = stage.github.token(stage.repository, permissions=RIGHTS)
    stage.folder.mkdir(exist_ok=True)
    environ = start_job(stage.repository, "issue_comment", payload, stage.folder, token=token).environ
    environ |= {"GREENROOM_HOME": str(stage.bench.places.home), **variables}
    actions = read_actions(environ)
    assert actions is not None
    hide_credentials(environ)
    said: list[str] = []
    places = find_places(stage.bench.root / folder, environ)
    watch, told = Watch(Silence()), said.append
    assert run_job(Job(actions, places, None, environ, watch, told, told, open_forge=open_forge)) is None
    ours = [each.body for each in stage.repository.comments(number) if each.author == "github-actions[bot]"]
    assert len(ours) < 2
    return "\n".join([*ours, *said])


def test_a_job_answers_what_it_can(stage: Stage) -> None:
    """It runs the workflow again and explains; what needs a server or a store is said so; rights are asked for."""
    number = stage.propose()
    run = stage.repository.workflow_run(stage.head(number))

    assert say(stage, number, "/greenroom rerun", by="eve") == ""
    assert "was started again" in say(stage, number, "/greenroom rerun")
    assert stage.reruns() == [run]
    assert "GR102 is “Loss against the champion”" in say(stage, number, "/greenroom explain GR102")
    assert "Without a Greenroom server no preview" in say(stage, number, "/greenroom keep-awake")
    assert "no previews of forks" in say(stage, number, f"/greenroom preview {'a' * 40}")
    offered = "<sub>Ask in a comment: `/greenroom rerun` · `/greenroom explain CHECK`</sub>"
    assert say(stage, number, "/greenroom rerun").endswith(offered)
    assert "or a store that jobs share" in say(stage, number, "/greenroom override GR102 hotfix")


def test_with_a_store_a_job_overrides(stage: Stage) -> None:
    """The word is kept with the run in MLflow, and check and comment say what follows from it."""
    number = stage.propose()
    store = fail(stage, number)
    answer = say(stage, number, "/greenroom override GR102 hotfix", **store)
    (record,) = stage.project.store.records()

    assert "no longer holds commit" in answer
    assert "ada overrode GR102: hotfix" in answer
    assert answer.endswith(" · `/greenroom override CHECK reason`</sub>")
    assert (record.tags["verdict"], stage.check(stage.head(number)).conclusion) == ("pass", "success")
    assert "It falls." in say(stage, number, "/greenroom explain GR102", **store)


def fail(stage: Stage, number: int) -> dict[str, str]:
    """Keep a run of the newest commit that does not pass GR102, and return the variable that names where."""
    draft = stage.draft(number)
    draft.report["checks"][0]["outcome"], draft.report["verdict"] = "failed", "fail"
    stage.hand_in(draft)
    return {"MLFLOW_TRACKING_URI": stage.bench.places.tracking_uri}


def test_an_override_keeps_what_its_run_has_posted(stage: Stage) -> None:
    """Comment, check and deployment lead to the run's job as before, and no run before that one has the word again."""
    number = stage.propose()
    sha, store = stage.head(number), fail(stage, number)
    old, run = stage.repository.workflow_run(sha), stage.repository.workflow_run(sha)
    job = f"{stage.github.api}/{stage.repository.full_name}/actions/runs/{run}"
    token = stage.github.token(stage.repository, permissions=RIGHTS)
    forge = open_forge(
        stage.project.repository,
        api=stage.github.api,
        token=token,
        name=stage.repository.full_name,
        checkout=None,
    )
    (record,) = stage.project.store.records()
    report = read_report(stage.project.store, record.id)
    assert report is not None
    place = Place(PROJECT, "", sha, number, order=order_attempt(run, 1))
    publish_report(forge, place, report, Links(job=job))
    say(stage, number, "/greenroom override GR102 hotfix", **store)
    publish_report(
        forge, replace(place, order=order_attempt(old, 1)), report, Links(job="https://example.com")
    )

    (comment,) = [each.body for each in stage.repository.comments(number) if "bot" in each.author]
    (deployment,) = stage.repository.deployments()
    statuses = stage.repository.statuses(deployment.id)
    assert "ada overrode GR102: hotfix" in comment
    assert f"({job})" in comment
    assert {each.environment_url for each in statuses} == {job}
    assert (stage.check(sha).conclusion, stage.check(sha).details_url) == ("success", job)


def test_a_project_below_the_top_runs_its_own_workflow(stage: Stage) -> None:
    """That which the job is of, and not the one that a project at the top would have."""
    number = stage.propose()
    path = ".github/workflows/greenroom-flights.yml"
    stage.repository.workflow_run(stage.head(number))
    run = stage.repository.workflow_run(stage.head(number), path=path)
    ref = f"{stage.repository.full_name}/{path}@refs/heads/main"

    assert "was started again" in say(stage, number, "/greenroom rerun", GITHUB_WORKFLOW_REF=ref)
    assert stage.reruns() == [run]


def test_projects_of_one_repository_are_told_apart(stage: Stage) -> None:
    """Each has a job that hears every comment: below the top it is for who names it, and silent for others."""
    number = stage.propose()
    settings = SETTINGS.replace(f'"{PROJECT}"', '"fares"')
    stage.bench.write("models/fares/greenroom.toml", settings)
    path = ".github/workflows/greenroom-fares.yml"
    runs = [stage.repository.workflow_run(stage.head(number), path=each) for each in (path, DEFAULT_WORKFLOW)]
    ref = f"{stage.repository.full_name}/{path}@refs/heads/main"

    def say_below(text: str) -> str:
        return say(stage, number, text, folder="models/fares", GITHUB_WORKFLOW_REF=ref)

    for text in (f"/greenroom rerun {PROJECT}", "/greenroom rerun", "/greenroom override GR102 hotfix"):
        assert say_below(text) == ""
    assert say(stage, number, "/greenroom rerun fares") == ""
    assert stage.reruns() == []
    answer = say_below("/greenroom rerun fares")
    assert stage.reruns() == runs[:1]
    assert answer.endswith(
        "<sub>Ask in a comment: `/greenroom rerun fares` · `/greenroom explain fares CHECK`</sub>"
    )
    assert "Write it as \\`/greenroom rerun fares\\`" in say_below("/greenroom rerun")


@pytest.mark.parametrize(("text", "about"), [("Nice work", {}), ("/greenroom rerun", {"action": "edited"})])
def test_other_comments_start_nothing(stage: Stage, text: str, about: dict[str, Any]) -> None:
    """What holds no command, and what was edited into one, is let be."""
    number = stage.propose()

    assert say(stage, number, text, **about) == (
        "the comment holds no new command on a pull request: there is nothing to answer"
    )


def test_with_a_server_the_server_answers(stage: Stage) -> None:
    """A job beside it does nothing, so that nothing is done twice."""
    number = stage.propose()
    server = {"GREENROOM_SERVER": "https://greenroom.example.com"}

    assert "answered by the server" in say(stage, number, "/greenroom rerun", **server)
