"""What is posted of a run, and that nothing older than what stands is."""

from __future__ import annotations

import pytest

from greenroom_pipeline.errors import ForgeError, ForgeRefused
from greenroom_pipeline.forge import Forge
from greenroom_pipeline.publishing.answered import Answer, insert_answer
from greenroom_pipeline.publishing.comment import tell_fork
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.publication import (
    Place,
    publish_failure,
    publish_report,
    publish_start,
    publish_untouched,
    withdraw,
)
from greenroom_pipeline.report import Preview
from tests.memory_forge import MemoryForge
from tests.reports import CHECKS, SETTINGS, SHA, make_report

KEY = "flight-delays"
NEXT = "b" * 40
PLACE = Place(project=KEY, folder="", sha=SHA, pull=7, order=10)
LINKS = Links(
    review="https://greenroom.example.com/review?pull=7", job="https://github.com/a/b/actions/runs/1"
)
PASSED = make_report(checks=[check for check in CHECKS if check.outcome == "passed"])


def make_forge(**refuses: ForgeError) -> MemoryForge:
    forge = MemoryForge(down=refuses.pop("pull", None), refuses=refuses)
    forge.put(7, head=SHA)
    return forge


def test_a_forge_in_memory_is_a_forge() -> None:
    """The tests' forge has what the protocol asks for."""
    forge: Forge = make_forge()

    assert forge.pull(7).head == SHA


def test_a_report_is_one_comment_one_check_and_one_deployment() -> None:
    """Posted twice it is still one of each, and every link leads to the review."""
    forge = make_forge()
    publish_start(forge, PLACE, LINKS)
    started = forge.checks[SHA, "greenroom/gate", KEY]
    publish_report(forge, PLACE, make_report(), LINKS, settings=SETTINGS)
    publish_report(forge, PLACE, make_report(), LINKS, settings=SETTINGS)

    (check,), (comment,) = forge.checks.values(), forge.comments.values()
    (deployment,) = forge.deployments.values()
    assert (started.state, check.state, deployment.state) == ("running", "failure", "success")
    assert check.link == deployment.link == LINKS.review
    assert deployment.log == LINKS.job
    assert deployment.digest == make_report().candidate.digest
    assert len(deployment.description) <= 140
    assert check.annotations
    assert "### ❌ Fail" in comment


@pytest.mark.parametrize(
    ("links", "said"), [(LINKS, "3f9c1d7 answers ("), (Links(), "answered in its job (")]
)
def test_a_preview_that_ended_with_its_job_says_so(links: Links, said: str) -> None:
    """Only a server's preview can be asked: without one the deployment does not promise it."""
    forge = make_forge()
    publish_report(forge, PLACE, PASSED, links, settings=SETTINGS)

    (deployment,) = forge.deployments.values()
    assert said in deployment.description


def test_projects_of_one_repository_do_not_meet() -> None:
    """Each has its own comment, and a check under its own name."""
    forge = make_forge()
    for project in ("flights", "trains"):
        place = Place(project=project, folder=f"models/{project}", sha=SHA, pull=7)
        publish_report(forge, place, make_report(project=project), LINKS, settings=SETTINGS)

    assert {name for _, name, _ in forge.checks} == {"greenroom/gate/flights", "greenroom/gate/trains"}
    assert set(forge.comments) == {(7, "flights"), (7, "trains")}
    assert {each.annotations[0].path for each in forge.checks.values()} == {
        "models/flights/greenroom.toml",
        "models/trains/greenroom.toml",
    }


def test_without_a_pull_request_there_is_a_check_alone() -> None:
    """A merge group's commit is reported on, and nobody's pull request is spoken in."""
    forge = make_forge()
    publish_report(forge, Place(KEY, "", SHA, None), PASSED, LINKS)

    assert [check.state for check in forge.checks.values()] == ["success"]
    assert (forge.comments, forge.deployments) == ({}, {})


def test_an_older_run_of_the_same_commit_posts_nothing() -> None:
    """What a later run has said of the commit stands; the later one again, and one without a number, may speak."""
    forge = make_forge()
    publish_report(forge, PLACE, make_report(), LINKS)
    before = dict(forge.comments), dict(forge.checks)
    old = Place(KEY, "", SHA, 7, order=9)
    for _ in range(2):
        publish_start(forge, old, LINKS)
        publish_report(forge, old, PASSED, LINKS)
        publish_failure(forge, old, LINKS, step="train", reason="r", log="")

    assert (forge.comments, forge.checks) == before
    publish_report(forge, Place(KEY, "", SHA, 7, order=0), PASSED, LINKS)
    assert "✅ Pass" in forge.comments[7, KEY]


def test_a_commit_that_is_the_head_no_longer_has_its_check_alone() -> None:
    """The comment and the preview are about the newest commit, also when its own run is not done yet."""
    forge = make_forge()
    forge.put(7, head=NEXT)
    publish_report(forge, PLACE, make_report(), LINKS)

    assert set(forge.checks) == {(SHA, "greenroom/gate", KEY)}
    assert (forge.comments, forge.deployments) == ({}, {})


def test_a_head_that_went_back_is_spoken_of() -> None:
    """After a forced push to an older commit its run has the say, whatever its number."""
    forge = make_forge()
    forge.put(7, head=NEXT)
    publish_report(forge, Place(KEY, "", NEXT, 7, order=99), PASSED, LINKS)
    forge.put(7, head=SHA)
    publish_report(forge, PLACE, make_report(), LINKS)

    assert "### ❌ Fail" in forge.comments[7, KEY]


