"""A project with many reviews in a real store: one report, made of many rows, behind every pull request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import run_timed
from benchmarks.scale import OPTIONS, write_table
from greenroom_pipeline.origin import Origin
from greenroom_pipeline.places import find_places
from greenroom_pipeline.project import open_project
from greenroom_pipeline.record import PROFILE, REPORT, begin_record
from greenroom_pipeline.report import Lineage, Report, from_json, to_json

NAME = "stage"
SETTINGS = f"""
[project]
name = "{NAME}"
task = "binary"

[train]
command = "true"

[data]
holdout = "holdout.parquet"
target = "target"
"""


@dataclass(frozen=True)
class Stage:
    repository: Path
    pull: int
    """The newest pull request, which is looked at."""


def make_stage(folder: Path, *, pulls: int, rows: int) -> Stage:
    """Make a repository of *pulls* pull requests, each with a finished run whose report is of *rows* holdout rows."""
    folder.mkdir(parents=True)
    heads = _make_repository(folder, pulls)
    report = _report(folder, rows)
    project = open_project(find_places(folder, os.environ))
    for number, sha in enumerate(heads, start=1):
        origin = Origin(
            sha=sha,
            subject=f"Change {number}",
            author="Ada",
            branch=f"change-{number}",
            pull=number,
            title=f"Change {number}",
            fingerprint=f"{number:064x}",
            holdout=report.holdout.digest,
            evidence=f"{number:064x}",
        )
        run = begin_record(project.store, origin)
        project.store.put_text(run, to_json(_adopt(report, origin)), REPORT)
        project.store.put_text(run, _PROFILE, PROFILE)
        project.store.tag(
            run, {"state": "finished", "verdict": report.verdict, "summary": report.summary, "version": "1"}
        )
        project.store.end(run)
    return Stage(folder, pulls)


_PROFILE = json.dumps(
    {
        "schema": 1,
        "task": "binary",
        "target": "target",
        "classes": ["0", "1"],
        "rows": 1,
        "features": [],
        "typical": {},
        "examples": [],
    }
)


def _adopt(report: Report, origin: Origin) -> Report:
    lineage = Lineage(sha=origin.sha, branch=origin.branch, pull=origin.pull, fingerprint=origin.fingerprint)
    return report.model_copy(update={"project": NAME, "lineage": lineage})


def _report(folder: Path, rows: int) -> Report:
    """Return what `greenroom compare` says of two models on as many rows."""
    table = write_table(folder / "rows.parquet", rows=rows)
    command = [sys.executable, "-m", "greenroom_pipeline.cli", "compare", str(table), *OPTIONS]
    said = run_timed(command, folder=folder, fine=(0, 1)).out
    table.unlink()
    return from_json(said)


def _make_repository(folder: Path, pulls: int) -> list[str]:
    (folder / "greenroom.toml").write_text(SETTINGS)
    git = ["git", "-C", str(folder)]
    named = [*git, "-c", "user.name=Ada", "-c", "user.email=ada@localhost"]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
    subprocess.run([*git, "add", "greenroom.toml"], check=True)
    subprocess.run([*named, "commit", "--quiet", "-m", "A project"], check=True)
    heads, refs = [], []
    for number in range(1, pulls + 1):
        made = subprocess.run(
            [*named, "commit-tree", "-p", "HEAD", "-m", f"Change {number}", "HEAD^{tree}"],
            check=True,
            capture_output=True,
            text=True,
        )
        heads.append(made.stdout.strip())
        refs.append(f"create refs/heads/change-{number} {heads[-1]}")
    subprocess.run(
        [*git, "update-ref", "--stdin"], input="".join(f"{ref}\n" for ref in refs), text=True, check=True
    )
    for number in range(1, pulls + 1):
        ref = f"refs/greenroom/pull/{number}"
        subprocess.run([*git, "symbolic-ref", ref, f"refs/heads/change-{number}"], check=True)
    return heads
