"""The report of a table in words: the gravest first, and what is the same of many columns said once."""

import numpy as np
import pandas as pd

from epochal.data.report import Decision, alike_once
from epochal.data.table.opened import open_table
from epochal.data.table.report import report_of


def leaky(rows: int = 200) -> pd.DataFrame:
    random = np.random.default_rng(0)
    churned = random.random(rows) < 0.4
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 90, rows), unit="D")
    return pd.DataFrame(
        {
            "customer": [f"C{place}" for place in random.permutation(rows)],
            "joined": days.strftime("%Y-%m-%d"),
            "seen": days[::-1].strftime("%Y-%m-%d"),
            "age": random.integers(18, 90, rows),
            "closed": np.where(churned, "Y", "N"),
            "churned": np.where(churned, "yes", "no"),
        }
    )


def test_a_copy_of_the_label_comes_before_an_id_which_is_named_once() -> None:
    text = report_of(open_table(leaky())).to_text()
    assert text.index("column 'closed' is a copy") < text.index("column 'customer' is an id")
    assert text.count("'customer'") == 1
    assert text.index("Leaks:") < text.index("Take note:") < text.index("Decided from the data:")


def test_columns_that_were_read_alike_share_a_line() -> None:
    assert (
        "2 columns 'joined', 'seen': date (its cells are dates, year first) - override with --column NAME=category\n"
        in report_of(open_table(leaky())).to_text()
    )
    made = [Decision(what=f"column 'c{n}'", chosen="left out", why="every cell is empty") for n in range(8)]
    made.append(Decision(what="missing cells of 'x'", chosen="'?'", why="a mark"))
    assert list(map(str, alike_once(made))) == [
        "8 columns 'c0', 'c1', 'c2' and 5 more: left out (every cell is empty)",
        "missing cells of 'x': '?' (a mark)",
    ]


def test_a_small_test_split_is_told_of() -> None:
    assert (
        "the test split has 40 rows: differences in accuracy below about 13 points cannot be told from chance there."
        in report_of(open_table(leaky())).warnings
    )


def test_large_numbers_are_written_out() -> None:
    frame = leaky().drop(columns=["closed", "churned"])
    frame["price"] = np.arange(200)[::-1] * 100.0 + 10_120
    frame["price"] = np.random.default_rng(1).permutation(frame["price"])
    assert "Predicts price: a number, from 10,120 to 30,020; half" in report_of(open_table(frame)).to_text()
