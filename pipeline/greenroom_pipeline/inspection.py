"""Questions about the rows behind a report, each answered from files without reading what it does not ask for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from greenroom_pipeline.desk import Rows
from greenroom_pipeline.disagreements import to_native
from greenroom_pipeline.errors import DataError
from greenroom_pipeline.exploration import (
    Differences,
    Exploration,
    Kept,
    Span,
    Tally,
    Terms,
    count_changes,
    join_chosen,
    measure_part,
    rank_differences,
    write_difference,
)
from greenroom_pipeline.filters import MOST_VALUES, Column, Filter
from greenroom_pipeline.predictions import PREDICTION_COLUMN, PROBABILITY_PREFIX
from greenroom_pipeline.row_reader import RowReader, open_rows
from greenroom_pipeline.target import Whole, describe_whole

MOST_CLASSES = 10_000


def list_columns(files: Rows) -> tuple[Column, ...]:
    """Return the holdout's columns; nothing of its rows is read."""
    with open_rows(files) as reader:
        return reader.columns


def span_column(files: Rows, name: str) -> Span:
    """Return what values a column has."""
    with open_rows(files) as reader:
        column = next((each for each in reader.columns if each.name == name), None)
        if column is None or column.kind == "other":
            raise DataError(f"column {name!r} cannot be filtered by; choose another one")
        if column.ranged:
            extent = reader.measure_extent(column)
            return Span(
                column, low=to_native(extent.low), high=to_native(extent.high), missing=extent.missing
            )
        # One more for missing values, and one that tells whether there are further ones.
        counted = reader.count_values("holdout", name, most=MOST_VALUES + 2)
    known = [(value, rows) for value, rows in counted if value is not None]
    return Span(
        column,
        values=tuple(known[:MOST_VALUES]),
        more=len(known) > MOST_VALUES,
        missing=sum(rows for value, rows in counted if value is None),
    )


def explore_rows(files: Rows, terms: Terms, filters: Sequence[Filter]) -> Exploration:
    """Measure both models on the rows that meet the filters, as the gate measures a slice of them."""
    with open_rows(files) as reader:
        whole, chosen = _describe(reader, terms), reader.choose(filters, terms.columns)
        if not chosen.places.size:
            return Exploration(rows=0, total=reader.rows, confidence=terms.confidence)
        return measure_part(join_chosen(chosen, terms, whole), terms, whole, total=reader.rows)


def list_differences(
    files: Rows, terms: Terms, filters: Sequence[Filter], *, kept: Kept, most: int
) -> Differences:
    """Return the rows on which the models differ most among those that meet the filters."""
    with open_rows(files) as reader:
        whole, chosen = _describe(reader, terms), reader.choose(filters, terms.columns)
        if files.champion is None or not chosen.places.size:
            return Differences(Tally(rows=chosen.places.size, changed=0, fixed=0, broken=0), ())
        part = join_chosen(chosen, terms, whole)
        ranked = rank_differences(part, task=terms.task, kept=kept, most=most)
        rows = [int(chosen.places[place]) for place, _ in ranked]
        features = _read_features(reader, rows, terms)
    tally = count_changes(part)
    assert tally is not None
    return Differences(
        tally,
        tuple(
            write_difference(part, place, row=row, features=own, distance=distance)
            for (place, distance), row, own in zip(ranked, rows, features, strict=True)
        ),
    )


def pick_row(files: Rows, terms: Terms, *, seed: int) -> dict[str, Any]:
    """Return what a model takes of one row; the same *seed* picks the same one."""
    with open_rows(files) as reader:
        place = random.Random(seed).randrange(reader.rows)
        return _read_features(reader, [place], terms)[0]


def _read_features(reader: RowReader, rows: Sequence[int], terms: Terms) -> list[dict[str, Any]]:
    known = [column.name for column in reader.columns]
    names = [name for name in known if name in terms.features]
    return [
        {name: to_native(value) for name, value in row.items()} for row in reader.read_places(rows, names)
    ]


def _describe(reader: RowReader, terms: Terms) -> Whole:
    """Return what of the whole holdout bears on any part of it."""
    greatest = None
    if terms.weight is not None:
        weight = next((each for each in reader.columns if each.name == terms.weight), None)
        if weight is None:
            raise DataError(
                f"the holdout has no column {terms.weight!r}, by which rows count; mend data.weight"
            )
        extent = reader.measure_extent(weight)
        greatest = None if extent.low == extent.high else float(extent.high)
    if terms.task == "regression":
        return Whole({}, (), greatest)
    counts = dict(reader.count_values("holdout", terms.target, most=MOST_CLASSES))
    return describe_whole(counts, known=_list_known(reader), greatest_weight=greatest)


def _list_known(reader: RowReader) -> list[Any]:
    """Return the classes that the models know, or answer with."""
    known: list[Any] = []
    for source in reader.models:
        names = reader.read_names(source)
        known += [
            name.removeprefix(PROBABILITY_PREFIX) for name in names if name.startswith(PROBABILITY_PREFIX)
        ]
        known += [value for value, _ in reader.count_values(source, PREDICTION_COLUMN, most=MOST_CLASSES)]
    return known
