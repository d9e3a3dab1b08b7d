"""The demo: the whole loop on real flights, and the proof that it really happened."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from greenroom_pipeline.candidate import find_trained
from greenroom_pipeline.desk import PRODUCTION
from greenroom_pipeline.disagreements import to_native
from greenroom_pipeline.errors import DemoError, GreenroomError
from greenroom_pipeline.holdout import Holdout
from greenroom_pipeline.local_desk import LocalDesk
from greenroom_pipeline.models import Model
from greenroom_pipeline.places import find_places
from greenroom_pipeline.progress import Progress, Silence
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.promotion import promote_checkout, promote_pull
from greenroom_pipeline.queries import query
from greenroom_pipeline.record import read_failure, read_report
from greenroom_pipeline.run import run_loop
from greenroom_pipeline.score import recorded_predictions
from greenroom_pipeline.serve import Server, serving
from greenroom_pipeline.subject import Subject, identify
from greenroom_pipeline.terminal import (
    ConsoleProgress,
    print_error,
    print_headline,
    print_log,
    print_report,
)
from greenroom_pipeline.tracking import RunRecord
from greenroom_pipeline.workspace import Branch, add_branch, make_workspace, read_branches
from greenroom_services.client import HostClient

_ROWS = 5
_TOLERANCE = 1e-9
# The demo keeps to its own workspace, whatever the user works with otherwise.
_OWN = frozenset({"GREENROOM_HOME", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"})


@dataclass(frozen=True)
class Stage:
    """The demo when everything has been played and the server is up."""

    project: Project
    server: Server


@contextmanager
def play_demo(console: Console, environ: Mapping[str, str], *, port: int) -> Iterator[Stage]:
    """Play the loop for a champion and four branches; all of it is gone when the context closes."""
    with tempfile.TemporaryDirectory(prefix="greenroom-demo-", ignore_cleanup_errors=True) as folder:
        workspace = Path(folder) / "flight-delays"
        console.print(f"Preparing the example repository and its data in {workspace} …", soft_wrap=True)
        kept = {key: value for key, value in environ.items() if key not in _OWN}
        places = find_places(workspace, kept)
        repository = make_workspace(workspace, tools=places.tools)
        branches = read_branches()
        for branch in branches:
            add_branch(repository, branch)
        project = open_project(places)
        with serving(project, host="127.0.0.1", port=port, environ=kept) as server:
            console.print(f"Portal: {server.portal} (fills while the demo plays)")
            progress = ConsoleProgress(console)
            _crown_champion(project, progress, console)
            for branch in branches:
                _show_branch(project, branch, progress, console)
            project.repository.git("switch", "--quiet", "main")
            yield Stage(project, server)


def _crown_champion(project: Project, progress: Progress, console: Console) -> None:
    print_headline(console, "main", "the first champion")
    result = run_loop(project, progress)
    print_report(console, result.report)
    promote_checkout(project, by="Greenroom demo")


def _show_branch(project: Project, branch: Branch, progress: Progress, console: Console) -> None:
    """Take a branch through the loop; a candidate that fails on the way is a thing to show as well."""
    print_headline(console, branch.name, branch.title)
    project.repository.git("switch", "--quiet", branch.name)
    try:
        result = run_loop(project, progress)
    except GreenroomError as error:
        print_log(console, error.log)
        print_error(console, str(error))
    else:
        print_report(console, result.report)


def prove_demo(project: Project, portal: str, console: Console) -> None:
    """Check, from what is recorded and from what answers, that everything really happened.

    `DemoError` at the first thing that did not.
    """
    subjects = _prove_endings(project)
    console.print("✓ each branch ended as its data says")
    answers = _prove_previews(project, subjects)
    console.print(f"✓ {answers} live answers equal the scored ones, production's among them")
    seconds = _prove_waking(project)
    console.print(f"✓ a preview that slept answered through the gateway after {seconds:.2f} s")
    _prove_repetition(project)
    console.print("✓ a second run of the same commit trained nothing")
    _prove_portal(project, portal)
    console.print("✓ the portal answers, and has every review")


def _prove_endings(project: Project) -> list[Subject]:
    """Hold each branch's record against what may honestly come out; return those that have a preview."""
    finished = []
    for branch in read_branches():
        project.repository.git("switch", "--quiet", branch.name)
        subject = identify(project)
        records = project.store.records(sha=subject.commit.sha)
        if not records:
            raise DemoError(f"{branch.name} did not go through the loop")
        _prove_ending(project, branch, records[0])
        if records[0].tags["state"] == "finished":
            finished.append(subject)
    return finished


