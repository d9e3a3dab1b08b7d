"""What changed since the champion: a real repository, MLflow's own record, and what is missing of either."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest

from greenroom_pipeline.ancestry import find_since
from greenroom_pipeline.holdout import Holdout
from greenroom_pipeline.models import Model
from greenroom_pipeline.observations import Observations, Overlap
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.report import Holdout as ReportedHoldout
from greenroom_pipeline.report import Lineage, Report, to_json
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.since import Since
from greenroom_pipeline.subject import Champion, Subject
from greenroom_pipeline.tracking import LoggedModel, ModelVersion
from greenroom_pipeline.words import Words
from tests.portal.desk_in_memory import make_report
from tests.projects import Workbench, init_repository

SETTINGS = """
    [project]
    name = "flights"
    task = "binary"

    [train]
    command = "python train.py"
    inputs = ["train.py", "data/"]

    [data]
    holdout = "holdout.csv"
    target = "late"
    """


@dataclass(frozen=True)
class Scene:
    """A champion that was trained at the first commit, and a candidate of the checkout."""

    bench: Workbench
    project: Project
    champion: Champion
    model: Model

    @property
    def subject(self) -> Subject:
        """The checked-out commit, with the champion to compare with."""
        frame = pd.DataFrame({"late": [0, 1, 0]})
        return Subject(
            commit=self.project.repository.commit(),
            branch=None,
            pull=None,
            fingerprint="f" * 64,
            holdout=Holdout(frame, "d" * 64, self.project.settings.data, ("0", "1")),
            training=None,
            words=Words(),
            champion=self.champion,
            evidence="e" * 64,
        )

    def find(self, parameters: dict[str, str] | None = None, train_rows: int | None = None) -> Since | None:
        overlap = train_rows and Overlap(train_rows=train_rows, rows=3, columns=[], identical=0, ids=None)
        observed = Observations(overlap=overlap or None)
        return find_since(
            self.project, self.subject, model=self.model, parameters=parameters or {}, observed=observed
        )

    def tell(self) -> Since:
        found = self.find()
        assert found is not None
        return found

    def report(self, report: Report) -> None:
        self.project.store.put_text(self.champion.version.tags["run"], to_json(report), "report.json")


def make_model(folder: Path, sha: str, *requirements: str) -> Model:
    folder.mkdir()
    (folder / "MLmodel").write_text("mlflow_version: 3.17.0\n")
    (folder / "requirements.txt").write_text("\n".join(requirements))
    return Model(LoggedModel("run", "", folder), digest=folder.name, sha=sha, inputs=None)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a store, whose making takes long; each test has a repository and runs of its own."""
    bench = init_repository(tmp_path_factory.mktemp("opened") / "flights")
    bench.write("greenroom.toml", SETTINGS)
    bench.commit("Settings")
    return open_project(bench.places)


@pytest.fixture
def scene(opened: Project, tmp_path: Path) -> Scene:
    bench = init_repository(tmp_path / "flights")
    bench.write("train.py", "1")
    bench.write("data/old.csv", "1")
    bench.write("README.md", "1")
    first = bench.commit("A first model")
    project = replace(opened, repository=Repository(bench.root))
    run = project.store.begin("champion", {"sha": first})
    return Scene(
        bench,
        project,
        Champion(
            ModelVersion("1", run, {"run": run, "sha": first, "trained_at": first}),
            make_model(tmp_path / "champion", first, "numpy==2.1", "pandas==2.3"),
        ),
        make_model(tmp_path / "candidate", "", "numpy==2.2", "scipy==1.16", "pandas==2.3"),
    )


def reported(*, parameters: dict[str, str], train_rows: int) -> Report:
    lineage = Lineage(sha="a" * 40, branch=None, pull=1, fingerprint="f" * 64, parameters=parameters)
    overlap = Overlap(train_rows=train_rows, rows=2, columns=[], identical=0, ids=None)
    return make_report(7).model_copy(
        update={
            "lineage": lineage,
            "observations": Observations(overlap=overlap),
            "holdout": ReportedHoldout(rows=2, digest="c" * 64),
        }
    )


def test_everything_that_changed_is_told(scene: Scene) -> None:
    """Commits newest first, the inputs of training alone, parameters, packages and rows, before and after."""
    scene.bench.write("train.py", "2")
    scene.bench.write("README.md", "2")
    scene.bench.commit("Try more trees")
    scene.bench.write("data/new.csv", "1")
    (scene.bench.root / "data/old.csv").unlink()
    head = scene.bench.commit("Newer data")
    scene.report(reported(parameters={"trees": "100", "depth": "3"}, train_rows=1000))
    found = scene.find({"trees": "200", "depth": "3"}, train_rows=1500)

    assert found is not None
    assert [(each.subject, each.author) for each in found.commits] == [
        ("Newer data", "Ada"),
        ("Try more trees", "Ada"),
    ]
    assert (found.commits[0].sha, found.commit_count) == (head, 2)
    assert (found.files, found.file_count) == (["data/new.csv (new)", "data/old.csv (gone)", "train.py"], 3)
    assert [(each.name, each.before, each.after) for each in found.parameters] == [("trees", "100", "200")]
    assert [(each.name, each.before, each.after) for each in found.dependencies] == [
        ("numpy", "2.1", "2.2"),
        ("scipy", None, "1.16"),
    ]
    assert (found.parameter_count, found.dependency_count) == (1, 2)
    rows = [(each.before, each.after) for each in (found.train_rows, found.holdout_rows) if each]
    assert rows == [("1,000", "1,500"), ("2", "3")]
    assert found.same_holdout is False


