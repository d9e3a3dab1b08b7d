"""The tests' GitHub towards Apps and jobs: webhooks, identities, runs, and an App's making."""

from __future__ import annotations

import io
import json
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from github import Auth, GithubIntegration

from tests.github.actions import start_job
from tests.github.repository import FakeRepository
from tests.github.server import FakeGitHub
from tests.github.webhooks import sign
from tests.patience import await_true

SHA = "a" * 40


@contextmanager
def taking() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """Take whatever is sent, and give it to the test."""
    taken: list[tuple[dict[str, str], bytes]] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Taker) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", taken
        finally:
            server.shutdown()
            thread.join()


def signed_in(hub: FakeGitHub, slug: str = "greenroom") -> httpx.Client:
    """Return a client that signs as an App."""
    app = hub.find_app(slug)
    token = Auth.AppAuth(app.id, app.private_key_pem).token
    return httpx.Client(base_url=hub.api, headers={"Authorization": f"Bearer {token}"}, timeout=10)


def test_signs_as_github_does() -> None:
    """GitHub's own example."""
    signature = sign("It's a Secret to Everybody", b"Hello, World!")

    assert signature == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_delivers_again_what_was_lost(hub: FakeGitHub, flights: FakeRepository) -> None:
    """A webhook that did not arrive stands among the deliveries, and comes under the same id when asked for."""
    app = hub.app("greenroom", {"checks": "write"})
    installation = app.install(flights)
    with taking() as (url, taken), signed_in(hub) as asking:
        app.deliver(url, "pull_request", flights.payload("pull_request", action="opened", number=1))
        lost = app.lose(url, "pull_request", flights.payload("pull_request", action="closed", number=1))
        failed = asking.get("/app/hook/deliveries", params={"status": "failure"}).json()
        asking.post(f"/app/hook/deliveries/{failed[0]['id']}/attempts")
        await_true(lambda: len(app.deliveries) == 3)
        listed = asking.get("/app/hook/deliveries", params={"per_page": 2})

    assert [each["guid"] for each in failed] == [lost.guid]
    assert [json.loads(body)["action"] for _, body in taken] == ["opened", "closed"]
    headers, body = taken[1]
    assert headers["x-github-delivery"] == lost.guid
    assert headers["x-hub-signature-256"] == sign(app.webhook_secret, body)
    assert json.loads(body)["installation"]["id"] == installation
    assert [each["redelivery"] for each in listed.json()] == [True, False]
    assert "cursor=" in listed.headers["link"]


def test_tells_events_in_githubs_shape(hub: FakeGitHub, flights: FakeRepository) -> None:
    """Each payload is held to GitHub's description as it is built, and says what is so."""
    app = hub.app("greenroom", {"checks": "write"})
    app.install(flights)
    flights.push(1, "b" * 40)
    comment = flights.say(1, "eve", "/greenroom rerun")
    run = flights.workflow_run("b" * 40)
    with httpx.Client(base_url=hub.api) as asking:
        token = {"Authorization": f"Bearer {hub.token(flights)}"}
        asked = {"name": "greenroom/gate", "head_sha": "b" * 40}
        check = asking.post("/repos/ada/flights/check-runs", json=asked, headers=token).json()["id"]
    pulls = [
        flights.payload("pull_request", action=action, number=1)
        for action in ("opened", "synchronize", "closed", "reopened")
    ]
    pressed = flights.payload("check_run", check=check, action="requested_action", identifier="rerun")
    queued = flights.payload("merge_group", number=1, head_sha="c" * 40)

    assert (pulls[1]["before"], pulls[1]["after"]) == (SHA, "b" * 40)
    assert flights.payload("issue_comment", comment=comment)["sender"]["login"] == "eve"
    assert pressed["requested_action"] == {"identifier": "rerun"}
    assert flights.payload("check_run", check=check, action="rerequested")["check_run"]["id"] == check
    assert queued["merge_group"]["head_ref"].startswith("refs/heads/gh-readonly-queue/main/pr-1-")
    assert flights.payload("workflow_run", run=run)["workflow_run"]["id"] == run
    assert flights.payload("push", branch="main", before="0" * 40)["after"] == flights.branches["main"]
    assert app.payload("installation", action="created")["repositories"][0]["id"] == flights.id
    assert app.payload("ping")["hook_id"] == app.hook_id


