"""Whether the two previews of *Try it* answer, and what to say and do where one does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from greenroom_pipeline.desk import ANSWERING, PRODUCTION, PreviewState, PreviewStatus, Review
from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.wording import Mark, escape, short_sha

Model = Literal["candidate", "champion"]

_MARKS: dict[PreviewState, Mark] = {
    "awake": Mark("Awake", ":material/check_circle:", "green"),
    "asleep": Mark("Asleep", ":material/bedtime:", "gray"),
    "waking": Mark("Waking", ":material/hourglass_top:", "blue"),
    "starting": Mark("Starting", ":material/hourglass_top:", "blue"),
    "failed": Mark("Failed", ":material/error:", "red"),
    "stopped": Mark("Stopped", ":material/stop_circle:", "orange"),
    "absent": Mark("None", ":material/cloud_off:", "gray"),
}
_CANDIDATE: dict[PreviewState, str] = {
    "awake": "The preview answers.",
    "asleep": "The preview sleeps; it wakes when you ask, which takes a moment.",
    "waking": "The preview is waking up. It answers in a moment.",
    "starting": "The preview is starting. It answers in a moment.",
    "failed": "The preview did not start. Its last lines say why; mend that and push, or run `greenroom run` again.",
    "stopped": "The preview is stopped. Run `greenroom run` on the branch again.",
    "absent": "This pull request has no preview. Run `greenroom run` on the branch to make one.",
}
_CHAMPION: dict[PreviewState, str] = {
    "awake": "Production's preview answers.",
    "asleep": "Production's preview sleeps; it wakes when you ask.",
    "waking": "Production's preview is waking up.",
    "starting": "Production's preview is starting; until it answers, only the candidate is asked.",
    "failed": "Production's preview is failed, so only the candidate is asked.",
    "stopped": "Production's preview is stopped, so only the candidate is asked.",
    "absent": "No model is in production, so only the candidate is asked.",
}


@dataclass(frozen=True)
class Readiness:
    """How both previews are now; *problem* is why nobody knows."""

    candidate: PreviewStatus
    champion: PreviewStatus
    problem: GreenroomError | None = None

    @property
    def slots(self) -> dict[Model, str]:
        """The slots that answer who asks them, by model; none before the candidate's does."""
        if self.candidate.state not in ANSWERING:
            return {}
        both: dict[Model, str] = {"candidate": self.candidate.slot}
        return {**both, "champion": PRODUCTION} if self.champion.state in ANSWERING else both

    @property
    def awake(self) -> bool:
        """Whether an answer comes at once, from each model that is asked."""
        asked = {"candidate": self.candidate, "champion": self.champion}
        return bool(self.slots) and all(asked[model].state == "awake" for model in self.slots)

    @property
    def pending(self) -> bool:
        """Whether it changes by itself in a moment."""
        return any(each.state in ("starting", "waking") for each in (self.candidate, self.champion))


def mark_preview(status: PreviewStatus) -> Mark:
    return _MARKS[status.state]


def tell_candidate(status: PreviewStatus, review: Review) -> str:
    """Say as Markdown how the candidate's preview is, and which commit it is of where that is not the newest."""
    if review.run_state == "running" and status.state in ("absent", "stopped"):
        step = f", at the step {escape(review.step)}" if review.step else ""
        return f"The preview is being deployed: the run of this commit has not finished{step}."
    sentence = _CANDIDATE[status.state]
    if status.sha and status.sha != review.sha and status.state in ANSWERING:
        own, newest = escape(short_sha(status.sha)), escape(short_sha(review.sha))
        return f"{sentence} It is of commit {own}, and the branch is at {newest}."
    return sentence


def tell_champion(status: PreviewStatus) -> str:
    return _CHAMPION[status.state]


def tell_wait(readiness: Readiness) -> str:
    """Say what a question waits for."""
    if readiness.awake:
        return "Asking…"
    return "Waking what sleeps, and asking. This takes a few seconds at most, now and then a minute…"
