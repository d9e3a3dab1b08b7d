"""Pull requests from forks: judged by the server, and held until someone who may write has looked."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom_pipeline.events.artifact import unpack_artifact
from greenroom_pipeline.events.holding import approve
from greenroom_pipeline.events.settling import settle
from greenroom_pipeline.record import find_finished, read_report
from greenroom_pipeline.report import Report
from greenroom_pipeline.score import begin_name
from greenroom_services.errors import BundleRefused, BundleTooLarge, PreviewFailed
from tests.app_stage import Stage, open_stage
from tests.submissions import PREDICTIONS_KEY

FORK = "eve/flights"


@pytest.fixture
def stage(tmp_path: Path, tables: Path) -> Iterator[Stage]:
    with open_stage(tmp_path, tables=tables) as opened:
        yield opened


def read(stage: Stage, number: int) -> Report:
    record = find_finished(stage.project.store, number, sha=stage.head(number))
    assert record is not None
    report = read_report(stage.project.store, record.id)
    assert report is not None
    return report


def test_a_fork_is_judged_here_and_held(stage: Stage) -> None:
    """Its predictions are compared with production's; its preview does not start, and the comment says how."""
    champion = stage.crown(error=2.0)
    number = stage.propose("idea", fork=FORK)
    head = stage.head(number)
    assert not settle(stage.server, number)
    stage.leave(stage.draft(number, error=0.5), fork=FORK)
    settle(stage.server, number)
    report, check = read(stage, number), stage.check(head)
    overall = next(each for each in report.metrics if each.metric == "rmse" and each.slice is None)

    assert report.champion is not None
    assert (report.champion.digest, overall.candidate, overall.champion) == (champion, 0.5, 2.0)
    assert (report.verdict, report.holdout.looks) == ("pass", 2)
    assert {each.code: each.outcome for each in report.checks}["GR201"] == "not_tested"
    assert (check.conclusion, [each["identifier"] for each in check.actions]) == (
        "action_required",
        [f"preview:{report.candidate.run_id}"[:20]],
    )
    assert f"/greenroom preview {head}" in stage.comment(number)
    assert (str(number) in stage.previews.shas, stage.live()) == (False, [])


def test_a_worse_fork_fails(stage: Stage) -> None:
    """Whatever its own report says: what counts is what it predicted."""
    stage.crown(error=0.5)
    number = stage.propose("idea", fork=FORK)
    stage.leave(stage.draft(number, error=4.0), fork=FORK)
    settle(stage.server, number)

    assert read(stage, number).verdict == "fail"
    assert stage.check(stage.head(number)).conclusion == "failure"


@pytest.mark.parametrize("how", ["another holdout", "production not scored on it"])
def test_what_cannot_be_compared_is_no_pass(stage: Stage, how: str) -> None:
    """The fork's own numbers are shown, with a sentence that says why they are open."""
    stage.crown()
    number = stage.propose("idea", fork=FORK)
    draft = stage.draft(number)
    if how == "another holdout":
        draft.sheet["origin"]["holdout"] = draft.report["holdout"]["digest"] = "d" * 64
        draft.sheet["predictions"] = PREDICTIONS_KEY
    else:
        stage.bench.write("holdout.csv", "distance,delay\n" + "1.5,1.0\n2.5,2.0\n" * 60)
        stage.bench.commit("Another holdout")
        again = stage.draft(number)
        draft.sheet["origin"]["holdout"] = again.report["holdout"]["digest"]
        draft.report["holdout"]["digest"] = again.report["holdout"]["digest"]
        draft.sheet["predictions"] = f"{begin_name(again.report['holdout']['digest'])}{'1' * 24}"
    stage.leave(draft, fork=FORK)
    settle(stage.server, number)
    report = read(stage, number)
    why = {"another holdout": "is not the one of this server's checkout"}.get(how, "was never scored on its")

    assert (report.verdict, report.champion) == ("inconclusive", None)
    assert why in {each.code: each.reason for each in report.checks}["GR304"]
    assert stage.previews.shas.keys() == {"1"}


def test_only_a_fork_s_own_run_is_fetched(stage: Stage) -> None:
    """A run of our repository, of another workflow or event, or one that has not ended brings nothing in."""
    number = stage.propose("idea", fork=FORK)
    draft = stage.draft(number)
    sha, repository = stage.head(number), stage.repository
    for run in (
        repository.workflow_run(sha),
        repository.workflow_run(
            sha, head_repository=FORK, head_branch="idea", path=".github/workflows/evil.yml"
        ),
        repository.workflow_run(sha, head_repository=FORK, head_branch="idea", event="push"),
        repository.workflow_run(sha, head_repository=FORK, head_branch="idea", conclusion=None),
    ):
        repository.artifact(run, "greenroom-bundle", b"never fetched")
    settle(stage.server, number)
    nothing = stage.project.store.records()
    stage.leave(draft, fork=FORK)
    settle(stage.server, number)

    assert (nothing, read(stage, number).verdict) == ([], "inconclusive")


