"""What a model may know of a flight an hour before its scheduled departure, and how it is encoded."""

from __future__ import annotations

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

TARGET = "delayed"
GROUP = "flight_date"

CATEGORIES = ["carrier", "origin", "dest"]
SCHEDULE = ["distance", "weekday", "departure_hour", "scheduled_departures"]
LATENESS = ["airport_late", "carrier_late", "dest_late"]
WEATHER = ["temperature", "humidity", "wind_speed", "precipitation", "pressure", "visibility"]
FEATURES = CATEGORIES + SCHEDULE + LATENESS + WEATHER


def select(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that every model of this repository is given, in their order."""
    return frame[FEATURES]


def encoder() -> ColumnTransformer:
    """Return the step that turns raw columns into numbers; it drops those it does not name.

    Before the day's first departures nothing can be late, so an empty lateness counts as 0.
    """
    return ColumnTransformer(
        [
            ("categories", OneHotEncoder(handle_unknown="ignore"), CATEGORIES),
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), SCHEDULE + WEATHER),
            (
                "lateness",
                make_pipeline(SimpleImputer(strategy="constant", fill_value=0.0), StandardScaler()),
                ["airport_late"],
            ),
        ]
    )
