"""The head of a review: what it is about, and the verdict in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from greenroom_pipeline.checks.remedies import find_remedy
from greenroom_pipeline.desk import Review
from greenroom_pipeline.report import Report, Verdict
from greenroom_portal.meanings import tell_meanings, tell_spread
from greenroom_portal.panes.marks import show_mark
from greenroom_portal.panes.problems import show_log
from greenroom_portal.router import name_tab
from greenroom_portal.wording import age, clean, escape, mark_pull, mark_verdict, short_sha

_BOXES = {"pass": st.success, "inconclusive": st.warning, "fail": st.error}
_DECISIONS: dict[Verdict, str] = {
    "pass": "It may go to production.",
    "inconclusive": "Neither harm nor its absence is shown: people decide.",
    "fail": "It does not go to production as it is.",
}


def show_header(review: Review) -> None:
    name_tab(f"#{review.pull} {clean(review.title, longest=80)}")
    st.title(escape(review.title), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        show_mark(mark_pull(review.pull_state))
        st.caption(
            f"{escape(review.project)} · #{review.pull} by {escape(review.author)} · "
            f"branch {escape(review.branch)} · commit {escape(short_sha(review.sha))} · "
            f"{age(review.updated, now=datetime.now(UTC))}",
            width="content",
        )


def show_verdict(report: Report, *, champion_digest: str | None) -> None:
    mark = mark_verdict(report.verdict)
    with st.container(key="verdict"):
        settle = tell_settling(report)
        lines = [f"**{mark.word}.** {escape(report.summary, longest=600)}"]
        if champion_digest != report.candidate.digest:
            lines.append(f"**{_DECISIONS[report.verdict]}**")
        if settle:
            lines.append(f"**What would settle it:** {escape(settle, longest=600)}")
        _BOXES[report.verdict]("\n\n".join(lines), icon=mark.icon)
    _explain(report)
    note = tell_production(report, champion_digest=champion_digest)
    if note:
        st.info(note, icon=":material/info:")


def _explain(report: Report) -> None:
    """Say what the words of the verdict mean to who has not met them."""
    told = tell_meanings(report, sentence=report.summary)
    spread = tell_spread(report, sentence=report.summary)
    if told or spread:
        st.caption(escape(" ".join([*told, spread]), longest=900))


def tell_settling(report: Report) -> str:
    """Say what would settle an inconclusive verdict, by the first check that is open; nothing for another."""
    if report.verdict != "inconclusive":
        return ""
    told = (
        find_remedy(check, report.words)
        for outcome in ("inconclusive", "not_tested")
        for check in report.checks
        if check.outcome == outcome
    )
    return next((remedy for remedy in told if remedy), "")


def tell_production(report: Report, *, champion_digest: str | None) -> str | None:
    """Say what about production matters for reading this report; None when nothing does."""
    compared = report.champion.digest if report.champion else None
    if champion_digest == report.candidate.digest:
        return "This candidate is in production now."
    if champion_digest != compared:
        return (
            "Production has changed since this comparison was made. "
            "Run `greenroom run` on the branch again to compare with the model that is in production now."
        )
    if compared is None:
        return "There is no model in production yet, so there is nothing to compare with."
    return None


def show_run(review: Review) -> None:
    """Show a review without a report: its run waits, runs, or failed."""
    with st.container(key="run"):
        if review.run_state == "failed":
            step = f" at the step **{escape(review.step)}**" if review.step else ""
            st.error(
                f"**Run failed**{step}: there is no verdict, and nothing to put into production.\n\n"
                f"{escape(review.summary, longest=1000)}",
                icon=":material/error:",
            )
            show_log(review.log, key="run-log")
        elif review.run_state == "running":
            step = f" It is at the step **{escape(review.step)}**." if review.step else ""
            st.info(f"The run of this commit has not finished.{step}", icon=":material/sync:")
        elif review.run_state == "waiting":
            st.info(
                "This commit has not gone through the loop. Run `greenroom run` on the branch.",
                icon=":material/schedule:",
            )
        else:
            st.warning("The run has finished and its report is not there.", icon=":material/help:")
        st.button("Look again", icon=":material/refresh:", key="look-again")
