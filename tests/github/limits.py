"""Rate limits: the hour's, and the secondary ones of a minute."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from tests.github.calls import Refusal
from tests.github.clock import Clock
from tests.github.rights import Caller, Kind

HOURLY: dict[Kind, int] = {
    "actions": 1000,
    "fork": 1000,
    "app": 5000,
    "user": 5000,
    "jwt": 5000,
    "nobody": 60,
}
MINUTE, HOUR = 60.0, 3600.0


@dataclass
class Usage:
    """What one token has used up."""

    since: float
    used: int = 0
    points: list[tuple[float, int]] = field(default_factory=list)
    created: list[float] = field(default_factory=list)


class Limits:
    """GitHub's own figures, which a test may lower."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.hourly: int | None = None
        self.points_a_minute = 900
        self.content_a_minute = 80
        self.content_an_hour = 500
        self._usage: dict[str, Usage] = defaultdict(lambda: Usage(clock.now()))

    def require_room(self, caller: Caller, token: str, method: str, *, creates: bool) -> None:
        """Refuse what goes beyond a limit, and count towards the secondary ones."""
        usage, now = self._of(token), self.clock.now()
        if usage.used >= self._most(caller):
            raise Refusal(403, f"API rate limit exceeded for {caller.login or 'this address'}.")
        usage.points.append((now, 1 if method == "GET" else 5))
        usage.points = [each for each in usage.points if each[0] > now - MINUTE]
        if creates:
            usage.created = [*(each for each in usage.created if each > now - HOUR), now]
        of_minute = sum(each > now - MINUTE for each in usage.created)
        if (
            sum(points for _, points in usage.points) > self.points_a_minute
            or of_minute > self.content_a_minute
            or len(usage.created) > self.content_an_hour
        ):
            raise exceed_secondary_limit(int(MINUTE))

    def charge(self, token: str) -> None:
        self._of(token).used += 1

    def headers(self, caller: Caller, token: str) -> dict[str, str]:
        usage, most = self._of(token), self._most(caller)
        return {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(max(0, most - usage.used)),
            "X-RateLimit-Used": str(usage.used),
            "X-RateLimit-Reset": str(int(usage.since + HOUR)),
            "X-RateLimit-Resource": "core",
        }

    def _of(self, token: str) -> Usage:
        usage = self._usage[token]
        if self.clock.now() >= usage.since + HOUR:
            usage.since, usage.used = self.clock.now(), 0
        return usage

    def _most(self, caller: Caller) -> int:
        return HOURLY[caller.kind] if self.hourly is None else self.hourly


def exceed_secondary_limit(retry_after: int) -> Refusal:
    return Refusal(
        403,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        headers={"Retry-After": str(retry_after)},
    )
