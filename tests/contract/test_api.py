"""The server's API: a bundle becomes a review, once, whatever happens on the way."""

from __future__ import annotations

import errno
import hashlib
import http.client
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from openapi_spec_validator import validate

from greenroom_pipeline.api.app import MOST_BUNDLES
from greenroom_pipeline.api.documents import ChampionState, PullState
from greenroom_pipeline.api.openapi import describe_api
from greenroom_pipeline.api.reception import Reception, open_reception
from greenroom_pipeline.errors import StoreError
from greenroom_pipeline.local_desk import LocalDesk
from greenroom_pipeline.record import read_report, revise_report
from greenroom_pipeline.report import Override
from greenroom_pipeline.tracking import Store
from greenroom_services.bundle import Bundle
from greenroom_services.errors import HostAbsent, HostFull, PreviewFailed
from tests.api_server import ApiServer, serving_api
from tests.submissions import HOLDOUT, PREDICTIONS_KEY, PROJECT, Draft, make_draft

STEPS = ("put_folder", "put", "log_parameters", "put_text", "log_metrics", "register", "tag", "end")


@pytest.fixture
def server(tmp_path: Path, tables: Path) -> Iterator[ApiServer]:
    with serving_api(tmp_path / PROJECT, tables=tables) as running:
        yield running


@pytest.fixture
def draft(server: ApiServer) -> Draft:
    return make_draft(sha=server.head, branch="better")


def read_state(answer: httpx.Response) -> PullState:
    assert answer.status_code == 200, answer.text
    return PullState.model_validate_json(answer.content)


def crown(server: ApiServer, folder: Path) -> str:
    """Put a model in production that pull request 3 handed in, and return its digest."""
    server.bench.git("branch", "first", "main")
    server.bench.git("switch", "--quiet", "first")
    sha = server.bench.commit("The first model")
    server.bench.git("switch", "--quiet", "main")
    packed = make_draft(sha=sha, branch="first", pull=3, model="0").pack(folder)
    state = read_state(server.put(packed, pull=3, token=server.token(slot="3")))
    server.project.store.set_champion(state.version)
    return state.digest


def test_a_bundle_becomes_a_review(server: ApiServer, draft: Draft, tmp_path: Path) -> None:
    """Run, report, predictions and version stand in MLflow as after `greenroom run`, and the preview has a link."""
    packed = draft.pack(tmp_path)
    state = read_state(server.put(packed))
    store = server.project.store
    (record,) = store.records()
    (version,) = store.versions()
    report = read_report(store, record.id)
    predictions = store.get(record.id, f"predictions/{PREDICTIONS_KEY}.parquet")
    review = LocalDesk(server.project).review(PROJECT, 7)

    assert report is not None
    assert predictions is not None
    assert (report.candidate.run_id, report.holdout.looks) == (record.id, 1)
    assert (version.tags["digest"], version.tags["run"], version.tags["pull"]) == (
        state.digest,
        record.id,
        "7",
    )
    assert (version.version, record.parameters) == (state.version, {"depth": "3"})
    assert list(pd.read_parquet(predictions)["prediction"]) == [1.0, 2.0, 3.0, 4.0]
    assert (review.run_state, review.verdict, review.sha) == ("finished", "pass", server.head)
    assert state.preview.address == f"http://127.0.0.1:1/p/{PROJECT}/7"
    assert server.ask(f"/projects/{PROJECT}/pulls/7").json() == state.model_dump(mode="json")
    assert store.champion() is None
    assert "trained" not in record.tags
    assert not list(server.project.places.scratch.iterdir())


def test_the_same_bundle_again_changes_nothing(server: ApiServer, draft: Draft, tmp_path: Path) -> None:
    """Handed in twice at once and once more, there is one run, one version, and one answer."""
    packed = draft.pack(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: server.put(packed), range(2)))
    answers.append(server.put(packed))

    assert len({answer.text for answer in answers}) == 1
    assert read_state(answers[0]).bundle == hashlib.sha256(b"".join(packed.chunks())).hexdigest()
    assert len(server.project.store.records()) == len(server.project.store.versions()) == 1


def test_an_older_bundle_does_not_come_back(server: ApiServer, draft: Draft, tmp_path: Path) -> None:
    """When a commit was handed in again, or has moved on, the bundle before does not take the preview over."""
    older = draft.pack(tmp_path / "older")
    read_state(server.put(older))
    draft.report["timings"] = []
    newer = read_state(server.hand_in(draft, tmp_path / "newer"))
    again = server.put(older)
    server.bench.git("switch", "--quiet", "better")
    server.bench.commit("Even better")
    moved = server.put(draft.pack(tmp_path / "moved"))

    assert (again.status_code, "that run stands" in again.json()["error"]) == (409, True)
    assert (moved.status_code, "has moved" in moved.json()["error"]) == (409, True)
    assert read_state(server.ask(f"/projects/{PROJECT}/pulls/7")) == newer
    assert server.previews.deployments == 2


