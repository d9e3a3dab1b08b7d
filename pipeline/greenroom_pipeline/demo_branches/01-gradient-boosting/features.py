"""What a model may know of a flight an hour before its scheduled departure, and how it is encoded."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OrdinalEncoder

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
    """Return the step that turns raw columns into numbers, the categories' codes first.

    A category that training has not seen counts as missing.
    """
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return ColumnTransformer(
        [
            ("categories", codes, CATEGORIES),
            ("numbers", "passthrough", SCHEDULE + LATENESS + WEATHER),
        ]
    )
