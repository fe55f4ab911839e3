"""What the tests of claims about tables share: one table that suits trees, and one that does not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROWS, COLUMNS = 2_000, 6
BANDS = 8  # of the one column that counts


def write(path: Path, *, jagged: bool) -> Path:
    random = np.random.default_rng(0)
    numbers = random.uniform(0, 1, (ROWS, COLUMNS))
    label = np.floor(BANDS * numbers[:, 0]) % 2 == 1 if jagged else numbers.sum(axis=1) > COLUMNS / 2
    frame = pd.DataFrame(numbers, columns=[f"column {place}" for place in range(COLUMNS)])
    frame["answer"] = np.where(label, "yes", "no")
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def jagged(tmp_path: Path) -> Path:
    """The label tells into which of narrow bands one column falls; the other columns are noise."""
    return write(tmp_path / "jagged.csv", jagged=True)


@pytest.fixture
def smooth(tmp_path: Path) -> Path:
    """The label tells whether the sum of all columns is large."""
    return write(tmp_path / "smooth.csv", jagged=False)
