"""Upload sessions: a job's OIDC token opens one for its own pull request, and nothing else opens any."""

from __future__ import annotations

import sqlite3
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from greenroom_pipeline.api.exchange import open_exchange
from greenroom_pipeline.api.oidc import LEEWAY, TOKEN_CHARACTERS
from greenroom_pipeline.api.session_route import MOST_AT_ONCE
from greenroom_pipeline.api.sessions import LIFE, MOST_OF_ONE_PULL
from greenroom_pipeline.errors import ForgeError, ProofError
from greenroom_pipeline.forge.local import LocalForge
from tests.api_server import serving_api
from tests.exchanges import Registered, serving_registered
from tests.issuers import OWNER_ID, REPOSITORY_ID, make_claims, make_key, sign
from tests.submissions import HOLDOUT, PROJECT, make_draft


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> Iterator[Registered]:
    with serving_registered(tmp_path_factory.mktemp("sessions") / PROJECT, tables=tables) as running:
        yield running


@pytest.fixture
def registered(shared: Registered) -> Registered:
    """One for all, with pull request 7 as it was."""
    shared.clock.ahead = timedelta()
    shared.forge.down = None
    shared.forge.put(7, head=shared.server.head, state="open", is_fork=False, branch="better")
    return shared


def assert_refused(answer: httpx.Response, status: int, said: str) -> None:
    """See that an answer is one sentence in the one shape, and says this."""
    assert (answer.status_code, set(answer.json())) == (status, {"error", "detail"}), answer.text
    assert said in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert len(answer.json()["error"]) < 400
    assert (answer.headers.get("www-authenticate") == "Bearer") == (status == 401)


def test_a_job_of_a_pull_request_opens_a_session(registered: Registered, tmp_path: Path) -> None:
    """Its session lasts a quarter of an hour, says where its rights end, and hands in the newest commit."""
    answer = registered.trade(sha=registered.server.head)
    grant = answer.json()
    left = datetime.fromisoformat(grant.pop("expires")) - datetime.now(UTC)
    token = grant.pop("token")

    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert grant == {"project": PROJECT, "slot": "7", "publishes": False}
    assert LIFE - timedelta(minutes=1) < left <= LIFE
    assert registered.server.ask("/sender", token=token).json() == grant

    packed = make_draft(sha=registered.server.head, branch="better").pack(tmp_path)
    assert registered.server.put(packed, token=token).status_code == 200
    assert registered.server.ask(f"/projects/{PROJECT}/pulls/7", token=token).json()["verdict"] == "pass"


def make_unsigned(registered: Registered) -> str:
    return jwt.encode(
        make_claims(issuer=registered.issuer.address, audience=registered.address),
        "",
        algorithm="none",
        headers={"kid": "first"},
    )


def make_hmac(registered: Registered) -> str:
    """Sign with the issuer's public key as if it were a secret, which PyJWT itself refuses to do."""
    public = make_key("first").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = make_claims(issuer=registered.issuer.address, audience=registered.address)
    head, body, _ = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": "first"}).split(".")
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{head}.{body}".encode(), public
    )
    return f"{head}.{body}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def make_forged(registered: Registered) -> str:
    """Sign with a key of one's own, and name the issuer's."""
    claims = make_claims(issuer=registered.issuer.address, audience=registered.address)
    return jwt.encode(claims, make_key("mine"), algorithm="RS256", headers={"kid": "first"})


def make_changed(registered: Registered) -> str:
    """Put other claims under a genuine signature."""
    head, _, signature = registered.token().split(".")
    other = registered.token(number=8).split(".")[1]
    return f"{head}.{other}.{signature}"


def claiming(**claims: Any) -> Callable[[Registered], str]:
    return lambda registered: registered.token(**claims)


def at(**seconds: float) -> Callable[[Registered], str]:
    """Return what makes a token whose times are this far from now."""
    return lambda registered: registered.token(
        **{name: int(time.time() + distance) for name, distance in seconds.items()}
    )


