"""Pinning a case, on the local forge and on GitHub's: a line in the end, whoever else pins or pushes."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from functools import partial
from typing import Any, cast

import pytest

from greenroom_pipeline.case_file import read_cases, write_line
from greenroom_pipeline.cases import CASES_FILE, PinnedCase
from greenroom_pipeline.errors import CasesError, ForgeRefused, RepositoryError
from greenroom_pipeline.forge import Forge
from greenroom_pipeline.pinning import pin_case
from greenroom_pipeline.project import Project
from greenroom_pipeline.repository import Repository
from tests.contract.test_forge_files import hosted as hosted
from tests.contract.test_forge_files import world as world
from tests.forges import GitHubWorld, World, at_once
from tests.github.faults import Fault
from tests.pinned import pinned
from tests.projects import Workbench


def project_of(world: World, bench: Workbench) -> Project:
    """As much of a project as pinning needs: its repository and its forge."""
    nothing = cast(Any, None)
    return Project(nothing, nothing, Repository(bench.root), world.forge(), nothing)


def propose(world: World, *cases: PinnedCase) -> int:
    text = "".join(map(write_line, cases))
    return world.propose("better", "A better model", files={CASES_FILE: text} if text else None)


def names(forge: Forge, number: int) -> list[str]:
    return [case.name for case in read_cases(forge.read_file(number, CASES_FILE) or b"")]


def test_a_case_becomes_a_line(world: World, bench: Workbench) -> None:
    """The first one makes the file, the second is added; the sentence says where it is and what to do."""
    project, number = project_of(world, bench), propose(world)
    said = pin_case(project, number, pinned("first"), sha=project.forge.pull(number).head)
    head = project.forge.pull(number).head
    pin_case(project, number, pinned("second"), sha=head)

    assert said == (
        f"“first” is pinned on better, as commit {head[:7]}. The next run there judges it: wait for CI, or call"
        " `greenroom run` on better. Nothing is trained for it."
    )
    assert (
        project.forge.read_file(number, CASES_FILE)
        == (write_line(pinned("first")) + write_line(pinned("second"))).encode()
    )
    assert world.written(head) == ("Grace", 'Pin "first"\n\nWhy it must hold: it was late for years')


def test_a_message_gives_no_orders(world: World, bench: Workbench) -> None:
    """What would skip the run, tell a person or close an issue is read as text."""
    project, number = project_of(world, bench), propose(world)
    case = pinned("[skip ci] @team", reason="fixes #12 [no ci]")
    pin_case(project, number, case, sha=project.forge.pull(number).head)

    assert (
        world.written(project.forge.pull(number).head)[1]
        == 'Pin "(skip ci) (at)team"\n\nWhy it must hold: fixes no. 12 (no ci)'
    )


def test_a_reason_signs_in_nobody_s_name(world: World, bench: Workbench) -> None:
    """A reason in the form of a trailer is none for git: it names no other author and skips no check."""
    project, number = project_of(world, bench), propose(world)
    case = pinned("first", reason="Co-authored-by: Ada Lovelace <ada@example.org>")
    pin_case(project, number, case, sha=project.forge.pull(number).head)
    message = world.written(project.forge.pull(number).head)[1]
    asked = ["git", "interpret-trailers", "--parse"]
    found = subprocess.run(asked, input=message, capture_output=True, text=True, check=True)

    assert "Ada Lovelace" in message
    assert found.stdout == ""


def test_a_name_that_is_taken_is_refused(world: World, bench: Workbench) -> None:
    """Another case of the same name is refused with who has it; nothing is committed."""
    project, number = project_of(world, bench), propose(world, pinned("first"))
    head = project.forge.pull(number).head

    with pytest.raises(CasesError, match=r"'first' is pinned already, by Grace; choose another name"):
        pin_case(project, number, pinned("first", reason="another"), sha=head)

    assert project.forge.pull(number).head == head


def test_the_same_case_again_is_done_already(world: World, bench: Workbench) -> None:
    """A click that was lost on its way may be repeated, from the commit that was seen then."""
    project, number = project_of(world, bench), propose(world)
    sha = project.forge.pull(number).head
    first = pin_case(project, number, pinned(), sha=sha)

    assert pin_case(project, number, pinned(), sha=sha) == first
    assert names(project.forge, number) == [pinned().name]


def test_a_file_that_is_wrong_is_mended_first(world: World, bench: Workbench) -> None:
    """Nothing is added to a file that no run would take."""
    project = project_of(world, bench)
    number = world.propose("better", "A better model", files={CASES_FILE: "nonsense\n"})

    with pytest.raises(CasesError, match=r"cases\.jsonl, line 1: is no JSON"):
        pin_case(project, number, pinned(), sha=project.forge.pull(number).head)


def test_pins_of_others_are_no_obstacle(world: World, bench: Workbench) -> None:
    """A page that was opened before two others pinned still pins."""
    project, number = project_of(world, bench), propose(world)
    sha = project.forge.pull(number).head
    for name in ("first", "second"):
        pin_case(project, number, pinned(name), sha=project.forge.pull(number).head)
    pin_case(project, number, pinned("third"), sha=sha)

    assert names(project.forge, number) == ["first", "second", "third"]


def test_another_commit_is_looked_at_first(world: World, bench: Workbench) -> None:
    """A push after what was seen stops a pin, also below another pin."""
    project, number = project_of(world, bench), propose(world)
    sha = project.forge.pull(number).head
    pushed = world.push(number, "Even better")
    with pytest.raises(
        RepositoryError, match=rf"moved from {sha[:7]} to {pushed[:7]}; look at the new commit"
    ):
        pin_case(project, number, pinned(), sha=sha)
    pin_case(project, number, pinned("first"), sha=pushed)

    with pytest.raises(RepositoryError, match="look at the new commit"):
        pin_case(project, number, pinned(), sha=sha)

    assert names(project.forge, number) == ["first"]


def test_all_who_pin_at_once_have_their_lines(world: World, bench: Workbench) -> None:
    """Whoever comes second pins on the first one's commit."""
    number = propose(world)
    sha = world.forge().pull(number).head
    cases = [pinned(name) for name in "abc"]

    at_once(*(partial(_pin, project_of(world, bench), number, case, sha=sha) for case in cases))

    assert sorted(names(world.forge(), number)) == ["a", "b", "c"]


