from __future__ import annotations

from typing import cast

import pytest

from greenroom_pipeline.desk import Reply
from greenroom_pipeline.report import main_result
from greenroom_pipeline.words import Words
from greenroom_portal.answers import answer_frame, pick_figure, positive_class, tell_difference
from greenroom_portal.selection import Selection, address_review, read_selection
from greenroom_portal.tables.curves import curve_frame
from greenroom_portal.tables.metrics import (
    choose_ends,
    judge,
    metric_frame,
    present,
    present_metrics,
    skipped_slices,
    slice_frame,
)
from greenroom_portal.tables.reviews import Wish, count_pages, narrow, split_pulls, take_page
from greenroom_portal.tables.timings import timing_frame
from greenroom_portal.wording import MISSING
from tests.portal.desk_in_memory import everything, first_model, make_metric, make_report
from tests.portal.who_desks import many_slices


def reply(prediction: str | float | None, probabilities: dict[str, float] | None = None) -> Reply:
    return Reply(prediction, probabilities, 0.004, {"name": "m", "version": "1", "digest": "d"})


@pytest.mark.parametrize(
    ("interval", "higher", "effect"),
    [
        ((0.01, 0.02), True, "better"),
        ((0.01, 0.02), False, "worse"),
        ((-0.02, -0.01), False, "better"),
        ((-0.02, -0.01), True, "worse"),
        ((-0.01, 0.02), True, "unclear"),
        ((0.0, 0.02), True, "unclear"),
    ],
)
def test_effect_follows_the_interval(interval: tuple[float, float], higher: bool, effect: str) -> None:
    """A change counts as better or worse only when its whole interval lies on that side."""
    assert judge(make_metric("m", (0.5, 0.5), interval, higher=higher)) == effect


def test_reviews_keep_their_order_within_sections() -> None:
    """Open reviews and decided ones stay newest first."""
    sections = split_pulls(everything().pulls())

    assert [pull.number for pull in sections.open] == [12, 11, 7, 9, 10, 8]
    assert [pull.number for pull in sections.decided] == [3, 2]


@pytest.mark.parametrize(
    ("wish", "numbers"),
    [
        pytest.param(Wish(), [12, 11, 7, 9, 10, 8, 3, 2], id="all"),
        pytest.param(Wish(text="WIND"), [7], id="title"),
        pytest.param(Wish(text="boosting change-9"), [9], id="every word, wherever it is"),
        pytest.param(Wish(text="#8"), [8], id="number"),
        pytest.param(Wish(author="Nobody"), [], id="author"),
        pytest.param(Wish(state="merged"), [3], id="state"),
        pytest.param(Wish(commits=frozenset({f"{10:040x}"})), [10], id="commits of a verdict"),
        pytest.param(Wish(state="open", oldest_first=True), [8, 10, 9, 7, 11, 12], id="oldest first"),
    ],
)
def test_a_wish_narrows_the_list(wish: Wish, numbers: list[int]) -> None:
    """Everything that is asked for has to hold, and the order stays the desk's or is turned round."""
    assert [pull.number for pull in narrow(everything().pulls(), wish)] == numbers


def test_pages_hold_everything_once() -> None:
    """The pages together are the list; beyond the last one there is the last one."""
    pulls = [everything().pulls()[0]] * 45

    assert count_pages([]) == 1
    assert count_pages(pulls) == 3
    assert [len(take_page(pulls, number)) for number in (0, 1, 2, 3, 99)] == [20, 20, 20, 5, 5]


def test_main_metric_is_the_first_with_a_difference() -> None:
    """The report's first compared metric is the one that counts; a first model has none."""
    main = main_result(make_report(7))

    assert main is not None
    assert main.metric == "roc_auc"
    assert main_result(first_model().reports[7]) is None


def test_slices_are_worst_first_and_skipped_ones_counted() -> None:
    """The slice that loses most stands first; slices without a difference are counted, not drawn."""
    report = make_report(7)

    assert list(slice_frame(report, metric="roc_auc")["label"]) == [
        "carrier HA",
        "carrier DL",
        "origin LGA",
        "origin JFK",
        "carrier UA",
    ]
    assert skipped_slices(report, metric="roc_auc") == 1


