"""Rows of any file: its first bytes say what it is, and cells are read as texts or numbers as they were meant."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from epochal.core.errors import DataError
from epochal.data.predictions.rows import read_rows

TEXT = 'id,answer\na,"x, y"\nb,z\n'
ZIPPED = gzip.compress(TEXT.encode(), mtime=0)  # without the time of day, which would be part of a test's name


def read(tmp_path, content, name="given.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_rows(path)


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        "\ufeff" + TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.encode("utf-16"),
        ZIPPED,
        "sep=;\nid;answer\na;x, y\nb;z\n",
        "id\tanswer\na\tx, y\nb\tz\n",
        "id|answer|\na|x, y|\nb|z|\n\n",
        '{"id": "a", "answer": "x, y"}\n\n{"id": "b", "answer": "z"}\n',
        '[{"id": "a", "answer": "x, y"}, {"id": "b", "answer": "z"}]',
    ],
)
@pytest.mark.parametrize("name", ["given.csv", "given"])
def test_a_file_is_what_its_contents_are(tmp_path, content, name):
    rows = read(tmp_path, content, name)
    assert rows.columns == ["id", "answer"]
    assert rows.texts("id") == ["a", "b"]
    assert rows.texts("answer") == ["x, y", "z"]


def test_parquet_keeps_large_ids_and_what_is_missing(tmp_path):
    ids = pd.array([2**60 + 1, 2**60 + 2, None], dtype="Int64")
    pd.DataFrame({"id": ids, "number": [0.5, np.nan, 2.0]}).to_parquet(tmp_path / "given.bin")
    rows = read_rows(tmp_path / "given.bin")
    assert rows.texts("id") == [str(2**60 + 1), str(2**60 + 2), ""]
    assert rows.numbers("number", ["a", "b", "c"], "a number").tolist()[::2] == [0.5, 2.0]
    assert np.isnan(rows.numbers("number", ["a", "b", "c"], "a number")[1])


def test_the_named_index_of_a_data_frame_is_a_column():
    frame = pd.DataFrame({"answer": ["x"]}, index=pd.Index([7], name="id"))
    assert read_rows(frame).texts("id") == ["7"]
    assert read_rows(frame.reset_index(drop=True)).columns == ["answer"]


def test_objects_inside_are_columns_of_probabilities(tmp_path):
    line = {"id": 1, "label": "cat", "probabilities": {"cat": 0.75, "dog": 0.25}}
    rows = read(tmp_path, json.dumps(line) + "\n" + json.dumps({**line, "id": 2}))
    assert rows.columns == ["id", "label", "p(cat)", "p(dog)"]
    assert rows.numbers("p(dog)", ["1", "2"], "a number").tolist() == [0.25, 0.25]


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (["1.0", "2.00", ""], ["1", "2", ""]),
        ([1.0, 2.0, None], ["1", "2", ""]),
        (["1.0", "1.5"], ["1.0", "1.5"]),  # versions, perhaps
        (["007", "12"], ["007", "12"]),
        ([True, False], ["True", "False"]),
        ([" a ", "nan", None, pd.NA], ["a", "nan", "", ""]),
    ],
)
def test_cells_as_texts(cells, texts):
    assert read_rows(pd.DataFrame({"cell": pd.Series(cells, dtype=object)})).texts("cell") == texts


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.5", "-2e3", " 7 "], [1.5, -2000, 7]),
        (["1,5", "2", "-0,125"], [1.5, 2, -0.125]),
        (["1,125e-07", ",5", "2E3"], [1.125e-7, 0.5, 2000]),
        (["1.5", "", "NA", "nan"], [1.5, np.nan, np.nan, np.nan]),
        ([1, 2.5, None], [1, 2.5, np.nan]),
        ([True, False], [1, 0]),
    ],
)
def test_cells_as_numbers(cells, numbers):
    rows = read_rows(pd.DataFrame({"cell": pd.Series(cells, dtype=object)}))
    np.testing.assert_array_equal(rows.numbers("cell", [""] * len(cells), "a number"), numbers)
    typed = read_rows(pd.DataFrame({"cell": cells}))
    np.testing.assert_array_equal(typed.numbers("cell", [""] * len(cells), "a number"), numbers)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "high", "low"], "given: expected a number in each cell of column 'cell'; got 'high' for item b "
         r"\(2 such cells\). Correct or empty these cells, or name another column."),
        (["1", "inf", "2"], "got 'inf' for item b. Correct or empty"),
        (["1", "2", "-1e300"], "got '-1e300' for item c. Correct or empty"),
        (["1", "1,234.5", "2"], "got '1,234.5' for item b"),
        (["1,234", "2,345", "7"], "given: a comma in column 'cell', as in '1,234', may be a decimal comma or mark "
         "thousands. Write the numbers with a decimal point, and without marks for thousands."),
        ([[1], "2", "3"], r"given: column 'cell' holds lists \(row 1\). Expected one value in each cell"),
    ],
)  # fmt: skip
def test_cells_that_are_no_numbers_are_named(cells, message):
    rows = read_rows(pd.DataFrame({"cell": pd.Series(cells, dtype=object)}), "given")
    with pytest.raises(DataError, match=message):
        rows.numbers("cell", ["a", "b", "c"], "a number")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "given.csv: expected a header and a row for each item; the file is empty."),
        (" \n\n", "the file is empty"),
        ("id,answer\n", "given.csv: expected a row for each item; the table has no rows."),
        ("id,answer\na,b,c\n", "row 1 has 3 cells, and the header names 2 columns"),
        (b"id,answer\na,\xe4\xf6\n", r"given.csv is not UTF-8 text .* Save it as UTF-8."),
        (b"PK\x03\x04....", "expected CSV, Parquet or JSON lines; got a spreadsheet or zip file. Save it as CSV."),
        (b"PAR1....", "given.csv: expected a table as CSV, Parquet or JSON lines; it cannot be read"),
        (ZIPPED[:-12], "given.csv: expected a table as CSV, Parquet or JSON lines; it cannot be"),
        ('{"id": 1}\n{"id": 2,\n', "line 2 is no JSON .* Expected one object for each item, each on a line"),
        ("[1, 2]", "expected an object for each item; number 1 is int."),
        ('{"id": {"0": "a"}, "answer": {"0": "x"}}', "got one object with a column in each entry. Write the rows"),
    ],
)
def test_files_that_cannot_be_used_say_why(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)


def test_what_is_no_file_says_so(tmp_path):
    with pytest.raises(DataError, match=r"there is no such file. Check the path, which starts at /"):
        read_rows(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"expected a file \(CSV, Parquet or JSON lines\); got a folder"):
        read_rows(tmp_path)
    with pytest.raises(DataError, match="ours: expected a file or a data frame with a column of ids; got ndarray"):
        read_rows(np.zeros(3), "ours")


def test_columns_that_are_missing_or_double_are_named():
    rows = read_rows(pd.DataFrame([[1, 2, 3]], columns=["id", "x", "x"]), "ours")
    with pytest.raises(DataError, match=r"ours has no column 'key' \(--id\). Its columns are: id, x, x."):
        rows.require("key", "--id")
    for read in (
        lambda: rows.require("x", "--prediction"),
        lambda: rows.texts("x"),
        lambda: rows.numbers("x", ["a"], ""),
    ):
        with pytest.raises(DataError, match="ours has 2 columns 'x': give one of them another name."):
            read()
    assert not rows.is_numeric("x")
