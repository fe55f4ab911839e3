"""The column to predict: which one, classes or a number, and what is refused or warned of."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from epochal.core.errors import DataError
from epochal.data.table.options import TableOptions
from epochal.data.table.raw import RawTable, as_table
from epochal.data.table.read import read_table
from epochal.data.table.target import Target, find_label, read_target

N = 120


def look(values: Any, **options: Any) -> tuple[Target, RawTable]:
    raw = read_table(pd.DataFrame({"x": np.arange(len(values)), "label": values}))
    return read_target(raw, "label", TableOptions(**options)), raw


def label_of(*columns: str, **options: Any) -> tuple[str, str]:
    raw = read_table(pd.DataFrame({name: [1, 2] for name in columns}))
    return find_label(raw, TableOptions(**options)), "; ".join(map(str, raw.decisions))


def test_the_label_is_found_by_name_or_is_the_last_column_and_is_said() -> None:
    assert label_of("Target", "a") == ("Target", "column to predict: 'Target' (it is named so) - override with --label")
    label, said = label_of("y", "a", "class")
    assert label == "class" and "it is named so; so is 'y'" in said
    label, said = label_of("a", "b")
    assert label == "b" and "it is the last column, and none is named label, target or class" in said
    assert label_of("a", "b", label="a") == ("a", "")
    assert label_of("a", "b", time="b")[0] == "a"


def test_a_missing_label_column_names_the_nearest() -> None:
    with pytest.raises(DataError, match=r"no column 'prise' for the label \(--label\). Did you mean 'Price'\? The col"):
        label_of("Price", "b", label="prise")
    with pytest.raises(DataError, match="There is no column 'q' for the label"):
        label_of("Price", "b", label="q")
    with pytest.raises(DataError, match=r"There is no column 'day' for the time \(--time\)"):
        label_of("a", "b", time="day")
    with pytest.raises(DataError, match="Column 'b' cannot be both the label and --group"):
        label_of("a", "b", label="b", group="b")


@pytest.mark.parametrize(
    ("values", "kind", "why"),
    [
        (["yes", "no", "no"] * 40, "classes", "its cells are words, such as 'no'"),
        ([0, 1] * 60, "classes", "it has two values"),
        ([1.5, 2.5] * 60, "classes", "it has two values"),
        ([True, False] * 60, "classes", "it has two values|its cells are words"),
        ([3, 4, 5, 6, 7, 8] * 20, "classes", "it has 6 different whole numbers, each 20 times on average"),
        (["3", "4", "5"] * 40, "classes", "it has 3 different whole numbers"),
        (np.arange(N) * 7, "number", "it has 120 different whole numbers in 120 rows"),
        (list(range(15)) * 2, "number", "it has 15 different whole numbers in 30 rows"),
        ([1.5, 2.5, 3.5] * 40, "number", "numbers with fractions, 3 different ones"),
        ([f"{i},5" for i in range(N)], "number", "numbers with fractions"),
        ([f"${i}.50" for i in range(N)], "number", "numbers with fractions"),
    ],
)
def test_classes_or_a_number_with_the_reason(values: Any, kind: str, why: str) -> None:
    target, raw = look(values)
    assert target.kind == kind
    assert any(part in str(raw.decisions[0]) for part in why.split("|"))


def test_the_reading_can_be_overridden() -> None:
    target, raw = look([3, 4, 5] * 40, target="number")
    assert target.kind == "number" and target.values[:3].tolist() == [3, 4, 5] and target.labels == ()
    assert "as --target number says" in str(raw.decisions[0])
    target, _ = look(np.arange(12).repeat(10) / 2, target="classes")
    assert target.kind == "classes" and len(target.labels) == 12
    _, raw = look([3, 4, 5] * 40)
    assert raw.decisions[0].override == "--target number"
    with pytest.raises(DataError, match="holds words such as 'a', which are no numbers. Say --target classes"):
        look(["a", "b"] * 60, target="number")


def test_classes_in_the_order_of_numbers_or_names_in_any_type() -> None:
    target, _ = look([10, 9, 9, 10] * 30)
    assert target.labels == ("9", "10") and target.values[:2].tolist() == [1, 0]
    assert look([9.0, 10.0] * 60)[0].labels == look(["9", "10"] * 60)[0].labels == ("9", "10")
    assert look([" b", "a "] * 60)[0].labels == ("a", "b")


def test_words_such_as_na_are_classes_and_only_nothing_is_missing() -> None:
    target, raw = look(["NA", "none", "", None] * 30)
    assert target.labels == ("NA", "none") and len(target.values) == 60
    assert "60 of 120 rows have no label in column 'label': they are set aside" in raw.warnings[0]


def test_nan_labels_are_set_aside_and_counted() -> None:
    values = np.linspace(0, 1, N)
    values[:7] = np.nan
    target, raw = look(values)
    assert target.rows.tolist() == list(range(7, N)) and np.isfinite(target.values).all()
    assert raw.warnings == [
        "7 of 120 rows have no label in column 'label': they are set aside, and only the other 113 are learned from "
        "and judged."
    ]
    with pytest.raises(DataError, match="column 'label' is empty: no row has a label"):
        look([None] * N)


def test_labels_that_are_no_numbers_among_numbers() -> None:
    target, raw = look([*(f"{i}.5" for i in range(N)), "broken"])
    assert target.kind == "number" and len(target.values) == N
    assert "1 label is no number in column 'label', such as 'broken'" in raw.warnings[0]


def test_one_class_one_number_and_names_of_rows_are_refused() -> None:
    with pytest.raises(DataError, match="column 'label' has one class only, 'yes', so there is nothing to tell apart"):
        look(["yes"] * N)
    with pytest.raises(DataError, match="holds a single number"):
        look([1.5] * N, target="number")
    with pytest.raises(DataError, match="120 different labels in 120 rows: they look like names of the rows"):
        look([f"row {i}" for i in range(N)])
    with pytest.raises(DataError, match="holds dates, such as '2020-01-01.*'. epochal predicts classes or numbers"):
        look(pd.date_range("2020-01-01", periods=N))


def test_one_positive_and_few_are_warned_of() -> None:
    _, raw = look(["no"] * N + ["yes"])
    advice = "which cannot be both learned and judged. Add rows, or leave"
    assert raw.warnings == [f"class 'yes' has one row, {advice} it out."]
    _, raw = look(["no"] * N + ["yes", "perhaps"])
    assert raw.warnings == [f"2 classes 'perhaps', 'yes' have one row each, {advice} them out."]
    _, raw = look(["no"] * N + ["yes"] * 5)
    assert raw.warnings == ["class 'yes' has fewer than 10 rows: scores of so few mean little."]


def test_several_labels_a_row_are_refused_in_words() -> None:
    tags = ["a;b", "a", "b;c", "a;c", "b", "a;b;c"]
    with pytest.raises(DataError, match="seems to hold several labels a row, joined by ';', such as 'a;b'"):
        look(tags * 20)
    assert len(look(tags * 20, target="classes")[0].labels) == 6
    assert len(look(["Doe, Jane", "Roe, Max"] * 60)[0].labels) == 2
    with pytest.raises(DataError, match="holds several labels a row"):
        look([["a", "b"], ["a"]] * 60)


def weighted(weights: Any, **options: Any) -> Target:
    raw = read_table(pd.DataFrame({"x": np.arange(N), "w": weights, "label": ["a", "b"] * 60}))
    return read_target(raw, "label", TableOptions(weights="w", **options))


def test_weights() -> None:
    weights = np.ones(N)
    weights[3] = 0
    target = weighted(weights)
    assert len(target.rows) == N - 1 and 3 not in target.rows and target.weights is not None
    assert weighted([f"{i},5" for i in range(N)]).weights[1] == 1.5  # type: ignore[index]
    for value, found in ((-1.0, "-1"), (np.nan, "missing"), (np.inf, "missing")):
        weights[5] = value
        with pytest.raises(DataError, match=f"'w': the weight of row 6 is {found}. Expected a number of 0 or more"):
            weighted(weights)
    with pytest.raises(DataError, match="every weight is 0"):
        weighted(np.zeros(N))
    with pytest.raises(DataError, match="holds no numbers and cannot be the --weights"):
        weighted(["much", "little"] * 60)
    with pytest.raises(DataError, match="There is no column 'weigth' for the weights"):
        label_of("weight", "label", weights="weigth")


def test_a_column_of_splits_or_of_lists_is_not_taken_for_the_label() -> None:
    frame = pd.DataFrame({"a": [1, 2] * 60, "bought": ["yes", "no"] * 60, "tags": [["x"], ["y"]] * 60})
    frame["split"] = ["train"] * 80 + ["test"] * 40
    assert find_label(RawTable(name="t", kind="t", table=as_table(frame)), TableOptions()) == "bought"


def test_classes_that_may_be_missing_labels_or_one_class_are_told_of() -> None:
    assert look(["NaN", "no", "yes"] * 40)[1].warnings == [
        "'NaN' is a class of its own, with 40 rows. If it means that the label is missing, empty these cells."
    ]
    assert look(["Yes", "no", "YES"] * 40)[1].warnings == [
        "classes 'YES', 'Yes' differ in capital letters only and are told apart. If they are one class, write them "
        "alike."
    ]
    assert not look(["+", "-", "."] * 40)[1].warnings
