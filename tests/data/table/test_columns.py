"""What a column is: by its contents, with what was taken as missing, and how to say otherwise."""

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from epochal.core.errors import DataError
from epochal.data.table.cells import missing_cells
from epochal.data.table.columns import Read, inspect
from epochal.data.table.options import TableOptions
from epochal.data.table.raw import RawTable
from epochal.data.table.read import read_table

N = 60


def look(values: Any, name: str = "x", **options: Any) -> tuple[Read, RawTable]:
    raw = read_table(pd.DataFrame({name: values}))
    return inspect(raw, [name], TableOptions(**options))[name], raw


def texts(pattern: str) -> list[str]:
    return [pattern.format(i=i, n=i % 5, d=i % 28 + 1, m=i % 12 + 1) for i in range(N)]


@pytest.mark.parametrize(
    ("values", "kind", "second"),
    [
        (texts("{i}.5"), "number", 1.5),
        (texts(" {n} "), "number", 1.0),
        (texts("{i},5"), "number", 1.5),
        (texts("1,{i:03d}.5"), "number", 1001.5),
        (texts("1.{i:03d},5"), "number", 1001.5),
        (texts("{n} {i:03d}"), "number", 1001.0),
        (texts("1\u00a0{i:03d},5"), "number", 1001.5),
        (texts("${n}.99"), "number", 1.99),
        (texts("EUR {n}"), "number", 1.0),
        (texts("{n}.5 kg"), "number", 1.5),
        (texts("-{n}%"), "number", -1.0),
        (texts("{n}e3"), "number", 1000.0),
        ([True, False] * 30, "boolean", 0.0),
        (["Yes", "no"] * 30, "boolean", 0.0),
        ([Decimal("1.5"), Decimal("2.5")] * 30, "number", 2.5),
        ([datetime.timedelta(seconds=1), datetime.timedelta(seconds=3)] * 30, "number", 3e9),
    ],
)
def test_numbers_as_people_write_them(values: list, kind: str, second: float) -> None:
    read, _ = look(values)
    assert read.column.kind == kind
    if isinstance(values[0], datetime.timedelta):
        assert read.cells.values[1] / read.cells.values[0] == 3
    else:
        assert read.cells.values[1] == second


@pytest.mark.parametrize(
    "values", [texts("{n}th"), texts("level_{n}"), texts("A{n}"), texts("{n}-{n}"), ["M", "F"] * 30, texts("v{n}.1")]
)
def test_words_with_digits_are_categories(values: list[str]) -> None:
    read, _ = look(values)
    assert read.column.kind == "category"


@pytest.mark.parametrize(
    ("values", "second"),
    [
        (texts("2020-{m:02d}-{d:02d}"), "2020-02-02"),
        (texts("2020-{m:02d}-{d:02d}T10:{n:02d}:00"), "2020-02-02T10:01"),
        (texts("2020-{m:02d}-{d:02d}T10:{n:02d}:00+02:00"), "2020-02-02T08:01"),
        (texts("{d}.{m}.2020"), "2020-02-02"),
        (texts("{d:02d}/{m:02d}/2020 11:{n:02d}"), "2020-02-02T11:01"),
        (texts("{m:02d}/{d:02d}/20"), "2020-02-02"),
        (texts("2020/{m:02d}/{d:02d}"), "2020-02-02"),
        (texts("{d:02d}-Mar-2020"), "2020-03-02"),
        (texts("March {d}, 2020"), "2020-03-02"),
        (texts("2020{m:02d}{d:02d}"), "2020-02-02"),
        ([20200101 + i % 28 for i in range(N)], "2020-01-02"),
        ([datetime.date(2020, 1, 1 + i % 28) for i in range(N)], "2020-01-02"),
        (pd.date_range("2020-01-01", periods=N, tz="UTC"), "2020-01-02"),
    ],
)
def test_dates_as_people_write_them(values: list, second: str) -> None:
    read, raw = look(values)
    assert read.column.kind == "date" and str(raw.decisions[0]).startswith("column 'x': date")
    assert read.cells.values[1] == np.datetime64(second)


def test_days_or_months_first_is_said_and_can_be_told() -> None:
    read, raw = look(texts("{n}/{n}/2020".replace("{n}", "{m}")))
    assert "no number tells days from months; say --day-first or --month-first" in str(raw.decisions[0])
    read, _ = look([f"{i % 12 + 1}/3/2020" for i in range(N)], day_first=True)
    assert read.cells.values[1] == np.datetime64("2020-03-02")
    read, _ = look([f"{i % 12 + 1}/3/2020" for i in range(N)], day_first=False)
    assert read.cells.values[1] == np.datetime64("2020-02-03")


def test_sentences_are_text_and_short_names_are_levels() -> None:
    sentences = [f"the film number {i} was good and word{i}" for i in range(N)]
    read, raw = look(sentences)
    assert read.column.kind == "text" and "--column x=drop" in str(raw.decisions[0])
    assert look(["very good and cheap indeed", "bad"] * 30)[0].column.kind == "category"


