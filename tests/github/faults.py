"""Ways in which a hub fails, for tests to ask for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.github.calls import Answer, Refusal
from tests.github.limits import exceed_secondary_limit

What = Literal["500-before", "500-after", "429", "secondary", "timeout", "truncated"]
AFTER: tuple[What, ...] = ("500-after", "timeout", "truncated")


@dataclass
class Fault:
    """One kind of failure of some calls.

    "500-before" fails without effect, "429" and "secondary" refuse with Retry-After; "500-after", "timeout" (no
    answer ever) and "truncated" (half an answer) take effect all the same.
    """

    method: str
    path: str
    """Regular expression, searched for in the path."""
    what: What
    times: int = 1
    """How often yet."""
    retry_after: int = 1

    def takes(self, method: str, path: str) -> bool:
        """Say whether it hits a call, and count that."""
        if self.times < 1 or method != self.method or not re.search(self.path, path):
            return False
        self.times -= 1
        return True


@dataclass
class Interruption:
    """Something that happens once, just before a call is answered."""

    method: str
    path: str
    happens: Callable[[], object]
    is_over: bool = False

    def strikes(self, method: str, path: str) -> bool:
        """Say whether it is to happen before a call, and count that."""
        if self.is_over or method != self.method or not re.search(self.path, path):
            return False
        self.is_over = True
        return True


def fail_before(fault: Fault) -> None:
    """Refuse a call that is not to take effect."""
    if fault.what == "500-before":
        raise Refusal(500, "Server Error")
    if fault.what == "429":
        headers = {"Retry-After": str(fault.retry_after)}
        raise Refusal(429, "Too many requests", headers=headers)
    if fault.what == "secondary":
        raise exceed_secondary_limit(fault.retry_after)


def fail_after(fault: Fault, answer: Answer) -> Response:
    """Lose the answer of a call that took effect."""
    if fault.what == "timeout":
        return Silence()
    if fault.what == "truncated":
        return Half(answer.encode(), answer.status)
    return Response(b"<html>Unicorn!</html>", 502, media_type="text/html")


class Silence(Response):
    """Says nothing until the other side gives up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


class Half(Response):
    """Announces a whole body, sends half of it, and hangs up."""

    def __init__(self, body: bytes, status: int) -> None:
        super().__init__(body, status, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send(
            {"type": "http.response.body", "body": bytes(self.body[: len(self.body) // 2]), "more_body": True}
        )
