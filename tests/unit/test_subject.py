"""What a run is about: all that the verdict depends on, and what is told before anything is trained."""

from __future__ import annotations

import pytest

from greenroom_pipeline.errors import RepositoryError, SettingsError
from greenroom_pipeline.project import open_project
from greenroom_pipeline.subject import Subject, identify
from tests.projects import Workbench, make_project


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A project whose training rows are a file that git ignores."""
    bench = make_project(tmp_path_factory.mktemp("subject") / "rows", "regression", estimator="Ridge()")
    settings = (bench.root / "greenroom.toml").read_text()
    bench.write("greenroom.toml", settings.replace("[data]", '[data]\ntrain = ["rows.csv"]'))
    bench.write(".gitignore", "rows.csv\n")
    bench.write("rows.csv", "age,target\n1,2\n")
    bench.commit("know the training rows")
    return bench


def look(bench: Workbench) -> Subject:
    return identify(open_project(bench.places))


def test_evidence_follows_the_training_rows(bench: Workbench) -> None:
    """The same files are the same evidence; another training row is other evidence, and no other fingerprint."""
    first, again = look(bench), look(bench)
    bench.write("rows.csv", "age,target\n1,3\n")
    changed = look(bench)

    assert first.evidence == again.evidence != changed.evidence
    assert first.seed == again.seed != changed.seed
    assert first.fingerprint == changed.fingerprint


def test_training_rows_that_git_knows_must_be_committed(bench: Workbench) -> None:
    """A file that git tracks belongs to the commit that is judged, as the holdout does."""
    settings = (bench.root / "greenroom.toml").read_text()
    bench.write("greenroom.toml", settings.replace("rows.csv", "train.csv"))
    bench.commit("rows that git knows")
    before = (bench.root / "train.csv").read_text()
    (bench.root / "train.csv").write_text(before + "\n")
    with pytest.raises(RepositoryError, match=r"train\.csv changed since the commit"):
        look(bench)
    (bench.root / "train.csv").write_text(before)

    assert look(bench).training is not None


def test_words_are_evidence_and_train_nothing(bench: Workbench) -> None:
    """Other words make another report of the same model; a word for a column that is not there is refused."""
    before, settings = look(bench), (bench.root / "greenroom.toml").read_text()
    bench.write("greenroom.toml", f'{settings}\n[words]\nrow = "patient"\n[words.units]\nage = "years"\n')
    bench.commit("speak of patients")
    after = look(bench)
    bench.write("greenroom.toml", f'{settings}\n[words.units]\naeg = "years"\n')
    bench.commit("misspell one")
    with pytest.raises(
        SettingsError, match=r"\[words.units\]: the holdout has no column 'aeg'; did you mean 'age'"
    ):
        look(bench)
    bench.write("greenroom.toml", settings)
    bench.commit("say nothing")

    assert after.words.rows == "patients"
    assert after.evidence != before.evidence
    assert after.fingerprint == before.fingerprint


def test_seeds_that_no_rule_looks_at_are_refused(bench: Workbench) -> None:
    """Training again for nothing is told before it begins."""
    settings = (bench.root / "greenroom.toml").read_text()
    bench.write(
        "greenroom.toml",
        settings.replace("inputs =", "seeds = 3\ninputs =").replace("max_loss = 1", "max = 99"),
    )
    bench.commit("seeds without a rule")
    with pytest.raises(
        SettingsError,
        match=r"train\.seeds is 3, but no \[\[gate\.check\]\] of a built-in metric has a max_loss",
    ):
        look(bench)