def test_a_branch_beside_the_champion_has_its_own_commits(scene: Scene) -> None:
    """Where production went on meanwhile, only what the candidate has beyond it is counted."""
    scene.bench.git("switch", "--quiet", "--create", "change")
    scene.bench.commit("Mine")
    scene.bench.git("switch", "--quiet", "main")
    scene.bench.write("train.py", "theirs")
    theirs = scene.bench.commit("Theirs, promoted meanwhile")
    scene.bench.git("switch", "--quiet", "change")
    champion = replace(scene.champion, model=replace(scene.champion.model, sha=theirs))
    found = replace(scene, champion=champion).tell()

    assert ([each.subject for each in found.commits], found.commit_count) == (["Mine"], 1)
    assert found.files == ["train.py"]


def test_without_a_champion_there_is_nothing_to_tell(scene: Scene) -> None:
    """The first model has no predecessor."""
    alone = replace(scene.subject, champion=None)

    assert find_since(scene.project, alone, model=scene.model, parameters={}, observed=Observations()) is None


def test_what_a_shallow_clone_lacks_is_null(scene: Scene, tmp_path: Path) -> None:
    """A history that ends before the champion's commit gives no number, rather than a wrong one."""
    for message in ("One", "Two", "Three"):
        scene.bench.commit(message)
    clone = tmp_path / "clone"
    source = f"file://{scene.bench.root}"
    subprocess.run(["git", "clone", "--quiet", "--depth", "2", source, str(clone)], check=True)
    shallow = replace(scene, project=replace(scene.project, repository=Repository(clone)))
    # Someone fetched the champion's commit by itself: it is there, and not connected.
    fetched = scene.champion.model.sha
    before = shallow.tell()
    Repository(clone).git("fetch", "--quiet", "--depth", "1", "origin", fetched)
    after = shallow.tell()

    for found in (before, after):
        assert (found.commit_count, found.commits, found.file_count) == (None, [], None)
    assert scene.tell().commit_count == 3


def test_what_a_rewritten_history_lost_is_null(scene: Scene) -> None:
    """A champion whose commit nobody has any more, or that shares no history, or that has none at all."""
    scene.bench.git("checkout", "--quiet", "--orphan", "anew")
    scene.bench.commit("All of it anew")
    for sha in (scene.champion.model.sha, "0" * 40, "--output=x", ""):
        tags = {**scene.champion.version.tags, "sha": sha}
        champion = Champion(
            replace(scene.champion.version, tags=tags), replace(scene.champion.model, sha=sha)
        )
        found = replace(scene, champion=champion).tell()

        assert (found.commit_count, found.file_count) == (None, None)
        assert found.dependency_count == 2


@pytest.mark.parametrize("content", [None, "{}", '{"schema": 2}'])
def test_a_champion_without_a_report_of_this_schema(scene: Scene, content: str | None) -> None:
    """What only its report knows is null; parameters are in MLflow as well."""
    run = scene.champion.version.tags["run"]
    if content is not None:
        scene.project.store.put_text(run, content, "report.json")
    unknown = scene.tell()
    scene.project.store.log_parameters(run, {"trees": "100"})
    known = scene.find({"trees": "200"})

    assert (unknown.parameter_count, unknown.train_rows, unknown.same_holdout) == (None, None, None)
    assert unknown.holdout_rows is not None
    assert unknown.holdout_rows.before is None
    assert known is not None
    assert known.parameter_count == 1


def test_what_a_report_holds_is_bounded_and_whole_text(scene: Scene) -> None:
    """Hundreds of commits, files and parameters are counted and cut, long texts too, and bytes become text."""
    data = scene.bench.root / "data"
    for place in range(60):
        (data / f"{place:03}-{'x' * 230}").write_text("1")
    (data / "\udcff.csv").write_text("1")
    scene.bench.commit("s" * 5_000)
    for place in range(55):
        scene.bench.commit(f"Commit {place}")
    scene.report(reported(parameters={}, train_rows=1))
    found = scene.find({f"{'p' * 240}{place}": "v" * 6_000 for place in range(150)})

    assert found is not None
    assert (len(found.commits), found.commit_count) == (50, 56)
    assert (len(found.files), found.file_count) == (50, 61)
    assert (len(found.parameters), found.parameter_count) == (100, 150)
    assert len(found.model_dump_json()) < 100_000


def test_data_that_is_kept_elsewhere_is_known_by_its_pointer(scene: Scene) -> None:
    """The pointer of DVC beside an input is an input; git itself has nothing of the data."""
    scene.bench.write("data.dvc", "outs: 1")
    scene.bench.commit("Newer data")

    assert scene.tell().files == ["data.dvc (new)"]


def test_a_project_in_a_folder_names_files_from_there(tmp_path: Path) -> None:
    """Names are relative to the project, and files beside it are none of its inputs."""
    bench = init_repository(tmp_path / "all")
    bench.write("one/train.py", "1")
    base = bench.commit("One")
    bench.write("one/train.py", "2")
    bench.write("two/train.py", "1")
    head = bench.commit("Two")

    assert Repository(bench.root / "one").differences(base, head, ["."]) == [("M", "train.py")]
