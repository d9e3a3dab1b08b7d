"""Serving: the candidate's preview with production beside it, and how fast both answer."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom_pipeline.desk import PRODUCTION
from greenroom_pipeline.latency import compare_times
from greenroom_pipeline.observations import Latency
from greenroom_pipeline.packaging import Package, package_champion, profile_holdout
from greenroom_pipeline.previews import Host, deploy, preview_host
from greenroom_pipeline.project import Project
from greenroom_pipeline.report import Preview
from greenroom_pipeline.subject import Champion, Subject
from greenroom_pipeline.timing import Row, time_previews


@dataclass(frozen=True)
class Served:
    preview: Preview
    latency: Latency | None
    """None where no rule asks for it, or where the two did not both answer."""


def serve_candidate(project: Project, subject: Subject, package: Package) -> Preview:
    """Bring the candidate's preview up, and production beside it for people to compare with."""
    with preview_host(project) as host:
        return _deploy_both(project, subject, package, host)[0]


def serve_and_time(project: Project, subject: Subject, package: Package) -> Served:
    """Do the same, and time the answers of both where `[gate.latency]` asks for it."""
    with preview_host(project) as host:
        previews = _deploy_both(project, subject, package, host)
        both = len(previews) == 2 and all(preview.state == "awake" for preview in previews)
        if project.settings.gate.latency is None or subject.champion is None or not both:
            return Served(previews[0], None)
        rows = _pair_rows(project, subject, package, subject.champion)
        calls = project.settings.gate.latency.calls
        slots = (subject.slot, PRODUCTION)
        times = time_previews(host.client, rows, project=project.name, slots=slots, calls=calls)
    if times is None:
        return Served(previews[0], None)
    confidence = project.settings.gate.confidence
    return Served(previews[0], compare_times(*times, confidence=confidence, seed=subject.seed))


def _deploy_both(project: Project, subject: Subject, package: Package, host: Host) -> list[Preview]:
    name, timeout = project.name, project.settings.preview.timeout
    sha, champion = subject.commit.sha, subject.champion
    previews = [deploy(host, package, project=name, slot=subject.slot, sha=sha, timeout=timeout)]
    if champion is not None:
        production, sha = package_champion(project, champion), champion.model.sha
        previews.append(deploy(host, production, project=name, slot=PRODUCTION, sha=sha, timeout=timeout))
    return previews


def _pair_rows(
    project: Project, subject: Subject, package: Package, champion: Champion
) -> list[tuple[Row, Row]]:
    """Return rows of the holdout, each as the candidate and as the champion take it."""
    task = project.settings.project.task
    profile = profile_holdout(subject.holdout, champion.model, task=task)
    return list(zip(package.profile.examples, profile.examples, strict=True))