def _pin(project: Project, number: int, case: PinnedCase, *, sha: str) -> None:
    pin_case(project, number, case, sha=sha)


def test_a_project_below_the_top_has_its_own_file(world: World, bench: Workbench) -> None:
    """Its cases are in its folder, as its settings are."""
    number = world.propose("better", "A better model", files={"flights/greenroom.toml": "x"})
    project = replace(project_of(world, bench), repository=Repository(bench.root / "flights"))
    pin_case(project, number, pinned(), sha=project.forge.pull(number).head)

    assert project.forge.read_file(number, f"flights/{CASES_FILE}") == write_line(pinned()).encode()
    assert project.forge.read_file(number, CASES_FILE) is None


def test_an_answer_that_was_lost_pins_once(hosted: GitHubWorld, bench: Workbench) -> None:
    """GitHub committed it and broke off: the case is found, and not taken for another one of its name."""
    project, number = project_of(hosted, bench), propose(hosted)
    hosted.github.faults.append(Fault("PUT", "/contents/", "500-after"))

    pin_case(project, number, pinned(), sha=project.forge.pull(number).head)

    assert names(hosted.forge(), number) == [pinned().name]


def test_without_the_right_nothing_is_pinned(hosted: GitHubWorld, bench: Workbench) -> None:
    """One sentence says what to grant."""
    number = propose(hosted)
    token = hosted.github.token(hosted.repository, permissions={"contents": "read", "pull_requests": "write"})
    project = replace(project_of(hosted, bench), forge=hosted.forge(token))

    with pytest.raises(ForgeRefused, match="add `contents: write`"):
        pin_case(project, number, pinned(), sha=project.forge.pull(number).head)
