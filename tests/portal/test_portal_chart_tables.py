"""The tables and sentences behind the panes of charts."""

from __future__ import annotations

import pandas as pd
import pytest

from greenroom_pipeline.distributions import Confusion, Histogram, Thresholds
from greenroom_pipeline.report import Report
from greenroom_pipeline.words import Words
from greenroom_portal.tables.classes import name_classes, name_rows
from greenroom_portal.tables.confusion import confusion_frame, present_confusion
from greenroom_portal.tables.distributions import (
    count_outside,
    present_histogram,
    residual_frame,
    score_parts,
)
from greenroom_portal.tables.thresholds import (
    add_costs,
    pick_cheapest,
    pick_threshold,
    present_threshold,
    tell_cheapest,
    tell_threshold,
    threshold_frame,
)
from tests.portal.desk_in_memory import make_report

WORDS = Words(row="flight", rows="flights", classes={"1": "late"})


def threshold_report() -> Report:
    """A thousand late flights of ten thousand, at three thresholds."""
    counts = {"candidate": ([1000, 812, 0], [9000, 140, 0]), "champion": ([1000, 790, 0], [9000, 155, 1])}
    return make_report(7).model_copy(
        update={
            "words": WORDS,
            "thresholds": [
                Thresholds(
                    model=model,
                    label="1",
                    thresholds=[0, 0.35, 1],
                    true_positives=found,
                    false_positives=alarms,
                    positives=1000,
                    negatives=9000,
                )
                for model, (found, alarms) in counts.items()
            ],
        }
    )


def test_a_threshold_is_one_sentence() -> None:
    """What both models find and wrongly raise, in whole rows, at the known threshold nearest to the chosen one."""
    at = pick_threshold(threshold_frame(threshold_report()), 0.4)

    assert tell_threshold(at, words=WORDS, label="1") == (
        "At 0.35 the candidate finds 812 of 1,000 late flights and raises 140 false alarms; "
        "the champion finds 790 and raises 155 false alarms."
    )
    assert tell_threshold(at[:1], words=Words(), label="1") == (
        "At 0.35 the candidate finds 812 of 1,000 rows of class “1” and raises 140 false alarms."
    )
    one = at.assign(alarms=1)
    assert "raises 1 false alarm; the" in tell_threshold(one, words=WORDS, label="1")


@pytest.mark.parametrize(
    ("missed", "cost", "threshold"), [(1.0, (140 + 188) / 10, 0.35), (0.05, 5.0, 1.0), (100.0, 900.0, 0.0)]
)
def test_the_cheapest_threshold_follows_the_costs(missed: float, cost: float, threshold: float) -> None:
    """Dear misses call for a low threshold, dear alarms for a high one; the cost is that of 1,000 rows."""
    cheapest = pick_cheapest(add_costs(threshold_frame(threshold_report()), missed=missed))

    assert list(cheapest["model"]) == ["candidate", "champion"]
    assert cheapest["cost"].iloc[0] == pytest.approx(cost)
    assert cheapest["threshold"].iloc[0] == threshold


def test_costs_are_told_in_false_alarms() -> None:
    """The sentence under the chart names both cheapest thresholds with their costs, the table both models' counts."""
    costs = add_costs(threshold_frame(threshold_report()), missed=1)

    assert tell_cheapest(pick_cheapest(costs), words=WORDS) == (
        "The candidate is cheapest at 0.35, where 1,000 flights cost as much as 32.80 false alarms; "
        "the champion at 0.35, with 36.50."
    )
    table = present_threshold(pick_threshold(costs, 0.35), words=WORDS).set_index("Outcome")
    assert list(table["Candidate"]) == [
        "812 (81.2\u00a0%)",
        "188 (18.8\u00a0%)",
        "140 (1.6\u00a0%)",
        "8,860 (98.4\u00a0%)",
        "32.80",
    ]
    assert table.index[-1] == "Cost per 1,000 flights"


