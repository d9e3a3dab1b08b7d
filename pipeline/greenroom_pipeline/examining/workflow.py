"""What the doctor says of a project's workflow file: whether it is there, safe, and asks for what it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from greenroom_pipeline.examining.doctor import Finding

ALONE = {"contents": "read", "checks": "write", "deployments": "write", "pull-requests": "write"}
"""What a job needs that publishes by itself."""
WITH_SERVER = {"contents": "read", "id-token": "write"}
_DANGEROUS = ("pull_request_target", "workflow_run")
_PINNED = re.compile(r"^(?:\.|\$|docker://)|@[0-9a-f]{40}$")


def examine_workflow(path: Path, *, shown: str) -> Iterator[Finding]:
    """Look at the file at *path*, which people know as *shown*."""
    if not path.is_file():
        yield Finding(
            "github: workflow", False, f"there is no {shown}; `greenroom init` writes it", needed=False
        )
        return
    try:
        workflow = yaml.safe_load(path.read_text())
        jobs = {name: job for name, job in workflow["jobs"].items() if _is_run(job)}
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        yield Finding(
            "github: workflow", False, f"{shown} is no workflow: {reason}; `greenroom init --force` writes it"
        )
        return
    if not jobs:
        yield Finding(
            "github: workflow",
            False,
            f"no job in {shown} runs Greenroom; `greenroom init --force` writes one",
        )
        return
    yield Finding("github: workflow", True, shown)
    # YAML 1.1 takes the key `on` for a truth value.
    events = _names(workflow.get("on", workflow.get(True)))
    name, job = next(iter(jobs.items()))
    alone = not _has_server(job, workflow)
    yield _look_at_events(events, alone=alone)
    yield _look_at_rights(name, job, workflow, needed=ALONE if alone else WITH_SERVER)
    yield _look_at_head(name, job)
    yield _look_at_pins(workflow)


def _is_run(job: Any) -> bool:
    steps = job.get("steps") or [] if isinstance(job, Mapping) else []
    return any(_runs_greenroom(step) for step in steps if isinstance(step, Mapping))


def _runs_greenroom(step: Mapping[str, Any]) -> bool:
    """Say whether a step runs the loop, by the action or by the command."""
    action = str(step.get("uses", "")).partition("@")[0]
    return action.rpartition("/")[2] == "greenroom" or "greenroom run" in str(step.get("run", ""))


def _look_at_events(events: list[str], *, alone: bool) -> Finding:
    """Where there is a server, it reports on the merge queue."""
    dangerous = [event for event in events if event in _DANGEROUS]
    if dangerous:
        return Finding(
            "github: events",
            False,
            f"{dangerous[0]} runs with the rights of the repository on what strangers wrote; use pull_request",
        )
    if "pull_request" not in events:
        return Finding(
            "github: events", False, "it does not run for pull requests; add pull_request under `on:`"
        )
    if alone and "merge_group" not in events:
        says = (
            "a merge queue would wait for ever for the check; add merge_group under `on:` where there is one"
        )
        return Finding("github: events", False, says, needed=False)
    return Finding("github: events", True, ", ".join(events))


def _look_at_rights(
    name: str, job: Mapping[str, Any], workflow: Mapping[str, Any], *, needed: Mapping[str, str]
) -> Finding:
    said = job.get("permissions", workflow.get("permissions"))
    if said == "write-all":
        return Finding(
            "github: rights", False, f"job {name} may write everything; name what it needs", needed=False
        )
    granted = dict.fromkeys(needed, "read") if said == "read-all" else said if isinstance(said, dict) else {}
    missing = [
        f"`{each}: {level}`" for each, level in needed.items() if granted.get(each) not in (level, "write")
    ]
    if missing:
        return Finding(
            "github: rights",
            False,
            f"job {name} lacks {' and '.join(missing)}; add it under `permissions:` of the job",
        )
    more = [
        f"{each}: {level}"
        for each, level in granted.items()
        if level == "write" and needed.get(each) != "write"
    ]
    if more:
        return Finding(
            "github: rights",
            False,
            f"job {name} may do more than it needs ({', '.join(more)}); drop it",
            needed=False,
        )
    return Finding("github: rights", True, ", ".join(f"{each}: {level}" for each, level in granted.items()))


def _has_server(job: Mapping[str, Any], workflow: Mapping[str, Any]) -> bool:
    steps = [step for step in job["steps"] if isinstance(step, Mapping) and _runs_greenroom(step)]
    places = [workflow.get("env"), job.get("env"), *(step.get("env") for step in steps)]
    inputs = [step.get("with") for step in steps]
    named = any(isinstance(each, Mapping) and each.get("GREENROOM_SERVER") for each in places)
    return named or any(isinstance(each, Mapping) and each.get("server") for each in inputs)


def _look_at_head(name: str, job: Mapping[str, Any]) -> Finding:
    steps = [step for step in job["steps"] if str(step.get("uses", "")).startswith("actions/checkout@")]
    refs = [str((step.get("with") or {}).get("ref", "")) for step in steps]
    if not any("github.event.pull_request.head.sha" in ref for ref in refs):
        line = "ref: ${{ github.event.pull_request.head.sha || github.sha }}"
        return Finding(
            "github: checkout",
            False,
            f"job {name} checks out a trial merge; add `{line}` to actions/checkout",
        )
    return Finding("github: checkout", True, "the head of the pull request")


def _look_at_pins(workflow: Mapping[str, Any]) -> Finding:
    uses = [
        str(step["uses"])
        for job in workflow["jobs"].values()
        for step in (job.get("steps") or [])
        if isinstance(step, Mapping) and "uses" in step
    ]
    loose = [action for action in dict.fromkeys(uses) if not _PINNED.search(action)]
    if loose:
        says = f"{', '.join(loose)} can be moved by whoever owns it; name a full SHA behind the @"
        return Finding("github: actions", False, says)
    return Finding("github: actions", True, "each is named by SHA")


def _names(events: Any) -> list[str]:
    return [events] if isinstance(events, str) else [str(each) for each in events or ()]
