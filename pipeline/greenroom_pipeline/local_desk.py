"""The desk of one project on this machine: local forge, embedded store, preview host beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from greenroom_pipeline.cases import PinnedCase
from greenroom_pipeline.desk import (
    Happening,
    PreviewAction,
    PreviewStatus,
    Reign,
    Replies,
    Reply,
    Review,
    Rows,
    RunState,
)
from greenroom_pipeline.errors import DataError, RepositoryError, StoreError
from greenroom_pipeline.exploration import Differences, Exploration, Kept, Span, Terms
from greenroom_pipeline.filters import Column, Filter
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.history import tell_history
from greenroom_pipeline.inspection import (
    explore_rows,
    list_columns,
    list_differences,
    pick_row,
    span_column,
)
from greenroom_pipeline.listing import find_judged, find_records
from greenroom_pipeline.pinning import pin_case
from greenroom_pipeline.places import find_places
from greenroom_pipeline.previews import act, list_statuses, read_log, read_status
from greenroom_pipeline.profile import FeatureProfile
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.promotion import promote_pull
from greenroom_pipeline.queries import query, query_many
from greenroom_pipeline.record import find_newest, read_failure, read_main, read_profile, read_report
from greenroom_pipeline.report import Report, Verdict
from greenroom_pipeline.rows import find_rows, read_terms
from greenroom_pipeline.timeline import tell_timeline
from greenroom_pipeline.tracking import RunRecord

_RUN_STATE: TypeAdapter[RunState] = TypeAdapter(RunState)
_VERDICT: TypeAdapter[Verdict | None] = TypeAdapter(Verdict | None)


@dataclass(frozen=True)
class LocalDesk:
    project_here: Project

    def project(self) -> str:
        return self.project_here.name

    def reviews(self) -> list[Review]:
        return self.describe(self.pulls())

    def pulls(self) -> list[PullRequest]:
        return list(reversed(self.project_here.forge.pulls()))

    def describe(self, pulls: Sequence[PullRequest]) -> list[Review]:
        records = find_records(self.project_here.store, pulls)
        return [self._review(pull, records.get(pull.number)) for pull in pulls]

    def judged(self, verdict: Verdict) -> frozenset[str]:
        return find_judged(self.project_here.store, verdict)

    def review(self, project: str, pull: int) -> Review:
        request = self._pull(project, pull)
        record = self._record(request)
        review = self._review(request, record)
        if record is None or review.run_state != "failed":
            return review
        return replace(review, log=read_failure(self.project_here.store, record.id))

    def report(self, project: str, pull: int) -> Report | None:
        record = self._record(self._pull(project, pull))
        return read_report(self.project_here.store, record.id) if record else None

    def profile(self, project: str, pull: int) -> dict[str, Any]:
        record = self._record(self._pull(project, pull))
        profile = read_profile(self.project_here.store, record.id) if record else None
        if profile is None:
            raise StoreError(f"pull request {pull} has no feature profile yet; run `greenroom run` on it")
        joined = _join_profiles(profile, self._champion_profile()).model_dump(mode="json")
        return {**joined, "takes": [feature.name for feature in profile.features]}

    def _champion_profile(self) -> FeatureProfile | None:
        champion = self.project_here.store.champion()
        return read_profile(self.project_here.store, champion.tags["run"]) if champion else None

    def preview(self, project: str, slot: str) -> PreviewStatus:
        self._require(project)
        return read_status(self.project_here.places, project=project, slot=slot)

    def query(self, project: str, slot: str, row: dict[str, Any]) -> Reply:
        self._require(project)
        return query(self.project_here.places, row, project=project, slot=slot)

    def query_many(self, project: str, slot: str, rows: Sequence[dict[str, Any]]) -> Replies:
        self._require(project)
        return query_many(self.project_here.places, rows, project=project, slot=slot)

    def rows(self, project: str, pull: int) -> Rows | None:
        record = self._record(self._pull(project, pull))
        return find_rows(self.project_here, record) if record else None

    def columns(self, project: str, pull: int) -> tuple[Column, ...]:
        return list_columns(self._require_rows(project, pull))

    def span(self, project: str, pull: int, column: str) -> Span:
        return span_column(self._require_rows(project, pull), column)

    def explore(self, project: str, pull: int, filters: Sequence[Filter]) -> Exploration:
        return explore_rows(self._require_rows(project, pull), self._terms(project, pull), filters)

    def disagree(
        self, project: str, pull: int, filters: Sequence[Filter], *, kept: Kept, most: int
    ) -> Differences:
        files = self._require_rows(project, pull)
        return list_differences(files, self._terms(project, pull), filters, kept=kept, most=most)

    def random_row(self, project: str, pull: int, *, seed: int) -> dict[str, Any]:
        return pick_row(self._require_rows(project, pull), self._terms(project, pull), seed=seed)

    def _require_rows(self, project: str, pull: int) -> Rows:
        files = self.rows(project, pull)
        if files is None:
            raise DataError("the holdout's rows are not on this machine; `greenroom run` the commit here")
        return files

    def _terms(self, project: str, pull: int) -> Terms:
        record = self._record(self._pull(project, pull))
        if record is None:
            raise StoreError(f"pull request {pull} has no run yet; run `greenroom run` on it")
        features = [feature["name"] for feature in self.profile(project, pull)["features"]]
        return read_terms(self.project_here, record, features=features)

    def previews(self) -> list[PreviewStatus]:
        return list_statuses(self.project_here.places, project=self.project_here.name)

    def preview_log(self, project: str, slot: str) -> str:
        self._require(project)
        return read_log(self.project_here.places, project=project, slot=slot)

    def act(self, project: str, slot: str, action: PreviewAction) -> PreviewStatus:
        self._require(project)
        return act(self.project_here.places, action, project=project, slot=slot)

    def timeline(self, project: str, pull: int) -> list[Happening]:
        self._require(project)
        return tell_timeline(self.project_here, pull)

    def history(self, project: str) -> list[Reign]:
        self._require(project)
        return tell_history(self.project_here.store)

    def pin(self, project: str, pull: int, case: PinnedCase, *, sha: str) -> str:
        self._require(project)
        return pin_case(self.project_here, pull, case, sha=sha)

    def champion_digest(self, project: str) -> str | None:
        self._require(project)
        champion = self.project_here.store.champion()
        return champion.tags.get("digest") if champion else None

    def promote(self, project: str, pull: int, *, sha: str, by: str) -> str:
        self._require(project)
        done = promote_pull(self.project_here, pull, sha=sha, by=by)
        return (
            f"Pull request {pull} is merged as {(done.merge or '')[:7]}, and version {done.version.version} "
            f"of {project} is in production, promoted by {by}."
        )

    def _pull(self, project: str, pull: int) -> PullRequest:
        self._require(project)
        return self.project_here.forge.pull(pull)

    def _require(self, project: str) -> None:
        if project != self.project_here.name:
            raise RepositoryError(
                f"no project {project!r} is served here; this is {self.project_here.name!r}"
            )

    def _record(self, pull: PullRequest) -> RunRecord | None:
        return find_newest(self.project_here.store, pull.number, sha=pull.head)

    def _review(self, pull: PullRequest, record: RunRecord | None) -> Review:
        waiting = Review(
            project=self.project_here.name,
            pull=pull.number,
            title=pull.title,
            branch=pull.branch,
            author=pull.author,
            sha=pull.head,
            pull_state=pull.state,
            run_state="waiting",
            updated=pull.updated,
            link=pull.link,
        )
        if record is None:
            return waiting
        tags = record.tags
        return replace(
            waiting,
            updated=record.started,
            run_state=_RUN_STATE.validate_python(tags["state"]),
            verdict=_VERDICT.validate_python(tags.get("verdict")),
            summary=tags.get("summary") or _sentence(tags.get("reason", "")),
            step=tags.get("step"),
            digest=tags.get("digest"),
            main=read_main(record),
            run_link=self.project_here.store.run_page(record.id),
        )


def _join_profiles(candidate: FeatureProfile, champion: FeatureProfile | None) -> FeatureProfile:
    """Return the candidate's profile with the columns that only the champion takes, so that both can be asked."""
    own = {feature.name for feature in candidate.features}
    further = [each for each in champion.features if each.name not in own] if champion else []
    if champion is None or not further:
        return candidate
    return candidate.model_copy(
        update={
            "features": [*candidate.features, *further],
            "typical": {**champion.typical, **candidate.typical},
            "examples": _join_rows(candidate.examples, champion.examples),
        }
    )


def _join_rows(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Both profiles hold the same rows of the holdout, unless it changed; then ours stand alone."""
    if len(ours) != len(theirs):
        return ours
    return [{**their, **our} for our, their in zip(ours, theirs, strict=True)]


def _sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:]


def open_desk(environ: Mapping[str, str] = os.environ) -> LocalDesk:
    """Open the desk of the project in `GREENROOM_REPOSITORY`, by default the current folder."""
    repository = Path(environ.get("GREENROOM_REPOSITORY") or Path.cwd())
    return LocalDesk(open_project(find_places(repository, environ)))
