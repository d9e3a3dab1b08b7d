"""Where the candidate comes from, on the page and in the tables behind it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from greenroom_pipeline.drifting import LEAST_EFFECT
from greenroom_pipeline.observations import Distances
from greenroom_pipeline.since import Since
from greenroom_portal.charts.drift import draw_drift
from greenroom_portal.tables.drift import (
    choose_drawn,
    drift_frame,
    list_drifted,
    tell_distances,
    tell_drift,
    title_drift,
)
from greenroom_portal.tables.lineage import tell_more, tell_since, tell_unknown
from greenroom_portal.tables.timings import tell_compute, timing_frame
from tests.portal.conftest import OpenPage
from tests.portal.desk_in_memory import HOSTILE, make_report
from tests.portal.lineage_desks import PULL, RUN, make_drift, make_since
from tests.portal.test_portal_reviews import shown

DESKS = "tests.portal.lineage_desks:"
FOLDS = ("since", "drift", "compute")


def open_all(open_page: OpenPage, desk: str) -> AppTest:
    """Open a review with all that is folded, as an address that someone shared does."""
    app = open_page(DESKS + desk, pull=7)
    for fold in FOLDS:
        app.query_params[fold] = "true"
    app.run()
    assert not app.exception
    return app


def tables(app: AppTest) -> dict[str, Any]:
    """The tables of the page by the name of their first column."""
    return {str(table.value.columns[0]): table.value for table in app.table}


def links(app: AppTest) -> list[tuple[str, str]]:
    return [(link.proto.label, link.proto.url) for link in app.get("link_button")]


def test_what_changed_since_production_is_told(open_page: OpenPage) -> None:
    """Commits lead to the forge; files, parameters, packages, columns and rows stand before and after."""
    app = open_all(open_page, "told")
    text, found = shown(app), tables(app)

    assert "61 commits, 3 files that training reads, 2 parameters, 1 package and 4 columns." in text
    page = f"https://github.com/ada/flights/commit/{'a1' * 20}"
    assert f"- [a1a1a1a1a]({page}) Add wind and visibility · Ada Lovelace" in text
    assert "- and 59 more" in text
    assert "- weather.py (new)" in text
    assert found["Parameter"].to_numpy().tolist() == [["max\\_iter", "200", "400"], ["l2", "—", "0\\.1"]]
    assert found["Package"].to_numpy().tolist() == [["scikit\\-learn", "1\\.7\\.1", "1\\.7\\.2"]]
    assert list(found["Column"]["Candidate"]) == ["new", "new", "—", "string"]
    assert found["Rows"].to_numpy().tolist()[0] == ["Training rows", "240\\,000", "246\\,000"]
    assert "The holdout is another one" in text
    assert links(app) == [("Pull request #7", PULL), ("Run in MLflow", RUN)]


def test_drift_is_told_drawn_and_tabled(open_page: OpenPage) -> None:
    """Which columns drifted, what that means, that it gates nothing, and how far the answers are apart."""
    app = open_all(open_page, "told")
    text = shown(app).replace("\u2060", "")
    frames = [frame.value for frame in app.dataframe if "Drifted" in frame.value.columns]

    assert "1 of 3 columns has drifted: 246,000 training rows against 81,000 of the holdout." in text
    assert "**temperature**: median 45.0, middle half 37.0 to 61.0 in training; median 66.0" in text
    assert "It informs, and holds nothing back" in text
    assert "chance is judged by one row of each" in text
    assert list(frames[0]["Column"]) == ["temperature", "carrier", "distance"]
    assert list(frames[0]["p"]) == ["< 0.001", "0.200", "0.030"]
    assert "Population stability index 0.002: more than two samples of one distribution give" in text
    assert "Wasserstein 0.006:" in text


def test_what_is_folded_is_not_worked_out(open_page: OpenPage) -> None:
    """The first paint has the sentence and the titles, and no table, list or chart of it."""
    app = open_page(DESKS + "told", pull=7)
    text, labels = shown(app), [fold.label for fold in app.expander]

    assert "Since the model in production: 61 commits" in text
    assert {"Code and data since production", "Drift: 1 of 3 columns"} <= set(labels)
    assert "Cost: 12.7 s of compute time" in labels
    assert "a1a1a1a1a" not in text
    assert not {"Parameter", "Package", "Rows", "Step"} & set(tables(app))
    assert not any("Drifted" in frame.value.columns for frame in app.dataframe)


def test_an_address_opens_one_fold(open_page: OpenPage) -> None:
    """Each fold has its place in the address."""
    app = open_page(DESKS + "told", pull=7)
    app.query_params["compute"] = "true"
    app.run()

    assert "Step" in tables(app)
    assert "Parameter" not in tables(app)


@pytest.mark.parametrize(
    ("desk", "sentences"),
    [
        pytest.param(
            "older",
            ["is not in this report; the next run tells it", "Training rows are not named"],
            id="older",
        ),
        pytest.param("first", ["There was no model in production to compare with"], id="first model"),
        pytest.param(
            "shallow",
            [
                "has changed since the model in production. Not all",
                "Check out with `fetch-depth: 0`",
                "training rows do not say their group",
            ],
            id="shallow",
        ),
        pytest.param("unchanged", ["Nothing that is known of has changed"], id="unchanged"),
    ],
)
def test_what_is_not_known_is_said(open_page: OpenPage, desk: str, sentences: list[str]) -> None:
    """No champion, an older report, a shallow clone and a candidate without changes each have their sentence."""
    app = open_all(open_page, desk)
    text = shown(app)

    for sentence in sentences:
        assert sentence in text
    assert links(app) == [] if desk in ("older", "first") else links(app) != []


def test_how_to_get_drift_is_said(open_page: OpenPage) -> None:
    """Without named training rows the page says which line to write where."""
    text = shown(open_all(open_page, "older"))

    assert '`train = ["data/train.parquet"]` under `[data]`' in text


def test_hostile_texts_and_addresses_are_only_texts(open_page: OpenPage) -> None:
    """Commits, files, parameters, packages and columns show their characters; no bad address becomes a link."""
    app = open_all(open_page, "hostile")
    written = "\n".join([*(each.value for each in app.markdown), *(each.value for each in app.caption)])
    cells = [str(cell) for frame in tables(app).values() for cell in frame.to_numpy().ravel()]

    assert links(app) == []
    assert "(javascript" not in written
    for text in (written, *cells):
        assert "<script" not in text.replace("\\<", "")
        assert "**bold**" not in text
        assert "](https://evil" not in text
    assert any("alert" in cell for cell in cells)
    assert HOSTILE[:20] in next(f.value for f in app.dataframe if "Drifted" in f.value.columns)["Column"][0]


# The sentences and tables behind the page


def test_counts_that_are_not_known_are_left_out() -> None:
    """Neither nothing nor a number is made of what cannot be told."""
    some = Since(commit_count=1, dependency_count=0)

    assert tell_since(some, inputs=None) == (
        "Since the model in production: 1 commit. Not all of it can be told here."
    )
    assert tell_since(Since(), inputs=None).endswith("cannot be told.")
    assert len(tell_unknown(some)) == 1
    assert tell_unknown(make_since()) == []
    assert tell_more(2, None) is None
    assert tell_more(2, 2) is None


def test_no_drift_is_said_as_well() -> None:
    """Also of one column alone."""
    drift = make_drift()
    calm = drift.model_copy(update={"columns": drift.columns[1:2], "tested": 1})

    assert tell_drift(calm).startswith("None of 1 column has drifted")
    assert (title_drift(calm), title_drift(None)) == ("Drift: none of 1 column", "Drift: not known")
    assert list_drifted(calm) == []


def test_distances_that_are_not_known_are_left_out() -> None:
    """Each figure has its sentence, and the index is held against its own noise."""
    nothing = Distances(
        population_stability=None,
        population_stability_noise=None,
        kolmogorov_smirnov=None,
        wasserstein=None,
        jensen_shannon=None,
    )
    calm = nothing.model_copy(update={"population_stability": 0.01, "population_stability_noise": 0.02})

    assert tell_distances(nothing) == []
    assert ["no more than two samples" in told for told in tell_distances(calm)] == [True]


def test_times_are_told_with_their_shares() -> None:
    """Each step with its part of the whole, and what was found ready."""
    report = make_report(7)
    frame = timing_frame(report)

    assert tell_compute(report) == "Cost: 12.7 s of compute time"
    assert list(frame["Share"]) == ["97.6 %", "2.4 %"]
    assert list(frame["Result"]) == ["found ready", "made"]


def test_drift_chart_is_as_agreed(golden: Path) -> None:
    """The specification equals its golden file; `GREENROOM_UPDATE_GOLDEN=1 pytest` writes it anew."""
    drawn = draw_drift(choose_drawn(drift_frame(make_drift())), least=LEAST_EFFECT).to_dict()
    drawn.pop("$schema")
    file = golden / "chart_drift.json"
    if os.environ.get("GREENROOM_UPDATE_GOLDEN"):
        text = json.dumps(drawn, indent=1, sort_keys=True, ensure_ascii=False)
        file.write_text(f"{text}\n", encoding="utf-8")

    assert json.loads(file.read_text(encoding="utf-8")) == drawn