BAD: dict[str, tuple[Callable[[Registered], str], str]] = {
    "no JWT": (lambda _: "x", "is no signed JWT"),
    "a token of the server's own": (lambda each: each.server.token(), "is no signed JWT"),
    "a session": (lambda each: each.session(), "is no signed JWT"),
    "no header": (lambda _: "e30.e30.e30", "alg is None; only RS256"),
    "unsigned": (make_unsigned, "alg is 'none'; only RS256"),
    "HMAC with the public key": (make_hmac, "alg is 'HS256'; only RS256"),
    "too long": (lambda _: "x" * (TOKEN_CHARACTERS + 1), f"longer than {TOKEN_CHARACTERS} characters"),
    "no key": (lambda each: jwt.encode({}, make_key("first"), algorithm="RS256"), "names no key (kid)"),
    "a key of nobody's": (lambda each: sign({}, key="mine"), "the token's key (kid) is none of"),
    "a key of one's own": (make_forged, "signature is not its issuer's"),
    "changed": (make_changed, "signature is not its issuer's"),
    "another issuer": (
        claiming(iss="https://token.actions.example"),
        "iss is 'https://token.actions.example'",
    ),
    "an issuer with a slash": (
        lambda each: each.token(iss=f"{each.issuer.address}/"),
        "and this server takes those of",
    ),
    "another audience": (
        claiming(aud="https://github.com/ada"),
        "aud is 'https://github.com/ada'; ask for one for",
    ),
    "an audience like ours": (lambda each: each.token(aud=f"{each.address}/"), "; ask for one for"),
    "several audiences": (
        lambda each: each.token(aud=[each.address, "x"]),
        "the token's aud is missing or malformed",
    ),
    "no audience": (claiming(aud=None), "the token's aud is missing"),
    "expired": (at(exp=-LEEWAY - 1), "has expired (exp)"),
    "not yet valid": (at(nbf=LEEWAY + 5), "is not valid yet (nbf)"),
    "from tomorrow": (at(iat=86_400), "is not valid yet (iat)"),
    "without an end": (claiming(exp=None), "the token's exp is missing"),
    "no time": (claiming(exp="tomorrow"), "the token's exp is missing or malformed"),
    "without an id": (claiming(jti=None), "the token's jti is missing"),
    "no commit": (claiming(sha=None), "the token's sha is missing"),
    "a commit that is none": (claiming(sha="main"), "the token's sha is missing or malformed"),
    "an id of a repository that is none": (
        claiming(repository_id=True),
        "the token's repository_id is missing or",
    ),
}


@pytest.mark.parametrize(("make", "said"), BAD.values(), ids=BAD)
def test_a_bad_token_proves_nothing(
    registered: Registered, make: Callable[[Registered], str], said: str
) -> None:
    """The answer is 401, and says which claim it is; never the token, nor what it should be signed with."""
    token = make(registered)
    answer = registered.trade(token)

    assert_refused(answer, 401, said)
    assert token[:20] not in answer.text or len(token) < 20


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "another repository": ({"repository_id": "1002"}, "repository_id is 1002, and this server is for 1001"),
    "a name alone": ({"repository_id": "5", "repository": "ada/flights"}, "repository_id is 5"),
    "another owner": ({"repository_owner_id": 78}, "repository_owner_id is 78"),
    "a push": (
        {"event_name": "push", "ref": "refs/heads/main"},
        "event_name is 'push'; only a job of a pull_request",
    ),
    "a dispatch of one's own": ({"event_name": "workflow_dispatch"}, "event_name is 'workflow_dispatch'"),
    "with the base's rights": ({"event_name": "pull_request_target"}, "event_name is 'pull_request_target'"),
    "a branch": ({"ref": "refs/heads/better"}, "ref is 'refs/heads/better', and not refs/pull/NUMBER/merge"),
    "a head": ({"ref": "refs/pull/7/head"}, "ref is 'refs/pull/7/head'"),
    "a branch that looks like one": ({"ref": "refs/heads/refs/pull/7/merge"}, "ref is"),
    "more lines": ({"ref": "refs/pull/7/merge\n"}, "ref is"),
    "digits of another script": ({"ref": "refs/pull/٧/merge"}, "ref is"),
    "no number": ({"ref": "refs/pull/0/merge"}, "ref is"),
    "no such pull request": ({"number": 8}, "there is no pull request 8"),
    "another branch": ({"head_ref": "other"}, "head_ref is 'other', and pull request 7 is of 'better'"),
}


