"""The doctor says which right or setting is missing on GitHub, each with a line that mends it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom_pipeline.examining.doctor import Finding, is_well
from greenroom_pipeline.examining.github import examine_github
from greenroom_pipeline.examining.workflow import examine_workflow
from greenroom_pipeline.forge.app_rights import EVENTS, RIGHTS
from greenroom_pipeline.forge.registration import FILE, write_registration
from greenroom_pipeline.places import Places, find_places
from greenroom_pipeline.setup.workflow_file import Workflow, write_workflow
from tests.github.server import FakeGitHub
from tests.projects import Workbench, init_repository
from tests.registrations import SERVER, register

PLAIN = Workflow(project="flights", folder="", branch="main", action=f"our/greenroom@{'a' * 40}")


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as github:
        yield github


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    bench = init_repository(tmp_path / "flights")
    bench.commit("Nothing yet")
    return bench


def places(bench: Workbench) -> Places:
    return find_places(bench.root, {"GREENROOM_HOME": str(bench.root.parent / "home")})


def by_subject(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.subject.removeprefix("github: "): finding for finding in findings}


def look(bench: Workbench, **environ: str) -> dict[str, Finding]:
    return by_subject(examine_github(places(bench), environ))


def look_at(text: str, tmp_path: Path) -> dict[str, Finding]:
    path = tmp_path / "greenroom.yml"
    path.write_text(text)
    return by_subject(list(examine_workflow(path, shown="greenroom.yml")))


def test_a_project_that_is_not_on_github(bench: Workbench, tmp_path: Path) -> None:
    """Nothing is asked and nothing is said, whether there is another remote or no repository at all."""
    assert look(bench) == {}
    bench.git("remote", "add", "origin", "https://gitlab.com/ada/flights")
    assert look(bench) == {}
    assert examine_github(find_places(tmp_path, {})) == []


def test_a_remote_without_a_workflow(bench: Workbench) -> None:
    """Where the remote is on GitHub, the workflow is offered, and its lack is no fault."""
    bench.git("remote", "add", "origin", "git@github.com:ada/flights.git")

    found = look(bench)

    assert "`greenroom init` writes it" in found["workflow"].says
    assert is_well(list(found.values()))


@pytest.mark.parametrize("server", [None, SERVER])
def test_the_workflow_that_init_writes(tmp_path: Path, server: str | None) -> None:
    """What Greenroom writes itself lacks nothing."""
    workflow = Workflow(project="flights", folder="", branch="main", server=server, action=PLAIN.action)

    found = look_at(write_workflow(workflow), tmp_path)

    assert set(found) == {"workflow", "events", "rights", "checkout", "actions"}
    assert all(finding.holds for finding in found.values())


@pytest.mark.parametrize(
    ("good", "bad", "subject", "says", "needed"),
    [
        ("      checks: write", "      checks: read", "rights", "lacks `checks: write`; add it under", True),
        (
            "      contents: read",
            "      contents: write",
            "rights",
            "may do more than it needs (contents: write)",
            False,
        ),
        ("pull_request:", "pull_request_target:", "events", "on what strangers wrote", True),
        (
            "  pull_request:\n    types: [opened, synchronize, reopened, closed]\n",
            "",
            "events",
            "add pull_request",
            True,
        ),
        ("  merge_group:\n    types: [checks_requested]\n", "", "events", "add merge_group", False),
        (
            "          ref: ${{ github.event.pull_request.head.sha || github.sha }}\n",
            "",
            "checkout",
            "add `ref:",
            True,
        ),
        (PLAIN.action, "our/greenroom@v1", "actions", "our/greenroom@v1 can be moved", True),
        (
            "uses: our/greenroom@",
            "uses: our/other@",
            "workflow",
            "no job in greenroom.yml runs Greenroom",
            True,
        ),
        ("jobs:", "jobs: [", "workflow", "is no workflow", True),
        ("jobs:", "tasks:", "workflow", "is no workflow", True),
    ],
)
def test_a_workflow_that_lacks_something(
    tmp_path: Path, good: str, bad: str, subject: str, says: str, needed: bool
) -> None:
    """Each lack is told with the line that mends it; what can be done without is no fault."""
    text = write_workflow(PLAIN)
    assert good in text

    found = look_at(text.replace(good, bad), tmp_path)

    assert not found[subject].holds
    assert says in found[subject].says
    assert found[subject].needed is needed


def test_a_server_in_the_environment(tmp_path: Path) -> None:
    """A job that names its server by a variable needs the rights of one with a server."""
    text = write_workflow(PLAIN).replace("MLFLOW_TRACKING_URI:", "GREENROOM_SERVER:")

    assert "`id-token: write`" in look_at(text, tmp_path)["rights"].says


def job(github: FakeGitHub, token: str | None, **more: str) -> dict[str, str]:
    variables = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": github.api,
        "GITHUB_REPOSITORY": "ada/flights",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": "/tmp/event.json",
        "GITHUB_SHA": "a" * 40,
    }
    return variables | ({"GITHUB_TOKEN": token} if token else {}) | more


def test_in_a_job(bench: Workbench, github: FakeGitHub) -> None:
    """In Actions the variables and the token are looked at, by a read."""
    repository = github.repository("ada/flights", private=True)

    well = look(bench, **job(github, github.token(repository)))
    expired = look(bench, **job(github, "ghs_unknown"))
    without = look(bench, **job(github, None))
    outside = look(bench, GITHUB_ACTIONS="true")

    assert well["variables"].holds
    assert well["token"].says == "GITHUB_TOKEN sees ada/flights"
    assert "GitHub does not take GITHUB_TOKEN" in expired["token"].says
    assert "GITHUB_TOKEN: ${{ github.token }}" in without["token"].says
    assert "GITHUB_API_URL" in outside["variables"].says
    assert all(request.method == "GET" for request in github.requests)


def test_in_a_job_with_a_server(bench: Workbench, github: FakeGitHub) -> None:
    """With a server the job must be able to prove whose it is, and its token is not asked for."""
    repository = github.repository("ada/flights")
    with_server = job(github, None, GREENROOM_SERVER=SERVER)

    assert look(bench, **with_server, **github.oidc.job(repository))["identity"].holds
    assert look(bench, **with_server, GREENROOM_TOKEN="grt_x")["identity"].holds
    assert "add `id-token: write`" in look(bench, **with_server)["identity"].says


def requires(github: FakeGitHub, app: int | None, check: str = "greenroom/gate") -> None:
    wanted = {"context": check} | ({} if app is None else {"integration_id": app})
    parameters = {"required_status_checks": [wanted], "strict_required_status_checks_policy": False}
    github.repository("ada/flights").ruleset([{"type": "required_status_checks", "parameters": parameters}])


def test_a_server_that_is_well(bench: Workbench, github: FakeGitHub) -> None:
    """An App with all its rights, installed, heard and required: each is told, and only reads are made."""
    registration = register(github, places(bench).home)
    assert registration.app is not None
    requires(github, registration.app.id)

    found = look(bench)

    assert [name for name, finding in found.items() if not finding.holds] == ["writing"]
    assert not found["writing"].needed, "a server may leave merging and pinning to people"
    assert "nor pin a case; give the App `contents: write`" in found["writing"].says
    assert found["required check"].says == "main requires greenroom/gate from this App"
    reads = [each for each in github.requests if not each.path.endswith("/access_tokens")]
    assert {each.method for each in reads} == {"GET"}


@pytest.mark.parametrize("right", list(RIGHTS)[1:])
def test_an_app_without_a_right(bench: Workbench, github: FakeGitHub, right: str) -> None:
    """The right is named, with what it is for and where it is given."""
    rights = {name: level for name, (level, _) in RIGHTS.items() if name != right}
    register(github, places(bench).home, permissions=rights)

    found = look(bench)

    level, why = RIGHTS[right]
    assert f"lacks `{right}: {level}` ({why})" in found["App's rights"].says
    assert "accept the App's new rights" in found["rights"].says
    assert not is_well(list(found.values()))


def test_an_app_that_is_not_installed(bench: Workbench, github: FakeGitHub) -> None:
    """It is told where to install it, and what belongs to the installation is not asked."""
    register(github, places(bench).home, installed=False)

    found = look(bench)

    assert "greenroom is not installed on ada/flights; install it" in found["installation"].says
    assert "required check" not in found


def test_keys_of_no_app(bench: Workbench, github: FakeGitHub) -> None:
    """Keys that GitHub does not know are told as such, and so is a GitHub that does not answer."""
    register(github, places(bench).home)
    github.apps.pop()

    assert not look(bench)["App"].holds


def test_github_that_does_not_answer(bench: Workbench, github: FakeGitHub) -> None:
    """The doctor does not wait for a GitHub that is not there."""
    registration = register(github, places(bench).home)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    write_registration(places(bench).home, registration.model_copy(update={"api": nobody}))

    found = look(bench)

    assert f"{nobody} does not answer" in found["App"].says


def test_a_webhook_that_goes_elsewhere(bench: Workbench, github: FakeGitHub) -> None:
    """The address is held against the server's own, and events that did not arrive are counted."""
    register(github, places(bench).home)
    app = github.apps[-1]
    app.webhook_url = f"{github.api}/elsewhere"
    repository = github.repository("ada/flights")
    number = repository.open_pull("b" * 40, "better")
    app.deliver(
        app.webhook_url, "pull_request", repository.payload("pull_request", action="opened", number=number)
    )

    found = look(bench)

    assert f"set the webhook to {SERVER}/api/github/events" in found["webhook"].says
    assert "1 of the newest events did not arrive, the last was pull_request" in found["events"].says
    assert not found["events"].needed


