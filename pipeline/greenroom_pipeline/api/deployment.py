"""The way from the API to the preview host: what it hands over, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from greenroom_pipeline.api.documents import PreviewLink
from greenroom_pipeline.packaging import Package
from greenroom_pipeline.previews import start
from greenroom_services.bundle import Bundle
from greenroom_services.client import HostClient, endpoints
from greenroom_services.errors import (
    BundleRefused,
    BundleTooLarge,
    HostAbsent,
    HostFull,
    PreviewAbsent,
    PreviewFailed,
    RequirementsError,
    ServiceError,
)
from greenroom_services.previews import PreviewState


class Previews(Protocol):
    """A preview host, as far as the API asks it."""

    def deploy(self, bundle: Bundle, *, timeout: float) -> PreviewState:
        """Run the bundle's Bento in its slot; the same again is a no-op. `HostAbsent` when no host runs."""
        ...

    def restore(self, package: Package, *, project: str, slot: str, sha: str, timeout: float) -> PreviewState:
        """Run a Bento that was built here from the model in the store."""
        ...

    def status(self, project: str, slot: str) -> PreviewState: ...

    def remove(self, project: str, slot: str) -> PreviewState: ...

    def keep_awake(self, project: str, slot: str) -> PreviewState: ...


class HostPreviews:
    """The lasting host on a folder: one that was started for a single try has no link to give."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def deploy(self, bundle: Bundle, *, timeout: float) -> PreviewState:
        manifest = bundle.manifest
        return self._lasting().deploy(
            manifest.project,
            manifest.slot,
            bento=bundle.bento,
            requirements=manifest.requirements,
            sha=manifest.sha,
            model=manifest.model,
            timeout=timeout,
            probe=manifest.probe,
            repository=manifest.repository,
            routes=manifest.routes,
            order=manifest.order,
        )

    def restore(self, package: Package, *, project: str, slot: str, sha: str, timeout: float) -> PreviewState:
        return start(self._lasting(), package, project=project, slot=slot, sha=sha, timeout=timeout)

    def status(self, project: str, slot: str) -> PreviewState:
        return HostClient(self._state).status(project, slot)

    def remove(self, project: str, slot: str) -> PreviewState:
        return HostClient(self._state).stop(project, slot)

    def keep_awake(self, project: str, slot: str) -> PreviewState:
        return HostClient(self._state).keep_awake(project, slot)

    def _lasting(self) -> HostClient:
        if endpoints(self._state).transient:
            raise HostAbsent("only a host for one try runs here; start a lasting one with `greenroom serve`")
        return HostClient(self._state)


def deploy(previews: Previews, bundle: Bundle, *, timeout: float) -> PreviewLink:
    """Hand the Bento over and say what became of it: that a candidate does not come up is no failure of the API.

    Nor is that there is no room: what was reviewed stands without a link. `HostAbsent` when no host runs, and
    `BundleStale` when a newer one is in the slot.
    """
    return _tell(lambda: previews.deploy(bundle, timeout=timeout))


def restore(
    previews: Previews, package: Package, *, project: str, slot: str, sha: str, timeout: float
) -> PreviewLink:
    """Do so with a Bento that was built here."""
    return _tell(lambda: previews.restore(package, project=project, slot=slot, sha=sha, timeout=timeout))


def _tell(attempt: Callable[[], PreviewState]) -> PreviewLink:
    try:
        return _link(attempt())
    except (PreviewFailed, RequirementsError, BundleRefused, BundleTooLarge) as error:
        return PreviewLink(state="failed", error=str(error), log=error.log)
    except HostFull as error:
        return PreviewLink(state="absent", error=str(error))


def find_preview(previews: Previews, *, project: str, slot: str) -> PreviewLink:
    """Say how the slot is now; no host and no preview are answers, too."""
    try:
        return _link(previews.status(project, slot))
    except PreviewAbsent:
        return PreviewLink(state="absent")
    except ServiceError as error:
        return PreviewLink(state="absent", error=str(error))


def _link(state: PreviewState) -> PreviewLink:
    return PreviewLink(state=state.state, address=state.address, error=state.error, log=state.log)
