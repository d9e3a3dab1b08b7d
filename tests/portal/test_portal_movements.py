"""What changes for whom: who is said to gain and lose, in which words, and where."""

from __future__ import annotations

import pytest

from greenroom_pipeline.movements import Move, Movement
from greenroom_pipeline.words import Words
from greenroom_portal.tables.movements import tale_frame
from greenroom_portal.tales import choose_tales, find_tales
from greenroom_portal.telling import Told, find_whole, tell_few, tell_movement, tell_sides, tell_tale
from tests.portal.conftest import OpenPage
from tests.portal.desk_in_memory import make_metric, make_report
from tests.portal.test_portal_reviews import shown
from tests.portal.who_desks import FLIGHTS, MOVEMENTS, flights, minutes, move


def tell(one: Movement, things: str = "flights") -> str:
    told = tell_movement(one, FLIGHTS, things=things)
    return f"{told.strong}{told.rest}"


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        pytest.param(
            move(None, None, 400, later=10, sooner=0, fixed=3, p_value=1),
            "1 in 40 flights changes from on time to late. "
            "3 that were wrong are right now; 7 that were right are wrong now.",
            id="one way",
        ),
        pytest.param(
            move(None, None, 400, later=2, sooner=200, fixed=201, p_value=1),
            "Half of the flights change from late to on time, and 1 in 200 from on time to late. "
            "201 that were wrong are right now; 1 that were right is wrong now.",
            id="both ways",
        ),
        pytest.param(
            move(None, None, 400, later=0, sooner=0, fixed=0, p_value=1),
            "No flights get another answer.",
            id="none",
        ),
        pytest.param(
            move(None, None, 4, later=4, sooner=0, fixed=4, p_value=1),
            "All flights change from on time to late. "
            "4 that were wrong are right now; 0 that were right are wrong now.",
            id="all",
        ),
        pytest.param(
            Movement(
                column=None,
                value=None,
                rows=300,
                changed=9,
                fixed=0,
                broken=0,
                moves=[
                    Move(before=a, after=b, rows=r)
                    for a, b, r in (("a", "b", 5), ("b", "c", 3), ("c", "a", 1))
                ],
            ),
            "1 in 60 flights changes from a to b, 1 in 100 from b to c, and 1 in other ways. "
            "All of them were wrong and still are.",
            id="many classes",
        ),
    ],
)
def test_a_movement_is_a_sentence(one: Movement, sentence: str) -> None:
    """How answers change is told by the most frequent moves, and by how many are right and wrong now."""
    assert tell(one) == sentence


def test_numbers_are_told_by_how_far_they_move() -> None:
    """A regression's answers rise or fall, and get nearer to the truth or farther from it."""
    whole = find_whole(minutes().reports[7])

    assert whole is not None
    assert tell(whole, "rows") == (
        "1.250 lower on average for rows. 1,100 get nearer to the truth (half), 900 farther from it (2 in 5)."
    )


def test_only_what_is_shown_is_called_better_or_worse() -> None:
    """A slice loses where its metric or its flips show it: not where more break than are mended by chance."""
    found = {(tale.column, tale.value): tale.effect for tale in find_tales(flights().reports[7])}

    assert found == {
        ("carrier", "HA"): "worse",
        ("carrier", "DL"): "worse",
        ("carrier", "UA"): "better",
        ("origin", "JFK"): "better",
        ("origin", "LGA"): "better",
        ("distance", "80 to 502"): "unclear",
        ("carrier", "OO"): "few",
    }


def test_flips_by_chance_claim_nothing() -> None:
    """Counts that lean one way are no claim, however far, while chance could lean them so."""
    leaning = move("carrier", "B6", 500, later=9, sooner=0, fixed=2, p_value=0.18)
    report = make_report(7, metrics=[make_metric("roc_auc", (0.7, 0.7), (-0.1, 0.1))], movements=[leaning])

    assert [tale.effect for tale in find_tales(report)] == ["unclear"]


def test_many_slices_ask_for_more() -> None:
    """What one slice alone would show is not shown by one among many."""
    alone = move("carrier", "A", 500, later=20, sooner=0, fixed=4, p_value=0.02)
    others = [move("carrier", f"{place}", 500, later=5, sooner=5, fixed=5, p_value=1) for place in range(9)]
    report = make_report(7, metrics=[])

    assert find_tales(report.model_copy(update={"movements": [alone]}))[0].effect == "worse"
    assert {
        tale.effect for tale in find_tales(report.model_copy(update={"movements": [alone, *others]}))
    } == {"unclear"}


