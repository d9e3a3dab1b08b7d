"""The previews of the host, in the order and words in which they are shown."""

from __future__ import annotations

from greenroom_pipeline.desk import PRODUCTION, PreviewAction, PreviewState, PreviewStatus
from greenroom_portal.wording import ago

_MIB = 2**20
# Those that answer first, and those that need somebody before those that are gone.
_ORDER: tuple[PreviewState, ...] = ("awake", "waking", "starting", "failed", "asleep", "stopped", "absent")
_ACTIONS: dict[PreviewState, tuple[PreviewAction, ...]] = {
    "awake": ("sleep", "stop"),
    "waking": ("stop",),
    "asleep": ("wake", "stop"),
    "failed": ("wake", "stop"),
    "starting": ("stop",),
    "stopped": (),
    "absent": (),
}


def sort_previews(statuses: list[PreviewStatus]) -> list[PreviewStatus]:
    """Return production first, then by state, newest pull request first."""
    return sorted(statuses, key=lambda each: (each.slot != PRODUCTION, _ORDER.index(each.state), _age(each)))


def _age(status: PreviewStatus) -> int:
    return -int(status.slot) if status.slot.isdecimal() else 0


def offer_actions(state: PreviewState) -> tuple[PreviewAction, ...]:
    """Return what can be done to a preview in this state."""
    return _ACTIONS[state]


def tell_total(statuses: list[PreviewStatus]) -> str:
    """Say how many are awake, and what they take together."""
    awake = [each for each in statuses if each.state == "awake"]
    known = [each.memory for each in awake if each.memory is not None]
    memory = f" They take {megabytes(sum(known))}." if known else ""
    return f"{len(awake)} of {len(statuses)} awake.{memory}"


def tell_use(status: PreviewStatus) -> list[str]:
    """Return what is known of a preview's use, part by part."""
    return [
        *([megabytes(status.memory)] if status.memory is not None else []),
        _count(status.requests, "request"),
        *([f"last used {ago(status.idle)}"] if status.idle is not None else []),
        *([f"woken {_count(status.wakes, 'time')}"] if status.wakes else []),
    ]


def megabytes(memory: int) -> str:
    return f"{memory / _MIB:,.0f} MiB"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
