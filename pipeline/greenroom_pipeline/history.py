"""Which version was production when, from what promotions left in MLflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from pydantic import TypeAdapter, ValidationError

from greenroom_pipeline.desk import Reign
from greenroom_pipeline.errors import StoreError
from greenroom_pipeline.record import read_report
from greenroom_pipeline.report import Report, Verdict
from greenroom_pipeline.succession import Measured, PromotionRecord, Term, measure, read_records, trace
from greenroom_pipeline.tracking import ModelVersion, Store
from greenroom_pipeline.wording import join_names

_MOST_REPORTS = 50
"""Read for versions without a record of their own; the rest shows what its tags say."""
_BY_HAND = "Somebody gave this version the alias `champion` in MLflow, past Greenroom: who and when was not recorded."
_UNRECORDED = (
    "It was promoted before promotions were recorded: the time is that of its review, and it came later."
)
_GONE = "This version is gone from MLflow."
_TAKEN = "How long it lasted is not known: the alias was moved in MLflow, past Greenroom."
_VERDICT: TypeAdapter[Verdict | None] = TypeAdapter(Verdict | None)


def tell_history(store: Store) -> list[Reign]:
    """Return which version was production when, newest first.

    What records say needs no report: hundreds of promotions cost two requests.
    """
    registry = store.registry()
    versions = {each.version: each for each in store.versions()}
    kept = read_records(registry.tags)
    first = kept[0].record.before if kept else registry.champion
    recorded = {each.record.version for each in kept}
    earlier = _list_unrecorded(versions, recorded, last=first)
    terms = trace(kept, registry.champion)
    until = datetime.fromisoformat(terms[0].since) if terms else None
    reigns = _tell_unrecorded(store, earlier, until=until)
    reigns += [_tell(store, term, versions.get(term.version)) for term in terms]
    return reigns[::-1]


def _list_unrecorded(
    versions: Mapping[str, ModelVersion], recorded: set[str], *, last: str | None
) -> list[ModelVersion]:
    """Return versions that were promoted before there were records, in the order in which they were registered.

    What was in production then came last, however it got there.
    """
    promoted = [
        each
        for each in sorted(versions.values(), key=lambda each: int(each.version))
        if each.tags.get("promoted_by") and each.version not in recorded and each.version != last
    ]
    if last is None:
        return promoted
    return [*promoted, versions.get(last) or ModelVersion(last, "", {})]


def _tell_unrecorded(store: Store, versions: list[ModelVersion], *, until: datetime | None) -> list[Reign]:
    if not versions:
        return []
    newest = versions[-_MOST_REPORTS:]
    reports = {each.version: _find_report(store, each) for each in newest}
    found = [_tell_version(store, each, reports.get(each.version), until=until) for each in versions]
    ends: list[datetime | None] = [later.since for _, later in pairwise(found)]
    return [replace(reign, until=end) for reign, end in zip(found, [*ends, until], strict=True)]


def _tell_version(
    store: Store, version: ModelVersion, report: Report | None, *, until: datetime | None
) -> Reign:
    """Tell of a version by its tags and report alone."""
    by = version.tags.get("promoted_by", "")
    since = version.created or until or datetime.fromtimestamp(0, UTC)
    return _tell_of(store, version, report, since=since, by=by, note=_UNRECORDED if by else _BY_HAND)


def _tell(store: Store, term: Term, version: ModelVersion | None) -> Reign:
    since = datetime.fromisoformat(term.since)
    until = datetime.fromisoformat(term.until) if term.until else None
    notes = [_TAKEN] if term.end_unknown else []
    if version is None:
        notes.append(_GONE)
    if term.broken_off:
        names = join_names([f"version {each}" for each in dict.fromkeys(term.broken_off)])
        notes.append(f"The promotion of {names} was begun after it and broken off.")
    if term.record is None:
        known = version or ModelVersion(term.version, "", {})
        report = _find_report(store, known)
        reign = _tell_of(store, known, report, since=since, by="", note=" ".join([_BY_HAND, *notes]))
    else:
        reign = _tell_record(store, term.record, since=since, note=" ".join(notes))
    return replace(reign, until=until, end_unknown=term.end_unknown)


def _tell_record(store: Store, record: PromotionRecord, *, since: datetime, note: str) -> Reign:
    return Reign(
        version=record.version,
        since=since,
        until=None,
        by=record.by,
        sha=record.sha,
        pull=record.pull,
        verdict=record.verdict,
        summary=record.summary,
        metrics=_read_values(record.metrics),
        lower_is_better=_name_errors(record.metrics),
        note=" ".join(each for each in (record.reason, note) if each),
        title=record.title,
        merge=record.merge,
        digest=record.digest,
        holdout=record.holdout,
        run=record.run,
        run_link=store.run_page(record.run) if record.run else None,
    )


def _tell_of(
    store: Store, version: ModelVersion, report: Report | None, *, since: datetime, by: str, note: str
) -> Reign:
    """Tell of a version without a record: nobody knows when its time began."""
    tags = version.tags
    run = tags.get("run", "")
    measured = measure(report) if report else []
    return Reign(
        version=version.version,
        since=since,
        until=None,
        by=by,
        sha=tags.get("sha", ""),
        pull=int(tags["pull"]) if re.fullmatch("[0-9]{1,9}", tags.get("pull", "")) else None,
        verdict=report.verdict if report else _read_verdict(tags.get("verdict")),
        summary=report.summary if report else "",
        metrics=_read_values(measured),
        lower_is_better=_name_errors(measured),
        note=note,
        merge=tags.get("merge") or None,
        digest=tags.get("digest", ""),
        holdout=report.holdout.digest if report else "",
        run=run,
        run_link=store.run_page(run) if run else None,
        vague=True,
    )


def _find_report(store: Store, version: ModelVersion) -> Report | None:
    run = version.tags.get("run")
    # A report that is gone, or of another schema, takes nothing from what the tags say.
    with suppress(StoreError):
        return read_report(store, run) if run else None
    return None


def _read_verdict(tag: str | None) -> Verdict | None:
    with suppress(ValidationError):
        return _VERDICT.validate_python(tag)
    return None


def _read_values(metrics: list[Measured]) -> dict[str, float]:
    return {each.title: each.value for each in metrics}


def _name_errors(metrics: list[Measured]) -> frozenset[str]:
    return frozenset(each.title for each in metrics if not each.higher_is_better)
