"""The doctor looks at everything, however much of it is wrong, and says how to mend it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom_pipeline.examining.doctor import Finding, examine, is_well
from greenroom_pipeline.places import find_places
from greenroom_services.runtimes.walls import find_walls
from tests.projects import make_project


def test_a_project_that_is_well(tmp_path: Path) -> None:
    """All that is needed is there, and each wall of the previews is told as it stands on this machine."""
    bench = make_project(tmp_path / "project", "binary", estimator="LogisticRegression()")

    findings = examine(find_places(bench.root, {"GREENROOM_CACHE": str(tmp_path)}))

    assert is_well(findings)
    walls = {
        finding.subject: finding.holds for finding in findings if finding.subject.startswith("previews: ")
    }
    assert walls["previews: network"] == find_walls().namespaces
    assert walls["previews: own user"] == (find_walls().users is not None)
    assert walls["previews: limits"]


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    """What is missing is told all at once, each with its mend; what can be done without is no reason to fail."""
    findings = examine(find_places(tmp_path, {}))

    missing = {finding.subject: finding.says for finding in findings if not finding.holds and finding.needed}
    assert set(missing) == {"settings", "repository"}
    assert "greenroom.toml" in missing["settings"]
    assert not is_well(findings)
    assert is_well([Finding("previews: own user", False, "previews run as this user", needed=False)])


def test_an_engine_that_is_to_run_previews(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where previews are to run in containers, an engine that is not there is missing."""
    bench = make_project(tmp_path / "project", "binary", estimator="LogisticRegression()")
    settings = bench.root / "greenroom.toml"
    settings.write_text(settings.read_text() + '\n[preview]\nruntime = "docker"\n')
    places = find_places(bench.root, {"GREENROOM_CACHE": str(tmp_path)})
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    findings = examine(places)

    missing = {finding.subject: finding.says for finding in findings if not finding.holds and finding.needed}
    assert set(missing) == {"previews: containers"}
    assert "there is no docker on this machine" in missing["previews: containers"]
    assert "previews: own user" not in {finding.subject for finding in findings}, "walls of processes alone"

    docker = tmp_path / "bin" / "docker"
    docker.write_text("#!/bin/sh\necho Cannot connect to the Docker daemon >&2\nexit 1\n")
    docker.chmod(0o755)
    (silent,) = [finding for finding in examine(places) if finding.subject == "previews: containers"]
    assert "Cannot connect to the Docker daemon; see that docker runs" in silent.says

    docker.write_text("#!/bin/sh\n")
    found = {finding.subject: finding.says for finding in examine(places)}
    assert found["previews: walls"].startswith("those of docker: no network")


def test_the_command(tmp_path: Path) -> None:
    """`greenroom doctor` shows the findings for people and for machines, and fails when something is missing."""
    command = [sys.executable, "-m", "greenroom_pipeline.cli", "doctor", "-C", str(tmp_path)]

    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    read = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)

    assert shown.returncode == read.returncode == 2
    assert "✗ settings" in shown.stdout
    assert {finding["subject"] for finding in json.loads(read.stdout)} >= {"settings", "previews: files"}
