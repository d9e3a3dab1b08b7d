"""The actions that are GitHub's own or set a machine up, played as far as they matter to a workflow."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.github.machine import Machine, Other, PlayedStep


def check_out(machine: Machine, name: str, inputs: Mapping[str, str]) -> PlayedStep:
    """Fetch one commit and check it out without a branch, as actions/checkout does."""
    assert inputs["persist-credentials"] == "false"
    setup, place = machine.setup, machine.workspace
    shutil.rmtree(place)
    place.mkdir()
    git(place, "init", "--quiet")
    git(place, "remote", "add", "origin", setup.source.as_uri())
    depth = inputs.get("fetch-depth", "1")
    limit = [] if depth == "0" else [f"--depth={depth}"]
    wanted = inputs.get("ref") or machine.event.sha
    git(place, "fetch", "--quiet", "--no-tags", *limit, "origin", wanted)
    git(place, "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
    # Nothing may be fetched afterwards: the token is not left behind.
    git(place, "remote", "set-url", "origin", f"{setup.github.api}/{setup.repository.full_name}")
    return PlayedStep(name, "success")


def keep(machine: Machine, name: str, inputs: Mapping[str, str]) -> PlayedStep:
    assert inputs["path"].startswith("~/.cache/")
    assert "${{" not in inputs["key"]
    return PlayedStep(name, "success")


def set_up_uv(machine: Machine, name: str, inputs: Mapping[str, str]) -> PlayedStep:
    assert shutil.which("uv", path=machine.environ["PATH"]), "the machine's tools have uv"
    return PlayedStep(name, "success")


def upload(machine: Machine, name: str, inputs: Mapping[str, str]) -> PlayedStep:
    path = Path(inputs["path"])
    if not path.is_file():
        return PlayedStep(name, "failure" if inputs.get("if-no-files-found") == "error" else "success")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.write(path, path.name)
    machine.setup.repository.artifact(machine.run, inputs["name"], content.getvalue())
    return PlayedStep(name, "success")


OTHERS: dict[str, Other] = {
    "actions/cache": keep,
    "actions/checkout": check_out,
    "actions/upload-artifact": upload,
    "astral-sh/setup-uv": set_up_uv,
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {arguments[0]}: {done.stderr}"
    return done.stdout.strip()
