"""Times of a run's steps, as a table and in a sentence."""

from __future__ import annotations

import pandas as pd

from greenroom_pipeline.report import Report
from greenroom_portal.wording import duration, percent


def timing_frame(report: Report) -> pd.DataFrame:
    total = sum(timing.seconds for timing in report.timings)
    return pd.DataFrame(
        {
            "Step": [timing.step for timing in report.timings],
            "Time": [duration(timing.seconds) for timing in report.timings],
            "Share": [percent(timing.seconds / total if total else None) for timing in report.timings],
            "Result": ["found ready" if timing.cached else "made" for timing in report.timings],
        }
    )


def tell_compute(report: Report) -> str:
    return f"Cost: {duration(sum(timing.seconds for timing in report.timings))} of compute time"
