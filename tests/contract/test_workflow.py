"""A run in GitHub Actions on the tests' GitHub: what each event leaves there. The loop itself is played by a report."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from greenroom_pipeline.access import Access
from greenroom_pipeline.errors import RepositoryError, SettingsError, TrainingError
from greenroom_pipeline.forge import Forge
from greenroom_pipeline.forge.github import GitHubForge
from greenroom_pipeline.forge.github_session import open_job_session
from greenroom_pipeline.jobs.actions import hide_credentials, read_actions
from greenroom_pipeline.jobs.job import Job, Loop, Target, find_job_access, open_poster
from greenroom_pipeline.jobs.workflow import run_job
from greenroom_pipeline.places import find_places
from greenroom_pipeline.progress import Progress, Silence, Watch
from greenroom_pipeline.project import Project
from greenroom_pipeline.report import CheckResult, Report
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.run import RunResult
from tests.api_server import serving_app
from tests.forges import IMPATIENT
from tests.github.actions import start_job
from tests.github.repository import FakeRepository
from tests.github.rights import Kind
from tests.github.server import FakeGitHub
from tests.projects import Workbench, init_repository
from tests.reports import CHECKS, SETTINGS, make_report
from tests.unit.test_actions import read_outputs

WRITE = {"contents": "read", "checks": "write", "deployments": "write", "pull_requests": "write"}
PASSED = [check for check in CHECKS if check.outcome == "passed"]
KEY = "flight-delays"


def open_forge(repository: Repository, *, api: str, token: str, name: str, checkout: int | None) -> Forge:
    session = open_job_session(api, token=token, name=name, patience=IMPATIENT)
    return GitHubForge(session, repository, checkout)


def play(checks: list[CheckResult] = PASSED) -> Loop:
    """Return a loop that comes to this report at once."""

    def loop(project: Project, progress: Progress, environ: Mapping[str, str]) -> RunResult:
        assert not {"GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"} & set(environ)
        pull, sha = project.forge.pull_of_checkout(), project.repository.commit().sha
        report = make_report(project=project.name, checks=checks, sha=sha, pull=pull.number if pull else None)
        nothing = cast(Any, None)
        return RunResult(
            report, "1" * 32, trained=True, recorded=False, subject=nothing, model=nothing, package=nothing
        )

    return loop


def break_down(error: BaseException) -> Loop:
    """Return a loop that fails in its training."""

    def loop(project: Project, progress: Progress, environ: Mapping[str, str]) -> RunResult:
        progress.started("train")
        progress.wrote("epoch 1")
        raise error

    return loop


def stay_away(project: Project, progress: Progress, environ: Mapping[str, str]) -> RunResult:
    raise AssertionError("nothing is to be run")


@dataclass
class Stage:
    """A project in a repository of the tests' GitHub, and what its jobs say."""

    bench: Workbench
    github: FakeGitHub
    repository: FakeRepository
    folder: Path
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    def propose(self, branch: str, files: Mapping[str, str], **about: Any) -> int:
        """Open a pull request of a new branch, which is checked out as a job does it."""
        self.bench.git("switch", "--quiet", "--create", branch, "main")
        for name, text in files.items():
            self.bench.write(name, text)
        number = self.repository.open_pull(self.bench.commit(branch), branch, **about)
        self.bench.git("switch", "--quiet", "--detach", branch)
        return number

    def token(self, kind: Kind = "actions", permissions: Mapping[str, str] = WRITE) -> str:
        return self.github.token(self.repository, kind, permissions=permissions)

    def review(self, number: int, loop: Loop, *, action: str = "opened", **others: Any) -> Report | None:
        payload = self.repository.payload("pull_request", action=action, number=number)
        return self.run("pull_request", payload, loop, **others)

    def run(self, event: str, payload: Mapping[str, Any], loop: Loop, **others: Any) -> Report | None:
        return run_job(self.open_job(event, payload, loop, **others))

    def open_job(
        self,
        event: str,
        payload: Mapping[str, Any],
        loop: Loop,
        *,
        token: str | None = "actions",
        project: str = "",
        **variables: str,
    ) -> Job:
        token = self.token() if token == "actions" else token
        job = start_job(self.repository, event, payload, self.folder, token=token)
        environ = {**job.environ, "GREENROOM_HOME": str(self.folder / "home"), **variables}
        actions = read_actions(environ)
        assert actions is not None
        access = find_job_access(actions, environ)
        hide_credentials(environ)
        return Job(
            actions,
            find_places(self.bench.root / project, environ),
            access,
            environ,
            Watch(Silence()),
            self.said.append,
            self.warned.append,
            loop=loop,
            open_forge=open_forge,
        )

    def comments(self, number: int) -> list[str]:
        return [each.body for each in self.repository.comments(number)]

    def checks(self, sha: str) -> list[tuple[str, str | None]]:
        return [(each.name, each.conclusion) for each in self.repository.checks(sha)]

    @property
    def outputs(self) -> dict[str, str]:
        return read_outputs(self.folder / "output.txt")

    @property
    def summary(self) -> str:
        return (self.folder / "summary.md").read_text()

    @property
    def head(self) -> str:
        return self.bench.git("rev-parse", "HEAD")