@pytest.mark.parametrize(("claims", "said"), UNFIT.values(), ids=UNFIT)
def test_a_genuine_token_of_something_else_opens_nothing(
    registered: Registered, claims: dict[str, Any], said: str
) -> None:
    """The answer is 403: of another repository, event or pull request, whatever names it gives."""
    assert_refused(registered.trade(registered.token(**claims)), 403, said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "closed"}, "pull request 7 is closed; nothing of it is taken any more"),
        ({"state": "merged"}, "pull request 7 is merged"),
        ({"is_fork": True}, "pull request 7 comes from a fork"),
    ],
)
def test_the_forge_has_the_last_word(registered: Registered, change: dict[str, Any], said: str) -> None:
    """A pull request that is closed by now, or is a fork's, opens nothing, however genuine its token is."""
    registered.forge.put(7, head=registered.server.head, **change)
    assert_refused(registered.trade(), 403, said)


def test_a_head_that_moved_is_told(registered: Registered, tmp_path: Path) -> None:
    """A job of an older commit is told before it trains; what it hands in without asking is refused too."""
    older = registered.server.head
    before = registered.session()
    registered.forge.put(7, head="e" * 40)
    packed = make_draft(sha=older, branch="better", model="moved").pack(tmp_path)

    told = registered.trade(sha=older)
    assert_refused(told, 403, f"commit {older[:7]} is not the newest of pull request 7, which is eeeeeee")
    assert "github.event.pull_request.head.sha" in told.json()["error"]
    assert_refused(registered.server.put(packed, token=before), 409, "has moved")
    after = registered.session()
    assert_refused(registered.server.put(packed, token=after), 403, "this credential is for commit eeeeeee")


@pytest.mark.parametrize(
    ("sha", "said"),
    [
        ("1" * 40, "this job is of an older commit: the token's sha 1111111 is no merge of"),
        ("2" * 40, "this job is of an older commit: the token's sha 2222222 is no merge of"),
        ("3" * 40, "there is no commit 3333333"),
    ],
)
def test_a_job_of_an_older_commit_opens_nothing_for_the_newest(
    registered: Registered, sha: str, said: str
) -> None:
    """Whatever the job says it has checked out, its token is of a merge that is of one commit."""
    registered.forge.merges |= {"1" * 40: ["0" * 40, "e" * 40], "2" * 40: [registered.server.head]}
    for query in ({}, {"sha": registered.server.head}):
        assert_refused(registered.trade(registered.token(sha=sha), **query), 403, said)


def test_a_pushed_branch_becomes_its_jobs_pull_request(tmp_path: Path, tables: Path) -> None:
    """Where branches are pull requests, the one that a token names gets its number with the first session."""
    with serving_registered(tmp_path / PROJECT, tables=tables) as registered:
        server = registered.server
        server.project = replace(server.project, forge=LocalForge(server.project.repository))
        assert_refused(registered.trade(), 403, "no pull request 7")
        assert_refused(
            registered.trade(registered.token(head_ref="main"), sha=server.head), 403, "push the branch first"
        )
        assert registered.trade(sha=server.head).status_code == 201
        assert registered.trade().status_code == 201
        (pull,) = server.project.forge.pulls()

    assert (pull.number, pull.branch, pull.head) == (7, "better", server.head)


@pytest.mark.parametrize("sha", ["main", "f" * 39, "F" * 40, "f" * 41, ""])
def test_a_commit_is_named_in_full(registered: Registered, sha: str) -> None:
    """Anything but a commit's whole hash is a malformed request."""
    assert_refused(registered.trade(sha=sha), 400, "name the commit in full")


