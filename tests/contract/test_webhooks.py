"""The endpoint of webhooks: what is not signed gets nowhere, and what is signed is kept as a hint and no more."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from greenroom_pipeline.api import webhooks as module
from greenroom_pipeline.api.app import Api
from greenroom_pipeline.api.identity import TokenSenders
from greenroom_pipeline.api.webhooks import Webhooks
from greenroom_pipeline.events.inbox import Event, Inbox
from greenroom_pipeline.forge.registration import Registration
from greenroom_services.tokens import TokenStore
from tests.api_server import serving
from tests.signed_events import SECRET, make_event, make_registration, sign

SHA = "0123456789abcdef0123456789abcdef01234567"
PULL = {"action": "opened", "pull_request": {"number": 7, "title": "@everyone <script>"}}


@dataclass(frozen=True)
class Endpoint:
    address: str
    inbox: Inbox

    def post(self, headers: Mapping[str, str], body: Any) -> httpx.Response:
        return httpx.post(
            f"{self.address}/api/github/events", headers=dict(headers), content=body, timeout=30
        )

    def deliver(self, event: str, payload: Mapping[str, Any], **how: Any) -> httpx.Response:
        return self.post(*make_event(event, payload, **how))

    def take_all(self) -> list[Event]:
        found = []
        while (event := self.inbox.take()) is not None:
            found.append(event)
            self.inbox.done(event)
        return found


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    folder = tmp_path_factory.mktemp("webhooks")
    inbox = Inbox(folder / "inbox.db")
    with serving(make_api(folder, make_registration(SECRET, "the one before"), inbox)) as address:
        yield Endpoint(address, inbox)


def make_api(folder: Path, registration: Registration | None, inbox: Inbox) -> Api:
    def refuse() -> Any:
        raise AssertionError("an event opens no project")

    senders = TokenSenders(TokenStore(folder / "tokens.json"))
    return Api(senders, refuse, webhooks=Webhooks(registration, inbox))


def test_the_signature_is_github_s(endpoint: Endpoint) -> None:
    """GitHub's own vector is taken for signed, and one bit beside it is not."""
    vector = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers, _ = make_event("ping", {})
    signed = endpoint.post(headers | {"X-Hub-Signature-256": f"sha256={vector}"}, b"Hello, World!")
    other = endpoint.post(headers | {"X-Hub-Signature-256": f"sha256={vector[:-1]}6"}, b"Hello, World!")

    assert sign(b"Hello, World!") == f"sha256={vector}"
    assert (signed.status_code, "no JSON object" in signed.json()["error"]) == (400, True)
    assert other.status_code == 401


def test_an_event_is_kept_as_a_hint(endpoint: Endpoint) -> None:
    """What is kept of a pull request is its number; the same delivery again is known, also after it was worked on."""
    first = endpoint.deliver("pull_request", PULL, delivery="a-1")
    again = endpoint.deliver("pull_request", PULL, delivery="a-1")
    (event,) = endpoint.take_all()
    late = endpoint.deliver("pull_request", PULL, delivery="a-1")

    assert [(answer.status_code, answer.json()) for answer in (first, again, late)] == [
        (202, {"delivery": "kept"}),
        (202, {"delivery": "known"}),
        (202, {"delivery": "known"}),
    ]
    assert (event.delivery, event.name, event.payload) == ("a-1", "pull", {"kind": "pull", "number": 7})