@pytest.fixture
def stage(tmp_path: Path, tables: Path) -> Iterator[Stage]:
    bench = init_repository(tmp_path / "flights")
    bench.write("greenroom.toml", SETTINGS)
    bench.write("train.py", "pass")
    bench.write("data/holdout.parquet", "rows")
    bench.write("README.md", "About flights")
    bench.commit("A first model")
    folder = tmp_path / "job"
    (folder / "home").mkdir(parents=True)
    shutil.copy(tables, folder / "home" / "mlflow.db")
    with FakeGitHub() as github:
        repository = github.repository("ada/flights", git=bench.root / ".git")
        yield Stage(bench, github, repository, folder)


def test_a_pull_request_gets_one_of_each(stage: Stage) -> None:
    """One comment, one check, one deployment, the summary and the outputs; a second run edits them in place."""
    number = stage.propose("better", {"train.py": "better"})
    first = stage.review(number, play(CHECKS))
    text = stage.comments(number)[0]
    again = stage.review(number, play(), action="reopened")

    assert first is not None
    assert again is not None
    assert (first.verdict, again.verdict) == ("fail", "pass")
    assert "### ❌ Fail" in text
    (comment,) = stage.comments(number)
    assert comment.startswith(f"<!-- greenroom:{KEY} -->\n<!-- sha={stage.head} order=")
    assert "### ✅ Pass" in comment
    assert stage.checks(stage.head) == [("greenroom/gate", "success")]
    (deployment,) = stage.repository.deployments()
    assert (deployment.state, deployment.environment) == ("success", "model-preview")
    assert deployment.statuses[-1].environment_url.startswith(f"{stage.github.api}/ada/flights/actions/runs/")
    assert "### ✅ Pass" in stage.summary
    assert stage.outputs["verdict"] == "pass"
    assert stage.outputs["preview-url"] == "https://models.example.com/p/flight-delays/7"
    assert Report.model_validate_json(Path(stage.outputs["report"]).read_text()) == again
    assert (stage.said, stage.warned) == ([], [])


def test_a_new_commit_takes_over(stage: Stage) -> None:
    """After a push the comment and the one live deployment are about the new head; each commit has its check."""
    number = stage.propose("better", {"train.py": "better"})
    stage.review(number, play())
    old = stage.head
    stage.bench.git("switch", "--quiet", "better")
    stage.bench.write("train.py", "better still")
    stage.repository.push(number, stage.bench.commit("Better still"))
    stage.review(number, play(CHECKS), action="synchronize")

    assert [text.splitlines()[1].partition(" order")[0] for text in stage.comments(number)] == [
        f"<!-- sha={stage.head}"
    ]
    assert stage.checks(old) == [("greenroom/gate", "success")]
    assert stage.checks(stage.head) == [("greenroom/gate", "failure")]
    assert [each.state for each in stage.repository.deployments()] == ["inactive", "success"]


def test_a_failed_rule_is_shown_where_it_stands(stage: Stage) -> None:
    """The check's remark is beside the limit in the pull request's greenroom.toml."""
    stage.review(stage.propose("worse", {"train.py": "worse"}), play(CHECKS))
    (check,) = stage.repository.checks(stage.head)

    line = SETTINGS.split("\n").index("max_loss_slices = 0.02") + 1
    assert [(each["path"], each["start_line"]) for each in check.annotations] == [("greenroom.toml", line)]


