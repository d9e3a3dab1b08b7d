"""Desks whose reviews say where the candidate comes from, each in another state."""

from __future__ import annotations

from dataclasses import replace

from greenroom_pipeline.drift import ColumnDrift, Drift
from greenroom_pipeline.observations import Distances, InputChange, Retyped
from greenroom_pipeline.since import Changed, CommitLine, Since
from tests.portal.desk_in_memory import HOSTILE, MemoryDesk, first_model, passing

PULL = "https://github.com/ada/flights/pull/7"
RUN = "https://mlflow.example:5000/#/experiments/1/runs/7"


def make_drift() -> Drift:
    return Drift(
        train_rows=246_000,
        rows=81_000,
        columns=[
            ColumnDrift(
                column="temperature",
                kind="number",
                effect=0.52,
                p_value=1e-9,
                drifted=True,
                before="median 45.0, middle half 37.0 to 61.0",
                after="median 66.0, middle half 52.0 to 75.0",
            ),
            ColumnDrift(
                column="carrier",
                kind="category",
                effect=0.12,
                p_value=0.2,
                drifted=False,
                before="UA: 18 %, HA: 0.10 %",
                after="UA: 17 %, HA: 0.12 %",
            ),
            ColumnDrift(
                column="distance",
                kind="number",
                effect=0.031,
                p_value=0.03,
                drifted=False,
                before="median 870, middle half 502 to 1,389",
                after="median 888, middle half 509 to 1,389",
            ),
        ],
        tested=3,
        by_group=True,
    )


def make_since() -> Since:
    return Since(
        commits=[
            CommitLine(sha="a1" * 20, subject="Add wind and visibility", author="Ada Lovelace"),
            CommitLine(sha="b2" * 20, subject="Read the weather by hour", author="Grace Hopper"),
        ],
        commit_count=61,
        files=["data/train.parquet", "features.py", "weather.py (new)"],
        file_count=3,
        parameters=[
            Changed(name="max_iter", before="200", after="400"),
            Changed(name="l2", before=None, after="0.1"),
        ],
        parameter_count=2,
        dependencies=[Changed(name="scikit-learn", before="1.7.1", after="1.7.2")],
        dependency_count=1,
        train_rows=Changed(name="Training rows", before="240,000", after="246,000"),
        holdout_rows=Changed(name="Holdout rows", before="80,000", after="81,000"),
        same_holdout=False,
    )


def _tell(
    since: Since | None, drift: Drift | None = None, *, pull: str | None = PULL, run: str | None = RUN
) -> MemoryDesk:
    desk = passing()
    report = desk.reports[7]
    assert report.lineage is not None
    observed = report.observations.model_copy(
        update={
            "inputs": InputChange(
                added=["wind", "visibility"],
                removed=["tail"],
                retyped=[Retyped(column="hour", before="long", after="string")],
            ),
            "distances": Distances(
                population_stability=0.0021,
                population_stability_noise=0.0004,
                kolmogorov_smirnov=0.034,
                wasserstein=0.0061,
                jensen_shannon=0.012,
            ),
        }
    )
    desk.reports[7] = report.model_copy(
        update={
            "lineage": report.lineage.model_copy(update={"since": since}),
            "drift": drift,
            "observations": observed,
        }
    )
    desk.listed[0] = replace(desk.listed[0], link=pull, run_link=run)
    return desk


def told() -> MemoryDesk:
    return _tell(make_since(), make_drift())


def older() -> MemoryDesk:
    """A report from before either was told, of a forge and a store without pages."""
    return passing()


def first() -> MemoryDesk:
    return first_model()


def shallow() -> MemoryDesk:
    """Nothing but the packages could be compared."""
    drift = make_drift().model_copy(update={"by_group": False})
    return _leave_out_observations(_tell(Since(dependency_count=0), drift))


def unchanged() -> MemoryDesk:
    since = Since(commit_count=0, file_count=0, parameter_count=0, dependency_count=0)
    return _leave_out_observations(_tell(since))


def _leave_out_observations(desk: MemoryDesk) -> MemoryDesk:
    report = desk.reports[7]
    observed = report.observations.model_copy(update={"inputs": None, "distances": None})
    desk.reports[7] = report.model_copy(update={"observations": observed})
    return desk


def hostile() -> MemoryDesk:
    """Every text of a commit, a file, a parameter, a package and a column, chosen badly, and every address."""
    text = HOSTILE[:200]
    change = Changed(name=text, before=text, after=text)
    since = Since(
        commits=[CommitLine(sha=sha, subject=text, author=text) for sha in ("](javascript:1)", "c3" * 20)],
        commit_count=2,
        files=[text],
        file_count=1,
        parameters=[change],
        parameter_count=1,
        dependencies=[change],
        dependency_count=1,
        train_rows=change,
    )
    column = ColumnDrift(
        column=text, kind="category", effect=0.5, p_value=0, drifted=True, before=text, after=text
    )
    drift = Drift(train_rows=1, rows=1, columns=[column, column])
    desk = _tell(since, drift, pull="javascript:alert(1)//pull/7", run="data:text/html,x")
    report = desk.reports[7]
    inputs = InputChange(
        added=[HOSTILE], removed=[HOSTILE], retyped=[Retyped(column=HOSTILE, before=HOSTILE, after=HOSTILE)]
    )
    observed = report.observations.model_copy(update={"inputs": inputs})
    desk.reports[7] = report.model_copy(update={"observations": observed})
    return desk