@pytest.mark.parametrize(
    ("event", "payload", "kept"),
    [
        (
            "issue_comment",
            {
                "action": "created",
                "issue": {"number": 7, "pull_request": {}, "title": "evil"},
                "comment": {"id": 9, "body": "Well\n/greenroom rerun", "user": {"login": "eve"}},
                "sender": {"login": "dependabot[bot]", "email": "evil"},
            },
            {"kind": "command", "number": 7, "comment": 9, "sender": "dependabot[bot]"},
        ),
        (
            "check_run",
            {
                "action": "requested_action",
                "check_run": {"head_sha": SHA, "name": "greenroom/gate", "external_id": "flights"},
                "requested_action": {"identifier": "preview"},
                "sender": {"login": "ada"},
            },
            {
                "kind": "button",
                "sha": SHA,
                "check": "greenroom/gate",
                "key": "flights",
                "identifier": "preview",
                "sender": "ada",
            },
        ),
        (
            "check_run",
            {
                "action": "rerequested",
                "check_run": {"head_sha": SHA, "name": "greenroom/gate", "external_id": "flights"},
                "sender": {"login": "ada"},
            },
            {
                "kind": "button",
                "sha": SHA,
                "check": "greenroom/gate",
                "key": "flights",
                "identifier": "rerun",
                "sender": "ada",
            },
        ),
        (
            "merge_group",
            {
                "action": "checks_requested",
                "merge_group": {"head_sha": SHA, "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-0"},
            },
            {"kind": "queue", "sha": SHA, "ref": "refs/heads/gh-readonly-queue/main/pr-7-0"},
        ),
        (
            "workflow_run",
            {"action": "completed", "workflow_run": {"id": 5, "head_sha": SHA, "display_title": "evil"}},
            {"kind": "run", "run": 5, "sha": SHA},
        ),
    ],
)
def test_of_each_event_a_few_fields_are_kept(
    endpoint: Endpoint, event: str, payload: dict[str, Any], kept: dict[str, Any]
) -> None:
    """Nothing that a stranger has written is among them."""
    assert endpoint.deliver(event, payload).json() == {"delivery": "kept"}
    assert [event.payload for event in endpoint.take_all()] == [kept]


COMMENT = {
    "action": "created",
    "issue": {"number": 7, "pull_request": {}},
    "comment": {"id": 9, "body": "/greenroom rerun"},
    "sender": {"login": "ada"},
}


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("ping", {"zen": "Anything added dilutes everything else."}),
        ("pull_request", {**PULL, "action": "labeled"}),
        ("pull_request", {"action": ["opened"], "pull_request": {"number": 7}}),
        ("pull_request", {"action": "opened", "pull_request": {"number": "seven"}}),
        ("pull_request", {"action": "opened", "pull_request": [7]}),
        ("pull_request", {**PULL, "repository": {"id": 1}}),
        ("issue_comment", {**COMMENT, "action": "edited"}),
        ("issue_comment", {**COMMENT, "issue": {"number": 7}}),
        ("issue_comment", {**COMMENT, "comment": {"id": 9, "body": "Nice"}}),
        ("issue_comment", {**COMMENT, "sender": {"login": "<b>ada</b>"}}),
        ("check_run", {"action": "created", "check_run": {"head_sha": SHA}}),
        ("merge_group", {"action": "destroyed"}),
        ("workflow_run", {"action": "requested", "workflow_run": {"id": 5, "head_sha": SHA}}),
    ],
)
def test_what_is_of_no_use_is_dropped(endpoint: Endpoint, event: str, payload: dict[str, Any]) -> None:
    """Other events and actions, another repository's, and what has not the shape in use are taken and forgotten."""
    answer = endpoint.deliver(event, payload)

    assert (answer.status_code, answer.json()) == (202, {"delivery": "dropped"})
    assert endpoint.take_all() == []


