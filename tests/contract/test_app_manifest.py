"""`greenroom init --app` makes an App on GitHub by a person's hand, and keeps its keys for this user alone."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser

from greenroom_pipeline.errors import ForgeError, SettingsError
from greenroom_pipeline.forge.app_conversion import convert_code
from greenroom_pipeline.forge.app_rights import EVENTS, RIGHTS
from greenroom_pipeline.forge.registration import FILE, read_registration
from greenroom_pipeline.setup.app_manifest import address_of_new_app, build_manifest
from greenroom_pipeline.setup.app_setup import (
    PENDING,
    AppWish,
    Waiting,
    find_api,
    rotate_webhook_secret,
    set_up_app,
)
from tests.github.faults import Fault
from tests.github.server import FakeGitHub
from tests.projects import Workbench, make_project
from tests.registrations import SERVER, register

SOON = Waiting(most=0, pause=0)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as github:
        yield github


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return make_project(
        tmp_path_factory.mktemp("app") / "flights", "binary", estimator="LogisticRegression()"
    )


@contextmanager
def asking(
    bench: Workbench, github: FakeGitHub, home: Path, *arguments: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command until it has said where its page is, and end it."""
    environ = {
        **os.environ,
        "GREENROOM_HOME": str(home),
        "GITHUB_API_URL": github.api,
        "GITHUB_SERVER_URL": github.api,
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "greenroom_pipeline.cli", "init", "--app", "--server", SERVER]
    process = subprocess.Popen(
        [*command, "--repository", "ada/flights", *arguments],
        cwd=bench.root,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    with process:
        try:
            line = process.stdout.readline()
            yield process, line.rpartition("browser: ")[2].strip()
        finally:
            process.kill()


@contextmanager
def person(told: Queue[str]) -> Iterator[None]:
    """Somebody with a browser, who opens the address that is printed first, and agrees."""

    def go() -> None:
        address = told.get(timeout=30).rpartition(" ")[2]
        agree(httpx.get(address).text)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        thread.join(30)


def read_form(page: str) -> tuple[str, dict[str, Any]]:
    action = re.search(r'action="([^"]+)"', page)
    manifest = re.search(r'name="manifest" value="([^"]+)"', page)
    assert action
    assert manifest
    return html.unescape(action[1]), json.loads(html.unescape(manifest[1]))


def agree(page: str) -> httpx.Response:
    """Do what a person's browser does: send the form to GitHub, agree there, and follow it back."""
    action, manifest = read_form(page)
    return httpx.post(action, data={"manifest": json.dumps(manifest)}, follow_redirects=True)


def test_an_app_is_made_and_installed(bench: Workbench, github: FakeGitHub, tmp_path: Path) -> None:
    """From the page over GitHub's form and back: the registration has keys, ids and this server, for one user."""
    repository = github.repository("ada/flights", private=True)
    with asking(bench, github, tmp_path) as (process, address):
        shown = httpx.get(address)
        done = agree(shown.text)
        (app,) = [each for each in github.apps if each.slug == "greenroom-flights"]
        assert f"{app.slug}/installations/new" in done.text
        kept = tmp_path / PENDING
        assert kept.stat().st_mode & 0o777 == 0o600, "GitHub gives the keys once"
        app.install(repository)
        out, _ = process.communicate(timeout=60)

    assert process.returncode == 0, out
    registration = read_registration(tmp_path)
    assert registration is not None
    assert registration.app is not None
    assert (registration.repository_id, registration.owner_id) == (repository.id, repository.owner_id)
    assert (registration.api, registration.server) == (github.api, SERVER)
    assert registration.app.private_key.get_secret_value() == app.private_key_pem
    assert registration.app.webhook_secrets[0].get_secret_value() == app.webhook_secret
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert not kept.exists()
    assert app.webhook_url == f"{SERVER}/api/github/events"
    assert app.webhook_secret not in out
    assert "PRIVATE KEY" not in out


def test_only_the_answer_to_this_question_counts(
    bench: Workbench, github: FakeGitHub, tmp_path: Path
) -> None:
    """A wrong state, a page that is guessed and another name for this machine get nothing, and the page goes on."""
    with asking(bench, github, tmp_path) as (_, address):
        parts = urlsplit(address)
        here = f"{parts.scheme}://{parts.netloc}"

        forged = httpx.get(f"{address}/made", params={"code": "a" * 40, "state": "guessed"})
        unsaid = httpx.get(f"{address}/made", params={"code": "a" * 40})
        guessed = httpx.get(f"{here}/")
        rebound = httpx.get(address, headers={"Host": f"evil.example.com:{parts.port}"})
        page = httpx.get(address)

        assert [each.status_code for each in (forged, unsaid, guessed, rebound)] == [403, 403, 404, 421]
        assert all("state=" not in each.text for each in (forged, unsaid, guessed, rebound))
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert agree(page.text).status_code == 200
    assert [each.slug for each in github.apps] == ["github-actions", "greenroom-flights"]


def test_a_code_that_github_does_not_know(bench: Workbench, github: FakeGitHub, tmp_path: Path) -> None:
    """The person and the terminal are both told, and nothing is kept."""
    with asking(bench, github, tmp_path) as (process, address):
        action, _ = read_form(httpx.get(address).text)
        state = urlsplit(action).query.removeprefix("state=")
        shown = httpx.get(f"{address}/made", params={"code": "unknown", "state": state})
        out, _ = process.communicate(timeout=60)

    assert shown.status_code == 502
    assert "good once and for an hour" in shown.text
    assert process.returncode == 2
    assert "good once and for an hour" in out
    assert not (tmp_path / PENDING).exists()


def test_an_app_that_is_not_installed_yet(github: FakeGitHub, tmp_path: Path) -> None:
    """Its keys are kept, and the same command goes on from there: no second App is made."""
    repository = github.repository("ada/flights")
    wish = AppWish(server=SERVER, repository="ada/flights", web=github.api, api=github.api)
    opened: Queue[str] = Queue()
    with person(opened), pytest.raises(ForgeError, match="not installed on ada/flights yet"):
        set_up_app(tmp_path, wish, opened.put, waiting=SOON)
    (app,) = [each for each in github.apps if each.slug == "greenroom-flights"]
    app.install(repository)

    set_up_app(tmp_path, wish, lambda said: None, waiting=SOON)

    assert read_registration(tmp_path) is not None
    assert len(github.apps) == 2


def test_github_that_is_away_while_the_installation_is_waited_for(github: FakeGitHub, tmp_path: Path) -> None:
    """A passing fault is waited out like an installation that has not come."""
    repository = github.repository("ada/flights")
    wish = AppWish(server=SERVER, repository="ada/flights", web=github.api, api=github.api)
    opened: Queue[str] = Queue()
    with person(opened), pytest.raises(ForgeError):
        set_up_app(tmp_path, wish, opened.put, waiting=SOON)
    github.apps[-1].install(repository)
    github.faults.append(Fault("GET", "/repos/ada/flights/installation", "500-before", 1))

    set_up_app(tmp_path, wish, lambda said: None, waiting=Waiting(most=30, pause=0))

    assert read_registration(tmp_path) is not None


def test_the_form_works_in_a_browser(
    bench: Workbench, github: FakeGitHub, tmp_path: Path, browser: Browser
) -> None:
    """A person presses the button, and is led to where the App is installed: nothing of the page stands in the way."""
    with asking(bench, github, tmp_path) as (_, address):
        page = browser.new_page()
        page.goto(address)
        assert "your own account" in page.inner_text("body")
        page.click("button")
        page.wait_for_selector("text=The App is made")

        link = page.get_attribute("a", "href")
        page.close()

    assert link is not None
    assert link.endswith("/greenroom-flights/installations/new")


def test_an_app_of_an_organisation(bench: Workbench, github: FakeGitHub, tmp_path: Path) -> None:
    """With --org it is the organisation's, and --merges asks for the right that Promote and Pin need."""
    with asking(bench, github, tmp_path, "--org", "acme", "--merges") as (_, address):
        page = httpx.get(address).text
        agree(page)

    assert github.apps[-1].owner == "acme"
    assert "It belongs to acme" in page
    assert github.apps[-1].permissions["contents"] == "write"


def test_the_manifest_is_one_that_github_takes() -> None:
    """Every event has the right that GitHub gives it with, and the name is as short as GitHub wants it."""
    needs = {
        "pull_request": "pull_requests",
        "check_run": "checks",
        "merge_group": "merge_queues",
        "workflow_run": "actions",
        "issue_comment": "issues",
        "push": "contents",
    }

    manifest = build_manifest(SERVER, name=f"Greenroom {'flights' * 9}", redirect="http://127.0.0.1:1/x")

    assert len(manifest["name"]) <= 34
    assert manifest["public"] is False
    assert set(manifest["default_events"]) == set(EVENTS) == set(needs)
    assert {needs[event] for event in EVENTS} <= set(manifest["default_permissions"])
    assert manifest["default_permissions"] == {name: level for name, (level, _) in RIGHTS.items()}
    assert manifest["default_permissions"]["contents"] == "read"


@pytest.mark.parametrize(
    ("web", "api"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://octo.ghe.com", "https://api.octo.ghe.com"),
        ("https://github.example.com", "https://github.example.com/api/v3"),
    ],
)
def test_where_github_is(web: str, api: str) -> None:
    """The pages' address gives that of the API, for each kind of GitHub."""
    assert find_api(web) == api
    assert address_of_new_app(web, organisation=None, state="s") == f"{web}/settings/apps/new?state=s"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--app",), "--app needs --server"),
        (("--app", "--server", SERVER, "--repository", "flights"), "--repository flights is no repository"),
    ],
)
def test_what_it_cannot_do(bench: Workbench, arguments: tuple[str, ...], says: str) -> None:
    """What is missing is said in a line."""
    done = bench.greenroom("init", *arguments)

    assert (done.status, done.out) == (2, "")
    assert says in done.last_line