def test_rows_of_a_class_have_words() -> None:
    """A class with a word of its own is told by it; one without by its name, in quotes where it is a figure."""
    assert name_rows(WORDS, "1") == "late flights"
    assert name_rows(WORDS, "1", number=1) == "late flight"
    assert name_rows(WORDS, "0") == "flights of class “0”"
    assert name_rows(Words(), "setosa") == "rows of setosa"


def test_classes_that_are_cut_to_the_same_stay_apart() -> None:
    """No two lines of a grid have the same name, or their cells would lie on one another."""
    labels = ["x" * 50 + "a", "x" * 50 + "b", "(others)", "(others)", "1"]
    names = name_classes(WORDS, labels)

    assert len(set(names)) == 5
    assert names[0].endswith("… (1)")
    assert names[-1] == "late"


def confusion_report(*, champion: bool = True) -> Report:
    counts = {"candidate": [[90, 10], [3, 7]], "champion": [[80, 20], [0, 0]]}
    return make_report(7).model_copy(
        update={
            "words": WORDS,
            "confusions": [
                Confusion(model=model, classes=["0", "1"], counts=counts[model])
                for model in ("candidate", "champion")[: 1 + champion]
            ],
        }
    )


def test_confusion_has_shares_of_the_true_class() -> None:
    """Each cell is a share of its line, and the difference that of the shares; a line without rows has none."""
    frame = confusion_frame(confusion_report())

    assert list(zip(frame["was"], frame["said"], strict=True)) == [
        ("0", "0"),
        ("0", "late"),
        ("late", "0"),
        ("late", "late"),
    ]
    assert list(frame["candidate_share"]) == pytest.approx([0.9, 0.1, 0.3, 0.7])
    assert frame["champion_share"].isna().tolist() == [False, False, True, True]
    assert list(present_confusion(frame)["Difference"]) == ["+10.0 points", "−10.0 points", "—", "—"]
    assert list(present_confusion(confusion_frame(confusion_report(champion=False)))) == [
        "Was",
        "Said",
        "Candidate",
    ]


def test_scores_of_the_other_rows_are_what_is_left() -> None:
    """A class among many has its own rows and all; the others are the difference."""
    counts = {"a": [1, 2], None: [10, 5]}
    report = make_report(7).model_copy(
        update={
            "histograms": [
                Histogram(
                    kind="scores", model="candidate", label="a", of=of, edges=[0, 0.5, 1], counts=counted
                )
                for of, counted in counts.items()
            ]
        }
    )
    parts = score_parts(report, label="a")

    assert list(parts) == ["a", None]
    assert list(parts[None]["rows"]) == [9, 3, 3]
    assert list(parts[None]["share"][:2]) == [0.75, 0.25]
    assert list(present_histogram(parts[None])["Candidate"]) == ["9 (75.0 %)", "3 (25.0 %)"]


def test_rows_beyond_the_bins_are_counted() -> None:
    """What the bins of residuals leave out is said, so that no row is lost from sight."""
    histogram = Histogram(
        kind="residuals",
        model="candidate",
        label=None,
        of=None,
        edges=[-1, 0, 1],
        counts=[40_000, 40_990],
    )
    report = make_report(7).model_copy(update={"histograms": [histogram]})

    assert count_outside(report) == {"candidate": 10}
    assert list(residual_frame(report)["edge"]) == [-1, 0, 1]


def test_documents_that_do_not_add_up_are_still_shown() -> None:
    """Lists of unequal lengths in somebody's report give what there is, and no error."""
    odd = Thresholds(
        model="candidate",
        label="1",
        thresholds=[0, 0.5, 1],
        true_positives=[0],
        false_positives=[0, 0],
        positives=0,
        negatives=0,
    )
    report = make_report(7).model_copy(
        update={
            "thresholds": [odd],
            "confusions": [Confusion(model="candidate", classes=["a", "b"], counts=[[1], [2, 3, 4]])],
        }
    )

    assert add_costs(threshold_frame(report), missed=1)["cost"].tolist() == [0]
    assert confusion_frame(report)["candidate"].tolist() == [1, 2, 3]
    assert isinstance(present_confusion(confusion_frame(report)), pd.DataFrame)
