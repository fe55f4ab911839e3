"""Leaks are named with the column and the evidence, honest columns are not, and only certain ones are dropped."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from epochal.data.table.leaks import Leak
from epochal.data.table.opened import OpenedTable, open_table
from epochal.data.table.options import TableOptions

N = 1_000


def data(**columns: Any) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=N), generator.normal(size=N)
    chance = 1 / (1 + np.exp(-first - second))
    label = np.where(generator.random(N) < chance, "yes", "no")
    return pd.DataFrame({"first": first, "second": second, "label": label}).assign(**columns)


def found(frame: pd.DataFrame, **options: Any) -> dict[tuple[str, str], Leak]:
    opened = open_table(frame, TableOptions(**{"label": "label", **options}))
    return {(leak.kind, leak.column): leak for leak in opened.leaks}


def opened_columns(opened: OpenedTable) -> set[str]:
    return set(opened.codec.columns)


def test_honest_columns_are_no_leaks() -> None:
    assert found(data()) == {}


def test_an_id_is_named_and_left_out() -> None:
    frame = data(customer=np.arange(N) + 17)
    opened = open_table(frame, TableOptions(label="label"))
    assert opened_columns(opened) == {"first", "second"}
    assert [str(leak) for leak in opened.leaks] == [
        "column 'customer' is an id: whole numbers that count the rows, 17 to 1016. It is left out; say --column "
        "customer=number or --column customer=category to keep it."
    ]
    assert opened.leaks[0].drop


@pytest.mark.parametrize("as_numbers", [True, False])
def test_a_copy_of_the_classes_is_named_and_left_out(as_numbers: bool) -> None:
    frame = data()
    frame["copy"] = (frame["label"] == "yes").map({True: 7.5, False: -1.0} if as_numbers else {True: "J", False: "N"})
    opened = open_table(frame, TableOptions(label="label"))
    assert opened_columns(opened) == {"first", "second"}
    assert str(opened.leaks[0]) == (
        "column 'copy' is a copy of the label: each of its 2 values stands with one label only, and each label with "
        "one value. It is left out; say --keep copy if it is known before the label is."
    )
    assert "copy" in opened_columns(open_table(frame, TableOptions(label="label", keep=("copy",))))


def test_a_copy_with_missing_cells_is_a_copy_and_one_wrong_cell_makes_it_strong() -> None:
    frame = data()
    frame["copy"] = frame["label"].where(np.arange(N) % 5 > 0)
    assert "in the 80% of the training rows that have it" in found(frame)["copy", "copy"].what
    frame["copy"] = frame["label"]
    frame.loc[3, "copy"] = "no" if frame.loc[3, "label"] == "yes" else "yes"
    leak = found(frame)["strong", "copy"]
    assert not leak.drop and "alone predicts the label as well as all columns: AUC" in leak.what


def test_a_copy_of_a_number_in_another_unit() -> None:
    frame = data()
    frame["label"] = frame["first"] * 3 + np.random.default_rng(1).normal(size=N)
    frame["pounds"] = frame["label"] / 0.453 + 7
    assert "their correlation is 1.000000" in found(frame)[("copy", "pounds")].what
    frame["pounds"] += np.random.default_rng(2).normal(size=N) * 0.01
    leak = found(frame)["strong", "pounds"]
    assert "R2 0.97" in leak.what and not leak.drop


def test_one_strong_column_of_three_classes() -> None:
    frame = data()
    frame["label"] = np.random.default_rng(1).choice(["a", "b", "c"], N)
    frame["told"] = frame["label"].map({"a": 1.0, "b": 2.0, "c": 3.0}) + np.random.default_rng(2).random(N) * 0.1
    assert "share of errors avoided 1.000 alone" in found(frame)["strong", "told"].what


def test_many_strong_columns_are_told_once_as_an_easy_task() -> None:
    frame = data()
    for place in range(5):
        frame[f"easy{place}"] = (frame["label"] == "yes") + np.random.default_rng(place).normal(size=N) * 0.1
    leaks = found(frame)
    assert set(leaks) == {("strong", "")}
    assert "5 columns alone each predict the label about as well as all columns" in leaks["strong", ""].what
    assert "The task is easy, or drop those" in leaks["strong", ""].advice


def test_a_strong_column_among_hundreds() -> None:
    noise = pd.DataFrame(np.random.default_rng(3).normal(size=(N, 200))).add_prefix("noise ")
    frame = pd.concat([noise, data()], axis=1)
    frame["told"] = (frame["label"] == "yes") + np.random.default_rng(2).random(N) * 0.1
    leaks = found(frame)
    assert set(leaks) == {("strong", "told")}
    assert "as well as the 40 likeliest columns: AUC 1.000 alone" in leaks["strong", "told"].what
    for kind in ("a", "b", "c"):
        frame.loc[np.random.default_rng(ord(kind)).random(N) < 0.5, "label"] = kind
    frame["told"] = frame["label"].map({"a": 1, "b": 2, "c": 3, "yes": 4, "no": 5}) + np.random.default_rng(2).random(N)
    assert set(found(frame)) == {("strong", "told")}


def test_a_strong_column_may_be_kept() -> None:
    frame = data()
    frame["told"] = (frame["label"] == "yes") + np.random.default_rng(2).random(N) * 0.1
    assert ("strong", "told") in found(frame)
    assert found(frame, keep=("told",)) == {}


def test_missing_or_filled_only_where_the_label_is_one_value() -> None:
    frame = data()
    frame["closed"] = np.where(frame["label"] == "yes", np.random.default_rng(0).normal(size=N), np.nan)
    frame["closed"] = frame["closed"].where(np.arange(N) % 3 > 0)
    leak = found(frame)["missing", "closed"]
    assert "column 'closed' is filled in" in leak.what and "in all of them the label is 'yes'." in leak.what
    frame = data()
    frame["asked"] = np.where((frame["label"] == "yes") & (np.arange(N) % 3 > 0), np.nan, 1.5) + frame["first"]
    assert "column 'asked' is missing in" in found(frame)["missing", "asked"].what
    frame = data()
    frame["gaps"] = frame["first"].where(np.arange(N) % 3 > 0)
    assert found(frame) == {}


def test_filled_only_above_a_number() -> None:
    frame = data()
    frame["label"] = frame["first"] * 3 + np.random.default_rng(1).normal(size=N)
    frame["bonus"] = frame["second"].where(frame["label"] > 3)
    assert "in all of them the label is 2.99294 or below, as in only 84%" in found(frame)["missing", "bonus"].what
    odd = np.where(np.arange(N) % 2, 1.5, np.nan)
    frame["bonus"] = frame["second"].where(frame["label"] > 0, odd)
    assert "is missing in 162" in found(frame)["missing", "bonus"].what
    frame["bonus"] = frame["second"].where(frame["label"] <= 0, odd)
    assert "or above, as in only 47%" in found(frame)["missing", "bonus"].what


def test_dates_after_the_row() -> None:
    filed = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.random.default_rng(0).permutation(N), unit="D")
    frame = data(filed=filed, born=filed - pd.Timedelta(days=9_000), paid=filed + pd.to_timedelta([-1, 30] * 500, "D"))
    leaks = found(frame, time="filed")
    assert set(leaks) == {("late", "paid")}
    assert "column 'paid' lies after 'filed' in 500 of 1,000 rows, such as row 2: " in leaks["late", "paid"].what
    assert not leaks["late", "paid"].drop


def test_rows_sorted_by_the_label_and_rows_that_follow_one_another() -> None:
    frame = data().sort_values("label").reset_index(drop=True)
    leak = found(frame)["order", ""]
    assert "it changes 1 time from row to row, where rows in chance order would change" in leak.what
    walk = data(label=np.cumsum(np.random.default_rng(0).normal(size=N)), when=pd.date_range("2020", periods=N))
    assert "the correlation of neighbouring rows' labels is 0.99" in found(walk)["order", ""].what
    assert ("order", "") not in found(walk, time="when")


def test_rows_of_the_test_split_that_stand_in_train() -> None:
    frame = data()
    test = pd.concat([frame.iloc[:30], data().sample(200, random_state=1).assign(first=lambda f: f["first"] + 0.001)])
    opened = open_table(frame, TableOptions(label="label"), test=test)
    leak = next(leak for leak in opened.leaks if leak.kind == "repeated")
    assert leak.what.startswith("30 rows have a row in a later split that is the same in every column but the label")
    assert len(opened.parts["test"].rows) == 230
    assert len(opened.parts["train"].rows) + len(opened.parts["validation"].rows) == N - 30


def test_shuffled_labels_name_nothing() -> None:
    frame = data()
    frame["label"] = np.random.default_rng(5).permutation(frame["label"])
    assert found(frame) == {}


def test_few_rows_accuse_nobody() -> None:
    frame = data().iloc[:19].assign(copy=lambda f: f["label"])
    assert found(frame) == {}