def test_a_failure_is_told_with_step_and_log(stage: Stage) -> None:
    """The check fails, comment and summary say which step and why, with what it wrote, and the error is raised."""
    number = stage.propose("broken", {"train.py": "broken"})
    with pytest.raises(TrainingError):
        stage.review(number, break_down(TrainingError("training by 'x' failed", log="KeyError: 'delayed'")))

    (comment,) = stage.comments(number)
    assert stage.checks(stage.head) == [("greenroom/gate", "failure")]
    for text in (comment, stage.summary):
        assert "No verdict, train failed: training by 'x' failed" in text
        assert "KeyError: 'delayed'" in text
    assert stage.outputs["verdict"] == ""


@pytest.mark.parametrize("end", [KeyboardInterrupt(), ZeroDivisionError("a defect")])
def test_a_run_that_is_stopped_leaves_no_check_running(stage: Stage, end: BaseException) -> None:
    """Whether somebody cancels the job or a defect ends it, the check has an end."""
    number = stage.propose("stopped", {"train.py": "stopped"})
    with pytest.raises(type(end)):
        stage.review(number, break_down(end))

    assert stage.checks(stage.head) == [("greenroom/gate", "failure")]


def test_wrong_settings_are_told_where_people_look(stage: Stage) -> None:
    """The project's name is enough to say that the rest of greenroom.toml is wrong."""
    number = stage.propose("odd", {"greenroom.toml": SETTINGS.replace("max_loss =", "max_lost =")})
    with pytest.raises(SettingsError, match="did you mean max_loss"):
        stage.review(number, stay_away)

    assert "did you mean max\\_loss?" in stage.comments(number)[0]
    assert stage.checks(stage.head) == [("greenroom/gate", "failure")]


def test_settings_without_a_name_are_told_in_the_job_alone(stage: Stage) -> None:
    """Nobody knows where to post, so nothing is posted."""
    number = stage.propose("nameless", {"greenroom.toml": "[project\n"})
    with pytest.raises(SettingsError, match=r"greenroom\.toml is not valid TOML"):
        stage.review(number, stay_away)

    assert (stage.comments(number), stage.checks(stage.head)) == ([], [])


@pytest.mark.parametrize("known", [True, False], ids=["from the history", "from the forge"])
def test_a_pull_request_that_does_not_touch_the_model(stage: Stage, known: bool) -> None:
    """A passing check, no comment, and nothing is run; a comment of before says so from then on."""
    number = stage.propose("words", {"README.md": "More about flights"})
    payload = stage.repository.payload("pull_request", action="opened", number=number)
    if not known:
        payload["pull_request"]["base"]["sha"] = "d" * 40
    assert stage.run("pull_request", payload, stay_away) is None
    assert stage.checks(stage.head) == [("greenroom/gate", "success")]
    assert stage.comments(number) == []
    assert stage.outputs["verdict"] == "pass"

    stage.repository.add_comment(
        number, author="github-actions[bot]", body=f"<!-- greenroom:{KEY} -->\nold", app="github-actions"
    )
    assert stage.run("pull_request", payload, stay_away) is None
    assert "no longer touches the model" in stage.comments(number)[0]


def test_a_change_that_nobody_can_list_is_run(stage: Stage) -> None:
    """Without history, and without a token to ask with, the model may have been touched."""
    number = stage.propose("words", {"README.md": "More about flights"})
    payload = stage.repository.payload("pull_request", action="opened", number=number)
    payload["pull_request"]["base"]["sha"] = "d" * 40

    assert stage.run("pull_request", payload, play(), token=None) is not None


def test_without_a_token_the_verdict_stands(stage: Stage) -> None:
    """One line says what to add; the report is there all the same, and so are summary and outputs."""
    number = stage.propose("better", {"train.py": "better"})
    report = stage.review(number, play(), token=None)

    assert report is not None
    assert stage.warned == [
        "nothing is posted, since this step has no GITHUB_TOKEN; add `env: GITHUB_TOKEN: ${{ github.token }}`"
    ]
    assert stage.github.requests == []
    assert (stage.outputs["verdict"], "### ✅ Pass" in stage.summary) == ("pass", True)


def test_a_token_without_a_right_loses_that_post_alone(stage: Stage) -> None:
    """The warning names the right and the line to add; what the token may post is posted."""
    number = stage.propose("better", {"train.py": "better"})
    token = stage.token(permissions={"contents": "read", "pull_requests": "write", "deployments": "write"})
    report = stage.review(number, play(), token=token)

    assert report is not None
    assert len(stage.comments(number)) == len(stage.repository.deployments()) == 1
    assert stage.warned
    assert all("add `checks: write` under `permissions:` of this job" in line for line in stage.warned)
    assert all("\n" not in line for line in stage.warned)


