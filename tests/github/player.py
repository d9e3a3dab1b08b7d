"""Plays a workflow file for one event as GitHub Actions would: triggers, jobs, rights and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.github.actions import start_job
from tests.github.machine import Event, Machine, PlayedStep, Setup, texts
from tests.github.marketplace import git
from tests.github.repository import WORKFLOW


@dataclass
class PlayedJob:
    name: str
    conclusion: str
    steps: list[PlayedStep] = field(default_factory=list)

    def step(self, name: str) -> PlayedStep:
        return next(step for step in self.steps if step.name == name)

    @property
    def log(self) -> str:
        return "".join(f"== {step.name}: {step.conclusion}\n{step.log}" for step in self.steps)


@dataclass
class Player:
    setup: Setup
    work: Path
    played: int = 0

    def play(self, name: str, payload: Mapping[str, Any], *, path: str = WORKFLOW) -> dict[str, PlayedJob]:
        """Run the workflow that stands at *path* in the event's commit; jobs that are skipped are told so."""
        self.played += 1
        told = start_job(self.setup.repository, name, payload, self.work / f"{self.played}-event")
        event = Event(name, payload, told.environ)
        workflow = yaml.safe_load(git(self.setup.source, "show", f"{event.sha}:{path}"))
        if not _is_triggered(workflow[True], event):  # YAML 1.1 takes `on` for that
            return {}
        repository = self.setup.repository
        run = repository.workflow_run(
            event.pull["head"]["sha"] if event.pull else event.sha,
            event=event.name,
            path=path,
            head_repository=event.pull["head"]["repo"]["full_name"] if event.pull else None,
            conclusion=None,
        )
        jobs = {
            name: self._play_job(name, job, workflow, event, run) for name, job in workflow["jobs"].items()
        }
        failed = any(job.conclusion == "failure" for job in jobs.values())
        record = repository.run(run)
        record.status, record.conclusion = "completed", "failure" if failed else "success"
        return jobs

    def _play_job(
        self, name: str, job: Mapping[str, Any], workflow: Mapping[str, Any], event: Event, run: int
    ) -> PlayedJob:
        folder = self.work / f"{self.played}-{name}"
        machine = Machine(self.setup, event, run, folder, _rights(workflow, job), job_name=name)
        if not machine.scope().admits(job.get("if")):
            return PlayedJob(name, "skipped")
        machine.prepare(str(workflow.get("name", "")))
        machine.environ |= texts(machine.scope().fill(job.get("env", {})))
        steps = list(machine.play_steps(job["steps"]))
        return PlayedJob(name, "failure" if machine.failed else "success", steps)


def _rights(workflow: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, str]:
    """Return the rights of a job's token: what is not named is none."""
    said = job.get("permissions", workflow.get("permissions"))
    assert isinstance(said, dict), "workflows here say what they need"
    return {name.replace("-", "_"): level for name, level in said.items()}


def _is_triggered(triggers: Mapping[str, Any], event: Event) -> bool:
    if event.name not in triggers:
        return False
    limits = triggers[event.name] or {}
    action, branch = event.payload.get("action"), event.ref.removeprefix("refs/heads/")
    return action in limits.get("types", [action]) and branch in limits.get("branches", [branch])
