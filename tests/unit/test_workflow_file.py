"""Every workflow that `greenroom init` can write, and the action, are safe and as GitHub wants them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.setup.toolchain import Step
from greenroom_pipeline.setup.workflow_file import Workflow, write_workflow

ACTION = Path(__file__).parents[2] / "action.yml"
TOOLS = Path(sys.executable).parent
SERVER = "https://greenroom.example.com"
DVC = Step("Fetch the data", "uvx --from 'dvc[s3]' dvc pull")
CONDA = Step("Make the environment", '"$CONDA/bin/conda" env create\necho "$CONDA/bin" >> "$GITHUB_PATH"')
PINNED = f"our/greenroom@{'a' * 40}"
PLAIN = Workflow(project="flights", folder="", branch="main", action=PINNED)


def variants() -> Iterator[Workflow]:
    steps, locks = ((), (DVC,), (CONDA, DVC)), ((), ("uv.lock",), ("a/it's.lock", "b.txt"))
    for server, folder, lfs in product((None, SERVER), ("", "models/it's 1"), (False, True)):
        for number, (some, files) in enumerate(zip(steps, locks, strict=True)):
            action = ("our/greenroom@v1", PINNED, "our/tools/greenroom@main")[number]
            yield Workflow(
                project="flights",
                folder=folder,
                branch=("main", "release/next", "trunk")[number],
                server=server,
                action=action,
                steps=some,
                locks=files,
                lfs=lfs,
            )


def read(workflow: Workflow) -> dict[str, Any]:
    # YAML 1.1 takes the key `on` for a truth value.
    values: dict[Any, Any] = yaml.safe_load(write_workflow(workflow))
    return {"on" if key is True else key: value for key, value in values.items()}


def call(tool: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [TOOLS / tool, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_linters_find_nothing(tmp_path: Path) -> None:
    """zizmor at its pedantic persona and GitHub's own schemas accept each variant and the action."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    paths = [folder / f"{number}.yml" for number, _ in enumerate(variants())]
    for path, variant in zip(paths, variants(), strict=True):
        path.write_text(write_workflow(variant))

    found = call("zizmor", "--offline", "--persona=pedantic", "--no-progress", tmp_path, ACTION)
    call("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *paths)
    call("check-jsonschema", "--builtin-schema", "vendor.github-actions", ACTION)

    assert "No findings to report" in found


@pytest.mark.parametrize(
    ("good", "bad", "finding"),
    [
        ("  pull_request:", "  pull_request_target:", "dangerous-triggers"),
        ("    steps:\n", "    steps:\n      - run: echo ${{ github.head_ref }}\n", "template-injection"),
        (" # zizmor: ignore[unpinned-uses]", " #", "unpinned-uses"),
        ("          persist-credentials: false\n", "", "artipacked"),
    ],
)
def test_the_linters_look(tmp_path: Path, good: str, bad: str, finding: str) -> None:
    """What finds nothing above does find what it is there to find."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = write_workflow(replace(PLAIN, server=SERVER, action="our/greenroom@v1")).replace(good, bad)
    (folder / "bad.yml").write_text(text)

    with pytest.raises(AssertionError, match=finding):
        call("zizmor", "--offline", "--no-progress", tmp_path)


@pytest.mark.parametrize("workflow", list(variants()))
def test_no_text_of_a_stranger_reaches_a_shell(workflow: Workflow) -> None:
    """No script holds an expression: what an event says travels by the environment."""
    scripts = [
        step["run"] for job in read(workflow)["jobs"].values() for step in job["steps"] if "run" in step
    ]
    scripts += [step["run"] for step in yaml.safe_load(ACTION.read_text())["runs"]["steps"] if "run" in step]

    assert scripts
    assert not any("${{" in script for script in scripts)


def test_the_rights_of_a_job_with_a_server() -> None:
    """It may read the code and prove who it is, and nothing else; the server publishes and hears of the rest."""
    values = read(replace(PLAIN, server=SERVER))

    assert values["permissions"] == {}
    assert {name: job["permissions"] for name, job in values["jobs"].items()} == {
        "run": {"contents": "read", "id-token": "write"}
    }
    assert values["on"] == {"pull_request": {"types": ["opened", "synchronize", "reopened"]}}
    (step,) = [each for each in values["jobs"]["run"]["steps"] if each.get("id") == "greenroom"]
    assert step["with"]["server"] == SERVER


def test_the_rights_of_the_jobs_alone() -> None:
    """Without a server each job has what it posts with, and what a comment starts checks nothing of a stranger out."""
    values = read(PLAIN)

    posting = {"checks": "write", "deployments": "write", "pull-requests": "write"}
    assert values["permissions"] == {}
    assert {name: job["permissions"] for name, job in values["jobs"].items()} == {
        "run": {"contents": "read", **posting},
        "close": {"contents": "read", "deployments": "write"},
        "answer": {"contents": "read", "actions": "write", **posting},
    }
    assert set(values["on"]) == {"pull_request", "merge_group", "push", "issue_comment"}
    answer = values["jobs"]["answer"]
    assert "github.event.issue.pull_request" in answer["if"]
    assert "contains(github.event.comment.body, '/greenroom')" in answer["if"]
    assert "ref" not in answer["steps"][0]["with"]
    assert values["jobs"]["close"]["if"] == "${{ github.event.action == 'closed' }}"
    assert "github.event_name != 'issue_comment'" in values["jobs"]["run"]["if"]


def test_each_action_is_pinned() -> None:
    """Every action is named by SHA, others' with the release beside it; no checkout leaves its token behind."""
    for workflow in (PLAIN, replace(PLAIN, server=SERVER, steps=(DVC,))):
        text = write_workflow(workflow)
        uses = re.findall(r"uses: (\S+)(.*)", text) + re.findall(r"uses: (\S+)(.*)", ACTION.read_text())
        for name, comment in uses:
            assert re.search(r"@[0-9a-f]{40}$", name), name
            assert re.fullmatch("" if name == PINNED else r" # v[\d.]+", comment), name
        steps = [step for job in read(workflow)["jobs"].values() for step in job["steps"]]
        checkouts = [step["with"] for step in steps if step.get("uses", "").startswith("actions/checkout")]
        assert all(each["persist-credentials"] is False for each in checkouts)


def test_only_what_is_superseded_is_stopped() -> None:
    """A pull request's run gives way to a newer head; no other run shares a group."""
    job = read(PLAIN)["jobs"]["run"]

    assert job["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"
    assert "github.event.pull_request.number || github.sha" in job["concurrency"]["group"]
    assert job["timeout-minutes"] == 90
    server = read(replace(PLAIN, server=SERVER))["jobs"]["run"]
    assert server["concurrency"]["cancel-in-progress"] is True
    assert "github.event.pull_request.number" in server["concurrency"]["group"]
    close = read(PLAIN)["jobs"]["close"]["concurrency"]
    assert close["group"] == "greenroom-flights-${{ github.event.pull_request.number }}", (
        "also ends what still runs"
    )


def test_a_fork_leaves_its_bundle() -> None:
    """With a server, the job of a fork hands its bundle over as an artifact, and no other job does."""
    steps = read(replace(PLAIN, server=SERVER))["jobs"]["run"]["steps"]

    (upload,) = [step for step in steps if step.get("uses", "").startswith("actions/upload-artifact")]
    assert upload["if"] == "${{ !cancelled() && github.event.pull_request.head.repo.fork }}"
    assert upload["with"]["name"] == "greenroom-bundle"
    assert "upload-artifact" not in write_workflow(PLAIN)


def test_projects_do_not_meet() -> None:
    """Two projects of one repository have files, titles and groups of their own."""
    one, other = (replace(PLAIN, project=name, folder=name) for name in ("flights", "prices"))

    assert (one.path, other.path) == (
        ".github/workflows/greenroom-flights.yml",
        ".github/workflows/greenroom-prices.yml",
    )
    assert (PLAIN.path, PLAIN.title) == (".github/workflows/greenroom.yml", "Greenroom")
    groups = [read(each)["jobs"]["run"]["concurrency"]["group"].partition("$")[0] for each in (one, other)]
    assert groups == ["greenroom-flights-", "greenroom-prices-"]


def test_a_step_of_the_project_runs_in_its_folder() -> None:
    """What the project needs is set up in its own folder, with uv where uv is called."""
    steps = read(replace(PLAIN, folder="models/it's 1", steps=(DVC,)))["jobs"]["run"]["steps"]

    names = [step["name"] for step in steps]
    assert names.index("Install uv") < names.index("Fetch the data") < names.index("Run Greenroom")
    (fetch,) = [step for step in steps if step["name"] == "Fetch the data"]
    assert fetch["working-directory"] == "models/it's 1"
    assert fetch["run"] == f"{DVC.run}\n"


@pytest.mark.parametrize(
    "workflow",
    [replace(PLAIN, folder="${{ github.token }}"), replace(PLAIN, branch="a\nb")],
    ids=["folder", "branch"],
)
def test_a_name_that_is_an_expression(workflow: Workflow) -> None:
    """A folder whose name GitHub would evaluate is refused, and so is a name of two lines."""
    with pytest.raises(SettingsError, match="cannot stand in a workflow"):
        write_workflow(workflow)
