from __future__ import annotations

import pytest

from greenroom_portal.panes.verdict import tell_production
from tests.portal.conftest import OpenPage
from tests.portal.desk_in_memory import CHAMPION, make_report
from tests.portal.test_portal_reviews import shown


@pytest.mark.parametrize(
    ("desk", "kind", "sentence"),
    [
        pytest.param("passing", "success", "**Pass.** ROC AUC rises by 0.0122", id="pass"),
        pytest.param("failing", "error", "**Fail.** Better overall, but flights of carrier HA", id="fail"),
        pytest.param("inconclusive", "warning", "**Inconclusive.** Can't tell yet", id="inconclusive"),
    ],
)
def test_verdict_is_one_sentence(open_page: OpenPage, desk: str, kind: str, sentence: str) -> None:
    """The review opens with the verdict's word and the report's summary."""
    app = open_page(desk, pull=7)

    assert not app.exception
    assert sentence in shown(app)
    assert len(app.get(kind)) == 1


def test_review_shows_checks_metrics_and_charts(open_page: OpenPage) -> None:
    """Every check with its reason, the metric table, and the charts of both are on the page."""
    app = open_page("failing", pull=7)
    text = shown(app)

    assert "**No slice loses more than 0.02** · GR103" in text
    assert "Carrier HA changes by −0.0691." in text
    assert " Not tested]" in text
    table = app.table[0].value
    assert list(table["Metric"]) == ["ROC AUC", "Log loss", "Brier score", "Accuracy"]
    effects = [cell.rpartition(" ")[2] for cell in table["Difference (95% interval)"]]
    assert effects == ["better", "better", "unclear", "unclear"]
    assert len(app.get("vega_lite_chart")) == 2


def test_review_says_what_else_changes(open_page: OpenPage) -> None:
    """Flips, shift and calibration are told in sentences, and how often the holdout has been asked."""
    text = shown(open_page("passing", pull=7)).replace("\\", "")

    assert "Of 81,000 rows, 1,840 that the champion had right are now wrong (2.3 %)" in text
    assert "The mean probability of class “1” moves from 0.219 to 0.221" in text
    assert "The calibration slope is 0.970 (0.940 to 1.000; the champion's is 1.020)." in text
    assert "This holdout has decided 41 candidates: " in text


def test_an_override_stands_beside_its_check(open_page: OpenPage) -> None:
    """The check keeps its outcome, with who overrode it, when and why."""
    text = shown(open_page("overridden", pull=7)).replace("\\", "")

    assert "Failed" in text
    assert "**Overridden** by Grace Hopper on 2026-11-24: The outage costs more." in text


def test_failed_run_shows_step_reason_and_log(open_page: OpenPage) -> None:
    """A run that failed says at which step and why, with the process's own last lines."""
    app = open_page("broken_run", pull=8)

    assert not app.exception
    assert "**Run failed** at the step **preview**: there is no verdict" in shown(app)
    assert "The model does not load." in shown(app)
    assert "ModuleNotFoundError: no module named x" in app.code[0].value


@pytest.mark.parametrize(
    ("pull", "sentence"),
    [
        pytest.param(12, "has not finished. It is at the step **train**.", id="running"),
        pytest.param(11, "This commit has not gone through the loop.", id="waiting"),
    ],
)
def test_unfinished_run_is_shown_for_what_it_is(open_page: OpenPage, pull: int, sentence: str) -> None:
    """Before there is a report, the page says what the run is doing."""
    app = open_page("everything", pull=pull)

    assert not app.exception
    assert sentence in shown(app)


def test_first_model_has_nothing_to_compare_with(open_page: OpenPage) -> None:
    """Without a champion the page says so, and shows the candidate's own values."""
    app = open_page("first_model", pull=7)

    assert not app.exception
    assert "There is no model in production yet" in shown(app)
    assert list(app.table[0].value["Champion"]) == ["—"] * 4


def test_a_report_without_curves_has_no_charts(open_page: OpenPage) -> None:
    """A report that holds nothing to draw has no heading and no empty panes in its place."""
    app = open_page("regression", pull=7)

    assert not app.exception
    assert "Charts" not in [heading.value for heading in app.header]