def test_marks_for_missing_cells_are_told_by_name() -> None:
    read, raw = look(["?", "red", "blue", "NA", "n/a"] * 12)
    assert read.cells.levels == ("red", "blue") and missing_cells(read.cells).sum() == 36
    assert str(raw.decisions[0]).startswith("missing cells of 'x': '?', 'NA', 'n/a'")
    read, raw = look(["?", "1", "2", "unknown"] * 15)
    assert read.column.kind == "number" and np.isnan(read.cells.values).sum() == 30


def test_none_is_a_level_among_words() -> None:
    assert look(["none", "primary", "secondary"] * 20)[0].cells.levels == ("none", "primary", "secondary")


def test_mixed_cells_are_counted_and_the_override_is_named() -> None:
    read, raw = look([*texts("{i}.5"), "broken", "broken", "inf"])
    assert np.isnan(read.cells.values).sum() == 3 and read.cells.odd == {"broken": 2, "inf": 1}
    assert raw.warnings == [
        "column 'x' is read as number: 3 of 63 cells cannot be read so ('broken', 'inf') and are taken as missing. "
        "Correct them, or say --column x=category."
    ]
    assert look([*texts("{n}"), *["word"] * 40])[0].column.kind == "category"


def test_a_number_that_may_stand_for_missing_cells_is_told() -> None:
    values = np.random.default_rng(0).normal(size=N)
    values[::10] = -999
    _, raw = look(values)
    assert raw.warnings == [
        "column 'x' is -999 in many cells, far from all others. If that means that a cell is missing, leave those "
        "cells empty."
    ]
    values[::10] = 9999
    assert "column 'x' is 9999 in many cells" in look(values)[1].warnings[0]
    assert look(np.linspace(-1100, 0, N).round() * 9)[1].warnings == []
    assert look(np.random.default_rng(0).integers(90, 100, N))[1].warnings == []  # 99 is one of many


def test_leading_zeros_are_codes() -> None:
    read, raw = look(texts("{n:05d}"))
    assert read.column.kind == "category" and read.column.as_text and read.cells.levels[1] == "00001"
    assert "numbers with leading zeros such as '00000' are codes" in str(raw.decisions[0])


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([7] * N, "every cell is the same"),
        (["a"] * N, "every cell is the same"),
        ([None] * N, "every cell is empty"),
        (["", "?"] * 30, "every cell is empty"),
    ],
)
def test_a_constant_column_is_left_out(values: list, why: str) -> None:
    read, raw = look(values)
    assert read.column.kind == "constant"
    assert str(raw.decisions[0]) == f"column 'x': left out ({why}, so it tells nothing apart)"


def test_one_value_or_missing_is_no_constant() -> None:
    assert look(["a", None] * 30)[0].column.kind == "category"
    assert look([1.0, np.nan] * 30)[0].column.kind == "number"


def test_ids_by_contents_before_names() -> None:
    generator = np.random.default_rng(0)
    assert look(np.arange(N) + 1000)[0].column.kind == "id"  # counts the rows, in any order
    assert look(generator.permutation(N))[0].column.kind == "id"
    assert look([f"k{i}" for i in range(N)])[0].column.kind == "id"
    unlike = generator.choice(10**6, N, replace=False)
    assert look(unlike, "amount")[0].column.kind == "number"
    assert look(unlike, "user_id")[0].column.kind == "id"
    assert look(unlike, "userId")[0].column.kind == "id"
    assert look(generator.integers(0, 9, N), "user_id")[0].column.kind == "number"  # its contents repeat
    assert look(generator.normal(size=N), "id")[0].column.kind == "number"
    assert look(np.arange(10))[0].column.kind == "number"  # ten rows show nothing


def test_ids_of_many_rows_are_known_from_a_sample_and_repeated_keys_are_none() -> None:
    count = 60_000
    assert look([f"k{i}" for i in range(count)])[0].column.kind == "id"
    assert look([f"k{i // 10}" for i in range(count)])[0].column.kind == "category"


def test_ten_thousand_categories_are_told() -> None:
    generator = np.random.default_rng(0)
    read, raw = look(generator.choice([f"shop {i}" for i in range(10_000)], 60_000))
    assert read.column.kind == "category" and len(read.cells.levels) > 9_000
    assert "the rarest share one code" in str(raw.decisions[0]) and "--column x=text" in str(raw.decisions[0])


def test_cells_that_hold_lists_are_left_out_and_said() -> None:
    read, raw = look([[1, 2]] * N)
    assert read.column.kind == "unusable" and "not one value each" in str(raw.decisions[0])


def test_a_column_may_be_anything_that_the_user_says() -> None:
    read, raw = look(texts("{n}"), columns={"x": "category"})
    assert read.column.kind == "category" and read.cells.levels[0] == "0"
    assert str(raw.decisions[0]) == "column 'x': category (as --column x=category says)"
    assert look(np.arange(N), columns={"x": "number"})[0].column.kind == "number"
    assert look(["a b", "c d"] * 30, columns={"x": "text"})[0].cells.texts is not None
    raw = read_table(pd.DataFrame({"x": [1, 2], "y": [1, 2]}))
    assert list(inspect(raw, ["x", "y"], TableOptions(columns={"x": "drop"}))) == ["y"]
    with pytest.raises(DataError, match=r"There is no column 'Y' for a kind \(--column Y=drop\). Did you mean 'y'"):
        inspect(raw, ["x"], TableOptions(columns={"Y": "drop"}))
