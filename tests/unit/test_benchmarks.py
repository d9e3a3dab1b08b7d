"""The benchmark's table and JSON, and the gate's opponent; no times."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks.gate import METRICS, bootstrap, evaluate_case, make_case
from benchmarks.gateway import Turn
from benchmarks.gateway import tell as tell_gateway
from benchmarks.loop import STEPS, Round, RunTimes, tell
from benchmarks.plain import PlainTimes
from benchmarks.portal import tell as tell_portal
from benchmarks.results import Result, compare, from_json, judge, make_table, merge, to_json
from benchmarks.scale import SLICES, measure, write_table
from benchmarks.stage import make_stage
from greenroom_pipeline.local_desk import open_desk


def print_table(results: list[Result]) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=160).print(make_table(results))
    return stream.getvalue().splitlines()


def test_a_comparison_is_of_medians() -> None:
    """The ratio is the median of ours over the median of theirs, held against the target."""
    result = compare("start", [3.0, 1.0, 2.0], [8.0, 80.0, 4.0], target=0.25)

    assert result == Result("start", ours=2.0, theirs=8.0, ratio=0.25, target=0.25, met=True, runs=3)
    assert compare("start", [3.0], [8.0], target=0.25).met is False


def test_a_side_without_a_step_has_no_ratio() -> None:
    """A step of one side alone, or a ratio without a promise, is neither met nor missed."""
    assert compare("score", [3.0], target=0.5) == Result("score", 3.0, None, None, 0.5, None, 1)
    assert compare("log", [3.0], [6.0]).met is None


def test_the_json_has_the_published_shape() -> None:
    """One object holds the machine and the list of results, each with the same seven keys."""
    results = [compare("start", [1.0], [4.0], target=0.35), judge("ends", 0.04, target=0.05, runs=1)]
    document = json.loads(to_json(results, {"cores": 2}))

    assert document["machine"] == {"cores": 2}
    assert document["results"] == [
        {"name": "start", "ours": 1.0, "theirs": 4.0, "ratio": 0.25, "target": 0.35, "met": True, "runs": 1},
        {"name": "ends", "ours": None, "theirs": None, "ratio": 0.04, "target": 0.05, "met": True, "runs": 1},
    ]


def test_the_table_says_what_is_missed() -> None:
    """A line for each row, with numbers in seconds and a shout where a target is missed."""
    head, missed, alone = print_table([compare("start", [5.0], [4.0], target=0.35), compare("score", [3.0])])

    assert head.split() == ["what", "ours", "theirs", "ratio", "target", "met", "runs"]
    assert missed.split() == ["start", "5.000", "s", "4.000", "s", "1.25", "≤", "0.35", "NO", "1"]
    assert alone.split() == ["score", "3.000", "s", "1"]


def test_a_part_leaves_the_other_rows(tmp_path: Path) -> None:
    """Rows that are measured anew take their old places, others stay, and new ones come last."""
    known = [compare("start", [9.0]), compare("gate: rows : of 5", [1.0], [4.0]), compare("end", [2.0])]
    written = from_json(to_json(known, {}))
    again = [compare("gate: rows : of 20", [2.0], [4.0]), compare("gate: more", [3.0])]

    assert written == known
    assert merge(written, again) == [known[0], again[0], known[2], again[1]]


def test_memory_is_in_gib() -> None:
    """A row of memory is no row of seconds."""
    _, row = print_table([compare("peak memory in GiB : limit", [2.0], [4.0], target=1)])

    assert row.split()[-9:] == ["2.000", "GiB", "4.000", "GiB", "0.5", "≤", "1", "yes", "1"]


def test_a_process_of_its_own_tells_its_peak(tmp_path: Path) -> None:
    """The table goes through `greenroom compare` in another process, which tells its memory and time."""
    measured = measure(write_table(tmp_path / "table.parquet", rows=20_000))

    assert 0.05 < measured.gib < 2
    assert measured.seconds > 0
    assert SLICES == 50


def test_training_is_left_out_and_logging_is_not() -> None:
    """The promised ratio counts all of a run but the training, on both sides with the model's logging."""
    steps = {**dict.fromkeys(STEPS, 0.5), "train": 7.0, "package": 1.0, "preview": 2.0}
    first = RunTimes(whole=14.0, steps=steps, log_model=1.0)
    plain = PlainTimes(train=6.0, log_model=3.0, build=4.0, build_unlocked=2.0, serve=5.0)
    rows = {row.name: row for row in tell([Round(first, again=0.7, plain=plain, preview=1.0, served=4.0)])}

    assert rows["train, logging excluded"].ours == 6.0
    assert rows["command's start and report"].ours == 2.0
    promised = rows["pull request → preview link, training excluded"]
    assert (promised.ours, promised.theirs, promised.met) == (8.0, 12.0, False)
    assert rows["the same commit again : its first run"].ratio == pytest.approx(0.05)


def test_what_the_gateway_adds() -> None:
    """What it adds is the median of each round's difference; throughput is told as time, and left out without wrk."""
    ours = [Turn(p50=11.0, loaded=2.5), Turn(p50=30.0, loaded=2.6), Turn(p50=11.0, loaded=2.4)]
    theirs = [Turn(p50=10.0, loaded=2.0), Turn(p50=10.0, loaded=2.2), Turn(p50=9.5, loaded=2.0)]
    _, added, loaded = tell_gateway(ours, theirs)

    assert (added.ours, added.ratio, added.met, added.runs) == (1.5, 1.0, True, 3)
    assert (loaded.ratio, loaded.met) == (1.25, True)
    assert print_table([added])[1].split()[-9:] == ["1.500", "ms", "1.500", "ms", "1", "≤", "1", "yes", "3"]
    assert len(tell_gateway([Turn(11.0, None)], [Turn(10.0, None)])) == 2


def test_both_sides_of_the_gate_measure_the_same() -> None:
    """Around scikit-learn's metrics the bootstrap spreads about the differences that Greenroom reports."""
    case = make_case(2_000)
    drawn = bootstrap(case, resamples=50)

    for result in evaluate_case(case).metrics:
        assert result.difference is not None
        assert abs(drawn[result.metric].mean() - result.difference) < drawn[result.metric].std()
    assert drawn.keys() == METRICS.keys()
    assert all(np.ptp(values) > 0 for values in drawn.values())


def test_a_crowds_row_is_beside_the_pages() -> None:
    """Each project's visits are held against the empty app's, and the crowd has a row without a promise."""
    ours = {(10, 10_000): [1.5, 1.7, 1.6], (1_000, 10_000): [3.0, 3.2, 3.1]}
    small, many, crowd = tell_portal(ours, [1.6, 1.6, 1.6], [(4.0, 2.0)])

    assert small.name.startswith("portal: verdict readable, 10 pull requests, 10,000 holdout rows")
    assert (small.ratio, small.met) == (1.0, True)
    assert (many.ratio, many.met) == (1.938, False)
    assert (crowd.ratio, crowd.met) == (2.0, None)


def test_a_stage_is_a_project_with_reviews(tmp_path: Path) -> None:
    """Its desk lists as many pull requests as were asked for, each with a report of as many rows."""
    stage = make_stage(tmp_path / "stage", pulls=2, rows=1_000)
    desk = open_desk({"GREENROOM_REPOSITORY": str(stage.repository)})
    report = desk.report("stage", stage.pull)

    assert [review.pull for review in desk.reviews()] == [2, 1]
    assert report is not None
    assert report.holdout.rows == 1_000