def test_slices_are_called_by_the_projects_words() -> None:
    """Columns have their names and units; two slices that are then called alike stay two."""
    parts = [("dest", "ABQ"), ("origin", "ABQ"), ("distance", "80 to 502")]
    metrics = [make_metric("roc_auc", (0.7, 0.7), (-0.1, 0.1), part=part) for part in parts]
    words = Words(columns={"dest": "airport", "origin": "airport"}, units={"distance": "miles"})
    frame = slice_frame(make_report(7, metrics=metrics, words=words), metric="roc_auc")

    assert list(frame["label"]) == ["airport ABQ", "airport ABQ (2)", "distance 80 to 502 miles"]


def test_of_many_slices_both_ends_are_drawn() -> None:
    """The worst and the best are drawn, in order; few are drawn all."""
    frame = slice_frame(many_slices().reports[7], metric="roc_auc")
    drawn = choose_ends(frame, most=40)

    assert list(drawn["label"]) == [*frame["label"][:20], *frame["label"][-20:]]
    assert len(choose_ends(frame.head(40), most=40)) == 40


def test_a_first_model_has_its_own_intervals() -> None:
    """The candidate's own value stands with its interval, which is all that a first model has."""
    report = first_model().reports[7]
    metrics = [
        report.metrics[0].model_copy(update={"candidate_interval": (0.724, 0.738)}),
        *report.metrics[1:],
    ]
    table = present_metrics(report.model_copy(update={"metrics": metrics}), confidence=0.95)

    assert list(table["Candidate"])[:2] == ["0.7312 (0.7240 to 0.7380)", "0.3811"]


def test_worst_is_turned_for_metrics_where_lower_is_better() -> None:
    """For a loss, the slice whose loss grows most stands first."""
    metrics = [
        make_metric("log_loss", (0.3, 0.4), (-0.2, -0.05), higher=False, part=("c", "gains")),
        make_metric("log_loss", (0.5, 0.4), (0.05, 0.2), higher=False, part=("c", "loses")),
    ]
    frame = slice_frame(make_report(7, metrics=metrics), metric="log_loss")

    assert list(frame["label"]) == ["c loses", "c gains"]
    assert list(frame["effect"]) == ["worse", "better"]


def test_presented_table_reads_aloud() -> None:
    """The table behind a chart holds the same numbers as formatted text."""
    table = present(metric_frame(make_report(7)), first="Metric", confidence=0.95)

    assert table.iloc[1].to_dict() == {
        "Metric": "Log loss",
        "Candidate": "0.3811",
        "Champion": "0.3890",
        "Difference (95% interval)": "−0.0079 (−0.0098 to −0.0060), better",
        "Rows": "81,000",
    }


def test_table_without_champion_has_dashes() -> None:
    """Undefined values are dashes."""
    table = present(metric_frame(first_model().reports[7]), first="Metric", confidence=0.95)

    assert list(table["Difference (95% interval)"]) == ["—"] * 4


def test_curves_keep_their_points_in_order() -> None:
    """Each curve's points stand in the report's order, which a curve that turns back needs."""
    frame = curve_frame(make_report(7), kind="roc", label=None)

    assert list(frame["model"].unique()) == ["candidate", "champion"]
    assert list(frame["order"][:3]) == [0, 1, 2]
    assert len(frame) == 42


def test_timings_say_what_was_found_ready() -> None:
    """A step that did nothing says so."""
    assert timing_frame(make_report(7)).to_dict("list") == {
        "Step": ["train", "evaluate"],
        "Time": ["12.4 s", "0.3 s"],
        "Share": ["97.6 %", "2.4 %"],
        "Result": ["found ready", "made"],
    }


