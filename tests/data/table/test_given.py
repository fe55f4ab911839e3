"""Rows that are given to a bundle: whatever holds them, in their order, by their ids, with what is odd about them."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from epochal.core.errors import DataError
from epochal.data.dataset import Dataset
from epochal.data.table import given as module
from epochal.data.table.codec import TableCodec
from epochal.data.table.given import given_rows, labelled_rows
from epochal.data.table.options import TableOptions
from epochal.data.table.rows import open_rows

from .conftest import customers

OPTIONS = TableOptions()


@pytest.fixture(scope="module")
def opened() -> Dataset:
    return open_rows(customers(), TableOptions(label="churned"))


@pytest.fixture
def new(opened) -> pd.DataFrame:
    return customers(40, seed=1)


def all_of(opened, inputs, options=OPTIONS):
    parts = list(given_rows(opened.codec, inputs, options, "churned"))
    return parts, np.concatenate([part.encoded for part in parts])


def test_a_row_is_encoded_as_in_training_whatever_holds_it(opened, new, tmp_path):
    expected = opened.codec.encode(new)
    new.to_csv(tmp_path / "new.csv", index=False)
    new.to_parquet(tmp_path / "new.parquet")
    new.to_json(tmp_path / "new.jsonl", orient="records", lines=True)
    rows = json.loads(new.to_json(orient="records"))
    turned = new[new.columns[::-1]]
    files = (tmp_path / "new.csv", str(tmp_path / "new.parquet"), [str(tmp_path / "new.jsonl")])
    for inputs in (new, turned, pa.Table.from_pandas(new), rows, *files):
        parts, encoded = all_of(opened, inputs)
        np.testing.assert_array_equal(encoded, expected)
        assert [name for part in parts for name in part.names] == [str(one) for one in new["customer_id"]]
        assert {type(one) for part in parts for one in part.ids["customer_id"]} == {int}
    parts, encoded = all_of(opened, rows[3])
    np.testing.assert_array_equal(encoded, expected[3:4])


def test_rows_go_by_their_number_where_no_column_tells_them_apart(opened, new):
    empty, infinite = new.assign(customer_id=np.nan), new.assign(customer_id=[np.inf, *range(39)])
    for given in (
        empty,
        infinite,
        new.drop(columns="customer_id"),
        new.assign(customer_id=7),
        new.assign(customer_id=new.income / 3),
    ):
        (part,), _ = all_of(opened, given)
        assert part.names[:2] == ("row 1", "row 2") and part.ids == {}


def test_columns_of_ids_are_all_kept_and_the_label_is_none(opened, new):
    names = [f"C-{k:03d}" for k in range(len(new))]
    (part,), _ = all_of(opened, new.assign(code=names, churned=names, city_code="x"))
    assert part.ids == {"customer_id": tuple(new["customer_id"]), "code": tuple(names)}
    assert part.names[0] == "1"


def test_rows_come_in_parts_that_know_their_place(opened, new, monkeypatch):
    whole, expected = all_of(opened, new)
    monkeypatch.setattr(module, "ROWS", 16)
    parts, encoded = all_of(opened, new)
    assert [len(part.names) for part in parts] == [16, 16, 8]
    np.testing.assert_array_equal(encoded, expected)
    assert sum((part.names for part in parts), ()) == whole[0].names
    assert sum((part.ids["customer_id"] for part in parts), ()) == whole[0].ids["customer_id"]
    assert [bool(part.notes) for part in parts] == [True, False, False]


def test_what_is_odd_is_said_once(opened, new):
    (part,), _ = all_of(opened, new.assign(city=["Atlantis"] * 3 + ["Rome"] * 37))
    assert part.notes == (
        "2 columns are not used by the model: 'customer_id', 'churned'.",
        "column 'city': 3 of 40 rows have a value that training never saw ('Atlantis').",
    )


def test_lines_that_are_no_rows_come_last_with_their_reason(opened, tmp_path):
    text = customers(300).drop(columns="note").assign(note="").to_csv(index=False).splitlines()
    text[5] += ",one more"
    (tmp_path / "new.csv").write_text("\n".join(text))
    parts, encoded = all_of(opened, tmp_path / "new.csv")
    assert len(encoded) == 299
    assert parts[-1].names == ("line 6",)
    assert parts[-1].reasons[0].startswith("has 9 cells where the header has 8: '5,")
    assert parts[-1].ids == {"customer_id": ("",)}
    assert len(parts[-1].encoded) == 0


def test_a_table_that_cannot_be_used_is_refused_before_anything_is_answered(opened, new, tmp_path):
    def refused(inputs, match):
        with pytest.raises(DataError, match=match):
            given_rows(opened.codec, inputs, OPTIONS)

    refused(new.rename(columns={"city": "town", "age": "Age"}), r"2 of the 6 columns .* 'age' \(is it 'Age'\?\)")
    refused({"age": 3}, "5 of the 6 columns that the model learned from are not in these rows")
    refused([tmp_path / "a.csv", tmp_path / "b.csv"], "Expected one table, got 2. Predict each by itself.")
    refused(tmp_path / "none.csv", "There is no file")
    refused(np.zeros((3, 6)), "Expected a DataFrame, a row as a dict, or a list of such rows; got ndarray")
    (tmp_path / "new.csv").write_text("age,city\n")
    refused(tmp_path / "new.csv", "new.csv has column names and no rows")


def test_a_model_of_one_column_takes_a_file_of_one_column(opened, tmp_path):
    codec = TableCodec.from_dict({**opened.codec.to_dict(), "columns": ["2019"], "dates": [], "categories": [],
                                  "texts": [], "numbers": [opened.codec.numbers[0].to_dict()]})  # fmt: skip
    codec = codec.replace(numbers=(codec.numbers[0].replace(column=codec.numbers[0].column.replace(name="2019")),))
    (tmp_path / "new.csv").write_text("2019\n2020\n2021\n")
    (part,) = given_rows(codec, tmp_path / "new.csv", OPTIONS)
    np.testing.assert_array_equal(part.encoded, codec.encode({"2019": [2020.0, 2021.0]}))
    (tmp_path / "new.csv").write_text("age\n3\n4\n")
    with pytest.raises(DataError, match=r"has a single column, 'age'. .* name another mark with --separator"):
        given_rows(codec, tmp_path / "new.csv", OPTIONS)


def test_no_rows_give_no_answers(opened, new):
    assert list(given_rows(opened.codec, [], OPTIONS)) == []
    assert list(given_rows(opened.codec, new[:0], OPTIONS)) == []


def test_options_say_how_a_text_file_is_read(opened, new, tmp_path):
    new["city"] = "Zürich"
    new.to_csv(tmp_path / "new.csv", index=False, sep="~", encoding="utf-16")
    (part,), _ = all_of(opened, tmp_path / "new.csv", TableOptions(separator="~", encoding="utf-16"))
    assert "('Zürich')" in part.notes[-1]


# Labelled rows


def test_labels_are_read_as_in_training_and_rows_without_one_are_named(opened, new):
    found = labelled_rows(opened.codec, new.assign(churned=["yes", None, " no "] + ["yes"] * 37), OPTIONS, opened.task)
    assert found.labels[:4] == ["yes", "", "no", "yes"]
    assert found.problems == {"row 2": "has no label"}
    assert found.numbers is None and found.loose
    np.testing.assert_array_equal(next(iter(found.given([5, 2]))).encoded, opened.codec.encode(new.iloc[[5, 2]]))


def test_whole_numbers_name_the_same_classes_in_any_type(opened, new):
    task = opened.task.replace(labels=("0", "1"))
    for labels in (np.arange(40) % 2, (np.arange(40) % 2).astype(float), (np.arange(40) % 2).astype(str)):
        found = labelled_rows(opened.codec, new.assign(churned=labels), OPTIONS, task)
        assert found.labels[:3] == ["0", "1", "0"]


def test_numbers_are_read_however_they_are_written(opened, new, tmp_path):
    task = opened.task.replace(labels=(), target="price")
    for written in (["1.234,50 €"], ["1234.5"], [1234.5]):
        price = written * 38 + ["unknown", None]
        found = labelled_rows(opened.codec, new.drop(columns="churned").assign(price=price), OPTIONS, task)
        np.testing.assert_array_equal(found.numbers, [1234.5] * 38 + [np.nan] * 2)
        assert found.problems == {"row 39": "has the label 'unknown', which is no number", "row 40": "has no label"}


def test_the_label_may_have_another_name_and_must_be_there(opened, new):
    renamed = new.rename(columns={"churned": "left"})
    found = labelled_rows(opened.codec, renamed, TableOptions(label="left"), opened.task)
    assert set(found.labels) == {"yes", "no"}
    with pytest.raises(DataError, match=r"There is no column 'churned' for the label \(--label\)"):
        labelled_rows(opened.codec, renamed, OPTIONS, opened.task)


def test_published_splits_are_known(opened, new):
    split = np.where(np.arange(40) < 10, "test", "train")
    found = labelled_rows(opened.codec, new.assign(split=split), OPTIONS, opened.task)
    assert list(found.published) == split.tolist()
    assert labelled_rows(opened.codec, new, OPTIONS, opened.task).published is None
