"""The fingerprint: changes with what training reads, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom_pipeline.case_file import write_line
from greenroom_pipeline.cases import CASES_FILE
from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.fingerprint import compute_fingerprint
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.settings import TrainTable
from tests.pinned import pinned
from tests.projects import Workbench, init_repository

TRAIN = TrainTable(command="python train.py", inputs=["train.py", "data"])


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    bench = init_repository(tmp_path / "project")
    bench.write("train.py", "print(1)")
    bench.write("data/rows.csv", "a\n1\n")
    bench.write("notes.md", "hello")
    bench.write(".gitignore", "data/\n")
    bench.commit("first")
    return bench


def fingerprint(bench: Workbench, train: TrainTable = TRAIN) -> str:
    return compute_fingerprint(Repository(bench.root), train)


def test_the_number_of_seeds_is_no_part_of_it(bench: Workbench) -> None:
    """More seeds train further models, and leave the candidate the one that it is."""
    assert fingerprint(bench, TRAIN.model_copy(update={"seeds": 3})) == fingerprint(bench)


def test_stays_the_same_when_other_files_change(bench: Workbench) -> None:
    """A commit that touches nothing that training reads keeps the fingerprint."""
    before = fingerprint(bench)
    bench.write("notes.md", "changed")
    bench.commit("second")

    assert fingerprint(bench) == before


def test_changes_with_code_data_and_command(bench: Workbench) -> None:
    """Code, data that git ignores, a further data file and the command each change it."""
    seen = {fingerprint(bench), fingerprint(bench, TRAIN.model_copy(update={"command": "python other.py"}))}
    for name, text in (("train.py", "print(2)"), ("data/rows.csv", "a\n2\n"), ("data/more.csv", "a\n")):
        bench.write(name, text)
        bench.commit(name)
        seen.add(fingerprint(bench))

    assert len(seen) == 5


def test_without_inputs_every_tracked_file_counts(bench: Workbench) -> None:
    """With no inputs named, any tracked file changes it, and ignored ones do not."""
    everything = TrainTable(command="python train.py")
    before = fingerprint(bench, everything)
    bench.write("data/rows.csv", "a\n3\n")

    assert fingerprint(bench, everything) == before

    bench.write("notes.md", "changed")
    bench.commit("second")

    assert fingerprint(bench, everything) != before


def test_refuses_changes_that_are_not_committed(bench: Workbench) -> None:
    """Work that is not committed is refused, since a report belongs to a commit."""
    bench.write("train.py", "print(3)")

    with pytest.raises(RepositoryError, match=r"train\.py changed since the commit"):
        fingerprint(bench)


def test_refuses_an_input_that_is_not_there(bench: Workbench) -> None:
    """An input that does not exist is named."""
    with pytest.raises(RepositoryError, match=r"train\.inputs names 'absent\.py'"):
        fingerprint(bench, TrainTable(command="x", inputs=["absent.py"]))


def test_pinning_a_case_does_not_retrain(bench: Workbench) -> None:
    """Pinned cases are asked and not trained on: they count only where the settings name them."""
    everything = TrainTable(command="python train.py")
    named = TrainTable(command="python train.py", inputs=["train.py", CASES_FILE])
    bench.write(CASES_FILE, write_line(pinned("first")))
    bench.commit("Pin")
    before = fingerprint(bench, everything), fingerprint(bench, named)
    bench.write(CASES_FILE, write_line(pinned("second")))
    bench.commit("Pin")

    assert fingerprint(bench, everything) == before[0]
    assert fingerprint(bench, named) != before[1]
