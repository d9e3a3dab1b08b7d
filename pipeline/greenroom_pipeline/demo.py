"""The demo: the whole loop on real flights, and the proof that it really happened."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from greenroom_pipeline.candidate import find_trained
from greenroom_pipeline.disagreements import to_native
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.places import find_places
from greenroom_pipeline.previews import query
from greenroom_pipeline.progress import Progress, Silence
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.promotion import promote_checkout
from greenroom_pipeline.run import RunResult, run_loop
from greenroom_pipeline.score import recorded_predictions
from greenroom_pipeline.serve import Server, serving
from greenroom_pipeline.subject import Subject, find_champion, identify
from greenroom_pipeline.terminal import ConsoleProgress, print_log, print_report
from greenroom_pipeline.workspace import Branch, Ending, add_branch, make_workspace, read_branches

_ROWS = 5
_TOLERANCE = 1e-9


class DemoError(GreenroomError):
    """The demo did not show what it is there to show."""


@dataclass(frozen=True)
class Shown:
    """What came out for one branch."""

    branch: Branch
    ending: Ending
    sentence: str
    result: RunResult | None = None
    log: str = ""


@dataclass(frozen=True)
class Stage:
    """The demo when everything has been played and the server is up."""

    project: Project
    server: Server
    shown: list[Shown]


@contextmanager
def play_demo(console: Console, environ: Mapping[str, str], *, port: int) -> Iterator[Stage]:
    """Play the loop for a champion and four branches; all of it is gone when the context closes."""
    with tempfile.TemporaryDirectory(prefix="greenroom-demo-", ignore_cleanup_errors=True) as folder:
        workspace = Path(folder) / "flight-delays"
        console.print(f"Preparing the example repository and its data in {workspace} …")
        repository = make_workspace(workspace)
        branches = read_branches()
        for branch in branches:
            add_branch(repository, branch)
        kept = {
            key: value
            for key, value in environ.items()
            if key not in ("GREENROOM_HOME", "MLFLOW_TRACKING_URI")
        }
        project = open_project(find_places(workspace, kept))
        with serving(project.places, host="127.0.0.1", port=port, environ=kept) as server:
            console.print(f"Portal: {server.portal} (fills while the demo plays)")
            progress = ConsoleProgress(console)
            _crown_champion(project, progress, console)
            shown = [_show_branch(project, branch, progress, console) for branch in branches]
            project.repository.git("switch", "--quiet", "main")
            yield Stage(project, server, shown)


def prove_demo(stage: Stage, console: Console) -> None:
    """Check that everything really happened; `DemoError` at the first thing that did not."""
    _prove_endings(stage.shown)
    console.print("✓ each branch ended as its data says")
    answers = _prove_previews(stage)
    console.print(f"✓ {answers} live answers equal the scored ones, production's among them")
    _prove_repetition(stage)
    console.print("✓ a second run of the same commit trained nothing")
    _prove_portal(stage)
    console.print("✓ the portal answers")


def _crown_champion(project: Project, progress: Progress, console: Console) -> None:
    console.print("\n[bold]main[/]: the first champion")
    result = run_loop(project, progress)
    print_report(console, result.report)
    promote_checkout(project, by="Greenroom demo")


def _show_branch(project: Project, branch: Branch, progress: Progress, console: Console) -> Shown:
    console.print(f"\n[bold]{escape(branch.name)}[/]: {escape(branch.title)}")
    project.repository.git("switch", "--quiet", branch.name)
    try:
        result = run_loop(project, progress)
    except GreenroomError as error:
        print_log(console, error.log)
        console.print(f"[bold red]ERROR[/]  {escape(str(error))}", highlight=False)
        return Shown(branch, "error", str(error), log=error.log)
    print_report(console, result.report)
    return Shown(branch, result.report.verdict, result.report.summary, result)


def _prove_endings(shown: list[Shown]) -> None:
    for each in shown:
        if each.ending not in each.branch.ends:
            expected = " or ".join(each.branch.ends)
            raise DemoError(f"{each.branch.name} ended with {each.ending}, not {expected}: {each.sentence}")
        if each.ending == "error" and "Traceback" not in each.log:
            raise DemoError(f"{each.branch.name} failed without the log of its model's process")


def _prove_previews(stage: Stage) -> int:
    """Compare what every preview answers to holdout rows with what was scored; return how many."""
    project, compared = stage.project, 0
    for each in stage.shown:
        if each.result is None:
            continue
        project.repository.git("switch", "--quiet", each.branch.name)
        subject = identify(project)
        compared += _prove_slot(project, subject, subject.slot)
    return compared + _prove_slot(project, subject, "production")


def _prove_slot(project: Project, subject: Subject, slot: str) -> int:
    champion = find_champion(project.store)
    model = find_trained(project.store, subject.fingerprint)
    if slot == "production":
        model = champion.model if champion else None
    if model is None:
        raise DemoError(f"no model is recorded for slot {slot}")
    task = project.settings.project.task
    scored = recorded_predictions(model, subject.holdout, task=task, store=project.store)
    features = subject.holdout.features(model.columns)
    if scored is None or scored.probabilities is None:
        raise DemoError(f"no scores are recorded for slot {slot}")
    for row in range(_ROWS):
        question = {name: to_native(features[name].iloc[row]) for name in features.columns}
        reply = query(project.places, question, project=project.name, slot=slot)
        expected = dict(zip(scored.classes, scored.probabilities[row].tolist(), strict=True))
        if reply.probabilities is None or _differ(reply.probabilities, expected):
            raise DemoError(
                f"slot {slot} answers {reply.probabilities or reply.error}, scored was {expected}"
            )
    return _ROWS


def _differ(ours: Mapping[str, float], theirs: Mapping[str, float]) -> bool:
    return ours.keys() != theirs.keys() or any(abs(ours[key] - theirs[key]) > _TOLERANCE for key in ours)


def _prove_repetition(stage: Stage) -> None:
    first = next(each for each in stage.shown if each.result is not None)
    stage.project.repository.git("switch", "--quiet", first.branch.name)
    again = run_loop(stage.project, Silence())
    if again.trained or not again.recorded:
        raise DemoError(f"a second run of {first.branch.name} did not find what the first had recorded")


def _prove_portal(stage: Stage) -> None:
    for path in ("/api/health", "/"):
        answer = httpx.get(stage.server.portal + path, timeout=30)
        if answer.status_code != 200:
            raise DemoError(f"the portal answers {answer.status_code} to {path}")
