"""A fresh machine that runs one job of a workflow: variables, steps, composite actions and what they leave behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.github.expressions import Scope, contains, write
from tests.github.repository import FakeRepository
from tests.github.rights import Kind
from tests.github.server import FakeGitHub

_FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")


@dataclass(frozen=True)
class Event:
    name: str
    payload: Mapping[str, Any]
    variables: Mapping[str, str]
    """What GitHub says of it to every step."""

    @property
    def sha(self) -> str:
        return self.variables["GITHUB_SHA"]

    @property
    def ref(self) -> str:
        return self.variables["GITHUB_REF"]

    @property
    def pull(self) -> Mapping[str, Any]:
        return self.payload.get("pull_request") or {}

    @property
    def is_fork(self) -> bool:
        """Whether it is about a pull request of somebody who may write nothing here."""
        return bool(self.pull) and bool(self.pull["head"]["repo"]["fork"])


@dataclass
class PlayedStep:
    name: str
    conclusion: str
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass
class Setup:
    """What all jobs of a repository share; *source* is the git repository that is checked out."""

    github: FakeGitHub
    repository: FakeRepository
    source: Path
    actions: Mapping[str, Path]
    """Folders of the composite actions that are run, by `owner/name`; `others` are played."""
    others: Mapping[str, Other]
    tools: Sequence[Path] = ()
    """Folders that stand first on the machine's PATH."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The repository's own variables, `vars`."""
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    kept: Mapping[str, Path] = field(default_factory=dict)
    """What stands in every machine's temporary folder, by name, so that it is made once."""


