"""Times of a run's steps, as a table."""

from __future__ import annotations

import pandas as pd

from greenroom_pipeline.report import Report
from greenroom_portal.wording import duration


def timing_frame(report: Report) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Step": [timing.step for timing in report.timings],
            "Time": [duration(timing.seconds) for timing in report.timings],
            "Result": ["found ready" if timing.cached else "made" for timing in report.timings],
        }
    )