def test_slots_are_taken_in_side_by_side(server: ApiServer, tmp_path: Path) -> None:
    """Pull requests that are handed in at once all become reviews, also the first ones of a project."""

    def hand_in(number: int) -> PullState:
        draft = make_draft(sha=heads[number], branch=f"idea-{number}", pull=number, model=str(number))
        packed = draft.pack(tmp_path / str(number))
        return read_state(server.put(packed, pull=number, token=server.token(slot=str(number))))

    heads = {}
    for number in (21, 22, 23, 24):
        server.bench.git("switch", "--quiet", "--create", f"idea-{number}", "main")
        heads[number] = server.bench.commit(f"Idea {number}")
    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(hand_in, heads))

    assert len({state.version for state in states}) == 4
    assert [pull.number for pull in server.project.forge.pulls()] == list(heads)


def test_long_bundles_keep_nobody_waiting(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While as many as may are taken in, the next one is told to come again, and whoever asks is answered."""
    go, entered, take_in = threading.Event(), threading.Semaphore(0), Reception.take_in
    heads = {}
    for number in range(21, 22 + MOST_BUNDLES):
        server.bench.git("switch", "--quiet", "--create", f"idea-{number}", "main")
        heads[number] = server.bench.commit(f"Idea {number}")

    def hand_in(number: int) -> httpx.Response:
        draft = make_draft(sha=heads[number], branch=f"idea-{number}", pull=number, model=str(number))
        packed = draft.pack(tmp_path / str(number) / str(go.is_set()))
        return server.put(packed, pull=number, token=server.token(slot=str(number)))

    def take_in_slowly(self: Reception, bundle: Bundle, number: int) -> PullState:
        entered.release()
        assert go.wait(60)
        return take_in(self, bundle, number)

    monkeypatch.setattr(Reception, "take_in", take_in_slowly)
    *first, last = heads
    with ThreadPoolExecutor(MOST_BUNDLES) as pool:
        running = [pool.submit(hand_in, number) for number in first]
        try:
            for _ in running:
                assert entered.acquire(timeout=60)
            busy = hand_in(last)
            assert (busy.status_code, busy.headers["retry-after"]) == (503, "5")
            assert "many bundles are being taken in" in busy.json()["error"]
            assert server.ask(f"/projects/{PROJECT}/champion").status_code == 404
        finally:
            go.set()
    assert {each.result().status_code for each in running} == {200}
    assert hand_in(last).status_code == 200


def test_a_full_disk_is_told(server: ApiServer, draft: Draft, tmp_path: Path) -> None:
    """Where there is no room the answer is 507, and with room the same bundle is taken in."""
    packed = draft.pack(tmp_path)
    whole = server.project
    server.project = replace(whole, store=BreakingStore(whole.store, step="put_text", at=1, full=True))
    full = server.put(packed)

    assert (full.status_code, "the server's disk is full" in full.json()["error"]) == (507, True)
    assert read_state(server.put(packed)).preview.state == "awake"
    assert len(whole.store.records()) == 1


def test_what_a_killed_server_left_is_removed(server: ApiServer) -> None:
    """A bundle that was being taken in when the server was killed takes no room for ever."""
    left = server.project.places.scratch / "bundle-x" / "it"
    left.mkdir(parents=True)
    open_reception({"GREENROOM_REPOSITORY": str(server.bench.root)})

    assert not left.parent.exists()


class BreakingStore(Store):
    """Breaks off once, when the named step is done for the *at*th time."""

    def __init__(self, store: Store, *, step: str, at: int, full: bool = False) -> None:
        self.__dict__.update(store.__dict__)
        self._step, self._left = step, at
        self._reason = OSError(errno.ENOSPC, "No space left on device") if full else None

    def __getattribute__(self, name: str) -> Any:
        method = super().__getattribute__(name)
        if name != super().__getattribute__("__dict__").get("_step"):
            return method

        def once(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                raise StoreError("MLflow could not go on") from self._reason
            return method(*arguments, **named)

        return once


@pytest.mark.parametrize("step", STEPS)
def test_what_broke_off_is_finished_by_the_next_try(
    server: ApiServer, draft: Draft, tmp_path: Path, step: str
) -> None:
    """At whichever step the store fails, the answer is 503, and the same bundle again ends as if nothing was."""
    packed = draft.pack(tmp_path)
    whole = server.project
    server.project = replace(whole, store=BreakingStore(whole.store, step=step, at=1))
    broken = server.put(packed)
    state = read_state(server.put(packed))

    assert (broken.status_code, broken.headers["retry-after"]) == (503, "5")
    assert [record.tags["state"] for record in whole.store.records()] == ["finished"]
    assert [version.version for version in whole.store.versions()] == [state.version]


def test_a_host_that_is_down_costs_the_link_alone(server: ApiServer, draft: Draft, tmp_path: Path) -> None:
    """Without a host all is kept, and the sender is told to come again; then the preview is up."""
    packed = draft.pack(tmp_path)
    server.previews.fail = HostAbsent("no preview host runs; start one")
    down = server.put(packed)
    kept = read_state(server.ask(f"/projects/{PROJECT}/pulls/7"))
    server.previews.fail = None
    state = read_state(server.put(packed))

    assert (down.status_code, down.json()["error"]) == (503, "no preview host runs; start one")
    assert int(down.headers["retry-after"]) > 0
    assert (kept.sha, kept.verdict, kept.preview.state) == (server.head, "pass", "absent")
    assert state.preview.state == "awake"
    assert len(server.project.store.records()) == 1


def test_a_preview_that_does_not_come_up_is_no_failure_of_the_api(
    server: ApiServer, draft: Draft, tmp_path: Path
) -> None:
    """A candidate that fails, or a host without room, is an answer that says so: what was reviewed stands."""
    packed = draft.pack(tmp_path)
    server.previews.fail = PreviewFailed("it did not start", log="Traceback")
    failed = read_state(server.put(packed)).preview
    server.previews.fail = HostFull("the disk is full")
    full = read_state(server.put(packed)).preview

    assert (failed.state, failed.error, failed.log) == ("failed", "it did not start", "Traceback")
    assert (full.state, full.error) == ("absent", "the disk is full")


def test_only_the_newest_commit_is_taken(server: ApiServer, draft: Draft, tmp_path: Path) -> None:
    """A commit that the pull request has left, a merged one and a branch that is not here are refused."""
    first = draft.pack(tmp_path / "first")
    read_state(server.put(first))
    server.bench.git("switch", "--quiet", "better")
    newer = server.bench.commit("Even better")
    stale = server.put(make_draft(sha=server.head, branch="better", model="2").pack(tmp_path / "stale"))
    state = read_state(server.hand_in(make_draft(sha=newer, branch="better"), tmp_path / "newer"))
    server.bench.git("branch", "--force", "main", "better")
    merged = server.hand_in(make_draft(sha=newer, branch="better", model="3"), tmp_path / "merged")
    unknown = server.put(
        make_draft(sha="1" * 40, branch="main", pull=8).pack(tmp_path / "other"),
        pull=8,
        token=server.token(slot="8"),
    )

    assert state.sha == newer
    assert (stale.status_code, "has moved" in stale.json()["error"]) == (409, True)
    assert (merged.status_code, "is merged" in merged.json()["error"]) == (409, True)
    assert (unknown.status_code, "push the branch first" in unknown.json()["error"]) == (404, True)
    assert len(server.project.store.records()) == 2


def test_a_run_against_another_champion_is_stale(server: ApiServer, draft: Draft, tmp_path: Path) -> None:
    """What was compared with anything but the model in production is refused; else the report names that model."""
    digest = crown(server, tmp_path / "champion")
    before = server.project.store.champion()
    none = server.hand_in(draft, tmp_path / "none")
    other = server.hand_in(
        make_draft(sha=server.head, branch="better", champion="9" * 64), tmp_path / "other"
    )
    read_state(
        server.hand_in(make_draft(sha=server.head, branch="better", champion=digest), tmp_path / "right")
    )
    (record,) = server.project.store.records(pull="7")
    report = read_report(server.project.store, record.id)

    assert (none.status_code, other.status_code) == (409, 409)
    assert before is not None
    assert report is not None
    assert report.champion is not None
    assert (report.champion.version, report.champion.run_id) == (before.version, before.run_id)
    assert server.project.store.champion() == before


def test_production_keeps_its_record(server: ApiServer, tmp_path: Path) -> None:
    """While its pull request is open still, the sender of the model in production cannot write over it."""
    digest = crown(server, tmp_path / "champion")
    before = server.project.store.champion()
    sha = server.bench.git("rev-parse", "first")
    draft = make_draft(sha=sha, branch="first", pull=3, champion=digest, model="0")
    draft.report["summary"] = "Another word."
    answer = server.put(draft.pack(tmp_path / "again"), pull=3, token=server.token(slot="3"))

    assert (answer.status_code, "in production already" in answer.json()["error"]) == (409, True)
    assert server.project.store.champion() == before


def test_an_override_on_the_server_counts(server: ApiServer, draft: Draft, tmp_path: Path) -> None:
    """What somebody has overridden there holds when the same evidence is handed in anew."""
    check = draft.report["checks"][0]
    check["outcome"], draft.report["verdict"] = "failed", "fail"
    failed = read_state(server.hand_in(draft, tmp_path / "first"))
    (record,) = server.project.store.records()
    report = read_report(server.project.store, record.id)
    assert report is not None
    word = Override(reason="hotfix", by="Ana", at="2026-01-01T00:00:00+00:00")
    checks = [each.model_copy(update={"override": word}) for each in report.checks]
    revise_report(
        server.project.store, record, report.model_copy(update={"checks": checks, "verdict": "pass"})
    )
    draft.report["timings"] = []
    state = read_state(server.hand_in(draft, tmp_path / "second"))

    assert (failed.verdict, state.verdict) == ("fail", "pass")
    assert len(server.project.store.records()) == 2


def test_the_champion_is_given_out(server: ApiServer, tmp_path: Path) -> None:
    """Its name, its files and what it predicted on a holdout; without one, or of another holdout, 404."""
    paths = [
        f"/projects/{PROJECT}/champion{part}" for part in ("", "/model", f"/predictions?holdout={HOLDOUT}")
    ]
    before = [server.ask(path).status_code for path in paths]
    digest = crown(server, tmp_path / "champion")
    state = ChampionState.model_validate_json(server.ask(paths[0]).content)
    archive, predictions = server.ask(paths[1]), server.ask(paths[2])
    other = server.ask(f"/projects/{PROJECT}/champion/predictions?holdout={'0' * 64}")
    (tmp_path / "p.parquet").write_bytes(predictions.content)

    assert before == [404, 404, 404]
    assert (state.digest, state.trained_at, state.fingerprint) == (digest, state.sha, "f" * 64)
    assert archive.headers["content-digest"].startswith("sha-256=:")
    assert len(archive.content) == int(archive.headers["content-length"])
    assert PREDICTIONS_KEY in predictions.headers["content-disposition"]
    assert len(pd.read_parquet(tmp_path / "p.parquet")) == 4
    assert other.status_code == 404
    assert server.ask(f"/projects/{PROJECT}/champion/predictions?holdout=x").status_code == 400


def test_headers_alone_are_refused_before_a_byte(server: ApiServer, draft: Draft, tmp_path: Path) -> None:
    """No or a malformed digest, and a length beyond the limit, are refused; so are other bytes than announced."""
    path = f"/projects/{PROJECT}/pulls/7/bundle"
    digest = draft.pack(tmp_path).headers()["Content-Digest"]
    cases: list[tuple[dict[str, str], int]] = [
        ({}, 400),
        ({"Content-Digest": "md5=:abc:"}, 422),
        ({"Content-Digest": digest}, 422),
    ]
    for headers, status in cases:
        answer = server.ask(path, method="PUT", content=b"bundle", headers=headers)
        assert (answer.status_code, set(answer.json())) == (status, {"error", "detail"})
    assert _announce(server, path, digest=digest, size=2**40) == 413


def _announce(server: ApiServer, path: str, *, digest: str, size: int) -> int:
    """Send the headers of a body of this size and nothing of it, and return the answer's status."""
    connection = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=20)
    connection.putrequest("PUT", f"/api{path}")
    for name, value in (
        ("Authorization", f"Bearer {server.token()}"),
        ("Content-Digest", digest),
        ("Content-Length", str(size)),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_api_describes_itself(server: ApiServer, draft: Draft, tmp_path: Path) -> None:
    """The document is valid OpenAPI and names every route; anybody may read it."""
    document = httpx.get(f"{server.address}/api/openapi.json").json()
    validate(document)

    assert document == describe_api()
    assert httpx.get(f"{server.address}/api/health").json()["status"] == "ok"
    unknown = httpx.get(f"{server.address}/api/nothing")
    assert (unknown.status_code, unknown.json()) == (
        404,
        {"error": "There is no GET /api/nothing.", "detail": []},
    )
    read_state(server.hand_in(draft, tmp_path))
