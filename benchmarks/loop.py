"""The loop for a pull request, step by step, beside the plain recipe on the same commits."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.logged import read_logged
from benchmarks.plain import Plain, PlainTimes, follow, prepare_plain
from benchmarks.processes import BenchmarkError, Ended, run_timed, time_server
from benchmarks.results import Result, compare
from greenroom_pipeline.places import Places, find_places
from greenroom_pipeline.report import Report, from_json
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.workspace import make_workspace
from greenroom_services.client import HostClient
from greenroom_services.environments import build_environment
from greenroom_services.host.launch import launch_host
from greenroom_services.host.records import Records
from greenroom_services.previews import Address, Manifest

STEPS = ("fingerprint", "score", "evaluate", "gate")
_PARAMETER = '"C": 1.0'


@dataclass(frozen=True)
class RunTimes:
    """Seconds of `greenroom run` on a pull request's commit."""

    whole: float
    steps: dict[str, float]
    log_model: float
    """Part of the step `train`, for the project's own command logs the model."""

    @property
    def train(self) -> float:
        return self.steps["train"] - self.log_model

    @property
    def around(self) -> float:
        """The command's start, and the report, which is told by no report."""
        return self.whole - sum(self.steps.values())

    @property
    def after_training(self) -> float:
        return self.whole - self.train


@dataclass(frozen=True)
class Round:
    """What was measured of one pull request."""

    first: RunTimes
    again: float
    plain: PlainTimes
    preview: float
    served: float
    """The preview's Bento by `bentoml serve` in the preview's environment."""


@dataclass(frozen=True)
class Team:
    """A project with a champion, its preview host running, and the same project without Greenroom."""

    repository: Repository
    places: Places
    plain: Plain


