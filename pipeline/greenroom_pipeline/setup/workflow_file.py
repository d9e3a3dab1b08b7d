"""The workflow for GitHub Actions that `greenroom init` writes, with the least rights that do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import indent

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.setup import workflow_text as text
from greenroom_pipeline.setup.toolchain import Step

BUNDLE = "greenroom-bundle"
"""Name of the artifact in which a fork's run leaves its bundle for the server."""
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
SETUP_UV = "astral-sh/setup-uv@20cfd1bf945f4377ade1205e4dbc17946fc9a30d # v10.0.1"
CACHE = "actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"
MACHINE = "ubuntu-24.04"
HEAD = "${{ github.event.pull_request.head.sha || github.sha }}"
_MOST_MINUTES = 360
_PACKING_MINUTES = 30
_PINNED = re.compile(r"@[0-9a-f]{40}$")


@dataclass(frozen=True)
class Workflow:
    """All that the file depends on."""

    project: str
    folder: str
    """The project's, from the top of the repository; empty at the top."""
    branch: str
    action: str
    """Greenroom's own, `OWNER/REPO@SHA`."""
    server: str | None = None
    """Address of the Greenroom server; without one the job publishes by itself."""
    seconds: float = 3600
    """How long training may take."""
    steps: tuple[Step, ...] = ()
    locks: tuple[str, ...] = ()
    lfs: bool = False

    @property
    def path(self) -> str:
        return place_workflow(self.project, self.folder)

    @property
    def title(self) -> str:
        return f"Greenroom ({self.project})" if self.folder else "Greenroom"


def place_workflow(project: str, folder: str) -> str:
    """Return the file's path from the top of the repository: one for each project that does not sit there."""
    name = f"greenroom-{project}" if folder else "greenroom"
    return f".github/workflows/{name}.yml"


def write_workflow(workflow: Workflow) -> str:
    """Return the file's text; `SettingsError` for a name that GitHub would take for an expression."""
    for said in (workflow.folder, workflow.branch, workflow.server or "", workflow.action, *workflow.locks):
        if "${{" in said or any(not each.isprintable() for each in said):
            raise SettingsError(f"{said!r} cannot stand in a workflow; rename it")
    return "\n".join(_parts(workflow))


def _parts(workflow: Workflow) -> Iterator[str]:
    alone = workflow.server is None
    yield text.HEADER.format(title=_quote(workflow.title))
    yield _events(workflow)
    yield text.RIGHTS
    concurrency = text.CONCURRENCY_ALONE if alone else text.CONCURRENCY_SERVER
    yield text.JOB.format(
        condition=text.CONDITION if alone else "",
        machine=MACHINE,
        minutes=_minutes(workflow.seconds),
        permissions=text.PERMISSIONS_ALONE if alone else text.PERMISSIONS_SERVER,
        concurrency=concurrency.format(project=workflow.project),
        variables=text.TRACKING if alone else "",
        checkout=CHECKOUT,
        head=HEAD,
        checkout_more=(text.LFS if workflow.lfs else "") + (text.DEPTH if alone else ""),
    )
    yield from _prepare(workflow)
    yield _run(workflow)
    if alone:
        yield from _follow(workflow)
    else:
        yield text.HAND_OVER.format(upload=UPLOAD, name=BUNDLE, path=text.BUNDLE_FILE)


def _events(workflow: Workflow) -> str:
    if workflow.server is not None:
        # The server reports on the merge queue by itself.
        return text.EVENTS_SERVER
    # A branch of releases makes linters ask whether what is published may come from a cache.
    remark = text.CACHES_APART if workflow.branch.startswith("release") else ""
    return text.EVENTS_ALONE.format(branch=_quote(workflow.branch), remark=remark)


def _minutes(seconds: float) -> int:
    return min(_MOST_MINUTES, int(seconds / 60) + _PACKING_MINUTES)


def _prepare(workflow: Workflow) -> Iterator[str]:
    """Yield what a fresh machine lacks before the run."""
    hashed = ", ".join("'" + lock.replace("'", "''") + "'" for lock in workflow.locks)
    key = f"-${{{{ hashFiles({hashed}) }}}}" if workflow.locks else "-${{ github.run_id }}"
    yield text.CACHE.format(cache=CACHE, key=key)
    if any(re.match(r"uvx? ", step.run) for step in workflow.steps):
        yield text.UV.format(uv=SETUP_UV)
    for step in workflow.steps:
        place = f"\n        working-directory: {_quote(workflow.folder)}" if workflow.folder else ""
        lines = indent(step.run, " " * 10)
        yield f"      - name: {_quote(step.name)}{place}\n        run: |\n{lines}\n"


def _run(workflow: Workflow) -> str:
    inputs = [f"directory: {_quote(workflow.folder or '.')}"]
    if workflow.server:
        inputs += [f"server: {_quote(workflow.server)}", f"bundle: {text.BUNDLE_FILE}"]
    return text.RUN.format(
        uses=_uses(workflow.action),
        inputs="\n".join(f"          {each}" for each in inputs),
    )


def _follow(workflow: Workflow) -> Iterator[str]:
    """Yield the jobs for what happens to a pull request besides pushes."""
    common = {
        "machine": MACHINE,
        "checkout": CHECKOUT,
        "uses": _uses(workflow.action),
        "folder": _quote(workflow.folder or "."),
        "project": workflow.project,
    }
    yield text.CLOSE.format(**common)
    yield text.ANSWER.format(**common, variables=text.TRACKING)


def _uses(action: str) -> str:
    if _PINNED.search(action):
        return action
    return f"{action} # zizmor: ignore[unpinned-uses] a tag can be moved: name the SHA of a release"


def _quote(value: str) -> str:
    # JSON's strings are YAML's; plain ones are easier to read.
    plain = re.fullmatch(r"[A-Za-z][\w ()/.-]*|\.", value) and value.lower() not in _WORDS
    return value if plain else json.dumps(value)


_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