def test_proves_what_a_job_is(hub: FakeGitHub, flights: FakeRepository) -> None:
    """A job gets a token for an audience, which the issuer's keys verify, also after a change of keys."""
    variables = hub.oidc.job(flights, 1)
    hub.oidc.rotate()
    url = variables["ACTIONS_ID_TOKEN_REQUEST_URL"]
    bearer = {"Authorization": f"bearer {variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}

    with httpx.Client() as asking:
        given = asking.get(f"{url}&audience=https://greenroom.test", headers=bearer).json()["value"]
        refused = asking.get(url, headers={"Authorization": "bearer nothing"})
        found = asking.get(f"{hub.oidc.address}/.well-known/openid-configuration").json()
        keys = jwt.PyJWKSet.from_dict(asking.get(found["jwks_uri"]).json())
    claims = jwt.decode(
        given,
        keys[jwt.get_unverified_header(given)["kid"]],
        algorithms=["RS256"],
        audience="https://greenroom.test",
        issuer=found["issuer"],
    )

    assert refused.status_code == 401
    assert len(keys.keys) == 2
    assert claims["ref"] == "refs/pull/1/merge"
    assert claims["repository_id"] == str(flights.id)
    assert claims["sha"] == flights.pull(1).merge_commit_sha
    assert flights.find_commit(claims["sha"]).parents[1] == SHA


def test_hands_out_a_runs_artifact(hub: FakeGitHub, flights: FakeRepository) -> None:
    """The zip is elsewhere, for whoever has the address; a credential of GitHub's is refused there."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("report.json", "{}")
    run = flights.workflow_run(SHA, head_repository=hub.repository("eve/flights", parent=flights).full_name)
    artifact = flights.artifact(run, "bundle", content.getvalue())
    hub.download_host = hub.api.replace("127.0.0.1", "localhost")
    token = hub.token(flights, permissions={"actions": "write"})
    base = "/repos/ada/flights/actions"

    with httpx.Client(base_url=hub.api, headers={"Authorization": f"Bearer {token}"}) as asking:
        shown = asking.get(f"{base}/runs/{run}").json()
        listed = asking.get(f"{base}/runs/{run}/artifacts").json()["artifacts"]
        led = asking.get(f"{base}/artifacts/{artifact}/zip")
        careless = asking.get(led.headers["location"])
        rerun = asking.post(f"{base}/runs/{run}/rerun")
    with httpx.Client() as stranger:
        fetched = stranger.get(led.headers["location"])

    assert (shown["head_repository"]["full_name"], shown["pull_requests"]) == ("eve/flights", [])
    assert [each["name"] for each in listed] == ["bundle"]
    assert (led.status_code, careless.status_code, rerun.status_code) == (302, 401, 201)
    assert fetched.content == content.getvalue()
    assert flights.run(run).attempt == 2


def test_makes_an_app_of_a_manifest(hub: FakeGitHub, flights: FakeRepository) -> None:
    """The form leads back with a code, which is traded once for the keys of an App that works."""
    manifest = {
        "name": "Greenroom of Ada",
        "url": "https://greenroom.test",
        "hook_attributes": {"url": "https://greenroom.test/hook"},
        "redirect_url": "http://127.0.0.1:1/made",
        "default_permissions": {"checks": "write"},
        "default_events": ["pull_request"],
    }
    with httpx.Client(base_url=hub.api) as asking:
        agreed = asking.post("/settings/apps/new?state=xyz", data={"manifest": json.dumps(manifest)})
        query = parse_qs(urlsplit(agreed.headers["location"]).query)
        path = f"/app-manifests/{query['code'][0]}/conversions"
        made, again = asking.post(path), asking.post(path)
    app = hub.find_app("greenroom-of-ada")
    app.install(flights)
    auth = Auth.AppAuth(made.json()["id"], made.json()["pem"])
    with GithubIntegration(auth=auth, base_url=hub.api) as integration:
        installed = integration.get_repo_installation("ada", "flights")

    assert query["state"] == ["xyz"]
    assert (made.status_code, again.status_code) == (201, 404)
    assert made.json()["webhook_secret"] == app.webhook_secret
    assert installed.app_id == app.id


def test_tells_what_a_branch_requires(hub: FakeGitHub, flights: FakeRepository) -> None:
    """Rules in force and the environment are there to be read, by a job's token."""
    required = {"context": "greenroom/gate", "integration_id": 15368}
    parameters = {"required_status_checks": [required], "strict_required_status_checks_policy": False}
    flights.ruleset([{"type": "required_status_checks", "parameters": parameters}])
    flights.ruleset([{"type": "deletion"}], enforcement="disabled")
    flights.protect([("greenroom/gate", None)])
    flights.environment("model-preview")
    headers = {"Authorization": f"Bearer {hub.token(flights, permissions={'contents': 'read'})}"}

    with httpx.Client(base_url=f"{hub.api}/repos/ada/flights", headers=headers) as asking:
        rules = asking.get("/rules/branches/main").json()
        branch = asking.get("/branches/main").json()
        protection = asking.get("/branches/main/protection")
        environment = asking.get("/environments/model-preview")

    assert [each["type"] for each in rules] == ["required_status_checks"]
    assert branch["protected"] is True
    assert (protection.status_code, environment.status_code) == (403, 200)


def test_gives_a_job_what_a_runner_does(hub: FakeGitHub, flights: FakeRepository, tmp_path: Path) -> None:
    """The event's file and the variables agree with what the API says."""
    payload = flights.payload("pull_request", action="opened", number=1)

    job = start_job(flights, "pull_request", payload, tmp_path, token=hub.token(flights))

    assert json.loads(job.event.read_text())["pull_request"]["head"]["sha"] == SHA
    assert job.environ["GITHUB_SHA"] == flights.pull(1).merge_commit_sha
    assert job.environ["GITHUB_REF"] == "refs/pull/1/merge"
    assert (job.environ["GITHUB_HEAD_REF"], job.environ["GITHUB_BASE_REF"]) == ("better", "main")


def test_merges_for_real_where_git_is_behind(hub: FakeGitHub, tmp_path: Path) -> None:
    """Commits, changed files, the test merge and the merge are git's."""
    work, bare = tmp_path / "work", tmp_path / "origin.git"

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(work), "-c", "user.name=Ada", "-c", "user.email=a@b.test", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    work.mkdir()
    git("init", "-q", "-b", "main")
    (work / "train.py").write_text("1\n")
    git("add", "."), git("commit", "-qm", "Begin")
    git("clone", "-q", "--bare", str(work), str(bare))
    git("checkout", "-qb", "better")
    (work / "features.py").write_text("2\n")
    git("add", "."), git("commit", "-qm", "Better")
    git("push", "-q", str(bare), "better")
    head = git("rev-parse", "HEAD")

    repository = hub.repository("ada/real", git=bare)
    number = repository.open_pull(head, "better")
    test_merge = repository.pull(number).merge_commit_sha
    merged = repository.merge(number)

    assert [(each.path, each.status) for each in repository.pull(number).files] == [("features.py", "added")]
    git("fetch", "-q", str(bare), f"refs/pull/{number}/merge")
    assert git("rev-parse", "FETCH_HEAD") == test_merge
    assert git("rev-parse", "FETCH_HEAD^2") == head
    assert git("ls-remote", str(bare), "refs/heads/main").split()[0] == merged
