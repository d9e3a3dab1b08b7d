"""Previews, as the loop, the portal and the terminal ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from greenroom_pipeline.desk import PreviewAction, PreviewStatus
from greenroom_pipeline.errors import PreviewError
from greenroom_pipeline.locks import locked
from greenroom_pipeline.packaging import Package
from greenroom_pipeline.places import Places
from greenroom_pipeline.project import Project
from greenroom_pipeline.report import Preview
from greenroom_pipeline.settings import PreviewTable
from greenroom_services.client import HostClient, endpoints, host_running
from greenroom_services.errors import (
    HostAbsent,
    HostFull,
    PreviewAbsent,
    PreviewFailed,
    ServiceError,
)
from greenroom_services.host.launch import temporary_host
from greenroom_services.host.limits import DAY, GIB, HostLimits
from greenroom_services.previews import PreviewState
from greenroom_services.runtimes.choice import RuntimeChoice
from greenroom_services.runtimes.runtime import MIB, Limits


@dataclass(frozen=True)
class Host:
    client: HostClient
    lasting: bool
    """False for one that was started to try a preview, and has no links to give."""


def host_limits(table: PreviewTable) -> HostLimits:
    """Return `[preview]` as the host takes it."""
    return HostLimits(
        idle=table.idle,
        max_awake=table.max_awake,
        max_bytes=round(table.max_gigabytes * GIB),
        ttl=table.days * DAY,
        patience=table.patience,
        preview=Limits(
            memory=table.max_memory_megabytes * MIB,
            open_files=table.max_open_files,
            processes=table.max_processes,
            cpus=table.max_cpus,
        ),
    )


def runtime_choice(table: PreviewTable) -> RuntimeChoice:
    """Return what `[preview]` has previews run in."""
    return RuntimeChoice(table.runtime, table.image)


@contextmanager
def preview_host(project: Project) -> Iterator[Host]:
    """Give the preview host that runs, or one for as long as the context is open.

    What is deployed to it is remembered, and wakes under `greenroom serve`. Runs without a lasting host wait for
    each other here.
    """
    places, table = project.places, project.settings.preview
    if _lasting_host(places):
        yield Host(HostClient(places.host), lasting=True)
        return
    with (
        locked(places.home / "preview-host.lock"),
        _translated(),
        temporary_host(
            places.host, cache=places.environments, limits=host_limits(table), runtime=runtime_choice(table)
        ) as process,
    ):
        yield Host(process.client, lasting=False)


def _lasting_host(places: Places) -> bool:
    with _translated():
        return host_running(places.host) and not endpoints(places.host).transient


def start(
    client: HostClient, package: Package, *, project: str, slot: str, sha: str, timeout: float
) -> PreviewState:
    """Run a Bento that was built here in the slot, and ask it about a row of the holdout; raises the host's errors."""
    return client.deploy(
        project,
        slot,
        bento=package.bento.path,
        requirements=package.requirements,
        sha=sha,
        model=package.model,
        timeout=timeout,
        probe=package.profile.examples[0],
    )


def deploy(host: Host, package: Package, *, project: str, slot: str, sha: str, timeout: float) -> Preview:
    """Start the Bento in the slot and ask it about a row of the holdout; a preview that fails says so.

    So does one that the host has no room for: it is no worse for that. What ran in the slot before goes on when the
    new one does not come up. `PreviewError` when the host itself fails.
    """
    tag = package.bento.tag
    try:
        with _translated():
            state = start(host.client, package, project=project, slot=slot, sha=sha, timeout=timeout)
    except PreviewFailed as error:
        # The log alone does not say when it is the answer that was wrong.
        return Preview(slot=slot, bento=tag, state="failed", log=f"{error.log}\n{error}".strip())
    except HostFull as error:
        return Preview(slot=slot, bento=tag, state="stopped", log=str(error))
    return Preview(slot=slot, bento=tag, state="awake", address=state.address if host.lasting else None)


def stop(places: Places, *, project: str, slot: str) -> None:
    """Stop the preview in the slot, if there is one."""
    with suppress(HostAbsent, PreviewAbsent), _translated():
        HostClient(places.host).stop(project, slot)


def sweep(project: Project) -> list[PreviewState]:
    """Remove the previews of pull requests that are no longer open, and return them."""
    open_pulls = [str(pull.number) for pull in project.forge.pulls() if pull.state == "open"]
    with _translated():
        return HostClient(project.places.host).sweep(project.name, open=open_pulls)


def read_status(places: Places, *, project: str, slot: str) -> PreviewStatus:
    """Say how the slot is now; no host and no preview are states too."""
    try:
        state = HostClient(places.host).status(project, slot)
    except (HostAbsent, PreviewAbsent):
        return PreviewStatus(slot, "absent")
    except ServiceError as error:
        raise PreviewError(str(error), log=error.log) from error
    return describe_status(state)


def describe_status(state: PreviewState) -> PreviewStatus:
    return PreviewStatus(
        state.slot,
        state.state,
        log=state.log or state.error or "",
        address=state.address,
        sha=state.sha,
        memory=state.memory,
        requests=state.requests,
        idle=state.last_used,
        wakes=state.wakes,
    )


def list_statuses(places: Places, *, project: str) -> list[PreviewStatus]:
    """Return the project's previews; `PreviewError` where no host runs."""
    try:
        found = HostClient(places.host).previews()
    except ServiceError as error:
        raise PreviewError(str(error), log=error.log) from error
    return [describe_status(state) for state in found if state.project == project]


def read_log(places: Places, *, project: str, slot: str) -> str:
    """Return the last lines that the slot's previews wrote."""
    try:
        with _translated():
            return HostClient(places.host).log(project, slot)
    except (HostAbsent, PreviewAbsent) as error:
        raise PreviewError(str(error)) from error


def act(places: Places, action: PreviewAction, *, project: str, slot: str) -> PreviewStatus:
    """Wake the preview in the slot, put it to sleep, or stop it."""
    host = HostClient(places.host)
    acts = {"wake": host.wake, "sleep": host.sleep, "stop": host.stop}
    try:
        return describe_status(acts[action](project, slot))
    except ServiceError as error:
        raise PreviewError(str(error), log=error.log) from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (HostAbsent, HostFull, PreviewAbsent, PreviewFailed):
        raise
    except ServiceError as error:
        raise PreviewError(str(error), log=error.log) from error