@pytest.mark.parametrize(
    ("candidate", "champion", "sentence"),
    [
        pytest.param(
            reply("1", {"0": 0.4, "1": 0.6}),
            reply("0", {"0": 0.7, "1": 0.3}),
            "They disagree: candidate 1, champion 0. The candidate's probability of 1 is 30.0 points higher.",
            id="disagree",
        ),
        pytest.param(
            reply("0", {"0": 0.9, "1": 0.1}),
            reply("0", {"0": 0.7, "1": 0.3}),
            "Both answer 0. The candidate's probability of 1 is 20.0 points lower.",
            id="agree",
        ),
        pytest.param(
            reply("0", {"0": 0.7, "1": 0.3}),
            reply("0", {"0": 0.7, "1": 0.3}),
            "Both answer 0. The probability of 1 is the same from both.",
            id="same",
        ),
        pytest.param(reply(3.0), reply(0.0), "The candidate's answer differs by +3.00.", id="champion zero"),
        pytest.param(reply(3.0), reply(3.0), "Both answer 3.000.", id="equal numbers"),
        pytest.param(reply("a"), reply("b"), "They disagree: candidate a, champion b.", id="classes alone"),
        pytest.param(
            Reply(None, None, 0.0, {}, error="no"),
            reply("0"),
            "There is no difference to show: one of the two did not answer.",
            id="error",
        ),
    ],
)
def test_difference_in_words(candidate: Reply, champion: Reply, sentence: str) -> None:
    """The difference of two answers is one sentence that says whether the class changes, and by how much."""
    assert tell_difference(make_report(7), candidate, champion) == sentence


def test_declared_positive_class_counts() -> None:
    """The class that the report's curves are about counts, also when it is the first in order."""
    report = make_report(7)
    turned = report.model_copy(
        update={"curves": [curve.model_copy(update={"label": "0"}) for curve in report.curves]}
    )
    answer = reply("1", {"0": 0.4, "1": 0.6})

    assert positive_class(turned, answer.probabilities) == "0"
    assert pick_figure(turned, answer, target="delayed").label == "Probability of delayed = 0"
    assert pick_figure(turned, answer, target="delayed").value == "40.0 %"


def test_multiclass_shows_each_class() -> None:
    """With more than two classes the answered one is large, and all stand in the table."""
    report = make_report(7, task="multiclass", curves=[])
    own, other = reply("b", {"a": 0.1, "b": 0.7, "c": 0.2}), reply("a", {"a": 0.6, "b": 0.3, "c": 0.1})

    assert pick_figure(report, own, target="kind").value == "70.0 %"
    assert answer_frame(report, own, other).to_dict("list") == {
        "Class": ["a", "b", "c"],
        "Candidate": ["0.1000", "0.7000", "0.2000"],
        "Champion": ["0.6000", "0.3000", "0.1000"],
        "Difference": ["−50.0 points", "+40.0 points", "+10.0 points"],
    }


def test_address_is_read_back() -> None:
    """What a link says is what the page selects."""
    selection = Selection(project="flight-delays", pull=12)

    assert read_selection(address_review(selection)) == selection


@pytest.mark.parametrize("pull", ["", "x", "-1", "1.5", "٣", "9" * 12])
def test_bad_numbers_select_nothing(pull: str) -> None:
    """Only a plain whole number names a pull request."""
    assert read_selection({"project": "p", "pull": pull}) is None


def test_empty_probabilities_are_missing() -> None:
    """A probability that a candidate answered as null is shown as missing, and compared with nothing."""
    report = make_report(7)
    known = reply("1", {"0": 0.4, "1": 0.6})
    empty = reply("1", cast(dict[str, float], {"0": None, "1": None}))
    part = reply("1", cast(dict[str, float], {"0": 0.4, "1": None}))

    assert answer_frame(report, empty, known)["Difference"].tolist() == [MISSING, MISSING]
    assert "Both answer 1." in tell_difference(report, empty, known)
    assert tell_difference(report, part, known).endswith("One of the two gives no probability of 1.")
    assert pick_figure(report, empty, target="delayed").value == "1"
