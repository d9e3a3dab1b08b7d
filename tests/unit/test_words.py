"""Words: what people call rows, classes and columns, in sentences and settings."""

from __future__ import annotations

import pandas as pd
import pytest

from greenroom_pipeline.changes import tell_changes
from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.slice_loss import SliceLoss
from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.holdout import Holdout
from greenroom_pipeline.settings import DataTable, GateRule, GateTable
from greenroom_pipeline.summary import summarize
from greenroom_pipeline.vocabulary import read_words
from greenroom_pipeline.words import MISSING, Words, call_rows, call_slice, call_slice_rows, count_rows
from tests.findings import measured
from tests.reports import make_report

WORDS = Words(
    row="flight", classes={"yes": "late"}, columns={"dest": "destination"}, units={"distance": "miles"}
)


@pytest.mark.parametrize(
    ("column", "value", "slice", "rows"),
    [
        pytest.param("carrier", "HA", "carrier HA", "flights of carrier HA", id="category"),
        pytest.param("dest", "BOS", "destination BOS", "flights of destination BOS", id="renamed"),
        pytest.param(
            "distance",
            "80 to 500",
            "distance 80 to 500 miles",
            "flights with distance 80 to 500 miles",
            id="bin",
        ),
        pytest.param("weekday", "3", "weekday 3", "flights with weekday 3", id="number"),
        pytest.param("dest", MISSING, "destination (missing)", "flights with no destination", id="missing"),
    ],
)
def test_slices_are_called_by_their_words(column: str, value: str, slice: str, rows: str) -> None:
    """A slice is named for a table, and its rows for a sentence, with words and units where there are some."""
    assert call_slice(WORDS, column, value) == slice
    assert call_rows(WORDS, column, value) == rows
    assert call_slice_rows(WORDS, column, value) == rows


def test_without_words_the_data_speaks() -> None:
    """A project that says nothing reads as before: slices by column and value, rows as rows."""
    assert call_slice_rows(Words(), "carrier", "HA") == "carrier HA"
    assert count_rows(Words(), 1) == "1 row"
    assert count_rows(Words(), 2_900) == "2,900 rows"


def test_a_plural_is_made_or_given() -> None:
    """An s is put to the row's word, unless the plural is said."""
    assert count_rows(WORDS, 2) == "2 flights"
    assert count_rows(Words(row="entry", rows="entries"), 2) == "2 entries"


def test_sentences_use_them() -> None:
    """What changes is told of flights and of late ones."""
    told = tell_changes(make_report().observations, WORDS)

    assert told[0].startswith("Of 20,000 flights, 402 that the champion had right")
    assert told[1].startswith("The mean probability of late moves")


def read(words: Words, classes: tuple[str, ...] = ("0", "1")) -> Words:
    frame = pd.DataFrame({"carrier": ["HA"], "distance": [80], "delayed": [1]})
    return read_words(words, Holdout(frame, "d", DataTable(holdout="h.csv", target="delayed"), classes))


def test_classes_are_written_in_one_way() -> None:
    """A class that the settings write as true is the same as the data's 1."""
    assert read(Words(classes={"true": "late", "0.0": "on time"})).classes == {"1": "late", "0": "on time"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            Words(columns={"carier": "airline"}),
            "[words.columns]: the holdout has no column 'carier'; did you mean",
        ),
        (
            Words(units={"distances": "miles"}),
            "[words.units]: the holdout has no column 'distances'; did you mean",
        ),
        (Words(classes={"2": "x"}), "[words.classes]: the target has no class '2'; known are 0 and 1"),
        (Words(classes={"1": "x", "true": "y"}), "[words.classes] names the class '1' twice"),
    ],
)
def test_a_word_for_nothing_is_refused(words: Words, said: str) -> None:
    """A misspelt column or class is named, with the nearest that there is."""
    with pytest.raises(SettingsError) as caught:
        read(words)

    assert said in str(caught.value)


def test_a_regression_has_no_classes_to_name() -> None:
    """Names for classes of numbers are a mistake, and are told."""
    with pytest.raises(SettingsError, match="a regression has none"):
        read(Words(classes={"1": "x"}), classes=())


def test_a_failed_slice_is_told_of_its_rows() -> None:
    """Reason and summary of a harmed slice speak of flights of that carrier."""
    findings = (measured(0.02), measured(-0.06, slice="HA"))
    case = Case(Evaluation("binary", has_champion=True, findings=findings), words=WORDS)
    rule = GateRule(metric="roc_auc", max_loss_slices=0.02)
    (check,) = SliceLoss().run(GateTable(check=[rule]), case)
    summary = summarize("fail", [check], case.evaluation.metrics)

    assert check.reason.startswith("Worse for flights of carrier HA: ROC AUC falls")
    assert summary.startswith("Worse for flights of carrier HA: ROC AUC falls")
