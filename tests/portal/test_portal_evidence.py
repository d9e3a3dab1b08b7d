"""The panes of charts: closed ones cost nothing, opened ones show what the report has, and say it in words."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.portal import chart_desks
from tests.portal.conftest import OpenPage
from tests.portal.test_portal_reviews import shown

PANES = ("threshold-pane", "confusion-pane", "scores-pane", "curves-pane", "residuals-pane")


def open_charts(open_page: OpenPage, desk: str, *panes: str, **address: str) -> AppTest:
    """Open a review at the address that has *panes* open."""
    app = open_page(f"tests.portal.chart_desks:{desk}", pull=7)
    return move_to(app, **dict.fromkeys(panes, "true"), **address)


def move_to(app: AppTest, **address: str) -> AppTest:
    app.query_params.update(address)
    app.run()
    assert not app.exception
    return app


def count_charts(app: AppTest) -> int:
    """Count the charts but those of metrics and slices, which are no panes; each has words for who hears it."""
    drawn = [chart.proto.alt for chart in app.get("vega_lite_chart")]
    assert all(drawn)
    return len([alt for alt in drawn if not alt.startswith("Difference")])


def titles(app: AppTest) -> list[str]:
    known = ("What each", "How probabilities", "Ranking", "How far off")
    return [each.label for each in app.expander if each.label.startswith(known)]


def test_panes_draw_nothing_until_opened(open_page: OpenPage) -> None:
    """The first paint has titles alone; each pane that the address opens adds its charts, each with a table."""
    app = open_charts(open_page, "binary")
    assert titles(app) == [
        "What each threshold costs",
        "What each class is taken for",
        "How probabilities are spread",
        "Ranking and calibration",
    ]
    assert len(app.slider) == len(app.select_slider) == 0
    tables = len(app.dataframe)

    opened = {
        "threshold-pane": (1, 1),
        "confusion-pane": (4, 2),
        "scores-pane": (6, 4),
        "curves-pane": (9, 7),
    }
    assert count_charts(app) == 0
    for pane, (charts, more) in opened.items():
        move_to(app, **{pane: "true"})
        assert (count_charts(app), len(app.dataframe) - tables) == (charts, more)


def test_the_threshold_is_told_in_words(open_page: OpenPage) -> None:
    """What is found and wrongly raised at the address's threshold, in the project's words and exact counts."""
    app = open_charts(open_page, "binary", "threshold-pane", threshold="0.35", cost="5:1")
    report = chart_desks.binary().reports[7]
    ours, theirs = ((each.true_positives[35], each.false_positives[35]) for each in report.thresholds)
    positives = report.thresholds[0].positives

    assert app.slider(key="threshold").value == 0.35
    assert app.select_slider(key="cost").value == "5:1"
    assert app.select_slider(key="cost").label == "What a missed late flight costs against a false alarm"
    assert (
        f"At 0.35 the candidate finds {ours[0]:,} of {positives:,} late flights and raises {ours[1]:,} false "
        f"alarms; the champion finds {theirs[0]:,} and raises {theirs[1]:,} false alarms."
    ) in shown(app)
    assert "No interval here" in shown(app)


def test_an_address_that_means_nothing_is_left_at_the_usual(open_page: OpenPage) -> None:
    """A threshold or cost that nobody can choose leaves both where they start; the sliders move from there."""
    app = open_charts(open_page, "binary", "threshold-pane", threshold="7", cost="<b>")
    assert app.select_slider(key="cost").value == "1:1"
    assert "At 0.50 the candidate" in shown(app)

    assert "At 0.90 the candidate" in shown(app.slider(key="threshold").set_value(0.9).run())


def test_many_classes_are_chosen_one_by_one(open_page: OpenPage) -> None:
    """With many classes there is no threshold, and the eight most frequent can be chosen."""
    app = open_charts(open_page, "many_classes", *PANES)

    assert count_charts(app) == 3 + 2 + 3
    assert app.selectbox(key="scores-class").options == [f"destination {place:02}" for place in range(8)]
    told = shown(app.selectbox(key="scores-class").set_value("destination 03").run())
    assert "**Rows of class “destination 03”**" in told
    assert "**All other rows**" in told


def test_numbers_have_residuals(open_page: OpenPage) -> None:
    """A regression shows how far off both models are, and how many rows are too far off to be drawn."""
    app = open_charts(open_page, "numbers", *PANES)
    outside = [5_000 - sum(each.counts) for each in chart_desks.numbers().reports[7].histograms]

    assert titles(app) == ["How far off predictions are"]
    assert count_charts(app) == 2
    assert (
        f"Too far off to be drawn: {outside[0]} of the candidate and {outside[1]} of the champion."
        in shown(app)
    )


def test_a_first_model_is_drawn_alone(open_page: OpenPage) -> None:
    """Without a champion every pane shows the candidate, and no difference."""
    app = open_charts(open_page, "first_model", *PANES)

    assert count_charts(app) == 1 + 1 + 2 + 3
    assert list(app.table[1].value) == ["Outcome", "Candidate"]


def test_a_report_of_before_has_what_it_has(open_page: OpenPage) -> None:
    """A report that knows ROC and calibration alone shows these."""
    app = open_page("passing", pull=7)
    assert titles(app) == ["Ranking and calibration"]

    assert count_charts(move_to(app, **dict.fromkeys(PANES, "true"))) == 2


def test_hostile_classes_are_only_text(open_page: OpenPage) -> None:
    """Classes and words full of markup leave every pane whole, and none of it in effect."""
    app = open_charts(open_page, "hostile", *PANES)
    bodies = [each.value for kind in (app.markdown, app.caption) for each in kind]
    cells = [str(cell) for table in app.table for row in table.value.to_numpy() for cell in row]

    assert count_charts(app) == 1 + 3 + 2 + 3
    for body in [*bodies, *cells, app.select_slider(key="cost").label]:
        for markup in ("<script>", "](https", "https://", ":material/home:", ":red[", "**bold**"):
            assert markup not in body