def test_ids_count_and_names_do_not(registered: Registered) -> None:
    """A renamed repository keeps its rights, with ids as numbers or as text, and whatever its `sub` is like."""
    renamed = {
        "repository": "grace/planes",
        "sub": f"repo:grace@{OWNER_ID}/planes@{REPOSITORY_ID}:pull_request",
    }
    assert registered.session(**renamed)
    assert registered.session(repository_id=REPOSITORY_ID, repository_owner_id=OWNER_ID, sub=None)


def test_clocks_may_differ_a_little(registered: Registered) -> None:
    """A minute this way or that is no reason to refuse."""
    assert registered.trade(at(exp=-LEEWAY + 20)(registered)).status_code == 201
    assert registered.trade(at(iat=LEEWAY - 20, nbf=LEEWAY - 20)(registered)).status_code == 201


def test_a_token_opens_one_session(registered: Registered) -> None:
    """Sent again, at once or after the server has started anew, it is refused; also one that opened nothing."""
    token = registered.token()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: registered.trade(token), range(3)))
    (first, *others) = sorted(answers, key=lambda answer: answer.status_code)
    assert first.status_code == 201
    for answer in others:
        assert_refused(answer, 401, "was used before (jti)")

    refused = registered.token(ref="refs/heads/main")
    registered.trade(refused)
    assert_refused(registered.trade(refused), 401, "was used before (jti)")
    restarted = open_exchange(
        registered.registration, registered.server.bench.places.home, now=registered.clock
    )
    for used in (token, refused):
        with pytest.raises(ProofError, match="used before"):
            restarted.verify(used)
    restarted.verify(registered.token())


def test_what_was_used_is_forgotten_once_it_has_expired(registered: Registered) -> None:
    """The file of used tokens does not grow for ever, and holds no token."""
    path = registered.server.bench.places.home / "oidc.db"
    for _ in range(3):
        registered.session()
    token = registered.token(exp=int(time.time() + 1_000))
    registered.clock.ahead = timedelta(seconds=300 + LEEWAY + 10)
    assert registered.trade(token).status_code == 201

    assert _count_used(path) == 1
    assert token.split(".")[2].encode() not in path.read_bytes()


def test_another_repositorys_tokens_leave_no_trace(registered: Registered) -> None:
    """Anybody on GitHub may have tokens made for this server: they take no disk."""
    path = registered.server.bench.places.home / "oidc.db"
    registered.session()
    before = _count_used(path)
    for claims in ({"repository_id": "1002"}, {"repository_owner_id": "1"}):
        assert_refused(registered.trade(registered.token(**claims)), 403, "the token's repository_")

    assert _count_used(path) == before


