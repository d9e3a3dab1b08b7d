"""Holding: a fork's preview waits for a maintainer's word on its very commit, and starts with it."""

from __future__ import annotations

from datetime import UTC, datetime

from greenroom_pipeline.api.deployment import restore
from greenroom_pipeline.api.documents import PreviewLink
from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.preview_answers import PreviewAnswers
from greenroom_pipeline.errors import StoreError
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.events.server import AppServer
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.gate import run_gate
from greenroom_pipeline.packaging import package_champion
from greenroom_pipeline.record import read_report, revise_report
from greenroom_pipeline.revision import conclude_anew
from greenroom_pipeline.subject import open_champion
from greenroom_pipeline.tracking import RunRecord, Store

WANTED, WITHDRAWN, SHOWN = "wanted", "withdrawn", "shown"
"""What a run's tag `preview` says: it is to come up, it went with its pull request, it was brought up."""


def is_held(record: RunRecord) -> bool:
    """Say whether the run came from a fork, and nobody has looked at its commit yet."""
    return bool(record.tags.get("fork")) and record.tags.get("approved_sha") != record.tags["sha"]


def approve(store: Store, record: RunRecord, *, by: str) -> None:
    """Let the preview of this very run start: another commit, or another model of this one, needs another word."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    sha = record.tags["sha"]
    store.tag(record.id, {"approved_sha": sha, "approved_by": by, "approved_at": at, "preview": WANTED})


def show_preview(server: AppServer, pull: PullRequest, record: RunRecord) -> None:
    """Bring the run's preview up again, from the model in the store; `HostAbsent` when no host runs."""
    project = server.project
    version = next(
        (each for each in project.store.versions() if each.version == record.tags["version"]), None
    )
    if version is None:
        raise StoreError(
            f"version {record.tags['version']} of {project.name} is gone from MLflow; run the commit again"
        )
    link = restore(
        server.previews,
        package_champion(project, open_champion(project.store, version)),
        project=project.name,
        slot=str(pull.number),
        sha=pull.head,
        timeout=project.settings.preview.timeout,
    )
    if link.state != "absent":
        _note(server, record, link)
        project.store.tag(record.id, {"preview": SHOWN})


def _note(server: AppServer, record: RunRecord, link: PreviewLink) -> None:
    """Let a fork's report say how its preview came up, which could not be tried before."""
    store = server.project.store
    report = read_report(store, record.id)
    if not record.tags.get("fork") or report is None or report.preview is None:
        return
    failed = link.state == "failed"
    update = {
        "state": "failed" if failed else "awake",
        "log": (link.log or link.error or "") if failed else "",
    }
    preview = report.preview.model_copy(update=update)
    case = Case(Evaluation(report.task, report.champion is not None, ()), preview=preview)
    tested = run_gate(server.project.settings.gate, case, [PreviewAnswers()])
    checks = [each for each in report.checks if each.code != PreviewAnswers.code] + tested
    revised = conclude_anew(report.model_copy(update={"preview": preview}), checks)
    revise_report(store, record, revised)
