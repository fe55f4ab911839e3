"""Opening data of any kind: which input a source is, and how to say otherwise."""

import numpy as np
import pandas as pd
import pytest

from epochal.core.errors import DataError
from epochal.data.image.options import ReadOptions
from epochal.data.table.options import TableOptions
from epochal.kinds.opening import input_of, inputs, kinds_with, ladder_with, open_dataset


def table(tmp_path, name="houses.csv"):
    path = tmp_path / name
    path.write_text("rooms,price\n" + "".join(f"{k % 7},{100 + 3.5 * k}\n" for k in range(60)))
    return path


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("digits", "image"),
        ("wine", "table"),
        ((np.zeros((4, 8, 8), np.uint8), [0, 1, 0, 1]), "image"),
        (pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]}), "table"),
    ],
)
def test_a_source_is_told_by_what_it_is(source, expected):
    assert input_of(source).name == expected


def test_contents_decide_between_two_readings_and_are_said(tmp_path):
    said = []
    assert input_of(table(tmp_path), tell=said.append).name == "table"
    assert said[0].endswith(
        "houses.csv is read as a table, because none of its first 60 rows names a picture. If that is wrong, say "
        "--task image."
    )
    pictures = tmp_path / "list.csv"
    pictures.write_text("file,label\n" + "".join(f"{k}.png,cat\n" for k in range(5)))
    assert input_of(pictures, tell=said.append).name == "image"
    assert "is read as pictures, because 5 of its first 5 rows name a picture" in said[1]
    assert said[1].endswith("say --task table.")


def test_a_task_or_the_options_say_otherwise(tmp_path):
    assert input_of(table(tmp_path), task="image").name == "image"
    assert input_of(table(tmp_path), ReadOptions()).name == "image"
    assert input_of("digits", TableOptions()).name == "table"
    with pytest.raises(DataError, match="task: expected one of image, table, got 'song'"):
        input_of("digits", task="song")


def test_what_is_not_there_is_named_with_what_is_near(tmp_path):
    with pytest.raises(
        DataError, match="'wien' is neither a path that exists nor the name of a data set. Did you mean"
    ):
        open_dataset("wien")


def test_a_table_is_opened_as_its_label_says(tmp_path):
    number = open_dataset(table(tmp_path), options=TableOptions(label="price"))
    assert (number.task.kind, number.task.item, number.task.labels, number.task.target) == (
        "table-number", "row", (), "price",
    )  # fmt: skip
    assert number.task.outputs == 1
    assert number.task.centre == pytest.approx(number.train.targets.mean())
    classes = open_dataset("wine")
    assert classes.task.kind == "table-classes" and classes.task.outputs == 3
    assert classes.task.input_shape == (classes.codec.width,)


def test_ladders_are_found_by_their_rungs():
    known = inputs()
    assert kinds_with(known["table"]) == ("table-classes", "table-number")
    assert "lenet" in ladder_with(known["image"], "lenet").rungs
    assert "mean" in ladder_with(known["table"], "mean").rungs
    assert "majority" in ladder_with(known["table"], "no such rung").rungs
