"""What happened to a pull request: pushes, verdicts, comments, and what people decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from greenroom_pipeline.desk import Happening
from greenroom_pipeline.errors import ForgeError, StoreError
from greenroom_pipeline.forge import PullEvent
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import read_report
from greenroom_pipeline.report import CheckResult, Verdict
from greenroom_pipeline.succession import read_records, trace
from greenroom_pipeline.tracking import RunRecord, Store
from greenroom_pipeline.wording import count, join_names

MOST = 200
"""Happenings that are told; what is older is counted."""
_MOST_REPORTS = 20
"""Of the newest runs, that are read for overrides."""
_VERDICT: TypeAdapter[Verdict | None] = TypeAdapter(Verdict | None)


def tell_timeline(project: Project, number: int) -> list[Happening]:
    """Return what happened to a pull request, newest first; `RepositoryError` when there is none.

    Where the forge does not answer, what the store knows is told, after a gap that says so.
    """
    records = project.store.records(pull=str(number))
    told = [*tell_runs(records, project.store), *_tell_overrides(project.store, records)]
    told += _tell_promotions(project.store, number)
    try:
        told += tell_events(project.forge.history(number))
    except ForgeError as error:
        gap = f"Pushes, comments and merges are missing here. {error}"
        return [Happening(datetime.now(UTC), "gap", "", gap), *arrange(told)]
    return arrange(told)


def arrange(told: Iterable[Happening], *, most: int = MOST) -> list[Happening]:
    """Return each happening once, newest first, at most so many, and then a gap that counts the rest.

    Of those at one time, what is given later comes first.
    """
    unique = sorted(dict.fromkeys(told), key=lambda each: each.at)[::-1]
    if len(unique) <= most:
        return unique
    rest = f"{count(len(unique) - most, 'earlier happening')} not shown."
    return [*unique[:most], Happening(unique[most - 1].at, "gap", "", rest)]


def tell_events(events: Sequence[PullEvent]) -> list[Happening]:
    """Tell of what the forge knows; the closing that belongs to a merge is not told as one of its own."""
    merges = [each.at for each in events if each.kind == "merged"]
    return [
        Happening(each.at, each.kind, each.who, _word(each), each.link)
        for each in events
        if each.kind != "closed" or not any(abs((each.at - at).total_seconds()) <= 2 for at in merges)
    ]


def _word(event: PullEvent) -> str:
    if event.kind == "pushed" and event.sha:
        return f"{event.sha[:7]} {event.text}"
    if event.kind == "merged" and event.sha:
        return f"as {event.sha[:7]}"
    return event.text


def tell_runs(records: Sequence[RunRecord], store: Store) -> Iterator[Happening]:
    """Tell of runs that ended, given newest first; a commit that is judged alike again is told once, when first."""
    known: set[tuple[str, ...]] = set()
    for record in reversed(records):
        tags, at = record.tags, record.ended or record.started
        sha, state = tags["sha"][:7], tags.get("state", "")
        link = store.run_page(record.id)
        said = (tags["sha"], state, tags.get("verdict", ""), tags.get("summary", ""), tags.get("reason", ""))
        if said in known:
            continue
        known.add(said)
        if state == "finished":
            text = f"{sha} {tags.get('summary', '')}".strip()
            yield Happening(at, "verdict", "", text, link, _read_verdict(tags.get("verdict")))
        elif state == "failed":
            text = f"{sha} at the step {tags.get('step', '(unknown)')}: {tags.get('reason', '')}"
            yield Happening(at, "failed", "", text, link)


def _read_verdict(tag: str | None) -> Verdict | None:
    try:
        return _VERDICT.validate_python(tag)
    except ValidationError:
        return None


def _tell_overrides(store: Store, records: Sequence[RunRecord]) -> Iterator[Happening]:
    """Tell of overrides in the newest reports; a later run on the same evidence repeats them word for word."""
    finished = [each for each in records if each.tags.get("state") == "finished"][:_MOST_REPORTS]
    for record in finished:
        words: dict[tuple[str, str, str], list[str]] = {}
        for check in _read_checks(store, record):
            if check.override is not None:
                word = check.override
                words.setdefault((word.at, word.by, word.reason), []).append(check.code)
        for (at, by, reason), codes in words.items():
            names = join_names(sorted(set(codes)))
            yield Happening(datetime.fromisoformat(at), "override", by, f"{names}: {reason}")


def _read_checks(store: Store, record: RunRecord) -> list[CheckResult]:
    try:
        report = read_report(store, record.id)
    except StoreError:
        # Of another schema: the verdict is told all the same, and the review page says what to do.
        return []
    return report.checks if report else []


def _tell_promotions(store: Store, number: int) -> Iterator[Happening]:
    registry = store.registry()
    for term in trace(read_records(registry.tags), registry.champion):
        if term.record is not None and term.record.pull == number:
            at = datetime.fromisoformat(term.since)
            yield Happening(at, "promoted", term.record.by, f"as version {term.version}")