def test_moved_production_is_noted(open_page: OpenPage) -> None:
    """When another model went into production since, the comparison is marked as old."""
    assert "Production has changed since this comparison" in shown(open_page("moved_production", pull=7))


def test_what_is_said_of_production() -> None:
    """Only what matters for reading the report is said about production."""
    report = make_report(7)

    assert tell_production(report, champion_digest=CHAMPION.digest) is None
    assert tell_production(report, champion_digest=report.candidate.digest) == (
        "This candidate is in production now."
    )


@pytest.mark.parametrize(
    ("pull", "project", "sentence"),
    [
        pytest.param("99", "flight-delays", "There is no pull request #99 in flight-delays", id="unknown"),
        pytest.param("7; drop", "flight-delays", "This address names no review.", id="no number"),
        pytest.param("7", "", "This address names no review.", id="no project"),
    ],
)
def test_bad_address_is_a_sentence(open_page: OpenPage, pull: str, project: str, sentence: str) -> None:
    """An address that names no review leads to a sentence and a link back."""
    app = open_page("passing", pull=pull, project=project)

    assert not app.exception
    assert sentence in shown(app)


def test_choosing_a_metric_redraws_the_slices(open_page: OpenPage) -> None:
    """The slice plot offers exactly the metrics that were compared by slice."""
    app = open_page("failing", pull=7)

    assert app.selectbox(key="slice-metric").options == ["ROC AUC"]
    slices = app.dataframe[0].value
    assert slices["Slice"].iloc[0] == "carrier HA"


@pytest.mark.parametrize(
    ("address", "metric"),
    [({}, "roc_auc"), ({"slice-metric": "Log loss"}, "log_loss"), ({"slice-metric": "<b>"}, "roc_auc")],
)
def test_the_metric_of_the_slices_is_in_the_address(
    open_page: OpenPage, address: dict[str, str], metric: str
) -> None:
    """A link that names a metric shows the slices by it; what is no metric shows the usual one."""
    app = open_page("who_desks:two_metrics", pull=7, **address)

    assert not app.exception
    assert app.selectbox(key="slice-metric").value == metric


def test_hostile_report_renders_without_markup(open_page: OpenPage) -> None:
    """A report, profile and pull request full of markup give a whole page in which all of it is text."""
    app = open_page("hostile", pull=7)

    assert not app.exception
    labels = [widget.label for widget in (*app.text_input, *app.number_input, *app.selectbox)]
    bodies = [
        element.value for kind in (app.title, app.markdown, app.caption, app.error) for element in kind
    ] + labels
    cells = [str(cell) for table in app.table for row in table.value.to_numpy() for cell in row]
    for body in [*bodies, *cells]:
        assert "<script>" not in body
        assert "](https" not in body
        assert "https://" not in body
        assert ":material/home:" not in body


def test_an_older_report_has_its_whole_page(open_page: OpenPage) -> None:
    """A report from before people's words and movements is shown with what it has."""
    app = open_page("tests.portal.who_desks:older", pull=7)
    text = shown(app).replace("\\", "")

    assert not app.exception
    assert "**Fail.** Worse for carrier F9" in text
    assert "**Worse for carrier F9; better for carrier B6 and carrier EV.**" in text
    assert "**Rows of carrier F9** (1,204 rows). ROC AUC falls from 0.688 to 0.627" in text


def test_a_newer_report_is_one_sentence_and_the_rest_works(open_page: OpenPage) -> None:
    """A report of a later version says so below the review's head and above what happened; the list has the review."""
    page, listed = (
        open_page("tests.portal.who_desks:newer", pull=7, happened="true"),
        open_page("tests.portal.who_desks:newer"),
    )

    assert not page.exception
    assert not listed.exception
    text = shown(page).replace("\\", "")
    assert "was written by a newer Greenroom (schema 2); update this one to read it" in text
    assert "by Ada Lovelace" in text
    assert "**Comment** by eve: Is it worse for HA?" in text
    assert "Add wind and visibility" in str([link.proto.label for link in listed.get("page_link")])
