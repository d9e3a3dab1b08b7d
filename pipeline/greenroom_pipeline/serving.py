"""Serving: the candidate's preview with production beside it, their times, and their answers to pinned cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenroom_pipeline.case_asking import ask_preview
from greenroom_pipeline.case_judging import Given, judge_case, leave_untested
from greenroom_pipeline.cases import CaseResult, PinnedCase
from greenroom_pipeline.desk import PRODUCTION
from greenroom_pipeline.latency import compare_times
from greenroom_pipeline.observations import Latency
from greenroom_pipeline.packaging import Package, package_champion, profile_holdout
from greenroom_pipeline.previews import Host, deploy, preview_host
from greenroom_pipeline.project import Project
from greenroom_pipeline.report import Preview
from greenroom_pipeline.subject import Champion, Subject
from greenroom_pipeline.timing import Row, time_previews

_RANKS = {"broken": 0, "not_tested": 1, "met": 2}


@dataclass(frozen=True)
class Served:
    preview: Preview
    latency: Latency | None
    """None where no rule asks for it, or where the two did not both answer."""
    cases: list[CaseResult]
    """Of every pinned case, those that broke first."""


@dataclass(frozen=True)
class Standing:
    """One model as it serves."""

    preview: Preview
    package: Package


def serve_candidate(project: Project, subject: Subject, package: Package) -> Preview:
    """Bring the candidate's preview up, and production beside it for people to compare with."""
    with preview_host(project) as host:
        return _deploy_both(project, subject, package, host)[0].preview


def serve_and_ask(project: Project, subject: Subject, package: Package) -> Served:
    """Do the same, ask both about the pinned cases, and time their answers where `[gate.latency]` asks for it."""
    with preview_host(project) as host:
        standing = _deploy_both(project, subject, package, host)
        return Served(
            standing[0].preview,
            latency=_time(project, subject, standing, host),
            cases=_judge_cases(project, subject, standing, host),
        )


def _deploy_both(project: Project, subject: Subject, package: Package, host: Host) -> list[Standing]:
    name, timeout = project.name, project.settings.preview.timeout
    sha, champion = subject.commit.sha, subject.champion
    preview = deploy(host, package, project=name, slot=subject.slot, sha=sha, timeout=timeout)
    standing = [Standing(preview, package)]
    if champion is not None:
        production, sha = package_champion(project, champion), champion.model.sha
        preview = deploy(host, production, project=name, slot=PRODUCTION, sha=sha, timeout=timeout)
        standing.append(Standing(preview, production))
    return standing


def _judge_cases(
    project: Project, subject: Subject, standing: Sequence[Standing], host: Host
) -> list[CaseResult]:
    """Ask every model that is awake about every case; broken ones come first."""
    cases, words = subject.cases, subject.words
    if not cases:
        return []
    preview = standing[0].preview
    if preview.state != "awake":
        why = preview.log if preview.state == "stopped" else "the preview did not come up"
        return [leave_untested(case, why, words=words) for case in cases]
    ours, *others = [_ask(project, cases, each, host) for each in standing]
    theirs: Sequence[Given | None] = others[0] if others else [None] * len(cases)
    judged = [judge_case(*each, words=words) for each in zip(cases, ours, theirs, strict=True)]
    return sorted(judged, key=lambda result: _RANKS[result.outcome])


def _ask(project: Project, cases: Sequence[PinnedCase], model: Standing, host: Host) -> list[Given]:
    preview = model.preview
    if preview.state != "awake":
        return [Given(error="its preview did not come up")] * len(cases)
    taken = {feature.name for feature in model.package.profile.features}
    rows = [{name: value for name, value in case.row.items() if name in taken} for case in cases]
    return ask_preview(host.client, rows, project=project.name, slot=preview.slot)


def _time(project: Project, subject: Subject, standing: Sequence[Standing], host: Host) -> Latency | None:
    rule, champion = project.settings.gate.latency, subject.champion
    both = len(standing) == 2 and all(each.preview.state == "awake" for each in standing)
    if rule is None or champion is None or not both:
        return None
    rows = _pair_rows(project, subject, standing[0].package, champion)
    slots = (subject.slot, PRODUCTION)
    times = time_previews(host.client, rows, project=project.name, slots=slots, calls=rule.calls)
    if times is None:
        return None
    return compare_times(*times, confidence=project.settings.gate.confidence, seed=subject.seed)


def _pair_rows(
    project: Project, subject: Subject, package: Package, champion: Champion
) -> list[tuple[Row, Row]]:
    """Return rows of the holdout, each as the candidate and as the champion take it."""
    task = project.settings.project.task
    profile = profile_holdout(subject.holdout, champion.model, task=task)
    return list(zip(package.profile.examples, profile.examples, strict=True))
