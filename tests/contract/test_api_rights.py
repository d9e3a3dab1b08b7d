"""Where a sender's rights end: at its own pull request, at what its bundle can prove, and before production."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from greenroom_services.tokens import TokenStore
from tests.api_server import ApiServer, serving_api
from tests.pinned import result
from tests.submissions import HOLDOUT, MLMODEL, PROJECT, SERVING, Draft, as_parquet, make_draft

Spoil = Callable[[Draft], Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> Iterator[ApiServer]:
    """One for all: nothing that is refused leaves a trace."""
    with serving_api(tmp_path_factory.mktemp("rights") / PROJECT, tables=tables) as running:
        yield running


@pytest.fixture
def draft(server: ApiServer) -> Draft:
    return make_draft(sha=server.head, branch="better")


def assert_untouched(server: ApiServer) -> None:
    store = server.project.store
    assert (store.records(), store.versions(), store.champion()) == ([], [], None)
    assert server.previews.running == {}
    assert server.project.forge.pulls() == []
    assert not list(server.project.places.scratch.iterdir())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", f"/projects/{PROJECT}/pulls/8/bundle"),
        ("PUT", f"/projects/{PROJECT}/pulls/0/bundle"),
        ("GET", f"/projects/{PROJECT}/pulls/8"),
        ("GET", f"/projects/{PROJECT}/pulls/{'9' * 18}"),
        ("PUT", "/projects/other/pulls/7/bundle"),
        ("GET", "/projects/other/champion"),
        ("GET", "/projects/other/champion/model"),
        ("GET", f"/projects/other/champion/predictions?holdout={HOLDOUT}"),
        ("GET", "/projects/other/pulls/7"),
        ("GET", "/projects/oth%0Aer/pulls/7"),
    ],
)
def test_a_token_opens_its_own_pull_request_alone(server: ApiServer, method: str, path: str) -> None:
    """A token for pull request 7 neither writes nor reads another's, nor another project's champion."""
    answer = server.ask(path, method=method, headers={"Content-Digest": "sha-256=:x:"}, content=b"x")

    assert answer.status_code == 403
    assert "this credential is not for" in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert_untouched(server)


@pytest.mark.parametrize("slot", ["production", "staging", "-1", "7/8", "*", "7" * 5_000])
def test_no_slot_but_a_number_can_be_written(server: ApiServer, slot: str) -> None:
    """Production and staging have no door here, also not for a token of all slots."""
    path = f"/projects/{PROJECT}/pulls/{slot}/bundle"
    answer = server.ask(path, method="PUT", token=server.token(slot="*", project="*"), content=b"x")

    assert (answer.status_code, set(answer.json()), len(answer.text) < 300) == (
        404,
        {"error", "detail"},
        True,
    )
    assert_untouched(server)


def test_a_project_that_is_not_here_is_absent(server: ApiServer) -> None:
    """Who may read all projects is told which one is served."""
    answer = server.ask("/projects/other/champion", token=server.token(project="*"))

    assert (answer.status_code, f"this is {PROJECT}" in answer.json()["error"]) == (404, True)


def make_expired(server: ApiServer) -> str:
    hours = timedelta(hours=1)
    past = TokenStore(server.bench.places.tokens, now=lambda: datetime.now(UTC) - 2 * hours)
    return past.create(scope="deploy", project=PROJECT, slot="7", expires=datetime.now(UTC) - hours)[1]


def make_revoked(server: ApiServer) -> str:
    text = server.token()
    server.tokens.revoke(text.split("_")[1])
    return text


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(make_expired, id="expired"),
        pytest.param(make_revoked, id="revoked"),
        pytest.param(lambda server: server.token(scope="query"), id="of another scope"),
        pytest.param(lambda server: server.token()[:-1] + "!", id="malformed"),
        pytest.param(lambda _: f"grt_{'0' * 12}_{'A' * 43}", id="unknown"),
        pytest.param(lambda _: "x" * 5_000, id="long"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sender"),
        ("GET", f"/projects/{PROJECT}/champion"),
        ("PUT", f"/projects/{PROJECT}/pulls/7/bundle"),
    ],
)
def test_no_other_token_is_let_in(
    server: ApiServer, make: Callable[[ApiServer], str], method: str, path: str
) -> None:
    """An expired, revoked, malformed or unknown token is told no more than that one is asked for."""
    answer = server.ask(path, method=method, token=make(server))

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert set(answer.json()) == {"error", "detail"}
    assert_untouched(server)


def test_a_token_is_asked_for_on_loopback_too(server: ApiServer) -> None:
    """Without any credential, or with one of another scheme, nothing is read or written."""
    for authorization in ("", "Bearer", b"Bearer \xe9", f"Basic {server.token()}"):
        answer = server.ask(f"/projects/{PROJECT}/champion", headers={"Authorization": authorization})
        assert answer.status_code == 401


def test_rights_are_told(server: ApiServer) -> None:
    """A sender may ask where its rights end."""
    assert server.ask("/sender").json() == {"project": PROJECT, "slot": "7", "publishes": False}


def change(part: str, *path: str, to: Any) -> Spoil:
    """Return what sets one value of a document."""

    def spoil(draft: Draft) -> None:
        place = getattr(draft, part)
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to

    return spoil


def replace(name: str, content: bytes | None) -> Spoil:
    return lambda draft: draft.spoilt.update({name: content})


def leave(content: bytes) -> Spoil:
    return lambda draft: setattr(draft, "predictions", content)


def write_table(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def _raise_verdict(draft: Draft) -> None:
    draft.report["checks"][0]["outcome"] = "failed"


def _override(draft: Draft) -> None:
    draft.report["checks"][0] |= {
        "outcome": "failed",
        "override": {"reason": "because", "by": "the boss", "at": "2026-01-01T00:00:00+00:00"},
    }


def make_labels(draft: Draft, label: str, *, rows: int) -> None:
    """Have the draft be of a classifier that predicts the label for all rows, in as few bytes as can be."""
    places = pa.array(np.zeros(rows, dtype=np.int32))
    draft.predictions = write_table(prediction=pa.DictionaryArray.from_arrays(places, pa.array([label])))
    draft.report["task"] = draft.profile["task"] = "multiclass"
    draft.report["holdout"]["rows"] = draft.profile["rows"] = rows


def pin(many: int = 1, *, outcome: str = "broken", check: str = "", **changes: Any) -> Spoil:
    """Have the report hold pinned cases, with a check of that outcome where one is named."""

    def spoil(draft: Draft) -> None:
        case = result(outcome=outcome, **changes).model_dump()
        draft.report["cases"] = [case] * many
        if check:
            said = {"code": "GR203", "title": "Pinned cases hold", "outcome": check, "reason": "So."}
            draft.report["checks"].append(said)

    return spoil


NUMBERS = [1.0, 2.0, 3.0, 4.0]
LIES: dict[str, tuple[Spoil, str]] = {
    "report's project": (change("report", "project", to="other"), "the report's project 'other'"),
    "report's commit": (change("report", "lineage", "sha", to="b" * 40), "the report's commit"),
    "report's pull request": (change("report", "lineage", "pull", to=8), "the report's pull request '8'"),
    "no lineage": (change("report", "lineage", to=None), "no lineage"),
    "candidate's name": (change("report", "candidate", "name", to="other"), "the candidate's name"),
    "candidate's commit": (change("report", "candidate", "sha", to="main"), "at which commit"),
    "report's model": (lambda draft: setattr(draft, "named", "9" * 64), "the report's candidate"),
    "slot of the preview": (change("report", "preview", "slot", to="production"), "the preview's slot"),
    "another's Bento": (change("report", "preview", "bento", to="other:1"), "the Bento 'other'"),
    "holdout": (change("report", "holdout", "digest", to="a" * 64), "the report's holdout"),
    "fingerprint": (change("report", "lineage", "fingerprint", to="a" * 64), "the report's fingerprint"),
    "parameters": (change("report", "lineage", "parameters", to={}), "the report's parameters"),
    "verdict": (_raise_verdict, "the verdict 'pass' where it is 'fail'"),
    "override": (_override, "overrides a check"),
    "summary": (change("report", "summary", to="x" * 3_000), "summary is longer"),
    "words": (change("report", "words", to={"row": "x" * 61}), "report.json is not valid: words.row"),
    "too many cases": (pin(1_001, outcome="met"), "more than 1,000 pinned cases"),
    "a case too wide": (pin(row={str(place): 0 for place in range(201)}), "more than 200 columns"),
    "a case too long": (pin(answered="x" * 1_001), "a text of more than 1,000 characters"),
    "names of cases": (
        change("report", "pins", to={"taken": ["x" * 1_001]}),
        "a text of more than 1,000 characters",
    ),
    "a broken case that passes": (pin(check="passed"), "hold in its check, and one of them broke"),
    "metric's name": (
        lambda draft: draft.report["metrics"][0].update(metric="../champion"),
        "one named '../champion'",
    ),
    "unknown key": (change("report", "alias", to="champion"), "report.json is not valid: alias"),
    "NaN": (replace("report.json", b'{"schema": NaN}'), "NaN is no number"),
    "infinity": (replace("report.json", b'{"schema": 1e999}'), "1e999 is too large"),
    "whole": (replace("report.json", b'{"schema": 1' + b"0" * 400 + b"}"), "is too large"),
    "depth": (replace("report.json", b"[" * 200_000), "report.json is not valid"),
    "no JSON": (replace("run.json", b"\xff"), "run.json is not valid"),
    "no report": (replace("report.json", None), "brings no report.json"),
    "further file": (replace("champion.json", b"{}"), "'champion.json', which no run leaves"),
    "run's project": (change("sheet", "project", to="other"), "the run's project"),
    "run's commit": (change("sheet", "origin", "sha", to="b" * 40), "the run's commit"),
    "run's pull request": (change("sheet", "origin", "pull", to=8), "the run's pull request"),
    "evidence": (change("sheet", "origin", "evidence", to="' or 1=1"), "run.json is not valid"),
    "parameter's name": (change("sheet", "parameters", to={"../x": "1"}), "run.json is not valid"),
    "place of predictions": (
        change("sheet", "predictions", to="../../model/MLmodel"),
        "run.json is not valid: predictions",
    ),
    "predictions' holdout": (change("sheet", "predictions", to=f"{'a' * 16}-{'1' * 24}"), "holdout"),
    "profile's rows": (change("profile", "rows", to=5), "the profile's rows"),
    "profile's examples": (change("profile", "examples", to=[]), "no example row"),
    "another profile": (
        lambda draft: draft.spoilt.update({"profile.json": b'{"schema": 1, "task": "regression"}'}),
        "profile.json is not valid",
    ),
    "model without a flavour": (
        lambda draft: draft.model.update(MLmodel=b"flavors: {sklearn: {}}\n"),
        "no python_function flavour",
    ),
    "metadata that is no mapping": (
        lambda draft: draft.model.update(MLmodel=b"- 1\n"),
        "cannot be served",
    ),
    "metadata too deep": (lambda draft: draft.model.update(MLmodel=b"[" * 9_000), "cannot be served"),
    "metadata too large": (lambda draft: draft.model.update(MLmodel=b" " * 2**21), "larger than 1 MiB"),
    "options for pip": (
        lambda draft: draft.model.update({"requirements.txt": b"--index-url http://evil.example\n"}),
        "an option of pip",
    ),
    "requirements of another model": (
        lambda draft: draft.manifest.update(requirements=[*SERVING, "evil==1"]),
        "requirements differ from its model's in 'evil==1'",
    ),
    "requirements that are left out": (
        lambda draft: draft.manifest.update(requirements=SERVING[1:]),
        "requirements differ from its model's in 'bentoml==",
    ),
    "requirements in another order": (
        lambda draft: draft.manifest.update(requirements=SERVING[::-1]),
        "requirements differ from its model's in 'their order'",
    ),
    "metadata with aliases": (
        lambda draft: draft.model.update(MLmodel=MLMODEL.encode() + b"a: &a {k: 1}\nb: {<<: [*a, *a]}\n"),
        "cannot be served: the logged model cannot be read: it has a merge key",
    ),
    "labels too long": (
        lambda draft: make_labels(draft, "x" * 20_000, rows=4),
        "has a label of more than 1,000 bytes",
    ),
    "labels that fill the memory": (
        lambda draft: make_labels(draft, "x" * 1_000, rows=1_100_000),
        "holds more than 1024 MiB of values",
    ),
    "predictions that are none": (leave(pickle.dumps(NUMBERS)), "cannot be read as plain Parquet"),
    "rows too few": (leave(as_parquet(prediction=NUMBERS[:3])), "has 3 rows, and the holdout 4"),
    "further column": (leave(as_parquet(prediction=NUMBERS, target=NUMBERS)), "which is no prediction"),
    "no column": (leave(as_parquet(score=NUMBERS)), "no column 'prediction'"),
    "texts for numbers": (leave(as_parquet(prediction=list("abcd"))), "where numbers belong"),
    "objects": (leave(write_table(prediction=[b"\x80\x04."] * 4)), "where numbers belong"),
    "lists": (leave(write_table(prediction=[[1.0]] * 4)), "where numbers belong"),
    "missing values": (leave(write_table(prediction=[1.0, None, 3.0, 4.0])), "has no value"),
    "infinite values": (leave(as_parquet(prediction=[1.0, float("inf"), 3.0, 4.0])), "infinite number"),
}


@pytest.mark.parametrize(("spoil", "said"), LIES.values(), ids=LIES)
def test_a_bundle_that_lies_is_refused(
    server: ApiServer, draft: Draft, tmp_path: Path, spoil: Spoil, said: str
) -> None:
    """What a bundle says of itself must agree with what was verified; nothing of it is written."""
    spoil(draft)
    answer = server.hand_in(draft, tmp_path)

    assert answer.status_code in (413, 422), answer.text
    assert said in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert_untouched(server)


@pytest.mark.parametrize(("slot", "project"), [("8", PROJECT), ("production", PROJECT), ("7", "other")])
def test_a_manifest_for_elsewhere_is_refused(
    server: ApiServer, draft: Draft, tmp_path: Path, slot: str, project: str
) -> None:
    """What is handed in to one's own address is for that address, whatever its manifest says."""
    draft.manifest |= {"slot": slot, "project": project}
    answer = server.hand_in(draft, tmp_path)

    assert answer.status_code == 422
    assert_untouched(server)


def test_predictions_are_kept_as_values_alone(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> None:
    """Whatever else a sender's file says, such as how pandas should rebuild its objects, is not kept."""
    frame = pd.DataFrame({"prediction": NUMBERS}, index=list("abcd"))
    frame.attrs["note"] = "from a stranger"
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    with serving_api(tmp_path_factory.mktemp("values") / PROJECT, tables=tables) as server:
        draft = make_draft(sha=server.head, branch="better")
        draft.predictions = buffer.getvalue()
        answer = server.hand_in(draft, tmp_path_factory.mktemp("bento"))
        (record,) = server.project.store.records()
        (name,) = server.project.store.names(record.id, "predictions")
        path = server.project.store.get(record.id, f"predictions/{name}")

    assert answer.status_code == 200
    assert b"stranger" in draft.predictions
    assert path is not None
    assert not pq.read_schema(path).metadata
    assert list(pd.read_parquet(path)["prediction"]) == NUMBERS