def test_the_verdict_does_not_depend_on_github(stage: Stage) -> None:
    """Where GitHub does not answer, one line says so, and the report is what it is anyway."""
    number = stage.propose("better", {"train.py": "better"})
    report = stage.review(number, play(CHECKS), GITHUB_API_URL="http://127.0.0.1:1")

    assert report is not None
    assert report.verdict == "fail"
    assert any("does not answer" in line for line in stage.warned)
    assert stage.outputs["verdict"] == "fail"


def test_a_fork_may_post_nothing(stage: Stage) -> None:
    """It runs where it is, without asking GitHub or a server for anything, and says where its report is."""
    number = stage.propose("better", {"train.py": "better"}, fork="eve/flights", author="eve")
    report = stage.review(
        number,
        play(),
        token=stage.token("fork"),
        GREENROOM_SERVER="https://greenroom.example.com",
    )

    assert report is not None
    assert stage.said == [
        f"pull request {number} is from a fork, whose job may post nothing: its report is in the job's summary"
    ]
    assert stage.github.requests == []
    assert "### ✅ Pass" in stage.summary


def test_the_merge_commit_is_refused(stage: Stage) -> None:
    """What GitHub checks out by itself is no commit of the pull request; the line to add is named, and posted."""
    number = stage.propose("better", {"train.py": "better"})
    head, trial = stage.head, stage.repository.pull(number).merge_commit_sha
    assert trial is not None
    stage.bench.git("switch", "--quiet", "--detach", trial)
    line = r"`ref: \$\{\{ github\.event\.pull_request\.head\.sha \}\}`"
    with pytest.raises(RepositoryError, match=f"commit {trial[:7]} is checked out, .*{line}"):
        stage.review(number, stay_away)

    assert stage.checks(head) == [("greenroom/gate", "failure")]


def test_two_projects_of_one_repository(stage: Stage) -> None:
    """Each has its own comment, check and deployment, by its own workflow, and minds its own files."""
    projects = ("flights", "trains", "trams")
    files = {
        f"models/{name}/greenroom.toml": SETTINGS.replace("flight-delays", name) for name in projects
    } | {f"models/{name}/train.py": "pass" for name in projects}
    stage.bench.git("switch", "--quiet", "main")
    for path, text in files.items():
        stage.bench.write(path, text)
    stage.bench.commit("Three models")
    number = stage.propose("both", {f"models/{name}/train.py": "better" for name in projects[:2]})
    for name in projects:
        loop = stay_away if name == "trams" else play(CHECKS)
        stage.review(number, loop, project=f"models/{name}")

    assert [text.splitlines()[0] for text in stage.comments(number)] == [
        "<!-- greenroom:flights -->",
        "<!-- greenroom:trains -->",
    ]
    assert sorted(stage.checks(stage.head)) == [
        ("greenroom/gate/flights", "failure"),
        ("greenroom/gate/trains", "failure"),
        ("greenroom/gate/trams", "success"),
    ]
    assert [each.state for each in stage.repository.deployments()] == ["success", "success"]
    check = next(each for each in stage.repository.checks(stage.head) if each.name.endswith("trains"))
    assert check.annotations[0]["path"] == "models/trains/greenroom.toml"


def test_the_merge_queue_is_reported_on(stage: Stage) -> None:
    """The check stands on the group's own commit, and no pull request is spoken in."""
    number = stage.propose("better", {"train.py": "better"})
    group = stage.bench.commit("Merge better")
    payload = stage.repository.payload("merge_group", number=number, head_sha=group)
    report = stage.run("merge_group", payload, play())

    assert report is not None
    assert stage.checks(group) == [("greenroom/gate", "success")]
    assert (stage.comments(number), stage.repository.deployments()) == ([], [])


def test_a_push_is_reported_on_where_it_is_the_default_branch(stage: Stage) -> None:
    """Elsewhere, and for events of other kinds, it is run, and nothing is posted."""
    before = stage.head
    stage.bench.write("train.py", "better")
    head = stage.bench.commit("Better")
    stage.repository.commit(head)
    stage.repository.history.advance("main", head)
    payload = stage.repository.payload("push", branch="main", before=before)
    assert stage.run("push", payload, play()) is not None
    assert stage.checks(head) == [("greenroom/gate", "success")]

    for event, sent in (("push", {**payload, "ref": "refs/heads/other"}), ("workflow_dispatch", payload)):
        stage.repository.every_check.clear()
        assert stage.run(event, sent, play()) is not None
        assert stage.checks(head) == []
        assert stage.said[-1] == f"the event {event} is not of a pull request: nothing is posted"


