"""Numbers, ages and outcomes in people's words, and the one way for foreign text to reach a page."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from greenroom_pipeline.desk import HappeningKind, PreviewState, RunState
from greenroom_pipeline.forge import PullState
from greenroom_pipeline.report import Outcome, Verdict

LONGEST = 200
MISSING = "—"

_MARKUP = re.compile(r"([!-/:-@\[-`{-~])")
_INVISIBLE = re.compile("[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
# Emoji and icon names, addresses and mentions are looked for in the text after Markdown has taken the
# backslashes away; an invisible joiner in their middle keeps them text.
_LATE = re.compile(r"(?<=:)(?=[\w+/-]+:)|(?=://)|(?<=[Ww]{3})(?=\.)|(?=@)")
_JOINER = "\u2060"

Color = Literal["green", "orange", "red", "blue", "gray"]


@dataclass(frozen=True)
class Mark:
    """How a state is shown: never by colour alone."""

    word: str
    icon: str
    color: Color


_VERDICTS: dict[Verdict, Mark] = {
    "pass": Mark("Pass", ":material/check_circle:", "green"),
    "inconclusive": Mark("Inconclusive", ":material/help:", "orange"),
    "fail": Mark("Fail", ":material/cancel:", "red"),
}
_OUTCOMES: dict[Outcome, Mark] = {
    "passed": Mark("Passed", ":material/check_circle:", "green"),
    "failed": Mark("Failed", ":material/cancel:", "red"),
    "inconclusive": Mark("Inconclusive", ":material/help:", "orange"),
    "not_tested": Mark("Not tested", ":material/remove_circle:", "gray"),
    "not_applicable": Mark("Not applicable", ":material/block:", "gray"),
}
_RUNS: dict[RunState, Mark] = {
    "waiting": Mark("Waiting", ":material/schedule:", "gray"),
    "running": Mark("Running", ":material/sync:", "blue"),
    "finished": Mark("Finished", ":material/check:", "gray"),
    "failed": Mark("Run failed", ":material/error:", "red"),
}
_PULLS: dict[PullState, Mark] = {
    "open": Mark("Open", ":material/radio_button_unchecked:", "blue"),
    "merged": Mark("Merged", ":material/merge:", "gray"),
    "closed": Mark("Closed", ":material/close:", "gray"),
}
_PREVIEWS: dict[PreviewState, Mark] = {
    "awake": Mark("Preview awake", ":material/play_circle:", "green"),
    "waking": Mark("Preview waking", ":material/hourglass_top:", "blue"),
    "asleep": Mark("Preview asleep", ":material/bedtime:", "gray"),
    "starting": Mark("Preview starting", ":material/hourglass_top:", "blue"),
    "failed": Mark("Preview failed", ":material/error:", "red"),
    "stopped": Mark("Preview stopped", ":material/stop_circle:", "gray"),
    "absent": Mark("No preview", ":material/cloud_off:", "gray"),
}


def mark_preview(state: PreviewState) -> Mark:
    return _PREVIEWS[state]


def mark_decision(state: PullState, *, in_production: bool) -> Mark:
    """Say what people have decided; a candidate in production has been let in."""
    if in_production:
        return Mark("In production", ":material/rocket_launch:", "green")
    return Mark("Waits for a decision", ":material/pending:", "blue") if state == "open" else _PULLS[state]


_HAPPENINGS: dict[HappeningKind, Mark] = {
    "opened": Mark("Opened", ":material/add_circle:", "blue"),
    "pushed": Mark("Commit", ":material/commit:", "gray"),
    "verdict": Mark("Judged", ":material/rule:", "gray"),
    "failed": Mark("Run failed", ":material/error:", "red"),
    "comment": Mark("Comment", ":material/chat:", "gray"),
    "override": Mark("Override", ":material/gavel:", "orange"),
    "merged": Mark("Merged", ":material/merge:", "gray"),
    "closed": Mark("Closed", ":material/close:", "gray"),
    "reopened": Mark("Reopened", ":material/refresh:", "blue"),
    "promoted": Mark("In production", ":material/rocket_launch:", "green"),
    "gap": Mark("Not shown", ":material/more_horiz:", "gray"),
}


def mark_happening(kind: HappeningKind) -> Mark:
    return _HAPPENINGS[kind]


def mark_verdict(verdict: Verdict) -> Mark:
    return _VERDICTS[verdict]


def mark_outcome(outcome: Outcome) -> Mark:
    return _OUTCOMES[outcome]


def mark_run(state: RunState) -> Mark:
    return _RUNS[state]


def mark_pull(state: PullState) -> Mark:
    return _PULLS[state]


def clean(value: object, *, longest: int = LONGEST) -> str:
    """Return the value as one line of visible text, cut to *longest* characters."""
    line = _INVISIBLE.sub("", " ".join(str(value).split()))
    return line if len(line) <= longest else line[: longest - 1] + "…"


def escape(value: object, *, longest: int = LONGEST) -> str:
    """Return the value as Markdown that shows exactly its characters, in bodies and in labels.

    Everything that a model, a data set or a pull request says passes through here on its way to Streamlit.
    """
    return _MARKUP.sub(r"\\\1", _LATE.sub(_JOINER, clean(value, longest=longest)))


def _decimals(*values: float | None) -> int:
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    if largest == 0:
        return 1
    return min(8, max(0, 3 - math.floor(math.log10(largest)))) if largest < 1000 else 0


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        # A whole number beyond what a float holds.
        return False


def number(value: float | None) -> str:
    """Four significant digits, whole numbers in full, thousands apart; a dash for what is undefined."""
    if value is None or not _is_finite(value):
        return MISSING
    whole = abs(value) >= 10 and value == round(value)
    return f"{value:,.{0 if whole else _decimals(value)}f}".replace("-", "−")


def signed(value: float | None, *, like: tuple[float, float] | None = None) -> str:
    """A difference with its sign, to the decimals that *like*, its interval, needs."""
    if value is None or not math.isfinite(value):
        return MISSING
    width = None if like is None else (like[1] - like[0])
    places = min(6, _decimals(width) - 2 if width else _decimals(value) - 1)
    return f"{value:+,.{max(places, 0)}f}".replace("-", "−")


def span(interval: tuple[float, float] | None) -> str:
    if interval is None:
        return MISSING
    return f"{signed(interval[0], like=interval)} to {signed(interval[1], like=interval)}"


def percent(share: float | None) -> str:
    return MISSING if share is None or not math.isfinite(share) else f"{share * 100:.1f} %"


def points(difference: float) -> str:
    """A difference of two shares, in percentage points."""
    return f"{difference * 100:+.1f} points".replace("-", "−")


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def age(then: datetime, *, now: datetime) -> str:
    """How long ago *then* was; a time without a zone is taken as UTC."""
    aware = then if then.tzinfo else then.replace(tzinfo=UTC)
    return ago((now - aware).total_seconds())


def ago(seconds: float) -> str:
    """How long ago it was, in the greatest unit that fits."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def moment(then: datetime) -> str:
    """The exact time, in UTC."""
    aware = then.astimezone(UTC) if then.tzinfo else then
    return f"{aware.day} {aware:%b %Y, %H:%M} UTC"


def link_to(label: str, address: str | None) -> str:
    """Return *label*, which is Markdown, as a link; alone, where the address is none of a page on the web."""
    if address is None or not address.startswith(("http://", "https://")) or len(address) > 2_000:
        return label
    # Whatever could end the address or be read as markup in it is encoded.
    plain = quote(address, safe="%/:?#@&=+,;~-._!'*")
    return f"[{label}](<{plain}>)"


def short_sha(sha: str) -> str:
    return clean(sha)[:9]