def test_a_server_that_has_an_app(bench: Workbench, tmp_path: Path) -> None:
    """Its keys are not thrown away by mistake."""
    (tmp_path / FILE).write_text("{}")

    done = bench.greenroom(
        "init", "--app", "--server", SERVER, "--repository", "ada/flights", GREENROOM_HOME=str(tmp_path)
    )

    assert done.status == 2
    assert "pass --force to make another App" in done.last_line


def test_another_secret_for_the_webhook(github: FakeGitHub, tmp_path: Path) -> None:
    """GitHub signs with the new one, the old one is still taken, and where GitHub refuses nothing has changed."""
    registration = register(github, tmp_path)
    assert registration.app is not None
    (old,) = registration.app.webhook_secrets
    github.faults.append(Fault("PATCH", "/app/hook/config", "500-before", 1))
    with pytest.raises(ForgeError):
        rotate_webhook_secret(tmp_path)
    assert read_registration(tmp_path) == registration

    rotate_webhook_secret(tmp_path)

    after = read_registration(tmp_path)
    assert after is not None
    assert after.app is not None
    new, kept = (each.get_secret_value() for each in after.app.webhook_secrets)
    assert github.apps[-1].webhook_secret == new
    assert kept == old.get_secret_value()


def test_another_secret_without_an_app(tmp_path: Path) -> None:
    """Where there is no App, there is nothing to give another secret to."""
    with pytest.raises(SettingsError, match="there is no App"):
        rotate_webhook_secret(tmp_path)


def test_keys_that_are_damaged(tmp_path: Path) -> None:
    """A file of keys that cannot be read is not overwritten."""
    (tmp_path / PENDING).write_text("{}")

    with pytest.raises(SettingsError, match="damaged"):
        set_up_app(tmp_path, AppWish(server=SERVER, repository="a/b"), lambda said: None, waiting=SOON)


def test_an_app_of_elsewhere_is_not_linked() -> None:
    """Whoever answers with a page that is none of GitHub's is not GitHub, and nobody is sent there."""

    class Impostor(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made = {
                "id": 1,
                "slug": "x",
                "html_url": "javascript:alert(1)",
                "pem": "p",
                "webhook_secret": "s",
            }
            self.send_response(201)
            self.end_headers()
            self.wfile.write(json.dumps(made).encode())

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Impostor) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(ForgeError, match="an App whose page is elsewhere"):
            convert_code(f"http://127.0.0.1:{server.server_port}", "code")
        thread.join(30)
