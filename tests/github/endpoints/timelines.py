"""What happened to a pull request, oldest first."""

from __future__ import annotations

from tests.github.calls import Answer, Call, endpoint, page
from tests.github.endpoints.comments import ISSUE, READ
from tests.github.timeline_shapes import show_timeline


@endpoint("GET", f"{ISSUE}/timeline", *READ)
def list_timeline(call: Call) -> Answer:
    pull = call.repository.pull(call.number("issue_number"))
    shown, links = page(call, show_timeline(call.repository, pull))
    return Answer(200, shown, links)
