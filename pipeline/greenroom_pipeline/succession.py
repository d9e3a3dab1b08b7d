"""Records of promotions as they stand in MLflow, and what follows from them of which version was production when."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from greenroom_pipeline.report import Report, Verdict

_KEY = re.compile(r"promotion\.([0-9]{6,9})\.([0-9a-f]{1,32})")
_LINE, _SUMMARY, _TITLE = 160, 480, 40
_FIRST_YEAR, _LAST_YEAR = 2000, 9000
_MOST_METRICS = 16
"""All of a record fits into the 5,000 characters that MLflow's tables have for a tag."""


def _require_time(text: str) -> str:
    """Anybody may write a tag: what is no moment, and is not before or after the others, is no record."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError(f"{text[:40]!r} is no time with its zone")
    return at.astimezone(UTC).isoformat()


class Measured(BaseModel):
    """One overall metric of the promoted model, on the holdout of its review."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str
    value: float = Field(allow_inf_nan=False)
    higher_is_better: bool = True


class PromotionRecord(BaseModel):
    """That `champion` was moved: who, when, to what, from what, and on what evidence. Never written again.

    Keys that a later Greenroom adds are passed over, and all but the first four have defaults, so that versions of
    different age read each other's.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    schema_version: Literal[1] = Field(1, alias="schema")
    kind: str = Field("promoted", description="What kind of move it was.")
    at: Annotated[str, AfterValidator(_require_time)] = Field(
        description="Time in UTC, ISO 8601, before the alias was moved."
    )
    by: str
    version: str
    before: str | None = Field(None, description="What `champion` named then; null for nothing.")
    reason: str = Field("", description="Why, where somebody said so.")
    digest: str = ""
    sha: str = ""
    pull: int | None = Field(None, ge=0, lt=10**9)
    title: str = ""
    merge: str | None = Field(None, description="The commit that the pull request was merged as.")
    run: str = ""
    verdict: Verdict | None = None
    summary: str = ""
    holdout: str = Field("", description="Digest of the rows that the metrics are measured on.")
    metrics: list[Measured] = []


@dataclass(frozen=True)
class Kept:
    """A record with its key, and whether the alias is known to have followed."""

    key: str
    record: PromotionRecord
    confirmed: bool


@dataclass(frozen=True)
class Term:
    """A time during which `champion` named one version, as far as records tell. *since* and *until* are ISO 8601."""

    version: str
    since: str
    until: str | None
    record: PromotionRecord | None
    """None for a version that somebody gave the alias by hand: *since* is the earliest that it can have been."""
    end_unknown: bool = False
    """It has ended, and nobody recorded when."""
    broken_off: tuple[str, ...] = ()
    """Versions that were to follow and whose alias was never moved."""


def describe(report: Report | None, **facts: str | int | None) -> PromotionRecord:
    """Return the record of a move by its *facts*, with the evidence of the promoted version's report."""
    evidence: dict[str, object] = {}
    if report is not None:
        evidence = {
            "verdict": report.verdict,
            "summary": _cut(report.summary, _SUMMARY),
            "holdout": report.holdout.digest,
            "metrics": measure(report),
        }
    cut = {name: _cut(fact, _LINE) if isinstance(fact, str) else fact for name, fact in facts.items()}
    return PromotionRecord.model_validate({**cut, **evidence})


def measure(report: Report) -> list[Measured]:
    """Return the candidate's own overall metrics, in the report's order."""
    found = [
        Measured(
            title=_cut(result.title, _TITLE),
            value=result.candidate,
            higher_is_better=result.higher_is_better,
        )
        for result in report.metrics
        if result.slice is None and result.candidate is not None
    ]
    return found[:_MOST_METRICS]


def to_text(record: PromotionRecord) -> str:
    return record.model_dump_json(by_alias=True, exclude_none=True)


def name_next(tags: Mapping[str, str], *, nonce: str) -> str:
    """Return the key of the next record: its place, and a *nonce*, since two machines may count at once."""
    places = [int(found[1]) for key in tags if (found := _KEY.fullmatch(key))]
    return f"promotion.{max(places, default=0) + 1:06d}.{nonce}"


def name_confirmation(key: str) -> str:
    """Return the key under which it stands that the alias has followed the record under *key*."""
    return key.replace("promotion", "promoted", 1)


def read_records(tags: Mapping[str, str]) -> list[Kept]:
    """Return the records among a model's tags, oldest first; what somebody else wrote under such a key is none."""
    found = []
    for key, text in tags.items():
        if match := _KEY.fullmatch(key):
            try:
                record = PromotionRecord.model_validate_json(text)
            except ValidationError:
                continue
            kept = Kept(key, record, name_confirmation(key) in tags)
            found.append((int(match[1]), record.at, key, kept))
    return [kept for *_, kept in sorted(found, key=lambda each: each[:3])]


def trace(kept: Sequence[Kept], champion: str | None) -> list[Term]:
    """Return the terms that records and the alias of now tell of, oldest first.

    What a record found in production is held against the one before: where they differ, somebody moved the alias by
    hand in between. A record whose alias never followed tells of no term.
    """
    terms: list[Term] = []
    for place, each in enumerate(kept):
        following = kept[place + 1].record if place + 1 < len(kept) else None
        found = following.before if following else champion
        until = following.at if following else None
        record = each.record
        if each.confirmed or found == record.version:
            terms.append(Term(record.version, record.at, until, record))
        elif terms:
            broken = (*terms[-1].broken_off, record.version)
            terms[-1] = replace(terms[-1], until=until, broken_off=broken)
        _note_hand(terms, found, at=record.at, until=until)
    return terms


def _note_hand(terms: list[Term], found: str | None, *, at: str, until: str | None) -> None:
    """Add the term of what was *found* in production where that is not what the last term says."""
    if not terms or found == terms[-1].version:
        return
    terms[-1] = replace(terms[-1], until=None, end_unknown=True)
    if found is not None:
        terms.append(Term(found, at, until, None))


def _cut(text: str, longest: int) -> str:
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