def test_either_secret_is_taken_and_no_other(endpoint: Endpoint) -> None:
    """While a secret is replaced both sign; a third one does not, nor does no signature at all."""
    headers, body = make_event("pull_request", PULL)
    answers = [
        endpoint.deliver("pull_request", PULL, secret="the one before"),
        endpoint.deliver("pull_request", PULL, secret="guessed"),
        endpoint.post({name: value for name, value in headers.items() if "Signature" not in name}, body),
        endpoint.post(headers, body + b" "),
        endpoint.post(headers | {"X-Hub-Signature-256": "sha1=00"}, body),
    ]

    assert [answer.status_code for answer in answers] == [202, 401, 401, 401, 401]
    assert set(answers[1].json()) == {"error", "detail"}
    assert len(endpoint.take_all()) == 1


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"X-GitHub-Event": ""}, 400),
        ({"X-GitHub-Event": "Pull Request"}, 400),
        ({"X-GitHub-Delivery": ""}, 400),
        ({"X-GitHub-Delivery": "x" * 101}, 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_headers_must_be_right(endpoint: Endpoint, changed: dict[str, str], status: int) -> None:
    """What is wrong is told in the one shape of errors."""
    headers, body = make_event("pull_request", PULL)
    answer = endpoint.post(headers | changed, body)

    assert (answer.status_code, set(answer.json())) == (status, {"error", "detail"})
    assert endpoint.take_all() == []


@pytest.mark.parametrize("body", [b"[]", b"", b"{", b'"text"', b"[" * 200_000, b"\xff"])
def test_what_is_no_object_is_refused(endpoint: Endpoint, body: bytes) -> None:
    """Also when it was signed."""
    headers, _ = make_event("pull_request", PULL)

    assert endpoint.post(headers | {"X-Hub-Signature-256": sign(body)}, body).status_code == 400


def test_too_large_an_event_is_cut_off(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own word before a byte is read, and as soon as too much has come where it says nothing of its size."""
    monkeypatch.setattr(module, "MOST_BYTES", 1_000)
    headers, _ = make_event("pull_request", PULL)
    told = endpoint.post(headers, b" " * 1_001)
    try:
        streamed = endpoint.post(headers, iter([b" " * 600] * 2)).status_code
    except httpx.TransportError:
        streamed = 413  # the connection was cut while we still sent

    assert (told.status_code, streamed) == (413, 413)
    assert endpoint.take_all() == []


def test_who_stalls_is_cut_off(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that does not come holds nothing up for longer than the forge itself would wait."""
    monkeypatch.setattr(module, "SECONDS", 0.05)
    with begin_event(endpoint) as connection:
        answer = connection.getresponse()
        answer.read()

    assert answer.status == 408


@contextmanager
def begin_event(endpoint: Endpoint) -> Iterator[http.client.HTTPConnection]:
    """Send an event's headers and its first bytes, and no more."""
    headers, body = make_event("pull_request", PULL)
    parts = urlsplit(endpoint.address)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)) as connection:
        connection.putrequest("POST", "/api/github/events")
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            connection.putheader(name, value)
        connection.endheaders(body[:10])
        yield connection


def await_answer(endpoint: Endpoint, status: int) -> httpx.Response:
    """Deliver an event that is of no use until the answer has this status."""
    deadline = time.monotonic() + 20
    while (answer := endpoint.deliver("ping", {})).status_code != status:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.01)
    return answer


def test_few_are_read_at_once(endpoint: Endpoint) -> None:
    """Who cannot sign takes no more memory than some events do; the forge is told to come again, and heard then."""
    with ExitStack() as held:
        for _ in range(module.MOST_AT_ONCE):
            held.enter_context(begin_event(endpoint))
        answer = await_answer(endpoint, 503)
        assert (answer.headers["retry-after"], answer.json()["detail"]) == ("5", [])
        assert httpx.get(f"{endpoint.address}/api/health").status_code == 200
    await_answer(endpoint, 202)
    assert endpoint.take_all() == []


def test_without_an_app_there_is_nothing(tmp_path: Path) -> None:
    """A server that is no App says so, whatever was signed."""
    inbox = Inbox(tmp_path / "inbox.db")
    for registration in (None, make_registration(app=False)):
        with serving(make_api(tmp_path, registration, inbox)) as address:
            answer = Endpoint(address, inbox).deliver("pull_request", PULL)
        assert (answer.status_code, "no GitHub App is registered" in answer.json()["error"]) == (404, True)


def test_a_full_queue_is_told(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The forge then counts the delivery as failed, and is asked for it again later."""
    monkeypatch.setattr("greenroom_pipeline.events.inbox.MOST_WAITING", 0)
    answer = endpoint.deliver("pull_request", PULL)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
