"""What a model may know of a flight an hour before its scheduled departure, and how it is encoded."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

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


def turn_hour(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the hour as a point on the clock's face, so that 23:59 lies beside 0:00."""
    angle = 2 * np.pi * frame["departure_hour"] / 24
    return pd.DataFrame({"hour_sin": np.sin(angle), "hour_cos": np.cos(angle)}, index=frame.index)


def encoder() -> ColumnTransformer:
    """Return the step that turns raw columns into numbers; it drops those it does not name.

    Before the day's first departures nothing can be late, so an empty lateness counts as 0.
    """
    return ColumnTransformer(
        [
            ("categories", OneHotEncoder(handle_unknown="ignore"), CATEGORIES),
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), SCHEDULE + WEATHER),
            ("hour", FunctionTransformer(turn_hour), ["departure_hour"]),
            (
                "lateness",
                make_pipeline(SimpleImputer(strategy="constant", fill_value=0.0), StandardScaler()),
                ["airport_late"],
            ),
        ]
    )