def _count_used(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM used").fetchone()[0])


def test_a_forge_that_is_down_is_no_refusal(registered: Registered) -> None:
    """Where GitHub does not answer the job is told to come again, and comes with a fresh token."""
    registered.forge.down = ForgeError("GitHub does not answer")
    answer = registered.trade()
    assert_refused(answer, 503, "GitHub does not answer")
    assert int(answer.headers["retry-after"]) > 0
    registered.forge.down = None
    assert registered.session()


def test_sessions_end(registered: Registered) -> None:
    """After a quarter of an hour, and the oldest of one pull request's when a ninth is opened."""
    first = registered.session()
    sessions = [registered.session() for _ in range(MOST_OF_ONE_PULL)]
    status = [registered.server.ask("/sender", token=each).status_code for each in (first, *sessions)]
    assert status == [401, *[200] * MOST_OF_ONE_PULL]

    registered.clock.ahead = LIFE
    assert registered.server.ask("/sender", token=sessions[-1]).status_code == 401


def test_a_pull_requests_job_reaches_its_own_slot_alone(registered: Registered, tmp_path: Path) -> None:
    """Whoever edits the workflow of a pull request still writes that pull request alone, at its head (row 2)."""
    session, ask = registered.session(), registered.server.ask
    registered.forge.put(8, head=registered.server.head)
    draft = make_draft(sha="a" * 40, branch="better")
    elsewhere = [
        ("PUT", f"/projects/{PROJECT}/pulls/8/bundle", 403),
        ("GET", f"/projects/{PROJECT}/pulls/8", 403),
        ("PUT", "/projects/other/pulls/7/bundle", 403),
        ("GET", "/projects/other/champion", 403),
        ("GET", f"/projects/other/champion/predictions?holdout={HOLDOUT}", 403),
        ("PUT", f"/projects/{PROJECT}/pulls/production/bundle", 404),
        ("PUT", f"/projects/{PROJECT}/pulls/staging/bundle", 404),
        ("PUT", f"/projects/{PROJECT}/champion", 405),
        ("POST", f"/projects/{PROJECT}/promote", 404),
    ]
    for method, path, status in elsewhere:
        answer = ask(
            path, token=session, method=method, headers={"Content-Digest": "sha-256=:x:"}, content=b"x"
        )
        assert (answer.status_code, method, path) == (status, method, path)
    assert_refused(
        registered.server.put(draft.pack(tmp_path), token=session), 403, "this credential is for commit"
    )
    champion = registered.server.project.store.champion()
    assert ask(f"/projects/{PROJECT}/champion", token=session).status_code == 404
    assert (champion, "8" in registered.server.previews.running) == (None, False)


def test_nothing_that_is_stolen_lasts(registered: Registered) -> None:
    """A job's token is good for one session alone, and a session for minutes, one commit and no gateway (row 6)."""
    token = registered.token()
    assert registered.server.ask("/sender", token=token).status_code == 401
    session = registered.trade(token).json()["token"]
    assert_refused(registered.trade(token), 401, "used before")
    assert_refused(registered.trade(session), 401, "no signed JWT")
    other = "A" if session[-1] != "A" else "B"
    for changed in (session[:-1] + other, session + "A", session.replace("grs_", "grt_")):
        assert registered.server.ask("/sender", token=changed).status_code == 401
    assert registered.server.tokens.find(session) is None
    held = str(vars(registered.exchange.sessions))
    assert session.split("_", 2)[2] not in held
    registered.clock.ahead = LIFE
    assert registered.server.ask("/sender", token=session).status_code == 401


def test_many_at_once_wait_their_turn(registered: Registered, monkeypatch: pytest.MonkeyPatch) -> None:
    """While some are being verified further ones are told to come again, and others' requests go on."""
    go, entered, verify = threading.Event(), threading.Semaphore(0), registered.exchange.verify

    def verify_slowly(token: str) -> Any:
        entered.release()
        assert go.wait(20)
        return verify(token)

    monkeypatch.setattr(registered.exchange, "verify", verify_slowly)
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        running = [pool.submit(registered.trade) for _ in range(MOST_AT_ONCE)]
        for _ in running:
            assert entered.acquire(timeout=20)
        try:
            busy = registered.trade()
            assert_refused(busy, 503, "many jobs ask for a session at once")
            assert int(busy.headers["retry-after"]) > 0
            assert registered.server.ask("/sender").status_code == 200
        finally:
            go.set()
    assert {each.result().status_code for each in running} == {201}
    assert registered.trade().status_code == 201


def test_without_a_credential_nothing_is_verified(registered: Registered) -> None:
    """No header and one of another scheme are told what is asked for."""
    for authorization in ("", "Bearer", "Basic eDp5"):
        answer = httpx.post(f"{registered.address}/api/sessions", headers={"Authorization": authorization})
        assert_refused(answer, 401, "a session is opened with a job's OIDC token")


def test_a_server_without_a_repository_on_github_says_so(tmp_path: Path, tables: Path) -> None:
    """Where nothing is registered the answer says what to run, and a session's text opens nothing."""
    with serving_api(tmp_path / PROJECT, tables=tables) as server:
        answer = server.ask("/sessions", method="POST")
        assert server.ask("/sender", token=f"grs_{'0' * 12}_{'A' * 43}").status_code == 401

    assert_refused(answer, 404, "run `greenroom init --app` there")


def test_a_server_with_an_app_publishes(tmp_path: Path, tables: Path) -> None:
    """Session and rights say that the server posts on the forge, so that the job does not."""
    with serving_registered(tmp_path / PROJECT, tables=tables, app=True) as registered:
        grant = registered.trade().json()
        rights = registered.server.ask("/sender").json()

    assert (grant["publishes"], rights["publishes"]) == (True, True)