@dataclass
class Machine:
    """One job on a fresh machine."""

    setup: Setup
    event: Event
    run: int
    folder: Path
    rights: dict[str, str]
    job_name: str
    environ: dict[str, str] = field(default_factory=dict)
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: bool = False
    token: str = ""
    count: int = 0

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def temp(self) -> Path:
        return self.folder / "temp"

    def prepare(self, workflow: str) -> None:
        self.workspace.mkdir(parents=True)
        self.temp.mkdir()
        for name, place in self.setup.kept.items():
            (self.temp / name).symlink_to(place)
        setup, event = self.setup, self.event
        kind: Kind = "fork" if event.is_fork else "actions"
        posting = {name: level for name, level in self.rights.items() if name != "id_token"}
        self.token = setup.github.token(setup.repository, kind, permissions=posting)
        path = os.pathsep.join([*map(str, setup.tools), setup.environ.get("PATH", os.defpath)])
        self.environ = {**setup.environ, **event.variables, **self._variables(workflow), "PATH": path}
        if self.rights.get("id_token") == "write" and not event.is_fork:
            self.environ |= setup.github.oidc.job(
                setup.repository, event.payload.get("number"), run_id=str(self.run), event_name=event.name
            )

    def _variables(self, workflow: str) -> dict[str, str]:
        """Return what is this job's own; GitHub's token is not among it."""
        return {
            "GITHUB_JOB": self.job_name,
            "GITHUB_RUN_ID": str(self.run),
            "GITHUB_RUN_NUMBER": str(self.setup.repository.run(self.run).number),
            "GITHUB_WORKFLOW": workflow,
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_ARCH": "X64",
            "RUNNER_ENVIRONMENT": "github-hosted",
            "RUNNER_NAME": "player",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temp),
        }

    def scope(self, **contexts: Any) -> Scope:
        event, github = self.event, self.setup.github
        known = {
            "github": {
                "action_path": self.environ.get("GITHUB_ACTION_PATH"),
                "api_url": github.api,
                "event": event.payload,
                "event_name": event.name,
                "ref": event.ref,
                "repository": self.setup.repository.full_name,
                "run_id": self.run,
                "sha": event.sha,
                "token": self.token,
                "workspace": str(self.workspace),
            },
            "runner": {"os": "Linux", "arch": "X64", "temp": str(self.temp)},
            "env": self.environ,
            "vars": self.setup.variables,
            "steps": self.steps,
        }
        functions: dict[str, Callable[..., Any]] = {
            "contains": contains,
            "hashFiles": lambda *patterns: "-".join(patterns),
            "success": lambda: not self.failed,
            "failure": lambda: self.failed,
            "cancelled": lambda: False,
            "always": lambda: True,
        }
        return Scope(known | contexts, functions)

    def play_steps(self, steps: Sequence[Mapping[str, Any]], **contexts: Any) -> Iterator[PlayedStep]:
        for step in steps:
            name = str(step.get("name", step.get("uses", step.get("run"))))
            scope = self.scope(**contexts)
            if not scope.admits(step.get("if")):
                yield PlayedStep(name, "skipped")
                continue
            played = self._play_step(name, step, scope)
            self.failed = self.failed or played.conclusion == "failure"
            if "id" in step:
                self.steps[step["id"]] = {"outputs": played.outputs, "outcome": played.conclusion}
            yield played

    def _play_step(self, name: str, step: Mapping[str, Any], scope: Scope) -> PlayedStep:
        variables = texts(scope.fill(step.get("env", {})))
        if "run" in step:
            assert "${{" not in step["run"], "no expression in a script"
            place = self.workspace / write(scope.fill(step.get("working-directory", ".")))
            return self._run(name, step["run"], place, variables)
        action = step["uses"].partition("@")[0]
        inputs = scope.fill(step.get("with", {}))
        if action in self.setup.actions:
            return self._play_action(name, self.setup.actions[action], inputs, variables)
        return self.setup.others[action](self, name, inputs)

    def _run(self, name: str, script: str, place: Path, variables: Mapping[str, str]) -> PlayedStep:
        """Run a script as GitHub runs bash, and read what it leaves in the files that it is given."""
        self.count += 1
        told = {key: self.temp / f"{key.lower()}-{self.count}" for key in _FILES}
        for file in told.values():
            file.touch()
        environ = {**self.environ, **variables, **{key: str(file) for key, file in told.items()}}
        done = subprocess.run(
            write_script(script, self.temp / f"script-{self.count}.sh"),
            cwd=place,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.environ |= read_pairs(told["GITHUB_ENV"].read_text())
        for folder in told["GITHUB_PATH"].read_text().splitlines():
            self.environ["PATH"] = f"{folder}{os.pathsep}{self.environ['PATH']}"
        return PlayedStep(
            name,
            "failure" if done.returncode else "success",
            done.stdout,
            read_pairs(told["GITHUB_OUTPUT"].read_text()),
            told["GITHUB_STEP_SUMMARY"].read_text(),
        )

    def _play_action(
        self, name: str, folder: Path, given: Mapping[str, str], variables: Mapping[str, str]
    ) -> PlayedStep:
        """Play a composite action: its own steps and inputs, in the job's files and environment."""
        action = yaml.safe_load((folder / "action.yml").read_text())
        unknown = set(given) - set(action["inputs"])
        assert not unknown, f"{name} is given inputs that it has not: {unknown}"
        defaults = {key: self.scope().fill(each.get("default", "")) for key, each in action["inputs"].items()}
        outer, before = self.steps, self.environ
        self.steps, self.environ = {}, {**before, **variables, "GITHUB_ACTION_PATH": str(folder)}
        inputs = {**defaults, **given}
        steps = list(self.play_steps(action["runs"]["steps"], inputs=inputs))
        outputs = {
            key: self.scope(inputs=inputs).fill(each["value"]) for key, each in action["outputs"].items()
        }
        self.steps, self.environ = outer, before
        failed = any(step.conclusion == "failure" for step in steps)
        return PlayedStep(
            name,
            "failure" if failed else "success",
            "".join(f"-- {step.name}: {step.conclusion}\n{step.log}" for step in steps),
            outputs,
            "".join(step.summary for step in steps),
        )


def write_script(script: str, path: Path) -> list[str]:
    """Return the command by which GitHub runs a script of `shell: bash`: from a file, so bash stays until its end."""
    path.write_text(script)
    return ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(path)]


Other = Callable[[Machine, str, Mapping[str, str]], PlayedStep]


def read_pairs(text: str) -> dict[str, str]:
    """Read `name=value` and `name<<END`, lines, `END`, as GitHub reads outputs and variables."""
    pairs, lines = {}, iter(text.splitlines())
    for line in lines:
        name, sign, value = line.partition("=")
        if "<<" in name or not sign:
            name, _, end = line.partition("<<")
            assert end, f"GitHub does not take {line!r}"
            value = "\n".join(iter(lambda: next(lines), end))
        pairs[name] = value
    return pairs


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: write(value) for key, value in values.items()}