def test_a_closed_pull_request_gets_no_deployment() -> None:
    """Whoever closed it has withdrawn its preview, and nothing would end another."""
    forge = make_forge()
    forge.put(7, head=SHA, state="closed")
    publish_report(forge, PLACE, make_report(), LINKS)

    assert forge.deployments == {}
    assert (7, KEY) in forge.comments


@pytest.mark.parametrize(("state", "shown"), [("awake", "success"), ("failed", "failure"), ("stopped", None)])
def test_a_deployment_is_a_preview_that_was_tried(state: str, shown: str | None) -> None:
    """One that answers, or one that failed; where there was no room, there is none."""
    forge = make_forge()
    preview = Preview.model_validate({"slot": "7", "bento": "b:1", "state": state})
    publish_report(forge, PLACE, make_report(preview=preview), Links(job=LINKS.job))

    assert [each.state for each in forge.deployments.values()] == ([shown] if shown else [])
    assert all(each.link == LINKS.job for each in forge.deployments.values())


def test_a_held_preview_waits() -> None:
    """What a fork's report is worth is said; the check asks for a maintainer, and nothing is deployed."""
    forge = make_forge()
    forge.put(7, head=SHA, is_fork=True)
    publish_report(forge, PLACE, PASSED, LINKS, held=True)
    held = forge.comments[7, KEY]
    (check,) = forge.checks.values()

    assert check.state == "action_required"
    assert [button.identifier for button in check.buttons] == ["preview:555555555555"]
    assert f"/greenroom preview {SHA}" in held
    assert forge.deployments == {}

    publish_report(forge, PLACE, PASSED, LINKS)
    assert tell_fork(PASSED) in forge.comments[7, KEY]
    assert "/greenroom preview" not in forge.comments[7, KEY]
    assert [each.state for each in forge.deployments.values()] == ["success"]


def test_a_failure_is_told_with_its_log() -> None:
    """Step, reason and the last lines stand in the comment, and the check fails."""
    forge = make_forge()
    publish_failure(forge, PLACE, LINKS, step="train", reason="it broke", log="the last line")
    (check,) = forge.checks.values()

    assert (check.state, check.title) == ("failure", "No verdict: train failed")
    assert "train failed: it broke" in forge.comments[7, KEY].splitlines()[1]
    assert "the last line" in forge.comments[7, KEY]


def test_an_untouched_model_gets_a_check_and_no_comment() -> None:
    """The check passes; only where a comment stands already, it says so from now on."""
    forge = make_forge()
    publish_untouched(forge, PLACE)
    assert [check.state for check in forge.checks.values()] == ["success"]
    assert forge.comments == {}

    publish_report(forge, PLACE, make_report(), LINKS)
    publish_untouched(forge, PLACE)
    assert "no longer touches the model" in forge.comments[7, KEY]


def test_answers_stay() -> None:
    """A new report leaves what people asked in the comment before."""
    forge = make_forge()
    publish_report(forge, PLACE, make_report(), LINKS)
    forge.comments[7, KEY] = insert_answer(forge.comments[7, KEY], Answer("ada", "rerun", "It runs."))
    publish_report(forge, PLACE, PASSED, LINKS)
    assert "It runs." in forge.comments[7, KEY]
    publish_failure(forge, PLACE, LINKS, step="score", reason="r", log="l")
    assert "It runs." in forge.comments[7, KEY]
    publish_untouched(forge, PLACE)
    assert "It runs." in forge.comments[7, KEY]


def test_all_are_tried_and_one_error_tells_what_failed() -> None:
    """A token without one right loses that one post; the error names each that failed, and is a refusal of rights."""
    lacking = ForgeRefused("the token lacks checks: write")
    forge = make_forge(write_check=lacking)
    with pytest.raises(ForgeRefused, match=r"^not all was posted: the check: the token lacks checks: write$"):
        publish_report(forge, PLACE, make_report(), LINKS)
    assert (7, KEY) in forge.comments
    assert (7, KEY) in forge.deployments

    forge = make_forge(write_comment=lacking, write_deployment=ForgeError("it does not answer"))
    with pytest.raises(ForgeError, match=r"the comment: .* the deployment: it does not answer") as told:
        publish_report(forge, PLACE, make_report(), LINKS)
    assert not isinstance(told.value, ForgeRefused)
    assert forge.checks


def test_what_stands_must_be_known_before_it_is_written_over() -> None:
    """Where the forge does not tell what our comment is, or of the pull request, none is written; the check is."""
    for method in ("comment", "pull"):
        forge = make_forge(**{method: ForgeError("it does not answer")})
        with pytest.raises(ForgeError, match="it does not answer"):
            publish_report(forge, PLACE, make_report(), LINKS)
        assert forge.checks
        assert forge.comments == {}
        assert bool(forge.deployments) == (method == "comment")


def test_a_pull_request_that_is_gone_is_told() -> None:
    """A number that the forge does not know is an error of the forge's, not a defect."""
    with pytest.raises(ForgeError, match="there is no pull request 8"):
        publish_report(make_forge(), Place(KEY, "", SHA, 8), make_report(), LINKS)


def test_withdrawing_ends_what_is_live() -> None:
    """A closed pull request's deployment ends, and without one nothing is asked."""
    forge = make_forge()
    publish_report(forge, PLACE, make_report(), LINKS)
    withdraw(forge, PLACE)
    withdraw(make_forge(end_deployments=ForgeError("no")), Place(KEY, "", SHA, None))

    assert forge.deployments == {}
