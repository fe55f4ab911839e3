"""What the tests of tables share: a table of every kind of column, and files of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a text to a file and gives its path."""

    def writer(text: str | bytes, name: str = "table.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return writer


def customers(count: int = 400, seed: int = 0) -> pd.DataFrame:
    """Customers with a column of every kind, and whether they churned, which depends on some of them."""
    generator = np.random.default_rng(seed)
    age = generator.integers(18, 90, count).astype(float)
    age[generator.random(count) < 0.1] = np.nan
    income = np.exp(generator.normal(10, 1.5, count)).round(2)
    city = generator.choice(["Berlin", "Paris", "Rome", "Oslo"], count, p=[0.5, 0.3, 0.15, 0.05]).astype(object)
    city[generator.random(count) < 0.05] = None
    since = pd.Timestamp("2015-01-01") + pd.to_timedelta(generator.integers(0, 2_000, count), unit="D")
    words = ["good", "bad", "slow", "fast", "staff", "price", "never", "again"]
    note = [" ".join(generator.choice(words, 6)) for _ in range(count)]
    vip = generator.choice(["yes", "no"], count)
    score = (np.nan_to_num(age, nan=50) - 50) / 20 + (city == "Paris") + generator.normal(size=count)
    return pd.DataFrame(
        {
            "customer_id": np.arange(1, count + 1),
            "age": age,
            "income": income,
            "city": city,
            "since": since.strftime("%Y-%m-%d"),
            "vip": vip,
            "note": note,
            "churned": np.where(score > 0.3, "yes", "no"),
        }
    )


@pytest.fixture
def table() -> pd.DataFrame:
    return customers()
