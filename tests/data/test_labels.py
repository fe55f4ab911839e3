"""Labels: one meaning of "missing" for folders, tables and arrays, and names that stay apart."""

import os

import numpy as np
import pandas as pd
import pytest
import torch

from epochal.core.errors import DataError
from epochal.data import from_arrays
from epochal.data.labels import label_array, label_texts, missing_label, missing_labels, shown

MISSING = (None, np.nan, np.datetime64("NaT"), pd.NaT, pd.NA, np.ma.masked, np.float32("nan"), "", "  ", b"")
PRESENT = ("none", "null", "nan", "NA", "<NA>", b"nan", 0, 0.0, False, np.False_, np.int64(3))


def test_what_is_missing():
    assert all(missing_label(value) for value in MISSING)
    assert not any(missing_label(value) for value in PRESENT)


@pytest.mark.parametrize(
    ("labels", "texts"),
    [
        (["a", float("nan"), "nan"], ["a", "", "nan"]),
        ([float("nan"), "none", "NA"], ["", "none", "NA"]),
        (["none", None, "null"], ["none", "", "null"]),
        ([1, None, 2], ["1", "", "2"]),
        ([1.0, float("nan"), 2.0], ["1", "", "2"]),
        (np.array(["a", "", "nan"]), ["a", "", "nan"]),
        (np.array([b"a", b"nan", b""]), ["a", "nan", ""]),
        (np.ma.array([1, 2, 3], mask=[0, 1, 0]), ["1", "", "3"]),
        (np.ma.array(["a", "b", "c"], mask=[0, 1, 0]), ["a", "", "c"]),
        (pd.Series([1, None, 2], dtype="Int64"), ["1", "", "2"]),
        (pd.Series(["a", None, "NA"]), ["a", "", "NA"]),
        (pd.Series(["a", pd.NA, "<NA>"], dtype="string"), ["a", "", "<NA>"]),
        (pd.Categorical(["x", None, "nan"]), ["x", "", "nan"]),
        (pd.Series([True, None, False], dtype="boolean"), ["True", "", "False"]),
        (torch.tensor([3, 1, 2]), ["3", "1", "2"]),
        ([torch.tensor(3), torch.tensor(1), torch.tensor(2)], ["3", "1", "2"]),
        (range(3), ["0", "1", "2"]),
    ],
)
def test_missing_labels_in_any_container(labels, texts):
    array = label_array(labels)
    assert label_texts(array) == texts
    assert missing_labels(array).tolist() == [not text for text in texts]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, ""])
def test_arrays_set_missing_labels_aside_and_keep_words_for_nothing(missing):
    images = np.random.default_rng(0).integers(0, 256, (42, 8, 8), dtype=np.uint8)
    labels = [("none", "null", "nan", "NA")[index % 4] for index in range(40)] + [missing, missing]
    report = from_arrays(images, labels).report
    assert report.labels == ("NA", "nan", "none", "null")
    assert {problem.file: problem.what for problem in report.problems} == {
        "example[40]": "has no label",
        "example[41]": "has no label",
    }


def test_a_label_that_is_a_list_is_refused():
    with pytest.raises(DataError, match=r"a label must be one value, .* there is \[1\]"):
        from_arrays(np.zeros((2, 8, 8), np.uint8), [[1], [2, 3]])


def test_names_that_cannot_be_shown_stay_apart():
    dog, bird = os.fsdecode(b"\xb9\xb7"), os.fsdecode(b"\xc4\xf1")
    assert (shown(dog), shown(bird)) == (r"\xb9\xb7", r"\xc4\xf1")
    names = [dog, bird, r"\xb9\xb7", r"\\xb9\\xb7", "\ud800", r"\ud800", r"a\b", "caf\u00e9"]
    assert len({shown(name) for name in names}) == len(names)
    assert all(shown(name).encode() for name in names)
    assert (shown(r"a\b"), shown("caf\u00e9")) == (r"a\b", "caf\u00e9")
