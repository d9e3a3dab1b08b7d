"""A job in GitHub Actions proves who it is by OIDC: it trades for sessions when it needs one, and holds no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from greenroom_pipeline.access import CREDENTIALS, Access, JobIdentity, find_access
from greenroom_pipeline.api.client import TRIES, ServerClient
from greenroom_pipeline.api.credentials import MARGIN, TradedSession
from greenroom_pipeline.api.sessions import LIFE, MOST_OF_ONE_PULL
from greenroom_pipeline.errors import ForgeError, ServerError, SettingsError
from greenroom_pipeline.handover import run_for_server
from greenroom_pipeline.progress import Silence
from tests.exchanges import Clock, Registered, serving_registered
from tests.issuers import JOB_TOKEN
from tests.submissions import PROJECT, make_draft


@pytest.fixture
def registered(tmp_path: Path, tables: Path) -> Iterator[Registered]:
    with serving_registered(tmp_path / PROJECT, tables=tables) as running:
        yield running


@pytest.fixture
def client(registered: Registered) -> ServerClient:
    return ServerClient(registered.access(), commit=registered.server.head, wait=lambda _: None)


def count_traded(registered: Registered) -> int:
    return registered.issuer.count("/job")


def test_one_session_serves_many_requests(
    registered: Registered, client: ServerClient, tmp_path: Path
) -> None:
    """One token is fetched for this server's address and traded, and the bundle of its commit is taken."""
    rights = client.rights()
    assert client.champion(PROJECT) is None
    state = client.hand_in(make_draft(sha=registered.server.head, branch="better").pack(tmp_path))

    assert (rights.project, rights.slot, rights.publishes) == (PROJECT, "7", False)
    assert (state.sha, state.preview.state) == (registered.server.head, "awake")
    assert count_traded(registered) == 1


def test_a_session_that_is_over_is_traded_for_again(
    registered: Registered, client: ServerClient, tmp_path: Path
) -> None:
    """After hours of training, or where others have taken its place, a fresh token opens another by itself."""
    client.rights()
    registered.clock.ahead = LIFE
    registered.issuer.claims["exp"] = 2_000_000_000
    client.rights()
    assert count_traded(registered) == 2
    for _ in range(MOST_OF_ONE_PULL):
        registered.session()
    state = client.hand_in(make_draft(sha=registered.server.head, branch="better").pack(tmp_path))

    assert state.preview.state == "awake"
    assert count_traded(registered) == 3


def test_a_session_is_not_used_to_its_last_second(registered: Registered) -> None:
    """Shortly before its end another one is traded for, so that no upload is broken off by it."""
    clock, access = Clock(), registered.access()
    assert isinstance(access.credential, JobIdentity)
    credential = TradedSession(access, access.credential, commit=None, now=clock)
    first = credential.text()
    clock.ahead = LIFE - MARGIN - timedelta(seconds=30)
    assert credential.text() == first
    clock.ahead = LIFE - MARGIN
    assert credential.text() != first


def test_a_refusal_is_the_servers_own_sentence(registered: Registered) -> None:
    """A job of another repository or of a stale commit is told what the server says, and asks no second time."""
    waited: list[float] = []
    with pytest.raises(
        ServerError, match=r"refuses \(403\): commit eeeeeee is not the newest of pull request 7"
    ):
        ServerClient(registered.access(), commit="e" * 40, wait=waited.append).rights()
    registered.issuer.claims["repository_id"] = "5"
    with pytest.raises(ServerError, match=r"refuses \(403\): the token's repository_id is 5"):
        ServerClient(registered.access(), wait=waited.append).rights()
    registered.issuer.claims["aud"] = "https://elsewhere.example"
    with pytest.raises(ServerError, match=r"refuses \(401\): the token's aud is 'https://elsewhere.example'"):
        ServerClient(registered.access(), wait=waited.append).rights()

    assert (waited, count_traded(registered)) == ([], 3)