def test_who_loses_by_one_measure_is_said_to_lose() -> None:
    """Where a metric gains and answers break, both are told, under those that lose."""
    broken = move("carrier", "UA", 14_380, later=500, sooner=0, fixed=100, p_value=1e-9)
    tale = find_tales(make_report(7, movements=[broken]))[0]

    assert (tale.value, tale.effect) == ("HA", "worse")
    mixed = next(tale for tale in find_tales(make_report(7, movements=[broken])) if tale.value == "UA")
    assert mixed.effect == "worse"
    assert "ROC AUC rises" in tell_tale(mixed, FLIGHTS).rest
    assert "More answers are spoilt than mended" in tell_tale(mixed, FLIGHTS).rest


def test_what_a_metric_shows_comes_first() -> None:
    """Among those that lose, the slice that the project's metric shows stands before one that flips alone show."""
    worse = choose_tales(find_tales(flights().reports[7]), "worse")

    assert [tale.value for tale in worse] == ["HA", "DL"]


def test_sides_are_named_in_one_sentence() -> None:
    """Who loses and who gains is one sentence, with the people's words; so is that nobody does."""
    tales = find_tales(flights().reports[7])
    still = [tale for tale in tales if tale.effect in ("unclear", "few")]

    assert tell_sides(tales, FLIGHTS) == (
        "Worse for carrier HA and carrier DL; better for airport JFK, carrier UA and airport LGA."
    )
    assert tell_sides(still, FLIGHTS) == "Nobody is shown to gain or lose: 1 slice looked at."
    assert tell_sides(choose_tales(tales, "few"), FLIGHTS).startswith("Nobody can be told apart")
    assert tell_few(tales, FLIGHTS) == "Too few flights to tell: carrier OO (29)."


def test_a_report_without_counts_tells_what_it_knows() -> None:
    """A report of older shape has no movements; its metrics still show who loses."""
    tale = find_tales(make_report(7))[0]

    assert tell_tale(tale, Words()) == Told(
        "Rows of carrier HA", " (420 rows). ROC AUC falls from 0.670 to 0.601 (−0.069 ± 0.043)."
    )


def test_the_table_says_the_same() -> None:
    """Every slice has its line in the table, with counts, the most frequent move and what is shown."""
    table = tale_frame(find_tales(flights().reports[7]), FLIGHTS)

    assert table.iloc[0].to_dict() == {
        "Slice": "carrier HA",
        "Flights": "420",
        "Another answer": "13 (1 in 32)",
        "Right now": "4",
        "Wrong now": "9",
        "Most frequent": "on time → late (11)",
        "Shown to be": "worse",
    }
    assert table.iloc[-1]["Shown to be"] == "nothing: too few flights"
    assert len(table) == len(MOVEMENTS) - 1


def test_the_page_tells_who_loses_first(open_page: OpenPage) -> None:
    """Below the verdict stands what changes, who loses and who gains, in words of the project."""
    app = open_page("tests.portal.who_desks:flights", pull=7)
    text = shown(app).replace("\\", "")

    assert not app.exception
    assert "**1 in 38** flights of carrier HA changes from on time to late, and 1 in 210" in text
    assert "**Worse for carrier HA and carrier DL; better for airport JFK" in text
    assert [each.value.partition(": ")[2] for each in app.subheader][:2] == ["Worse for", "Better for"]
    assert "Too few flights to tell: carrier OO (29)." in text
    assert "The mean probability of late moves" in text


def test_the_table_is_made_when_it_is_opened(open_page: OpenPage) -> None:
    """All slices are in an expander whose state is in the address; closed, it costs nothing."""
    app = open_page("tests.portal.who_desks:many_slices", pull=7)
    closed = [frame for frame in app.dataframe if "Another answer" in frame.value]
    app.query_params["all-slices"] = "true"
    opened = [frame for frame in app.run().dataframe if "Another answer" in frame.value]

    assert closed == []
    assert len(opened[0].value) == 120
    assert "57 more, in the table of all slices." in shown(app)


@pytest.mark.parametrize(
    "desk",
    [
        "tests.portal.who_desks:minutes",
        "tests.portal.who_desks:unclear",
        "tests.portal.who_desks:hostile_words",
    ],
)
def test_every_kind_of_change_has_its_page(open_page: OpenPage, desk: str) -> None:
    """Numbers, nobody shown to gain or lose, and words full of markup each give a whole page."""
    app = open_page(desk, pull=7)

    assert not app.exception
    assert "What changes for whom" in [heading.value for heading in app.header]
    for element in (*app.markdown, *app.caption):
        assert "<script>" not in element.value
        assert "](https" not in element.value
        assert ":red[" not in element.value


def test_a_first_model_changes_nothing(open_page: OpenPage) -> None:
    """Without a champion nobody gains or loses, and nothing is said of it."""
    app = open_page("first_model", pull=7)

    assert "What changes for whom" not in [heading.value for heading in app.header]
