from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_pipeline.desk import Replies
from greenroom_portal.batch import Batch, read_batch, write_batch
from greenroom_portal.batch_answers import MOST_QUESTIONS, Outcome, Part, answer_part, count_flips
from greenroom_portal.delimited import neutralise
from greenroom_portal.fields import read_fields
from tests.portal.desk_in_memory import make_profile

FIELDS = [each for each in read_fields(make_profile()) if each.name in ("distance", "wind", "carrier")]
FILE = "id,distance,wind,carrier\n007,870,9.2,UA\n008,far,,HA\n009,2475,,ZZ\n"


def read(text: str, **options: Any) -> Batch:
    return read_batch(text.encode(), FIELDS, **options)


def cells(content: bytes, *, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_a_file_becomes_rows_in_the_columns_types() -> None:
    """Rows have the models' types; what cannot be read is told with its column, and the others are asked."""
    batch = read(FILE)

    assert batch.refusal is None
    assert batch.askable == [0, 2]
    assert [batch.rows[place] for place in batch.askable] == [
        {"distance": 870, "wind": 9.2, "carrier": "UA"},
        {"distance": 2475, "wind": None, "carrier": "ZZ"},
    ]
    assert batch.problems == {1: "distance is 'far'; expected a whole number"}
    assert batch.notes == ["Kept in the file, and not asked: id."]


def test_columns_are_told() -> None:
    """A column that may be empty and is not there is asked as empty, and this is said."""
    batch = read("CARRIER;Distance\nUA;870\n")

    assert batch.rows == [{"distance": 870, "wind": None, "carrier": "UA"}]
    assert batch.notes == ["Not in the file, so asked as empty: wind."]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "The file has no rows below its first line, which names the columns.", id="empty"),
        pytest.param(b"distance,carrier\n", "The file has no rows below", id="header alone"),
        pytest.param(b"PAR1\x00\xff\xfe\x80", "This is not text in UTF-8; save it as “CSV UTF-8”.", id="Parquet"),
        pytest.param(b"a\x00b\n1\n", "This is not text in UTF-8", id="zero bytes"),
        pytest.param("größe\n1\n".encode("latin-1"), "This is not text in UTF-8", id="Latin-1"),
        pytest.param(b'distance,carrier\n"1,UA\n', "This is no CSV file: unexpected end of data.", id="quote"),
        pytest.param(b"wind\n1\n", "The file lacks distance, carrier, without which", id="lacks"),
        pytest.param(
            b"distance,carrier,Distance\n1,UA,2\n", "The file names distance twice; keep one column of it.", id="twice"
        ),
        pytest.param(
            b"distance,carrier\n" + b"1,UA\n" * 11, "The file has more than 10 rows, which are", id="long"
        ),
        pytest.param(
            b"distance,carrier\n" + b"1,UA\n" * 11 + b'"1', "The file has more than 10 rows", id="not read on"
        ),
        pytest.param(b"distance\n" + b"\n" * 700, "This is no CSV file: it has 701 lines", id="hollow"),
        pytest.param(b"," * 600_000 + b"\n1", "This is no CSV file: a line is longer than 500,000", id="wide"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_asked_says_why(content: bytes, sentence: str) -> None:
    """What is wrong with the whole file is one sentence."""
    refusal = read_batch(content, FIELDS, most_rows=10).refusal

    assert refusal is not None
    assert refusal.startswith(sentence)


def test_rows_of_another_length_are_problems_of_their_own() -> None:
    """A row with too few cells, and one that leaves a needed cell empty, do not stop the others."""
    batch = read("distance,wind,carrier\n1,2\n1,2,\n\n1,2,UA\n")

    assert batch.problems == {
        0: "it has 2 cells, and the first line names 3 columns",
        1: "carrier is empty",
    }
    assert batch.askable == [2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_spreadsheets_are_read(encoding: str) -> None:
    """What spreadsheets write, with tabs, marks and line ends of their own, is read."""
    batch = read_batch("distance\tcarrier\twind\r\n870\tUA\t9.2\r\n".encode(encoding), FIELDS)

    assert batch.rows == [{"distance": 870, "wind": 9.2, "carrier": "UA"}]


class Model:
    """Answers the distance, and refuses a carrier: by name like an honest service, or by raising."""

    def __init__(self, *, names: int = 0, refused: str = "ZZ") -> None:
        self.names, self.refused, self.questions = names, refused, 0

    def __call__(self, rows: Sequence[dict[str, Any]]) -> Replies:
        self.questions += 1
        bad = [place for place, row in enumerate(rows) if row["carrier"] == self.refused]
        if bad:
            named = dict.fromkeys(bad[: self.names], "carrier is unknown")
            return Replies([], None, 0.0, {}, error="the model raised", refusals=named)
        return Replies([float(row["distance"]) for row in rows], None, 0.0, {"version": "1"})


def rows(bad: set[int], count: int = 200) -> list[dict[str, Any]]:
    return [{"distance": place, "carrier": "ZZ" if place in bad else "UA"} for place in range(count)]


@pytest.mark.parametrize(
    ("names", "most"), [pytest.param(20, 4, id="named"), pytest.param(0, 60, id="raising")]
)
def test_refused_rows_do_not_stop_the_others(names: int, most: int) -> None:
    """Each refused row is told and all others are answered, with far fewer questions than rows."""
    bad, model = {3, 4, 77, 199}, Model(names=names)

    part = answer_part(model, rows(bad))

    assert {place for place, each in enumerate(part.outcomes) if each.error} == bad
    assert all(each.prediction == place for place, each in enumerate(part.outcomes) if place not in bad)
    assert part.model == {"version": "1"}
    assert part.gone is None
    assert model.questions <= most


def test_a_model_that_refuses_everything_comes_to_an_end() -> None:
    """Questions are counted: what names one row at a time for ever is not asked for ever."""
    model = Model(names=1)

    part = answer_part(model, rows(set(range(3_000)), 3_000))

    assert model.questions == MOST_QUESTIONS
    assert {each.error for each in part.outcomes} == {
        "carrier is unknown",
        "too many other rows were refused",
    }


def test_names_of_rows_that_were_not_asked_count_for_nothing() -> None:
    """A candidate that refuses rows out of range gets no further than one that names none."""

    def lie(asked: Sequence[dict[str, Any]]) -> Replies:
        return Replies([], None, 0.0, {}, error="no", refusals={-1: "x", len(asked): "y"})

    assert [each.error for each in answer_part(lie, rows(set(), 4)).outcomes] == ["no"] * 4


def test_nobody_there_is_asked_once() -> None:
    """Where no preview answers, no other row is asked, and the part says so."""
    asked: list[int] = []

    def gone(some: Sequence[dict[str, Any]]) -> Replies:
        asked.append(len(some))
        return Replies([], None, 0.0, {}, error="no host", gone=True)

    part = answer_part(gone, rows(set()))

    assert part.gone == "no host"
    assert asked == [200]
    assert isinstance(part, Part)


def outcome(share: float) -> Outcome:
    return Outcome("1" if share >= 0.5 else "0", {"0": 1 - share, "1": share})


def test_flips_are_counted_over_what_both_answered() -> None:
    """A row that one of the two refused counts for nothing."""
    own = {0: outcome(0.9), 1: outcome(0.6), 2: outcome(0.1), 3: Outcome(error="no"), 4: outcome(0.2)}
    other = {0: outcome(0.4), 1: outcome(0.3), 2: outcome(0.8), 3: outcome(0.9)}

    flips = count_flips(own, other, label="1")

    assert (flips.both, flips.changed) == (3, 3)
    assert flips.moves == {("0", "1"): 2, ("1", "0"): 1}
    assert flips.shift == pytest.approx((0.5 + 0.3 - 0.7) / 3)
    assert count_flips({}, {}, label=None).shift is None


def test_numbers_shift_on_average() -> None:
    """Without classes the shift is that of the numbers themselves."""
    own, other = {0: Outcome(3.0), 1: Outcome(5.0)}, {0: Outcome(2.0), 1: Outcome(5.0)}

    assert count_flips(own, other, label=None).shift == 0.5


def test_the_file_comes_back_with_both_answers() -> None:
    """Behind the file's own cells, ids as they were, stand each model's answer, probabilities and problems."""
    batch = read(FILE)
    outcomes = {
        "candidate": {0: outcome(0.75), 2: Outcome(error="carrier is 'ZZ'")},
        "champion": {0: outcome(0.25)},
    }

    written = cells(write_batch(batch, outcomes))

    assert written[0] == [
        "id", "distance", "wind", "carrier",
        "candidate_prediction", "candidate_probability_0", "candidate_probability_1", "candidate_problem",
        "champion_prediction", "champion_probability_0", "champion_probability_1", "champion_problem",
    ]  # fmt: skip
    assert written[1] == ["007", "870", "9.2", "UA", "1", "0.25", "0.75", "", "0", "0.75", "0.25", ""]
    told = "distance is 'far'; expected a whole number"
    assert written[2] == ["008", "far", "", "HA", "", "", "", told, "", "", "", told]
    assert written[3] == ["009", "2475", "", "ZZ", "", "", "", "carrier is 'ZZ'", "", "", "", "not asked"]


def test_no_added_cell_is_a_formula() -> None:
    """What a model answers cannot be run by a spreadsheet; numbers stay numbers, and names do not collide."""
    label = '=HYPERLINK("http://evil.example")'
    batch = read_batch(b"\xef\xbb\xbfdistance;carrier;candidate_prediction\n1;=1+1;x\n", FIELDS)
    outcomes = {"candidate": {0: Outcome(label, {label: -0.5, "@b": 1.0}, error="\tcmd")}}

    content = write_batch(batch, outcomes)
    header, line = cells(content, delimiter=";")

    assert content.startswith(b"\xef\xbb\xbfdistance;carrier")
    assert header[3:] == [
        "candidate_prediction_",
        f"candidate_probability_{label}",
        "candidate_probability_@b",
        "candidate_problem",
    ]
    assert line == ["1", "=1+1", "x", f"'{label}", "-0.5", "1.0", "'\tcmd"]
    assert [neutralise(text) for text in ("-1.5", "+1", "-1+1", "@x", "a=b", "")] == [
        "-1.5", "+1", "'-1+1", "'@x", "a=b", "",
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(max_size=6), min_size=1, max_size=4), min_size=1, max_size=6))
def test_a_file_s_own_cells_come_back_as_they_were(lines: list[list[str]]) -> None:
    """Whatever stands in the named columns comes back cell by cell, empty where a line is short."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["distance", "carrier", "a", "b"], *(["1", "UA", *line] for line in lines)])

    batch = read(buffer.getvalue())

    if batch.refusal is None:
        written = cells(write_batch(batch, {"candidate": {}}))[1:]
        own = [[*line, *[""] * (4 - len(line))][:4] for line in batch.lines]
        assert [line[:4] for line in written] == own