def _prove_ending(project: Project, branch: Branch, record: RunRecord) -> None:
    ending = record.tags.get("verdict", "error")
    if ending not in branch.ends:
        said = record.tags.get("summary") or record.tags.get("reason")
        raise DemoError(f"{branch.name} ended with {ending}, not {' or '.join(branch.ends)}: {said}")
    report = read_report(project.store, record.id)
    reasons = {check.code for check in report.checks if check.outcome == "failed"} if report else set()
    reasons |= {record.tags["step"]} if ending == "error" else set()
    if reasons != ({branch.because} if branch.because else set()):
        raise DemoError(
            f"{branch.name} ended for {', '.join(reasons) or 'no reason'}, not for {branch.because}"
        )
    if ending == "error" and "Traceback" not in read_failure(project.store, record.id):
        raise DemoError(f"{branch.name} failed without the log of its model's process")


def _prove_previews(project: Project, subjects: list[Subject]) -> int:
    """Compare what every preview answers to holdout rows with what was scored; return how many."""
    compared = 0
    for subject in subjects:
        model = find_trained(project.store, subject.fingerprint)
        compared += _prove_slot(project, model, subject.holdout, subject.slot)
        champion = subject.champion
    return compared + _prove_slot(project, champion.model if champion else None, subject.holdout, PRODUCTION)


def _prove_slot(project: Project, model: Model | None, holdout: Holdout, slot: str) -> int:
    if model is None:
        raise DemoError(f"no model is recorded for slot {slot}")
    scored = recorded_predictions(model, holdout, task=project.settings.project.task, store=project.store)
    if scored is None or scored.probabilities is None:
        raise DemoError(f"no scores are recorded for slot {slot}")
    features = holdout.features(model.columns)
    for row in range(_ROWS):
        question = {name: to_native(features[name].iloc[row]) for name in features.columns}
        reply = query(project.places, question, project=project.name, slot=slot)
        expected = dict(zip(scored.classes, scored.probabilities[row].tolist(), strict=True))
        if reply.probabilities is None or _differ(reply.probabilities, expected):
            raise DemoError(
                f"slot {slot} answers {reply.probabilities or reply.error}, scored was {expected}"
            )
    return _ROWS


def _prove_waking(project: Project) -> float:
    """Put production's preview to sleep, ask it as a program does, and return the seconds until it has answered."""
    host = HostClient(project.places.host)
    row = host.describe(project.name, PRODUCTION)["profile"]["examples"][0]
    wanted = host.predict(project.name, PRODUCTION, [row])
    if host.sleep(project.name, PRODUCTION).state != "asleep":
        raise DemoError("production's preview does not sleep")
    start = time.perf_counter()
    address = host.status(project.name, PRODUCTION).address
    answer = httpx.post(f"{address}/predict", json={"rows": [row]}, timeout=60)
    seconds = time.perf_counter() - start
    if answer.status_code != httpx.codes.OK or answer.json() != wanted:
        raise DemoError(f"production's preview woke and answered {answer.status_code}: {answer.text[:300]}")
    return seconds


def _differ(ours: Mapping[str, float], theirs: Mapping[str, float]) -> bool:
    return ours.keys() != theirs.keys() or any(abs(ours[key] - theirs[key]) > _TOLERANCE for key in ours)


def _prove_repetition(project: Project) -> None:
    branch = read_branches()[0]
    project.repository.git("switch", "--quiet", branch.name)
    again = run_loop(project, Silence())
    if again.trained or not again.recorded:
        raise DemoError(f"a second run of {branch.name} did not find what the first had recorded")


def _prove_portal(project: Project, portal: str) -> None:
    for path in ("/api/health", "/"):
        answer = httpx.get(portal + path, timeout=30)
        if answer.status_code != 200:
            raise DemoError(f"the portal answers {answer.status_code} to {path}")
    desk, branches = LocalDesk(project), read_branches()
    for review in desk.reviews():
        if review.run_state == "finished" and desk.report(project.name, review.pull) is None:
            raise DemoError(f"the portal has no report of pull request {review.pull}")
    if len(desk.reviews()) != len(branches):
        raise DemoError(f"the portal has {len(desk.reviews())} reviews of {len(branches)} branches")


def prove_promotion(project: Project, console: Console) -> None:
    """Promote the first branch, and check that production then answers with exactly the reviewed model."""
    project.repository.git("switch", "--quiet", read_branches()[0].name)
    subject = identify(project)
    model = find_trained(project.store, subject.fingerprint)
    project.repository.git("switch", "--quiet", "main")
    assert subject.pull is not None
    promotion = promote_pull(project, subject.pull.number, sha=subject.commit.sha, by="Greenroom demo")
    if model is None or promotion.version.tags["digest"] != model.digest:
        raise DemoError("what was promoted is not what was reviewed")
    _prove_slot(project, model, subject.holdout, PRODUCTION)
    console.print(f"✓ pull request {subject.pull.number} is merged, and its model answers in production")
