"""What a model may know of a flight an hour before its scheduled departure, and how it is encoded."""

from __future__ import annotations

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler

TARGET = "delayed"
GROUP = "flight_date"

CATEGORIES = ["carrier", "origin", "dest"]
SCHEDULE = ["distance", "weekday", "departure_hour", "scheduled_departures"]
LATENESS = ["airport_late", "carrier_late", "dest_late"]
WEATHER = ["temperature", "humidity", "wind_speed", "precipitation", "pressure", "visibility"]
FEATURES = CATEGORIES + SCHEDULE + LATENESS + WEATHER


MERGED = {"US": "AA"}
"""US Airways and American are to be one airline before the year is out."""


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    """Count the flights of an airline that is taken over as its new owner's."""
    return frame.assign(carrier=frame["carrier"].replace(MERGED))


def select(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that every model of this repository is given, in their order."""
    return frame[FEATURES]


def encoder() -> ColumnTransformer:
    """Return the step that turns raw columns into numbers.

    Categories with less than 1 % of the flights, and any that come up later, share one column. Before the
    day's first departures nothing can be late, so an empty lateness counts as 0.
    """
    fill = SimpleImputer(strategy="constant", fill_value=0.0)
    numbers = [name for name in SCHEDULE + WEATHER if name != "departure_hour"]
    return ColumnTransformer(
        [
            (
                "categories",
                OneHotEncoder(min_frequency=0.01, handle_unknown="infrequent_if_exist"),
                CATEGORIES,
            ),
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("lateness", make_pipeline(fill, KBinsDiscretizer(n_bins=10, strategy="uniform")), LATENESS),
            ("hour", KBinsDiscretizer(n_bins=19, strategy="uniform"), ["departure_hour"]),
        ]
    )
