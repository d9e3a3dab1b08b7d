"""Publishing: what a report says, as one comment, one check and one deployment on the forge."""

from __future__ import annotations

from greenroom_pipeline.configuration import parse_settings
from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.forge import Forge
from greenroom_pipeline.forge.posts import Deployment
from greenroom_pipeline.publishing.answered import write_footer
from greenroom_pipeline.publishing.comment import (
    tell_fork,
    write_comment,
    write_failure,
    write_held,
    write_untouched,
)
from greenroom_pipeline.publishing.gate_output import (
    describe_failure,
    describe_report,
    describe_start,
    describe_untouched,
)
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.place import GATE as GATE
from greenroom_pipeline.publishing.place import Place as Place
from greenroom_pipeline.publishing.posting import Posts, Standing, post
from greenroom_pipeline.report import Report
from greenroom_pipeline.settings import GateTable


def publish_start(forge: Forge, place: Place, links: Links) -> None:
    """Say that the commit is being looked at."""
    post(forge, place, lambda standing: Posts(describe_start(links), link=_choose_link(links)))


def publish_report(
    forge: Forge,
    place: Place,
    report: Report,
    links: Links,
    *,
    held: bool = False,
    settings: str | None = None,
) -> None:
    """Post the report. *held* means that the preview waits for a maintainer's word on this commit.

    *settings* is the text of the commit's `greenroom.toml`: what it says of inconclusive verdicts and small slices
    holds, and failed checks are shown beside their rules.
    """
    gate = read_gate(settings)

    def say(standing: Standing) -> Posts:
        notes = _note(place, standing, report, held=held)
        output = describe_report(
            report,
            links=links,
            gate=gate,
            settings=settings or "",
            path=place.settings_path,
            notes=notes,
            held=held,
        )
        text = write_comment(
            report,
            place.stamp,
            links=links,
            gate=gate,
            notes=notes,
            before=standing.comment,
            footer=write_footer(place.addressee),
        )
        return Posts(
            output, text, None if held else _describe_preview(place, report, links), _choose_link(links)
        )

    post(forge, place, say)


def publish_failure(forge: Forge, place: Place, links: Links, *, step: str, reason: str, log: str) -> None:
    """Say that the loop ended before there was a verdict."""

    def say(standing: Standing) -> Posts:
        text = write_failure(
            place.stamp,
            project=place.project,
            links=links,
            step=step,
            reason=reason,
            log=log,
            before=standing.comment,
            footer=write_footer(place.addressee),
        )
        output = describe_failure(links=links, step=step, reason=reason, log=log)
        return Posts(output, text, link=_choose_link(links))

    post(forge, place, say)


def publish_untouched(forge: Forge, place: Place) -> None:
    """Say that the pull request touches nothing that the model is made of: a passing check, and no comment.

    A comment that stands already says so from now on.
    """

    def say(standing: Standing) -> Posts:
        before = standing.comment
        text = (
            write_untouched(
                place.stamp, project=place.project, before=before, footer=write_footer(place.addressee)
            )
            if before
            else None
        )
        return Posts(describe_untouched(), text)

    post(forge, place, say)


def withdraw(forge: Forge, place: Place) -> None:
    """End what is live of a pull request that was closed."""
    if place.pull is not None:
        forge.end_deployments(place.pull, place.project)


def read_gate(settings: str | None) -> GateTable:
    """Return the gate's table of a `greenroom.toml`; the usual one where its text is not known, or is none."""
    try:
        return GateTable() if settings is None else parse_settings(settings).gate
    except SettingsError:
        return GateTable()


def _note(place: Place, standing: Standing, report: Report, *, held: bool) -> list[str]:
    """Say, as Markdown, what the report of a fork is worth."""
    if held:
        return [write_held(report, place.sha, place.addressee)]
    return [f"> {tell_fork(report)}"] if standing.pull is not None and standing.pull.is_fork else []


def _describe_preview(place: Place, report: Report, links: Links) -> Deployment | None:
    """Return the preview as a deployment; None for one that was not tried."""
    preview = report.preview
    if preview is None or preview.state == "stopped" or place.pull is None:
        return None
    awake = preview.state == "awake"
    # Without a review page nothing outlives the job.
    answered = "answers" if links.review else "answered in its job"
    became = answered if awake else "did not come up"
    return Deployment(
        key=place.project,
        pull=place.pull,
        sha=place.sha,
        digest=report.candidate.digest,
        state="success" if awake else "failure",
        description=f"The candidate of commit {place.sha[:7]} {became} ({report.verdict})",
        link=_choose_link(links),
        log=links.job,
    )


def _choose_link(links: Links) -> str | None:
    return links.review or links.job