def test_another_fork_s_run_of_the_same_commit_counts_for_nothing(stage: Stage) -> None:
    """Anybody can open a pull request with somebody's commit, and run it: only that fork's and branch's run counts."""
    number = stage.propose("idea", fork="fay/flights")
    draft, head = stage.draft(number), stage.head(number)
    stage.leave(draft, fork="fay/flights")
    copy = stage.repository.open_pull(head, "idea", files=("train.py",), fork=FORK, author="eve")
    stage.leave(stage.draft(copy), fork=FORK)
    twin = stage.repository.workflow_run(head, head_repository="fay/flights", head_branch="twin")
    for each in (twin, stage.repository.workflow_run(head, head_repository=FORK, head_branch="idea")):
        stage.repository.artifact(each, "greenroom-bundle", b"no zip")
    settle(stage.server, number)

    assert "No verdict" not in stage.comment(number)
    assert read(stage, number).verdict == "inconclusive"


def test_a_refused_run_leaves_the_one_before_it(stage: Stage) -> None:
    """What cannot be used takes nothing away: the fork's last run that can be used stands, whichever came first."""
    number = stage.propose("idea", fork=FORK)
    stage.leave(stage.draft(number), fork=FORK)
    broken = stage.repository.workflow_run(stage.head(number), head_repository=FORK, head_branch="idea")
    stage.repository.artifact(broken, "greenroom-bundle", b"no zip")
    for _ in range(2):
        settle(stage.server, number)

    assert "No verdict" not in stage.comment(number)
    assert list(stage.server.refused) == [f"{broken}.1"]
    assert read(stage, number).verdict == "inconclusive"


def test_what_is_no_bundle_is_told_and_not_fetched_again(stage: Stage) -> None:
    """The comment says why; a new attempt is looked at anew."""
    number = stage.propose("idea", fork=FORK)
    run = stage.repository.workflow_run(stage.head(number), head_repository=FORK, head_branch="idea")
    stage.repository.artifact(run, "greenroom-bundle", b"no zip")
    for _ in range(2):
        settle(stage.server, number)

    assert "is no zip" in stage.comment(number)
    assert list(stage.server.refused) == [f"{run}.1"]
    assert not list(stage.project.places.scratch.glob("fork-*"))


def test_a_bundle_of_another_pull_request_is_refused(stage: Stage) -> None:
    """What the artifact says of itself brings it nowhere but where its commit belongs."""
    number, other = stage.propose("idea", fork=FORK), stage.propose("ours")
    draft = stage.draft(other)
    run = stage.repository.workflow_run(stage.head(number), head_repository=FORK, head_branch="idea")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("bundle.tar", b"".join(stage.pack(draft).chunks()))
    stage.repository.artifact(run, "greenroom-bundle", packed.getvalue())
    settle(stage.server, number)

    assert f"is of commit {stage.head(other)[:7]}" in stage.comment(number)
    assert stage.project.store.records() == []


def write_zip(path: Path, files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_the_one_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    """A name that would leave the folder leads nowhere."""
    archive = write_zip(tmp_path / "a.zip", {"../../evil": b"content"})
    unpack_artifact(archive, tmp_path / "out", most_bytes=7)

    assert (tmp_path / "out").read_bytes() == b"content"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "out"]


@pytest.mark.parametrize(
    ("files", "method"),
    [
        ({}, zipfile.ZIP_STORED),
        ({"a": b"1", "b": b"2"}, zipfile.ZIP_STORED),
        ({"folder/": b""}, zipfile.ZIP_STORED),
        ({"a": b"1"}, zipfile.ZIP_LZMA),
    ],
)
def test_any_other_zip_is_refused(tmp_path: Path, files: dict[str, bytes], method: int) -> None:
    """None, several, a folder, or a way of packing that no uploader uses."""
    with pytest.raises(BundleRefused):
        unpack_artifact(write_zip(tmp_path / "a.zip", files, method=method), tmp_path / "out", most_bytes=100)


def test_a_bomb_is_cut_off(tmp_path: Path) -> None:
    """What unpacks to more than is taken is stopped where that shows, whatever its own list says."""
    archive = write_zip(tmp_path / "a.zip", {"a": bytes(10_000_000)})
    with pytest.raises(BundleTooLarge):
        unpack_artifact(archive, tmp_path / "out", most_bytes=1_000_000)

    assert (tmp_path / "out").stat().st_size <= 1_000_000


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    """Wherever a bit is wrong, it is refused in words or gives the very bytes that were packed."""
    whole = write_zip(tmp_path / "a.zip", {"bundle.tar": b"content" * 50}).read_bytes()
    for place in range(len(whole)):
        (tmp_path / "b.zip").write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            unpack_artifact(tmp_path / "b.zip", tmp_path / "out", most_bytes=10_000)
        except (BundleRefused, BundleTooLarge):
            continue
        assert (tmp_path / "out").read_bytes() == b"content" * 50


def test_a_fork_whose_preview_fails_fails(stage: Stage) -> None:
    """What could not be tried before the word was given is told once it was, and counts."""
    stage.crown()
    number = stage.propose("idea", fork=FORK)
    stage.leave(stage.draft(number), fork=FORK)
    settle(stage.server, number)
    record = find_finished(stage.project.store, number, sha=stage.head(number))
    assert record is not None
    approve(stage.project.store, record, by="ada")
    stage.previews.fail = PreviewFailed("it does not come up", log="ImportError: no module named eve")
    settle(stage.server, number)
    stage.previews.fail = None
    settle(stage.server, number)

    assert read(stage, number).verdict == "fail"
    assert stage.check(stage.head(number)).conclusion == "failure"
    assert "no module named eve" in stage.comment(number)
    assert stage.previews.shas.keys() == {"1"}
