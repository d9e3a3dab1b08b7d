"""The words of a verdict, told to who has not met them."""

from __future__ import annotations

import pytest

from greenroom_portal.meanings import tell_meanings, tell_spread
from tests.portal.conftest import OpenPage
from tests.portal.desk_in_memory import make_metric, make_report

REPORT = make_report(7, metrics=[make_metric("roc_auc", (0.7, 0.7), (-0.1, 0.1))])


def test_what_a_sentence_names_is_told() -> None:
    """A metric is explained where the sentence names it, and nowhere else; an own one is nobody's to explain."""
    told = tell_meanings(REPORT, sentence="ROC AUC rises")
    own = REPORT.metrics[0].model_copy(update={"metric": "cost", "title": "Cost"})

    assert len(told) == 1
    assert told[0].startswith("ROC AUC: ")
    assert told[0].endswith("higher is better.")
    assert tell_meanings(REPORT, sentence="Can't tell yet") == []
    assert tell_meanings(REPORT.model_copy(update={"metrics": [own]}), sentence="Cost falls") == []


def test_the_spread_is_told_where_there_is_one() -> None:
    assert "95%" in tell_spread(REPORT, sentence="+0.02 ± 0.01")
    assert tell_spread(REPORT, sentence="+0.02") == ""


@pytest.mark.parametrize(
    ("desk", "sentence"),
    [
        ("passing", "It may go to production."),
        ("failing", "It does not go to production as it is."),
        ("inconclusive", "people decide."),
    ],
)
def test_the_verdict_says_whether_to_ship(open_page: OpenPage, desk: str, sentence: str) -> None:
    """Beside the verdict stands what it means for production."""
    app = open_page(desk, pull=7)

    assert sentence in [*app.success, *app.error, *app.warning][0].value


def test_the_metric_of_the_verdict_is_told_below_it(open_page: OpenPage) -> None:
    app = open_page("passing", pull=7)

    assert any("how often the model ranks" in each.value for each in app.caption)
