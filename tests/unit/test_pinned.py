"""The pinned cases of a checkout, against real git."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from greenroom_pipeline.case_asking import ask_all
from greenroom_pipeline.case_file import write_line
from greenroom_pipeline.cases import CASES_FILE, PinnedCase, Pins
from greenroom_pipeline.errors import CasesError, RepositoryError
from greenroom_pipeline.pinned import digest_cases, find_cases, find_pins
from greenroom_pipeline.repository import Repository
from greenroom_services.errors import HostError, QueryRefused
from tests.pinned import pinned
from tests.projects import Workbench, init_repository


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """A project below the top of its repository, with two cases on main."""
    bench = init_repository(tmp_path / "project")
    keep(bench, pinned("first"), pinned("second"))
    bench.git("switch", "--quiet", "--create", "change")
    return bench


def keep(bench: Workbench, *cases: PinnedCase) -> None:
    bench.write(f"flights/{CASES_FILE}", "".join(map(write_line, cases)))
    bench.commit("Pin")


def open_at(bench: Workbench) -> Repository:
    return Repository(bench.root / "flights")


def test_cases_are_those_of_the_commit(bench: Workbench) -> None:
    """What lies uncommitted in the working tree is not asked, and a wrong line of the commit is named."""
    (bench.root / f"flights/{CASES_FILE}").write_text("nonsense")

    assert [case.name for case in find_cases(open_at(bench))] == ["first", "second"]

    bench.commit("Break")
    with pytest.raises(CasesError, match=r"cases\.jsonl, line 1: is no JSON"):
        find_cases(open_at(bench))


def test_cases_that_git_ignores_are_not_left_out(bench: Workbench) -> None:
    """A file that no commit has would be asked of nobody, so that is said."""
    bench.git("rm", "--quiet", f"flights/{CASES_FILE}")
    bench.write(".gitignore", "*.jsonl\n")
    bench.commit("Ignore")

    assert find_cases(open_at(bench)) == []

    bench.write(f"flights/{CASES_FILE}", write_line(pinned()))
    with pytest.raises(RepositoryError, match=r"cases\.jsonl is in no commit.*git add --force"):
        find_cases(open_at(bench))


def test_what_a_branch_takes_away_is_known(bench: Workbench) -> None:
    """Against where it left its base, whatever the base pinned since."""
    keep(bench, pinned("first", row={"distance": 1}))
    changed = find_pins(open_at(bench), find_cases(open_at(bench)), base="main")
    bench.git("switch", "--quiet", "main")
    keep(bench, pinned("first"), pinned("second"), pinned("third"))
    bench.git("switch", "--quiet", "change")

    assert changed == Pins(taken=["second"], changed=["first"])
    assert find_pins(open_at(bench), find_cases(open_at(bench)), base="") == changed


def test_without_history_nothing_is_said(bench: Workbench, tmp_path: Path) -> None:
    """A shallow clone does not reach to where the branch left, and guesses nothing."""
    keep(bench, pinned("first"))
    bench.git(
        "clone", "--quiet", "--depth=1", "--branch=change", f"file://{bench.root}", str(tmp_path / "shallow")
    )
    shallow = Repository(tmp_path / "shallow/flights")

    assert [case.name for case in find_cases(shallow)] == ["first"]
    assert find_pins(shallow, find_cases(shallow), base="main") is None


def test_the_digest_follows_what_is_expected() -> None:
    """Another row, expectation or reason is other evidence; none has a digest as well."""
    seen = [
        [],
        [pinned()],
        [pinned(reason="another")],
        [pinned(row={"distance": 3})],
        [pinned(), pinned("b")],
    ]

    assert len({digest_cases(cases) for cases in seen}) == len(seen)


def test_a_refused_row_alone_is_refused() -> None:
    """One row that is wrong, or that the model breaks on, takes no other with it; rows are asked many at a time."""
    calls: list[int] = []

    def ask(rows: Sequence[Any]) -> dict[str, Any]:
        calls.append(len(rows))
        for place, row in enumerate(rows):
            if row["a"] in (13, 450):
                says = f"row {place}: a is {row['a']}"
                raise QueryRefused(says, detail=[]) if row["a"] == 13 else HostError(says)
        return {"predictions": [row["a"] for row in rows], "probabilities": None}

    given = ask_all(ask, [{"a": place} for place in range(500)], until=float("inf"))

    assert [each.prediction for each in given if not each.error] == [
        n for n in range(500) if n not in (13, 450)
    ]
    assert [each.error for each in given if each.error] == ["a is 13", "a is 450"]
    assert len(calls) < 40


def test_asking_has_an_end() -> None:
    """A model that hangs at every row is not asked about the next thousand."""

    def ask(rows: Sequence[Any]) -> dict[str, Any]:
        raise AssertionError

    (given,) = ask_all(ask, [{}], until=0.0)

    assert given.error == "it was not asked: the answers before took too long"
