"""Forks: what their workflow has left behind is fetched, examined and judged; it has no way of handing it in."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom_pipeline.api.examination import examine
from greenroom_pipeline.api.keeping import keep
from greenroom_pipeline.errors import DataError, ScoringError
from greenroom_pipeline.events.artifact import unpack_artifact
from greenroom_pipeline.events.judging import judge_fork
from greenroom_pipeline.events.server import FETCHING, AppServer
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.tracking import RunRecord
from greenroom_services.bundle import Bundle, receive_bundle
from greenroom_services.bundle_checks import MIB, BundleLimits, write_digest
from greenroom_services.errors import BundleRefused, BundleTooLarge

if TYPE_CHECKING:
    from greenroom_pipeline.forge.github_runs import WorkflowRun

ARTIFACT = "greenroom-bundle"
LIMITS = BundleLimits()
MOST_RUNS = 5
"""Of a commit that are looked into, the newest first: whoever has a fork may run it as often as they like."""


def bring_in(server: AppServer, pull: PullRequest, known: RunRecord | None) -> RunRecord | None:
    """Return the record of what a fork's newest run has left behind, fetching it where it is not *known*.

    None where no run has left anything yet. What cannot be used is not fetched again, and the run before it counts;
    `BundleRefused` where there is none of use.
    """
    if known is not None and not known.tags.get("fork"):
        return known  # whoever may write here has run it
    refused: list[str] = []
    for run in islice((run for run in server.runs(pull) if run.has_ended), MOST_RUNS):
        name = f"{run.id}.{run.attempt}"
        if known is not None and known.tags["fork"] == name:
            return known
        found = None if name in server.refused else _try(server, pull, run, name)
        if found is not None:
            return found
        if name in server.refused:
            refused.append(server.refused[name])
    if known is None and refused:
        raise BundleRefused(refused[0])
    return known


def _try(server: AppServer, pull: PullRequest, run: WorkflowRun, name: str) -> RunRecord | None:
    try:
        return _fetch(server, pull, run, name)
    except (BundleRefused, BundleTooLarge, DataError, ScoringError) as error:
        server.refused[name] = str(error)
        return None


def _fetch(server: AppServer, pull: PullRequest, run: WorkflowRun, name: str) -> RunRecord | None:
    artifacts = [
        each for each in server.github.artifacts(run.id) if each.name == ARTIFACT and not each.expired
    ]
    if not artifacts:
        return None
    newest = max(artifacts, key=lambda each: each.id)
    with tempfile.TemporaryDirectory(dir=server.project.places.scratch, prefix=FETCHING) as folder:
        archive, file = Path(folder) / "artifact.zip", Path(folder) / "bundle.tar"
        server.github.download_artifact(newest.id, archive, LIMITS.size + MIB)
        unpack_artifact(archive, file, most_bytes=LIMITS.size)
        archive.unlink()
        bundle = asyncio.run(_receive(file, Path(folder) / "it"))
        file.unlink()
        return _take_in(server, pull, bundle, name)


def _take_in(server: AppServer, pull: PullRequest, bundle: Bundle, name: str) -> RunRecord:
    if bundle.manifest.sha != pull.head:
        raise BundleRefused(
            f"the artifact is of commit {bundle.manifest.sha[:7]}, and its run was of {pull.head[:7]}; run it anew"
        )
    submission = examine(bundle, project=server.project.name, pull=pull.number)
    record = keep(server.project, judge_fork(server.project, pull, submission), fork=name)
    # Another attempt may have left the same bytes.
    server.project.store.tag(record.id, {"fork": name})
    return server.project.store.record(record.id)


async def _receive(file: Path, into: Path) -> Bundle:
    with file.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").digest()
    return await receive_bundle(_read(file), digest=write_digest(digest), into=into, limits=LIMITS)


async def _read(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(MIB):
            yield chunk
