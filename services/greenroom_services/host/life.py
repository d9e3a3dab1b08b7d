"""Decisions about previews: who sleeps, who expires, who makes room, and when one that died is tried again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from greenroom_services.previews import Address

PRODUCTION = "production"
USERS = 65_000
MAX_DEATHS = 5
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 60.0
WELL_SECONDS = 300.0
LONGEST_AWAY = 86_400.0


@dataclass(frozen=True)
class Standing:
    """One slot, as far as it decides about its sleep and its end."""

    address: Address
    idle: float
    """Seconds since its last deployment or visit."""
    awake: bool = False
    busy: bool = False
    """True while somebody visits it, or waits for it."""
    keep_awake: bool = False
    stored: int = 0
    """Bytes of its bundle."""

    @property
    def kept(self) -> bool:
        """True for what sleeps only to make room, and never expires."""
        return self.keep_awake or self.address.slot == PRODUCTION


def find_idle(standings: Iterable[Standing], *, idle: float) -> list[Address]:
    """Return whom nobody has visited for *idle* seconds."""
    return [each.address for each in standings if _may_rest(each) and not each.kept and each.idle >= idle]


def choose_sleepers(standings: Sequence[Standing], *, max_awake: int, coming: int = 0) -> list[Address]:
    """Return who must sleep so that *coming* more may be awake: the least recently used, those kept awake last.

    Fewer than needed when the others are busy.
    """
    surplus = sum(each.awake for each in standings) + coming - max_awake
    resting = sorted(filter(_may_rest, standings), key=lambda each: (each.kept, -each.idle))
    return [each.address for each in resting[: max(0, surplus)]]


def _may_rest(standing: Standing) -> bool:
    return standing.awake and not standing.busy


def find_expired(standings: Iterable[Standing], *, ttl: float) -> list[Address]:
    """Return whose time to live is over; nobody's when *ttl* is 0."""
    if ttl == 0:
        return []
    return [each.address for each in standings if not each.kept and not each.busy and each.idle >= ttl]


def choose_evictions(standings: Sequence[Standing], *, max_bytes: int, sparing: Address) -> list[Address]:
    """Return whose bundles go so that all fit into *max_bytes*: those asleep for longest, never *sparing*.

    Fewer than needed when the others are awake or kept.
    """
    surplus = sum(each.stored for each in standings) - max_bytes
    asleep = [
        each
        for each in standings
        if not (each.awake or each.busy or each.kept) and each.stored and each.address != sparing
    ]
    chosen: list[Address] = []
    for each in sorted(asleep, key=lambda each: -each.idle):
        if surplus <= 0:
            break
        chosen.append(each.address)
        surplus -= each.stored
    return chosen


def find_closed(addresses: Iterable[Address], *, project: str, open: Collection[str]) -> list[Address]:
    """Return the project's pull requests' slots whose pull request is not among the *open* ones."""
    return [
        each
        for each in addresses
        if each.project == project and each.slot.isdecimal() and each.slot not in open
    ]


def choose_user(taken: Collection[int], *, after: int) -> int:
    """Return a slot's number that nobody has: the next one, so that a freed one rests for long."""
    for step in range(USERS):
        number = (after + step) % USERS + 1
        if number not in taken:
            return number
    raise ValueError(f"all {USERS} numbers of slots are taken")


def age_on_return(age: float, *, away: float) -> float:
    """Return the seconds since a preview's last use after the host was *away*, as the wall clock has it.

    A clock that was set back or far ahead in the meantime neither renews a preview nor expires all of them.
    """
    return age + min(max(away, 0.0), LONGEST_AWAY)


@dataclass(frozen=True)
class Deaths:
    """How often in a row a preview ended by itself or did not come up, and from when on it is tried again."""

    count: int = 0
    retry_at: float = 0.0
    error: str = ""
    log: str = ""

    @property
    def failed(self) -> bool:
        return self.count >= MAX_DEATHS

    def wait(self, now: float) -> float:
        """Return the seconds until the next try."""
        return max(0.0, self.retry_at - now) if self.count else 0.0

    def another(self, *, now: float, lived: float, error: str, log: str) -> Deaths:
        """Count one more, of a preview that had answered for *lived* seconds."""
        count = 1 if lived >= WELL_SECONDS else self.count + 1
        backoff = min(FIRST_BACKOFF * 2 ** (count - 1), LONGEST_BACKOFF)
        return Deaths(count, now + backoff, error, log)
