"""What became of some pull requests of many, at the cost of some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.record import counts_for, find_newest
from greenroom_pipeline.report import Verdict
from greenroom_pipeline.tracking import RunRecord, Store

RECENT = 100
"""How many runs one question asks for: what people look at is among the newest, as a rule."""


def find_records(store: Store, pulls: Sequence[PullRequest]) -> dict[int, RunRecord]:
    """Return the newest run of each pull request's head, by number; those that never ran are left out."""
    recent = store.recent(RECENT) if len(pulls) <= RECENT else store.records()
    by_sha: defaultdict[str, list[RunRecord]] = defaultdict(list)
    for record in recent:
        by_sha[record.tags["sha"]].append(record)
    found = {pull.number: _newest(by_sha[pull.head], pull) for pull in pulls}
    if len(recent) == RECENT:
        missing = [pull for pull in pulls if found[pull.number] is None]
        found |= {pull.number: find_newest(store, pull.number, sha=pull.head) for pull in missing}
    return {number: record for number, record in found.items() if record is not None}


def find_judged(store: Store, verdict: Verdict) -> frozenset[str]:
    """Return the commits of which a run ended with the verdict."""
    return frozenset(record.tags["sha"] for record in store.records(state="finished", verdict=verdict))


def _newest(records: list[RunRecord], pull: PullRequest) -> RunRecord | None:
    return next((each for each in records if counts_for(each, pull.number)), None)
