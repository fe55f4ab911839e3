"""Pictures that are given to a bundle: each gets its pixels, or a reason why there are none, in the order given."""

import os
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from epochal.data.image.codec import Codec
from epochal.data.image.given import BATCH, given_pictures
from epochal.data.image.inputs import pictures

CODEC = Codec(mode="grey", height=2, width=2, mean=(0.5,), std=(0.25,))


class Row(NamedTuple):
    input: str
    error: str | None
    pixels: np.ndarray | None


def read(inputs, codec=CODEC) -> list[Row]:
    rows = []
    for given in given_pictures(codec, inputs):
        pixels = iter(given.encoded)
        for place, name in enumerate(given.names):
            error = given.reasons.get(place)
            rows.append(Row(name, error, next(pixels) if error is None else None))
        assert given.read.tolist() == [place for place in range(len(given.names)) if place not in given.reasons]
    return rows


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "first.png"
    Image.new("L", (2, 2), 7).save(path)
    return path


def test_what_is_no_picture_is_an_error_of_its_own():
    rows = read([np.zeros((1, 2, 2), np.uint8), 3.5, None])
    assert [row.error for row in rows] == [
        None,
        "expected a file, a glob, an image or an array, got float",
        "expected a file, a glob, an image or an array, got NoneType",
    ]


def test_an_error_of_any_kind_speaks_of_its_picture_only():
    class Strange(Codec):
        def encode(self, picture, *, white=None):
            if picture.max() > 0:
                raise SyntaxError("broken chunk")
            return picture

    images = [np.zeros((1, 2, 2), np.uint8), np.ones((1, 2, 2), np.uint8)]
    rows = read(images, Strange(mode="grey", height=2, width=2))
    assert [row.error for row in rows] == [None, "cannot be read: broken chunk"]


def test_an_empty_name_never_means_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (2, 2)).save("stray.png")
    (row,) = read("")
    assert row.error == "the name is empty; the current folder is '.'"
    assert [row.input for row in read(".")] == ["stray.png"]


def test_columns_of_names_and_arrays_of_names_are_walked_through(picture):
    for names in (pd.Series([picture, str(picture)]), np.array([str(picture)] * 2), pd.Index([str(picture)] * 2)):
        assert [row.input for row in read(names)] == [str(picture)] * 2


def test_a_folder_is_walked_by_name_without_hidden_and_system_files(tmp_path):
    for name in ("b.png", "a/2.png", "a/1.png", "a/deep/er/3.png", "c/__MACOSX/x.png", "c/.cache/y.png", "c/Thumbs.db"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(path, format="png")
    os.symlink(tmp_path, tmp_path / "a" / "loop")
    rows = read(tmp_path)
    assert [os.path.relpath(row.input, tmp_path) for row in rows] == [
        *("a/1.png", "a/2.png", "a/deep/er/3.png", "a/loop", "b.png")
    ]
    assert [row.error for row in rows if row.error] == ["is a symbolic link in a loop"]


def test_a_tilde_is_the_home_folder(picture, monkeypatch):
    monkeypatch.setenv("HOME", str(picture.parent))
    assert [row.error for row in read(["~", "~/*.png", f"~/{picture.name}"])] == [None, None, None]


def test_more_than_one_batch_stays_in_order():
    values = np.random.default_rng(0).permutation(np.arange(2 * BATCH + 3) % 256)
    rows = read([np.full((1, 2, 2), value, np.uint8) for value in values])
    np.testing.assert_allclose(
        [row.pixels for row in rows], np.broadcast_to(values[:, None, None, None], (len(values), 1, 2, 2))
    )


def test_a_name_with_glob_characters_is_a_file_where_there_is_one(tmp_path):
    path = tmp_path / "cat[1].png"
    Image.new("L", (2, 2)).save(path)
    assert list(pictures(str(path))) == [(str(path), path)]


def test_hidden_files_of_a_folder_are_left_out(tmp_path):
    (tmp_path / ".DS_Store").write_bytes(b"")
    (row,) = read(tmp_path)
    assert row.error == "the folder holds no files"