def test_events_that_it_does_not_hear_of(bench: Workbench, github: FakeGitHub) -> None:
    """Each event that the server works by is subscribed to."""
    register(github, places(bench).home)
    github.apps[-1].events = [event for event in EVENTS if event != "merge_group"]

    assert "does not hear of merge_group" in look(bench)["subscriptions"].says


@pytest.mark.parametrize(
    ("check", "app", "says"),
    [
        (None, None, "no ruleset of main requires greenroom/gate"),
        ("tests", None, "no ruleset of main requires greenroom/gate"),
        ("greenroom/gate", None, "is taken from anybody who may push"),
        ("greenroom/gate", 15368, "is taken from another App (15368)"),
    ],
)
def test_a_check_that_holds_nothing_back(
    bench: Workbench, github: FakeGitHub, check: str | None, app: int | None, says: str
) -> None:
    """A check that is not required, or that anybody may give, is told; a team may want it so."""
    register(github, places(bench).home)
    if check is not None:
        requires(github, app, check)

    found = look(bench)

    assert says in found["required check"].says
    assert not found["required check"].needed


def test_another_repository_of_that_name(bench: Workbench, github: FakeGitHub) -> None:
    """A repository that took the name over is not the one that was registered."""
    registration = register(github, places(bench).home)
    write_registration(places(bench).home, registration.model_copy(update={"repository_id": 1}))

    assert "is another repository now" in look(bench)["installation"].says


def test_a_registration_that_others_may_read(bench: Workbench, github: FakeGitHub) -> None:
    """A private key that other users may read is a fault."""
    register(github, places(bench).home)
    (places(bench).home / FILE).chmod(0o644)

    assert "chmod 600" in look(bench)["App"].says


def test_the_command(bench: Workbench, github: FakeGitHub) -> None:
    """`greenroom doctor` shows what it says of GitHub beside the rest."""
    register(github, places(bench).home, installed=False)

    done = bench.greenroom("doctor", "--json", GREENROOM_HOME=str(places(bench).home))

    assert done.status == 2
    subjects = {finding["subject"] for finding in json.loads(done.out)}
    assert subjects >= {"settings", "packages", "github: App", "github: installation"}
