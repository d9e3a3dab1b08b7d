"""Reports that another version of Greenroom wrote: older ones are read, newer ones are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from greenroom_pipeline.errors import StoreError
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.record import PROFILE, REPORT, read_profile, read_report
from tests.projects import make_project

OLDER = Path(__file__).parents[1] / "golden" / "report_older.json"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("reports") / "project"
    return open_project(make_project(folder, "regression", estimator="Ridge()").places)


def keep(project: Project, text: str) -> str:
    """Store a report as it is, and return its run."""
    run_id = project.store.begin("main 0", {})
    project.store.put_text(run_id, text, REPORT)
    return run_id


def test_an_older_report_is_read(project: Project) -> None:
    """A report from before people's words and movements is read, with nothing in their place."""
    text = OLDER.read_text(encoding="utf-8")
    found = read_report(project.store, keep(project, text))

    assert found is not None
    assert found.summary == json.loads(text)["summary"]
    assert (found.movements, found.words.rows, found.cases) == ([], "rows", [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 2}, "was written by a newer Greenroom (schema 2); update this one to read it"),
        (
            {"horoscope": []},
            "was written by a newer Greenroom, which knows 'horoscope'; update this one to read it",
        ),
        ({"holdout": {"rows": 1, "digest": "d", "moon": 1}}, "which knows 'moon'; update this one"),
        (
            {"schema": 0},
            "is not of this version's schema (1 difference); run `greenroom run` on its commit again",
        ),
        ({"verdict": "perhaps"}, "is not of this version's schema (1 difference)"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(
    project: Project, change: dict[str, object], said: str
) -> None:
    """Whether to update Greenroom or to run the commit again is said, and which run it is about."""
    run_id = keep(project, json.dumps(json.loads(OLDER.read_text(encoding="utf-8")) | change))
    with pytest.raises(StoreError) as caught:
        read_report(project.store, run_id)

    assert str(caught.value).startswith(f"the report of run {run_id} ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_newer_profile_is_told_in_one_line(project: Project) -> None:
    """What a form is made of is named like a report when a later version wrote it."""
    run_id = project.store.begin("main 0", {})
    project.store.put_text(run_id, '{"schema": 2}', PROFILE)
    with pytest.raises(
        StoreError, match=rf"the feature profile of run {run_id} .* newer Greenroom \(schema 2\)"
    ):
        read_profile(project.store, run_id)