def test_another_branch_has_a_check_of_another_name(stage: Stage) -> None:
    """A commit that goes into main and elsewhere: what touches nothing there passes nothing here, nor in the queue."""
    number = stage.propose("worse", {"train.py": "worse"})
    stage.review(number, play(CHECKS))
    stage.repository.history.advance("nearly", stage.head)
    second = stage.repository.open_pull(stage.head, "worse", base="nearly", files=("README.md",))
    assert stage.review(second, stay_away) is None
    group = stage.bench.commit("Merge worse")
    payload = stage.repository.payload("merge_group", number=second, head_sha=group)
    stage.run("merge_group", payload, play())

    assert sorted(stage.checks(stage.repository.pull(number).head_sha)) == [
        ("greenroom/gate", "failure"),
        ("greenroom/gate into nearly", "success"),
    ]
    assert stage.checks(group) == [("greenroom/gate into nearly", "success")]


def test_closing_ends_the_preview(stage: Stage) -> None:
    """The deployment is inactive afterwards, whatever is checked out, and nothing is run."""
    number = stage.propose("better", {"train.py": "better"})
    stage.review(number, play())
    stage.repository.close(number)
    stage.bench.git("switch", "--quiet", "main")

    assert stage.review(number, stay_away, action="closed") is None
    assert [each.state for each in stage.repository.deployments()] == ["inactive"]
    assert len(stage.comments(number)) == 1


def test_a_servers_own_events_are_left_to_it(stage: Stage) -> None:
    """It is handed pull requests in, and reports on its own of the queue: the job runs nothing and needs no rights."""
    number = stage.propose("better", {"train.py": "better"})
    server = "https://greenroom.example.com"
    group = stage.repository.payload("merge_group", number=number, head_sha=stage.head)
    closed = stage.repository.payload("pull_request", action="closed", number=number)

    assert stage.run("merge_group", group, stay_away, GREENROOM_SERVER=server) is None
    assert stage.run("pull_request", closed, stay_away, GREENROOM_SERVER=server) is None
    assert stage.github.requests == []
    assert len(stage.said) == 2


@pytest.mark.parametrize("publishes", [True, False])
def test_a_server_with_an_app_publishes_by_itself(stage: Stage, publishes: bool) -> None:
    """The job then posts nothing, whatever its token may; without an App it is the job that posts."""
    number = stage.propose("better", {"train.py": "better"})

    async def tell_rights(request: Request) -> Response:
        return JSONResponse({"project": KEY, "slot": str(number), "publishes": publishes})

    payload = stage.repository.payload("pull_request", action="opened", number=number)
    job = stage.open_job("pull_request", payload, stay_away)
    with serving_app(Starlette(routes=[Route("/sender", tell_rights)])) as address:
        job = replace(job, access=Access(address, "grt_x"))
        poster = open_poster(job, Target(stage.head, pull=number), Repository(stage.bench.root))

    assert (poster.forge is None) == publishes


def test_a_job_with_the_rights_of_the_base_is_refused(stage: Stage) -> None:
    """On: pull_request_target a fork's code would have this repository's secrets."""
    payload = stage.repository.payload("pull_request", action="opened", number=stage.propose("x", {"a": "b"}))
    with pytest.raises(SettingsError, match="use on: pull_request"):
        stage.run("pull_request_target", payload, stay_away)


def test_a_renamed_repository_is_found(stage: Stage) -> None:
    """The job began under the old name, and GitHub leads on from it."""
    number = stage.propose("better", {"train.py": "better"})
    payload = stage.repository.payload("pull_request", action="opened", number=number)
    stage.repository.rename("ada/delays")
    stage.run("pull_request", payload, play(), GITHUB_REPOSITORY="ada/flights")

    assert stage.warned == []
    assert len(stage.comments(number)) == 1


def test_an_older_run_is_no_news(stage: Stage) -> None:
    """A run that was overtaken by a later one of the same commit leaves what that has said."""
    number = stage.propose("better", {"train.py": "better"})
    stage.review(number, play(CHECKS), GITHUB_RUN_ID="20")
    stage.review(number, play(), GITHUB_RUN_ID="19")

    assert "### ❌ Fail" in stage.comments(number)[0]
    assert stage.checks(stage.head) == [("greenroom/gate", "failure")]
