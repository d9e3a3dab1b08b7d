"""The small table of the docs and of the golden files: `python -m tests.tables` writes it anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SMALL = Path(__file__).parents[1] / "examples" / "predictions" / "churn.csv"


def make_churn(rows: int = 600, *, seed: int = 3) -> pd.DataFrame:
    """Return two models of who leaves: the new one sees more, except in the south."""
    random = np.random.default_rng(seed)
    region = random.choice(["north", "south", "west"], size=rows, p=[0.45, 0.22, 0.33])
    truth = random.normal(size=rows)
    left = truth + random.logistic(size=rows) * 0.35 > 0.4
    blur = np.where(region == "south", 4.0, 0.4)
    new = 1 / (1 + np.exp(-1.6 * (truth - 0.4 + blur * random.normal(size=rows))))
    old = 1 / (1 + np.exp(-1.4 * (truth - 0.4 + 1.3 * random.normal(size=rows))))
    return pd.DataFrame(
        {
            "customer": np.arange(1, rows + 1),
            "region": region,
            "age": random.integers(18, 80, size=rows),
            "left": np.where(left, "yes", "no"),
            "new": new.round(4),
            "old": old.round(4),
        }
    )


if __name__ == "__main__":
    make_churn().to_csv(SMALL, index=False)