def bench_loop(rounds: int) -> list[Result]:
    """Measure *rounds* pull requests on the example repository, the two sides in turn."""
    with tempfile.TemporaryDirectory(prefix="greenroom-bench-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve()
        repository = make_workspace(root / "flight-delays", tools=root / "tools")
        places = find_places(repository.root, os.environ)
        team = Team(
            repository, places, prepare_plain(repository.root, root / "plain", cache=places.environments)
        )
        host = launch_host(places.host, cache=places.environments)
        try:
            _say("the champion, and the plain recipe once, uncounted")
            _crown(team)
            return tell([_measure(team, number, of=rounds) for number in range(1, rounds + 1)])
        finally:
            host.stop()


def tell(rounds: Sequence[Round]) -> list[Result]:
    """Return the rows: step by step first, then what is promised."""
    first, plain = [each.first for each in rounds], [each.plain for each in rounds]
    after = [each.after_training for each in first]
    unlocked = [each.after_training - each.build + each.build_unlocked for each in plain]
    return [
        compare("train, logging excluded", [each.train for each in first], [each.train for each in plain]),
        compare("log the model", [each.log_model for each in first], [each.log_model for each in plain]),
        compare("command's start and report", [each.around for each in first]),
        *(compare(step, [each.steps[step] for each in first]) for step in STEPS),
        compare("package : bentoml build", _step(first, "package"), [each.build for each in plain]),
        compare("preview : bentoml serve", _step(first, "preview"), [each.serve for each in plain]),
        compare(
            "pull request → preview link, training excluded",
            after,
            [each.after_training for each in plain],
            target=0.35,
        ),
        compare("  the same, plain recipe with lock_packages: false", after, unlocked),
        compare(
            "the same commit again : its first run",
            [each.again for each in rounds],
            [each.whole for each in first],
            target=0.05,
        ),
        compare(
            "preview until its first answer : bentoml serve of the same Bento",
            [each.preview for each in rounds],
            [each.served for each in rounds],
        ),
    ]


def _step(runs: Sequence[RunTimes], step: str) -> list[float]:
    return [run.steps[step] for run in runs]


def _say(what: str) -> None:
    print(f"  {what} …", file=sys.stderr, flush=True)


def _crown(team: Team) -> None:
    """Make main's model the champion, and follow the plain recipe once, so that both sides are warm."""
    _greenroom(team, "run", "--json")
    _greenroom(team, "promote", "--by", "benchmark")
    follow(team.plain, row=_find_row(team, "production"))


def _measure(team: Team, number: int, *, of: int) -> Round:
    """Propose a model with another C, and take it through Greenroom and through the plain recipe."""
    _say(f"pull request {number} of {of}")
    propose(team.repository, number)
    ran = _greenroom(team, "run", "--json")
    report = from_json(ran.out)
    assert report.preview is not None
    again = _greenroom(team, "run", "--json")
    deployed, row = _deployed(team, report), _find_row(team, report.preview.slot)
    preview = _time_deployment(team, report, deployed)
    served = _serve(team, deployed, row)
    plain = follow(team.plain, row=row)
    return Round(_read_times(team, ran.seconds, report), again.seconds, plain, preview, served)


def propose(repository: Repository, number: int) -> None:
    script = repository.root / "train.py"
    repository.git("switch", "--quiet", "--create", f"regularisation-{number}", "main")
    source = script.read_text()
    if _PARAMETER not in source:
        raise BenchmarkError(f"the example's train.py no longer holds {_PARAMETER}")
    script.write_text(source.replace(_PARAMETER, f'"C": {1 / (1 + number):.4f}'))
    repository.git("commit", "--quiet", "--all", "-m", "Regularise more strongly")


def _greenroom(team: Team, *arguments: str) -> Ended:
    command = [sys.executable, "-m", "greenroom_pipeline.cli", *arguments]
    # A gate that fails is exit status 1, and a result like any other.
    return run_timed(command, folder=team.repository.root, fine=(0, 1))


def _read_times(team: Team, seconds: float, report: Report) -> RunTimes:
    logged = read_logged(team.places.tracking_uri, run_id=report.candidate.run_id)
    steps = {timing.step: timing.seconds for timing in report.timings}
    return RunTimes(whole=seconds, steps=steps, log_model=logged.seconds)


@dataclass(frozen=True)
class Deployed:
    """What runs in a slot: the Bento as it was packaged, and the manifest of its bundle."""

    bento: Path
    manifest: Manifest


def _deployed(team: Team, report: Report) -> Deployed:
    assert report.preview is not None
    name, _, version = report.preview.bento.partition(":")
    address = Address(project=report.project, slot=report.preview.slot)
    manifest = Records(team.places.host).load()[address].manifest
    return Deployed(team.places.bentos / "bentos" / name / version, manifest)


def _find_row(team: Team, slot: str) -> dict[str, Any]:
    """Return an example without gaps, since the ordinary service has nobody who reads null as a number."""
    described = HostClient(team.places.host).describe(team.repository.root.name, slot)
    examples: list[dict[str, Any]] = described["profile"]["examples"]
    return next(example for example in examples if None not in example.values())


def _time_deployment(team: Team, report: Report, deployed: Deployed) -> float:
    """Start the preview anew in its slot; then free the slot, so that each round finds the same machine."""
    assert report.preview is not None
    client, slot, manifest = HostClient(team.places.host), report.preview.slot, deployed.manifest
    client.stop(report.project, slot)
    start = time.perf_counter()
    client.deploy(
        report.project,
        slot,
        bento=deployed.bento,
        requirements=manifest.requirements,
        sha=manifest.sha,
        model=manifest.model,
        timeout=manifest.timeout,
        probe=manifest.probe,
    )
    seconds = time.perf_counter() - start
    client.stop(report.project, slot)
    return seconds


def _serve(team: Team, deployed: Deployed, row: Mapping[str, Any]) -> float:
    environment = build_environment(deployed.manifest.requirements, cache=team.places.environments)
    command = [str(environment.python), "-m", "bentoml", "serve", str(deployed.bento)]
    return time_server(command, folder=deployed.bento, row=row)
