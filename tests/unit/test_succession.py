"""Which version was production when, by what promotions left behind."""

from __future__ import annotations

import json

import pytest

from greenroom_pipeline.succession import (
    Kept,
    PromotionRecord,
    Term,
    describe,
    name_confirmation,
    name_next,
    read_records,
    to_text,
    trace,
)
from tests.portal.desk_in_memory import HOSTILE, make_metric, make_report


def keep(version: str, before: str | None, *, day: int, confirmed: bool = True) -> Kept:
    record = PromotionRecord(
        at=f"2026-11-{day:02}T10:00:00+00:00", by="Grace", version=version, before=before
    )
    return Kept(f"promotion.{day:06}.aa", record, confirmed)


def days(terms: list[Term]) -> list[tuple[str, str, str | None, bool]]:
    """Version, first and last day, and whether it was recorded."""
    return [
        (each.version, each.since[8:10], each.until and each.until[8:10], each.record is not None)
        for each in terms
    ]


def test_each_promotion_ends_the_one_before() -> None:
    """Each term lasts until the next one, and the last one goes on."""
    kept = [keep("1", None, day=1), keep("2", "1", day=2), keep("5", "2", day=4)]

    assert days(trace(kept, "5")) == [
        ("1", "01", "02", True),
        ("2", "02", "04", True),
        ("5", "04", None, True),
    ]
    assert trace([], None) == []


def test_an_alias_moved_by_hand_is_a_term_of_its_own() -> None:
    """Now or between two records: what was found in production had its time, and nobody knows since when."""
    kept = [keep("1", None, day=1), keep("3", "2", day=5)]
    terms = trace(kept, "9")

    assert days(terms) == [
        ("1", "01", None, True),
        ("2", "01", "05", False),
        ("3", "05", None, True),
        ("9", "05", None, False),
    ]
    assert [each.end_unknown for each in terms] == [True, False, True, False]


def test_an_alias_taken_away_ends_a_term() -> None:
    """Without an alias nothing is production, and when that began is not known."""
    (term,) = trace([keep("1", None, day=1)], None)

    assert (term.until, term.end_unknown) == (None, True)


def test_a_promotion_that_was_broken_off_is_no_term() -> None:
    """A record whose alias never followed leaves the version before in production, and is mentioned there."""
    kept = [keep("1", None, day=1), keep("2", "1", day=2, confirmed=False)]
    (term,) = trace(kept, "1")
    tried_again = trace([*kept, keep("2", "1", day=3)], "2")

    assert (term.version, term.until, term.broken_off) == ("1", None, ("2",))
    assert days(tried_again) == [("1", "01", "03", True), ("2", "03", None, True)]
    assert trace([keep("2", None, day=2, confirmed=False)], None) == []


def test_a_move_that_nobody_confirmed_and_that_is_there_counts() -> None:
    """Whoever was stopped after the alias had moved leaves a record that the alias itself confirms."""
    kept = [keep("1", None, day=1), keep("2", "1", day=2, confirmed=False)]

    assert days(trace(kept, "2")) == [("1", "01", "02", True), ("2", "02", None, True)]
    assert days(trace([*kept, keep("3", "2", day=3)], "3"))[1] == ("2", "02", "03", True)


def test_records_come_back_in_order() -> None:
    """Records are found among other tags by place and then time, whatever order MLflow lists them in."""
    first, second = keep("1", None, day=1), keep("2", "1", day=2)
    tags = {
        "promotion.000010.bb": to_text(second.record),
        "promotion.000009.aa": to_text(first.record),
        "promoted.000009.aa": "2026-11-01",
        "promotion.000011.cc": "somebody's notes",
        "promotion": "x",
        "other": "y",
    }

    assert [(each.record.version, each.confirmed) for each in read_records(tags)] == [
        ("1", True),
        ("2", False),
    ]
    assert name_next(tags, nonce="dd") == "promotion.000012.dd"
    assert name_next({}, nonce="dd") == "promotion.000001.dd"
    assert name_confirmation("promotion.000009.aa") == "promoted.000009.aa"


def test_a_later_greenrooms_record_is_read() -> None:
    """Keys and kinds that are not known yet are passed over, not refused."""
    text = '{"schema":1,"at":"2026-11-01T10:00:00+00:00","by":"Ada","version":"4","kind":"rolled_back","of":{"a":1}}'
    (kept,) = read_records({"promotion.000001.aa": text})

    assert (kept.record.kind, kept.record.version) == ("rolled_back", "4")


@pytest.mark.parametrize(
    "changes",
    [
        {"at": "yesterday"},
        {"at": "2026-11-01T10:00:00"},
        {"at": "0001-01-01T00:00:00+23:00"},
        {"pull": 10**30},
        {"metrics": [{"title": "ROC AUC", "value": "1e999"}]},
    ],
    ids=["no time", "no zone", "before all times", "no pull request", "infinite"],
)
def test_what_somebody_planted_is_no_record(changes: dict[str, object]) -> None:
    """What no page could show beside the others is passed over as notes are, and the rest is told."""
    good = to_text(keep("1", None, day=1).record)
    planted = json.dumps({**json.loads(good), "version": "2", **changes}).replace('"1e999"', "1e999")
    kept = read_records({"promotion.000001.aa": good, "promotion.000002.bb": planted})

    assert [each.record.version for each in kept] == ["1"]


@pytest.mark.parametrize("text", [HOSTILE * 20, "\u2028\x00" * 2000, '"\\' * 3000])
def test_a_record_fits_into_a_tag(text: str) -> None:
    """However long and strange its parts are, a record stays within MLflow's 5,000 characters and comes back."""
    metrics = [
        make_metric(f"m{place}", (0.1234567890123456, 0.5), (0, 1)).model_copy(update={"title": text})
        for place in range(60)
    ]
    report = make_report(7, summary=text, metrics=metrics)
    record = describe(
        report, at="2026-11-01T10:00:00+00:00", by=text, version="4", title=text, digest="d" * 64
    )
    written = to_text(record)

    assert len(written) < 5000
    assert read_records({"promotion.000001.aa": written})[0].record == record


def test_a_record_holds_its_evidence() -> None:
    """Verdict, summary, holdout and the model's own overall metrics are those of the report."""
    report = make_report(7)
    record = describe(report, at="2026-11-01T10:00:00+00:00", by="Grace", version="4", pull=7)

    assert (record.verdict, record.summary, record.holdout) == ("pass", report.summary, "d" * 64)
    assert [(each.title, each.value, each.higher_is_better) for each in record.metrics][:2] == [
        ("ROC AUC", 0.7312, True),
        ("Log loss", 0.3811, False),
    ]
