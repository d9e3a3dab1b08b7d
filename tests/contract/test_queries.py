"""What the portal asks of a preview, asked of a real one: a Bento of a real model under a real host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greenroom_pipeline import queries
from greenroom_pipeline.places import Places, find_places
from greenroom_pipeline.queries import query, query_many
from greenroom_services.bento import PackagedBento
from greenroom_services.client import HostClient
from greenroom_services.host.launch import temporary_host
from tests.contract.example_models import Example
from tests.contract.test_preview_host import deploy

SLOT = {"project": "flights", "slot": "7"}


@pytest.fixture(scope="module")
def example(examples: dict[str, Example]) -> Example:
    return examples["flights"]


@pytest.fixture(scope="module")
def places(
    tmp_path_factory: pytest.TempPathFactory,
    cache: Path,
    example: Example,
    pack: Callable[..., PackagedBento],
    requirements: list[str],
) -> Iterator[Places]:
    """A home whose host has the flights' preview awake in slot 7."""
    places = find_places(tmp_path_factory.mktemp("home"), {})
    with temporary_host(places.host, cache=cache) as process:
        deploy(process.client, pack(example), example, requirements)
        yield places


def test_many_rows_are_answered_in_their_order(
    places: Places, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of several parts get the model's own answers; what the model does not take is left out."""
    monkeypatch.setattr(queries, "CHUNK_ROWS", 128)
    rows = [{**row, "gate": "B12", "wind_gust": 30.0} for row in example.records]

    replies = query_many(places, rows, **SLOT)

    assert replies.error is None
    assert [int(str(each)) for each in replies.predictions] == example.expected
    assert replies.probabilities is not None
    answered = [[row["0"], row["1"]] for row in replies.probabilities]
    np.testing.assert_allclose(answered, example.probabilities, rtol=1e-9)
    assert replies.model["version"] == "v1"
    assert replies.seconds > 0
    assert not replies.woke


def test_refused_rows_are_named_by_their_place(
    places: Places, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One refused row refuses all; each that the model names keeps its place in the whole and its reason."""
    monkeypatch.setattr(queries, "CHUNK_ROWS", 8)
    rows = example.records[:20]
    rows[10] = {**rows[10], "distance": "far"}
    rows[12] = {**rows[12], "weekend": None}

    replies = query_many(places, rows, **SLOT)

    assert replies.predictions == []
    assert not replies.gone
    assert replies.error is not None
    assert replies.error.startswith("row 10: column 'distance' is 'far', expected a whole number")
    assert list(replies.refusals) == [10, 12]
    assert replies.refusals[12].startswith("column 'weekend' is null, expected true or false")


def test_one_row_is_refused_in_a_sentence(places: Places, example: Example) -> None:
    """A single row's sentence needs no number."""
    reply = query(places, {**example.records[0], "distance": "far"}, **SLOT)

    assert reply.error is not None
    assert reply.error.startswith("column 'distance' is 'far', expected a whole number between")


def test_a_sleeping_preview_says_that_it_woke(places: Places, example: Example) -> None:
    """The answer that woke the preview says so, and its seconds hold the waking; the next one has neither."""
    HostClient(places.host).sleep("flights", "7")

    first, second = (query(places, example.records[0], **SLOT) for _ in range(2))

    assert (first.error, first.woke) == (None, True)
    assert (second.error, second.woke) == (None, False)
    assert first.seconds > second.seconds


def test_the_columns_are_asked_once(
    places: Places, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the model takes is asked of the preview once for each bundle, not with each question."""
    asked: list[str] = []
    describe = HostClient.describe

    def count(client: HostClient, project: str, slot: str) -> dict[str, Any]:
        asked.append(slot)
        return describe(client, project, slot)

    monkeypatch.setattr(HostClient, "describe", count)
    queries._columns_taken.cache_clear()

    replies = [query(places, row, **SLOT) for row in example.records[:3]]

    assert [reply.error for reply in replies] == [None] * 3
    assert asked == ["7"]


def test_where_nobody_answers_other_rows_are_not_worth_asking(tmp_path: Path, places: Places) -> None:
    """No host, and no preview in the slot, are said to be so; nothing asked is nothing answered."""
    nowhere = query_many(find_places(tmp_path, {}), [{}], **SLOT)
    absent = query_many(places, [{}], project="flights", slot="8")

    assert nowhere.gone
    assert nowhere.error is not None
    assert "greenroom serve" in nowhere.error
    assert absent.gone
    assert query_many(places, [], **SLOT).predictions == []
