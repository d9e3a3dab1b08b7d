"""A desk written by hand: reviews, reports and previews in memory, with models that are one line each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from greenroom_pipeline.cases import PinnedCase
from greenroom_pipeline.desk import (
    Happening,
    PreviewAction,
    PreviewState,
    PreviewStatus,
    Reign,
    Replies,
    Reply,
    Review,
    Rows,
)
from greenroom_pipeline.errors import (
    DataError,
    GreenroomError,
    PreviewError,
    PromotionError,
    RepositoryError,
    StoreError,
)
from greenroom_pipeline.exploration import Differences, Exploration, Kept, Span, Terms
from greenroom_pipeline.filters import Column, Filter
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.inspection import (
    explore_rows,
    list_columns,
    list_differences,
    pick_row,
    span_column,
)
from greenroom_pipeline.metrics.registry import METRICS
from greenroom_pipeline.observations import Calibration, Flips, Observations, Shift
from greenroom_pipeline.report import (
    CheckResult,
    Curve,
    Holdout,
    Lineage,
    MetricResult,
    ModelReference,
    Outcome,
    Override,
    Point,
    Report,
    Slice,
    Task,
    Timing,
    Verdict,
    main_result,
)

PROJECT = "flight-delays"
CHAMPION = ModelReference(name=PROJECT, version="3", digest="c" * 64, run_id="run-c", sha="c" * 40)
HOSTILE = (
    "<script>alert(1)</script> **bold** _it_ `code` [x](https://evil.example) "
    "![i](https://evil.example/i.png) :red[stop] :material/home: :smile: $x^2$ "
    "https://evil.example www.evil.example a@evil.example # h | ~~s~~ \\"
)


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def candidate_probability(row: dict[str, Any]) -> float:
    return logistic(-2.0 + 0.0005 * row["distance"] + (1.1 if row["carrier"] == "HA" else 0.2))


def champion_probability(row: dict[str, Any]) -> float:
    return logistic(-1.8 + 0.0004 * row["distance"])


@dataclass
class MemoryDesk:
    """Answers like the real desk, from what it is given."""

    listed: list[Review]
    reports: dict[int, Report] = field(default_factory=dict)
    profiles: dict[int, dict[str, Any]] = field(default_factory=dict)
    previews_by_slot: dict[str, PreviewStatus] = field(default_factory=dict)
    production: str | None = CHAMPION.digest
    task: Task = "binary"
    promotions: list[tuple[int, str, str]] = field(default_factory=list)
    refusal: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    logs_read: list[str] = field(default_factory=list)
    described: list[int] = field(default_factory=list)
    row_files: dict[int, Rows] = field(default_factory=dict)
    terms: dict[int, Terms] = field(default_factory=dict)
    explored: list[tuple[Filter, ...]] = field(default_factory=list)
    hosted: list[PreviewStatus] = field(default_factory=list)
    acts: list[tuple[str, PreviewAction]] = field(default_factory=list)
    happenings: dict[int, list[Happening]] = field(default_factory=dict)
    reigns: list[Reign] = field(default_factory=list)
    pinned: list[tuple[int, str, PinnedCase]] = field(default_factory=list)

    def project(self) -> str:
        return PROJECT

    def reviews(self) -> list[Review]:
        return self.describe(self.pulls())

    def pulls(self) -> list[PullRequest]:
        return [_as_pull(review) for review in self.listed]

    def describe(self, pulls: Sequence[PullRequest]) -> list[Review]:
        self.described += [pull.number for pull in pulls]
        known = {review.pull: review for review in self.listed}
        return [replace(known[pull.number], log="") for pull in pulls]

    def judged(self, verdict: Verdict) -> frozenset[str]:
        return frozenset(review.sha for review in self.listed if review.verdict == verdict)

    def review(self, project: str, pull: int) -> Review:
        for review in self.listed:
            if (review.project, review.pull) == (project, pull):
                return review
        raise RepositoryError(
            f"There is no pull request #{pull} in {project}; `greenroom run` on its branch."
        )

    def report(self, project: str, pull: int) -> Report | None:
        self.reads.append(pull)
        return self.reports.get(pull)

    def profile(self, project: str, pull: int) -> dict[str, Any]:
        if pull not in self.profiles:
            raise PreviewError(f"No Bento of pull request #{pull}; run `greenroom run` again.")
        return self.profiles[pull]

    def preview(self, project: str, slot: str) -> PreviewStatus:
        return self.previews_by_slot.get(slot, PreviewStatus(slot, "absent"))

    def query(self, project: str, slot: str, row: dict[str, Any]) -> Reply:
        model: dict[str, str | None] = {"name": project, "version": "3", "digest": "c" * 64}
        self.asked.append(row)
        if row.get("carrier") == "??":
            return Reply(None, None, 0.002, model, error="row 0: carrier is '??', expected one of UA, HA")
        if self.task == "regression":
            value = 12.5 if slot == "production" else 14.0
            return Reply(value, None, 0.003, model)
        share = champion_probability(row) if slot == "production" else candidate_probability(row)
        return Reply("1" if share >= 0.5 else "0", {"0": 1 - share, "1": share}, 0.0042, model)

    def query_many(self, project: str, slot: str, rows: Sequence[dict[str, Any]]) -> Replies:
        replies = [self.query(project, slot, row) for row in rows]
        refused = next(
            (f"row {place}: {each.error}" for place, each in enumerate(replies) if each.error), None
        )
        if refused:
            return Replies([], None, 0.0, {}, error=refused)
        return Replies(
            [each.prediction for each in replies],
            None if self.task == "regression" else [each.probabilities or {} for each in replies],
            0.01,
            replies[0].model if replies else {},
        )

    def rows(self, project: str, pull: int) -> Rows | None:
        return self.row_files.get(pull)

    def columns(self, project: str, pull: int) -> tuple[Column, ...]:
        return list_columns(self._require_rows(pull))

    def span(self, project: str, pull: int, column: str) -> Span:
        return span_column(self._require_rows(pull), column)

    def explore(self, project: str, pull: int, filters: Sequence[Filter]) -> Exploration:
        self.explored.append(tuple(filters))
        return explore_rows(self._require_rows(pull), self.terms[pull], filters)

    def disagree(
        self, project: str, pull: int, filters: Sequence[Filter], *, kept: Kept, most: int
    ) -> Differences:
        files = self._require_rows(pull)
        return list_differences(files, self.terms[pull], filters, kept=kept, most=most)

    def random_row(self, project: str, pull: int, *, seed: int) -> dict[str, Any]:
        return pick_row(self._require_rows(pull), self.terms[pull], seed=seed)

    def _require_rows(self, pull: int) -> Rows:
        if pull not in self.row_files:
            raise DataError("The holdout's rows are not here; `greenroom run` the commit.")
        return self.row_files[pull]

    def previews(self) -> list[PreviewStatus]:
        return self.hosted

    def preview_log(self, project: str, slot: str) -> str:
        self.logs_read.append(slot)
        return self.preview(project, slot).log

    def act(self, project: str, slot: str, action: PreviewAction) -> PreviewStatus:
        if self.refusal:
            raise PreviewError(self.refusal)
        states: dict[PreviewAction, PreviewState] = {"wake": "awake", "sleep": "asleep", "stop": "stopped"}
        changed = replace(self.preview(project, slot), state=states[action])
        self.previews_by_slot[slot] = changed
        self.hosted = [changed if each.slot == slot else each for each in self.hosted]
        self.acts.append((slot, action))
        return changed

    def timeline(self, project: str, pull: int) -> list[Happening]:
        return self.happenings.get(pull, [])

    def history(self, project: str) -> list[Reign]:
        return self.reigns

    def pin(self, project: str, pull: int, case: PinnedCase, *, sha: str) -> str:
        if self.refusal:
            raise RepositoryError(self.refusal)
        self.pinned.append((pull, sha, case))
        return f"The case {case.name!r} is pinned on change-{pull}."

    def champion_digest(self, project: str) -> str | None:
        return self.production

    def promote(self, project: str, pull: int, *, sha: str, by: str) -> str:
        review = self.review(project, pull)
        if self.refusal:
            raise PromotionError(self.refusal)
        self.listed[self.listed.index(review)] = replace(review, pull_state="merged")
        self.promotions.append((pull, sha, by))
        self.production = self.reports[pull].candidate.digest
        return f"Pull request #{pull} is merged, and its candidate is in production as version 4."


def _as_pull(review: Review) -> PullRequest:
    return PullRequest(
        number=review.pull,
        title=review.title,
        branch=review.branch,
        author=review.author,
        head=review.sha,
        state=review.pull_state,
        updated=review.updated,
    )


def make_review(pull: int, title: str, *, hours: float = 2, **changes: Any) -> Review:
    review = Review(
        project=PROJECT,
        pull=pull,
        title=title,
        branch=f"change-{pull}",
        author="Ada Lovelace",
        sha=f"{pull:040x}",
        pull_state="open",
        run_state="finished",
        updated=datetime.now(UTC) - timedelta(hours=hours),
    )
    return replace(review, **changes)


def make_metric(
    metric: str,
    values: tuple[float, float],
    interval: tuple[float, float],
    *,
    higher: bool = True,
    part: tuple[str, str] | None = None,
    rows: int = 81_000,
) -> MetricResult:
    return MetricResult(
        metric=metric,
        title=METRICS[metric].title if metric in METRICS else metric,
        slice=Slice(column=part[0], value=part[1]) if part else None,
        candidate=values[0],
        champion=values[1],
        difference=round(values[0] - values[1], 10),
        interval=interval,
        confidence=0.95,
        p_value=0.01,
        rows=rows,
        method="delong",
        higher_is_better=higher,
    )


def _metrics() -> list[MetricResult]:
    slices = [
        ("carrier", "UA", 0.7312, 0.7190, (0.0061, 0.0183), 14_380),
        ("carrier", "HA", 0.6011, 0.6702, (-0.1120, -0.0262), 420),
        ("carrier", "DL", 0.7104, 0.7081, (-0.0020, 0.0066), 11_904),
        ("origin", "JFK", 0.7288, 0.7170, (0.0075, 0.0161), 27_310),
        ("origin", "LGA", 0.7199, 0.7101, (0.0044, 0.0152), 25_902),
    ]
    return [
        make_metric("roc_auc", (0.7312, 0.7190), (0.0095, 0.0149)),
        make_metric("log_loss", (0.3811, 0.3890), (-0.0098, -0.0060), higher=False),
        make_metric("brier", (0.1190, 0.1188), (-0.0004, 0.0008), higher=False),
        make_metric("accuracy", (0.8466, 0.8470), (-0.0012, 0.0004)),
        *(
            make_metric("roc_auc", (own, other), interval, part=(column, value), rows=rows)
            for column, value, own, other, interval, rows in slices
        ),
        MetricResult(
            metric="roc_auc",
            title="ROC AUC",
            slice=Slice(column="carrier", value="OO"),
            candidate=None,
            champion=None,
            difference=None,
            interval=None,
            confidence=0.95,
            p_value=None,
            rows=29,
            method="delong",
            higher_is_better=True,
        ),
    ]


def _curves(*, label: str = "1") -> list[Curve]:
    grid = [step / 20 for step in range(21)]
    return [
        Curve(
            kind=kind,
            model=model,
            label=label,
            points=[Point(x=x, y=round(x**power, 4)) for x in grid],
        )
        for kind, powers in (("roc", (0.42, 0.46)), ("calibration", (1.05, 1.2)))
        for model, power in zip(("candidate", "champion"), powers, strict=True)
    ]


def make_check(code: str, title: str, outcome: Outcome, reason: str) -> CheckResult:
    return CheckResult(code=code, title=title, outcome=outcome, reason=reason)


def _observe(*, label: str = "1") -> Observations:
    return Observations(
        flips=Flips(fixed=2_310, broken=1_840, rows=81_000, p_value=0.0, broken_interval=(0.0217, 0.0237)),
        shifts=[
            Shift(
                label=label,
                of="probability",
                candidate=0.2214,
                champion=0.2187,
                difference=0.0027,
                interval=(0.0021, 0.0033),
                p_value=0.0,
            )
        ],
        calibration=[
            Calibration(
                model=model,
                slope=slope,
                slope_interval=(slope - 0.03, slope + 0.03),
                error=0.008,
                error_interval=(0.004, 0.011),
            )
            for model, slope in (("candidate", 0.97), ("champion", 1.02))
        ],
    )


def override_check(check: CheckResult, *, reason: str, by: str) -> CheckResult:
    word = Override(reason=reason, by=by, at="2026-11-24T12:00:00+00:00")
    return check.model_copy(update={"override": word})


def make_report(pull: int, verdict: Verdict = "pass", **changes: Any) -> Report:
    slice_outcome: Outcome = "failed" if verdict == "fail" else "passed"
    summaries = {
        "pass": "ROC AUC rises by 0.0122 (0.0095 to 0.0149), and no slice loses more than 0.02.",
        "fail": "Better overall, but flights of carrier HA lose 0.0691 ROC AUC, more than the 0.02 allowed.",
        "inconclusive": "Can't tell yet: about 2,900 more labelled rows would settle it.",
    }
    report = Report(
        verdict=verdict,
        summary=summaries[verdict],
        project=PROJECT,
        task="binary",
        candidate=ModelReference(
            name=PROJECT, version=None, digest=f"{pull:064x}", run_id=f"run-{pull}", sha=f"{pull:040x}"
        ),
        champion=CHAMPION,
        holdout=Holdout(rows=81_000, digest="d" * 64, looks=41),
        observations=_observe(),
        metrics=_metrics(),
        checks=[
            make_check("GR101", "ROC AUC is at least 0.70", "passed", "It is 0.7312."),
            make_check("GR102", "ROC AUC loses at most 0.005", "passed", "It gains 0.0122."),
            make_check(
                "GR103", "No slice loses more than 0.02", slice_outcome, "Carrier HA changes by −0.0691."
            ),
            make_check(
                "GR104", "Slices with few rows", "not_tested", "Carrier OO has 29 rows, fewer than 100."
            ),
        ],
        curves=_curves(),
        lineage=Lineage(sha=f"{pull:040x}", branch=f"change-{pull}", pull=pull, fingerprint="f" * 64),
        timings=[Timing(step="train", seconds=12.4, cached=True), Timing(step="evaluate", seconds=0.31)],
    )
    return report.model_copy(update=changes)


def make_profile() -> dict[str, Any]:
    typical = {
        "distance": 870,
        "wind": 9.2,
        "carrier": "UA",
        "weekend": False,
        "note": None,
        "scheduled": "2013-11-05T14:30:00",
    }
    return {
        "schema": 1,
        "task": "binary",
        "target": "delayed",
        "classes": ["0", "1"],
        "rows": 81_000,
        "features": [
            {
                "name": "distance",
                "kind": "number",
                "integer": True,
                "nullable": False,
                "minimum": 80,
                "maximum": 4983,
                "quantiles": {"0.05": 200, "0.25": 500, "0.5": 870, "0.75": 1400, "0.95": 2500},
            },
            {
                "name": "wind",
                "kind": "number",
                "integer": False,
                "nullable": True,
                "minimum": 0.0,
                "maximum": 42.6,
                "quantiles": {"0.25": 6.9, "0.75": 13.8},
            },
            {
                "name": "carrier",
                "kind": "category",
                "nullable": False,
                "categories": [{"value": "UA", "share": 0.18}, {"value": "HA", "share": 0.01}],
                "truncated": False,
            },
            {"name": "weekend", "kind": "boolean", "nullable": False, "share_true": 0.27},
            {"name": "note", "kind": "text", "nullable": True},
            {
                "name": "scheduled",
                "kind": "datetime",
                "nullable": False,
                "minimum": "2013-10-01T05:00:00",
                "maximum": "2013-12-31T23:59:00",
            },
        ],
        "typical": typical,
        "examples": [
            typical | {"distance": 4983, "carrier": "HA", "weekend": True},
            typical | {"wind": None},
            typical | {"carrier": "??"},
            typical | {"distance": None},
        ],
    }


def _awake(*pulls: int) -> dict[str, PreviewStatus]:
    slots = [*(str(pull) for pull in pulls), "production"]
    address = "http://127.0.0.1:8502/p/flight-delays"
    return {slot: PreviewStatus(slot, "awake", address=f"{address}/{slot}") for slot in slots}


def _one(verdict: Verdict, title: str) -> MemoryDesk:
    report = make_report(7, verdict)
    review = make_review(
        7,
        title,
        verdict=verdict,
        summary=report.summary,
        digest=report.candidate.digest,
        main=main_result(report),
    )
    return MemoryDesk([review], {7: report}, {7: make_profile()}, _awake(7))


def passing() -> MemoryDesk:
    return _one("pass", "Add wind and visibility")


def overridden() -> MemoryDesk:
    desk = _one("pass", "Hotfix for the outage")
    first, *rest = desk.reports[7].checks
    failed = first.model_copy(update={"outcome": "failed"})
    word = override_check(failed, reason="The outage costs more.", by="Grace Hopper")
    desk.reports[7] = desk.reports[7].model_copy(update={"checks": [word, *rest]})
    return desk


def failing() -> MemoryDesk:
    return _one("fail", "Gradient boosting for long flights")


def inconclusive() -> MemoryDesk:
    return _one("inconclusive", "Another seed")


def empty() -> MemoryDesk:
    return MemoryDesk([])


def broken_run() -> MemoryDesk:
    log = 'Traceback (most recent call last):\n  File "service.py"\nModuleNotFoundError: no module named x'
    review = make_review(
        8, "Custom layer", run_state="failed", step="preview", log=log, summary="The model does not load."
    )
    return MemoryDesk([review])


def first_model() -> MemoryDesk:
    """No champion: nothing to compare with, and no preview in production."""
    desk = passing()
    alone = [
        metric.model_copy(update={"champion": None, "difference": None, "interval": None, "p_value": None})
        for metric in desk.reports[7].metrics
    ]
    desk.reports[7] = desk.reports[7].model_copy(
        update={"champion": None, "metrics": alone, "curves": _curves()[::2], "summary": "The first model."}
    )
    desk.previews_by_slot = {"7": PreviewStatus("7", "awake")}
    desk.production = None
    return desk


def regression() -> MemoryDesk:
    desk = passing()
    desk.reports[7] = desk.reports[7].model_copy(
        update={
            "task": "regression",
            "curves": [],
            "metrics": [make_metric("rmse", (52.11, 54.90), (-3.9, -1.7), higher=False, rows=111)],
        }
    )
    desk.task = "regression"
    return desk


def moved_production() -> MemoryDesk:
    desk = passing()
    desk.production = "e" * 64
    return desk


def moved_branch() -> MemoryDesk:
    """The head changes between the page that a person reads and the click."""
    desk = passing()
    desk.listed[0] = replace(desk.listed[0], sha="9" * 40)
    return desk


def preview_failed() -> MemoryDesk:
    desk = passing()
    desk.previews_by_slot["7"] = PreviewStatus("7", "failed", log="ImportError: libgomp.so.1")
    return desk


def preview_starting() -> MemoryDesk:
    desk = passing()
    desk.previews_by_slot["7"] = PreviewStatus("7", "starting")
    return desk


def preview_asleep() -> MemoryDesk:
    desk = passing()
    desk.previews_by_slot = {slot: PreviewStatus(slot, "asleep") for slot in ("7", "production")}
    return desk


def preview_absent() -> MemoryDesk:
    desk = passing()
    desk.previews_by_slot = {}
    return desk


class _DeadHostDesk(MemoryDesk):
    def previews(self) -> list[PreviewStatus]:
        raise PreviewError("The preview host does not run; start it with `greenroom serve`.")

    def act(self, project: str, slot: str, action: PreviewAction) -> PreviewStatus:
        raise PreviewError("The preview host does not run; start it with `greenroom serve`.")

    def preview(self, project: str, slot: str) -> PreviewStatus:
        raise PreviewError("The preview host does not run; start it with `greenroom serve`.")


def dead_host() -> MemoryDesk:
    return _DeadHostDesk(**vars(passing()))


class _DeadStoreDesk(MemoryDesk):
    def pulls(self) -> list[PullRequest]:
        raise GreenroomError("MLflow at http://localhost:5000 does not answer; start it.")


def dead_store() -> MemoryDesk:
    return _DeadStoreDesk([])


class _OutOfStoreDesk(MemoryDesk):
    def describe(self, pulls: Sequence[PullRequest]) -> list[Review]:
        raise StoreError("MLflow could not search runs: no answer")


def out_of_store() -> MemoryDesk:
    """The forge answers, and MLflow does not."""
    return _OutOfStoreDesk(**vars(everything()))


def hostile() -> MemoryDesk:
    """Every text that a pull request, a model or a data set can choose, chosen badly."""
    report = make_report(7, "fail")
    report = report.model_copy(
        update={
            "summary": HOSTILE,
            "checks": [
                override_check(make_check("GR1", HOSTILE, "failed", HOSTILE), reason=HOSTILE, by=HOSTILE)
            ],
            "observations": _observe(label=HOSTILE),
            "metrics": [
                make_metric(HOSTILE, (0.7, 0.8), (-0.2, -0.05)),
                make_metric("roc_auc", (0.7, 0.8), (-0.2, -0.05), part=(HOSTILE, HOSTILE)),
                make_metric("roc_auc", (0.9, 0.8), (0.05, 0.2), part=("origin", "JFK")),
            ],
            "curves": _curves(label="1") + _curves(label=HOSTILE),
            "timings": [Timing(step=HOSTILE, seconds=1)],
        }
    )
    profile = make_profile()
    profile["features"][2]["name"] = "carrier"
    profile["features"][4] |= {"name": HOSTILE}
    profile["features"][2]["categories"].append({"value": HOSTILE, "share": 0.1})
    broken = make_review(
        8,
        HOSTILE,
        run_state="failed",
        step=HOSTILE,
        log=HOSTILE,
        summary=HOSTILE,
        author=HOSTILE,
        branch=HOSTILE,
    )
    review = replace(
        broken,
        pull=7,
        run_state="finished",
        verdict="fail",
        step=None,
        sha=f"{7:040x}",
        main=main_result(report),
    )
    return MemoryDesk([review, broken], {7: report}, {7: profile}, _awake(7))


def everything() -> MemoryDesk:
    """The list as it is on a busy day: each state once, and decided ones below."""
    pulls = {7: "pass", 9: "fail", 10: "inconclusive", 3: "pass"}
    verdicts: dict[int, Verdict] = {7: "pass", 9: "fail", 10: "inconclusive", 3: "pass"}
    reports = {pull: make_report(pull, verdicts[pull]) for pull in pulls}
    titles = {7: "Add wind and visibility", 9: "Gradient boosting for long flights", 10: "Another seed"}
    listed = [
        make_review(12, "Holiday calendar", hours=0, run_state="running", step="train"),
        make_review(11, "Shorter history", hours=0.3, run_state="waiting"),
        *(
            make_review(
                pull,
                title,
                hours=pull,
                verdict=verdicts[pull],
                summary=reports[pull].summary,
                digest=reports[pull].candidate.digest,
                main=main_result(reports[pull]),
            )
            for pull, title in titles.items()
        ),
        broken_run().listed[0],
        make_review(
            3,
            "Scale features",
            hours=80,
            pull_state="merged",
            verdict="pass",
            summary=reports[3].summary,
            digest=reports[3].candidate.digest,
            main=main_result(reports[3]),
        ),
        make_review(2, "Drop tail number", hours=200, pull_state="closed", run_state="waiting"),
    ]
    profiles = {pull: make_profile() for pull in reports}
    return MemoryDesk(listed, reports, profiles, _awake(*reports))


def thousand() -> MemoryDesk:
    """The list of a large team: 1,000 pull requests, of which ten are merged."""
    return MemoryDesk(
        [
            make_review(pull, f"Change {pull}", pull_state="open" if pull > 10 else "merged", verdict="pass")
            for pull in range(1000, 0, -1)
        ]
    )


def everything_hosted() -> MemoryDesk:
    """A busy day with the previews that the host has; the model of pull request 3 is in production."""
    desk = everything()
    desk.production = desk.reports[3].candidate.digest
    desk.hosted = [
        PreviewStatus("7", "awake", sha=f"{7:040x}", memory=230 * 2**20, requests=1_204, idle=12.0, wakes=3),
        PreviewStatus("9", "asleep", sha=f"{9:040x}", requests=18, idle=7_300.0, wakes=1),
        PreviewStatus("8", "failed", sha=f"{8:040x}", log="ImportError: libgomp.so.1", idle=60.0),
        PreviewStatus("production", "awake", sha="c" * 40, memory=180 * 2**20, requests=52_017, idle=0.4),
    ]
    desk.previews_by_slot |= {status.slot: status for status in desk.hosted}
    return desk