def test_it_comes_again_with_fresh_tokens(registered: Registered) -> None:
    """While GitHub does not answer the server, or the job, the job waits; a token is never sent twice."""
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        registered.forge.down = None
        if len(waited) == 3:
            registered.issuer.answers.clear()

    registered.forge.down = ForgeError("GitHub does not answer")
    client = ServerClient(registered.access(), wait=wait)
    assert client.rights().slot == "7"
    assert (waited, count_traded(registered)) == ([5.0], 2)

    registered.issuer.answers["/job"] = (502, b"")
    assert ServerClient(registered.access(), wait=wait).rights().slot == "7"
    assert (waited, count_traded(registered)) == ([5.0, 1.0, 1.0], 5)


@pytest.mark.parametrize(
    ("answer", "said", "tries"),
    [
        (
            (401, b""),
            r"gives this job no OIDC token \(401\); it needs `permissions: \{contents: read, id-token",
            1,
        ),
        ((302, "http://127.0.0.1:1/"), r"no OIDC token \(302\)", 1),
        ((200, b"<html>"), "something that is no OIDC token", 1),
        ((200, {"value": ""}), "something that is no OIDC token", 1),
        ((500, b""), r"GitHub gives no OIDC token now \(500\)", TRIES),
    ],
)
def test_a_job_without_a_token_is_told_why(
    registered: Registered, answer: tuple[int, object], said: str, tries: int
) -> None:
    """What GitHub answers instead is said, with the right that is missing; no redirection gets the job's secret."""
    registered.issuer.answers["/job"] = answer
    with pytest.raises(ServerError, match=said) as refused:
        ServerClient(registered.access(), wait=lambda _: None).rights()

    assert count_traded(registered) == tries
    assert JOB_TOKEN not in str(refused.value)


def test_an_address_without_anybody_is_one_line(registered: Registered) -> None:
    """A job whose way to its tokens leads nowhere is told after some tries."""
    access = Access(registered.address, JobIdentity("http://127.0.0.1:1/job", JOB_TOKEN))
    waited: list[float] = []
    with pytest.raises(ServerError, match="GitHub gives no OIDC token now"):
        ServerClient(access, wait=waited.append).rights()

    assert len(waited) == TRIES - 1


def test_a_run_ends_before_training_where_its_commit_is_old(registered: Registered) -> None:
    """Hours of training are not begun for a commit that the pull request has left."""
    with pytest.raises(ServerError, match="is not the newest of pull request 7"):
        run_for_server(registered.server.bench.places, registered.access(), Silence(), {})

    assert registered.server.project.store.records() == []


JOB = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.example/y?z=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "hidden"}
SERVER = {"GREENROOM_SERVER": "https://greenroom.example.com"}


def test_a_job_is_found_in_the_environment() -> None:
    """A token of the server's own comes first; neither is shown, and a server that is not named needs none."""
    job = find_access(SERVER | JOB)
    token = find_access(SERVER | JOB | {"GREENROOM_TOKEN": "grt_x"})

    assert job == Access("https://greenroom.example.com", JobIdentity("https://x.example/y?z=1", "hidden"))
    assert token == Access("https://greenroom.example.com", "grt_x")
    assert "hidden" not in repr(job)
    assert find_access(JOB) is None
    assert {*JOB, "GREENROOM_TOKEN", "GITHUB_TOKEN"} == set(CREDENTIALS)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {},
            "`permissions: {contents: read, id-token: write}`; elsewhere `greenroom token create --scope deploy`",
        ),
        ({"GITHUB_ACTIONS": "true"}, "id-token: write}`, which a pull request from a fork never gets"),
        ({"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}, "GREENROOM_TOKEN holds no token"),
        (JOB | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a\nb"}, "are not as GitHub Actions sets them"),
        (JOB | {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://x.example"}, "are not as GitHub Actions sets them"),
        (JOB | {"ACTIONS_ID_TOKEN_REQUEST_URL": "file:///etc/passwd"}, "are not as GitHub Actions sets them"),
    ],
)
def test_without_a_proof_both_ways_are_said(environ: dict[str, str], said: str) -> None:
    """The line names the permission to add and the token to make; nothing sends the job's secret in the open."""
    with pytest.raises(SettingsError, match=re.escape(said)):
        find_access(SERVER | environ)
