"""Whatever is given to a bundle gets an answer, or a reason why there is none, in the order in which it was given."""

import json

import numpy as np
import pytest
from PIL import Image

from epochal.ship.bundle import Bundle
from epochal.ship.predict import BATCH, pictures, predict

LABELS = ("dark", "light")


def encode(picture) -> np.ndarray:
    if isinstance(picture, np.ndarray):
        return picture
    with Image.open(picture) as image:
        return np.asarray(image.convert("L"))[None]


def probabilities(images: np.ndarray) -> np.ndarray:
    light = images.reshape(len(images), -1).mean(axis=1) / 255
    return np.stack([1 - light, light], axis=1)


def predicted(inputs):
    return predict(inputs, encode=encode, probabilities=probabilities, labels=LABELS)


def test_a_file_is_predicted_as_its_training_image_was(bundle, picture, digits):
    opened = Bundle.open(bundle)
    (row,) = opened.predict(picture)
    expected = opened.probabilities(digits.validation.images[:1])[0]
    np.testing.assert_array_equal(row.probabilities, expected)
    assert row.label == opened.labels[expected.argmax()]
    assert row.probability == expected.max()


def test_files_images_arrays_and_globs_agree(bundle, picture, digits):
    opened = Bundle.open(bundle)
    array = digits.validation.images[0]
    with Image.open(picture) as image:
        rows = opened.predict(
            [str(picture), picture, image.copy(), array, array[0], str(picture.parent / "*.png"), picture.parent]
        )
    assert len(rows) == 7
    assert not rows.errors
    assert {row.probabilities for row in rows} == {rows[0].probabilities}
    batch = opened.predict(digits.validation.images[:3])
    assert [row.input for row in batch] == ["array[0]", "array[1]", "array[2]"]
    np.testing.assert_allclose(batch[0].probabilities, rows[0].probabilities, rtol=1e-4)  # rounding differs by batch


def test_a_bad_file_is_named_and_the_others_are_predicted(bundle, picture):
    (picture.parent / "empty.png").write_bytes(b"")
    (picture.parent / "text.jpg").write_text("hello")
    rows = Bundle.open(bundle).predict([picture.parent, picture.parent / "gone.png", picture.parent / "*.tiff"])
    found = {row.input.rsplit("/", 1)[1]: row.error for row in rows}
    assert list(found) == ["empty.png", "first.png", "text.jpg", "gone.png", "*.tiff"]
    assert found["first.png"] is None
    assert found["*.tiff"] == "no file matches this pattern"
    assert all(found[name] for name in ("empty.png", "text.jpg", "gone.png"))
    assert len(rows.errors) == 4


def test_what_is_no_picture_is_an_error_of_its_own():
    rows = predicted([np.zeros((1, 2, 2), np.uint8), 3.5, None])
    assert [row.error for row in rows] == [
        None,
        "expected a file, a glob, an image or an array, got float",
        "expected a file, a glob, an image or an array, got NoneType",
    ]


def test_more_than_one_batch_stays_in_order():
    values = np.random.default_rng(0).permutation(np.arange(2 * BATCH + 3) % 256)
    rows = predicted([np.full((1, 2, 2), value, np.uint8) for value in values])
    np.testing.assert_allclose([row.probabilities[1] for row in rows], values / 255)


def test_a_name_with_glob_characters_is_a_file_where_there_is_one(tmp_path):
    path = tmp_path / "cat[1].png"
    Image.new("L", (2, 2)).save(path)
    assert list(pictures(str(path))) == [(str(path), path)]


def test_hidden_files_of_a_folder_are_left_out(tmp_path):
    (tmp_path / ".DS_Store").write_bytes(b"")
    (row,) = predicted(tmp_path)
    assert row.error == "the folder holds no files"


@pytest.fixture
def two(tmp_path):
    Image.new("L", (2, 2), 255).save(tmp_path / "a.png")
    (tmp_path / "<b>.png").write_bytes(b"")
    return predicted([tmp_path / "a.png", tmp_path / "<b>.png"])


def test_a_frame_has_a_column_for_each_label(two):
    frame = two.to_frame()
    assert list(frame.columns) == ["input", "label", "probability", "error", "p(dark)", "p(light)"]
    assert frame["label"][0] == "light"
    assert frame["p(light)"].tolist()[0] == 1.0
    assert frame["p(light)"].isna().tolist() == [False, True]
    assert len(predicted([]).to_frame()) == 0


def test_plain_data_goes_to_json(two):
    first, second = json.loads(json.dumps(two.to_list()))
    assert first["probabilities"] == {"dark": 0.0, "light": 1.0}
    assert set(second) == {"input", "error"}


def test_text_and_html(two):
    assert "light  100.0%" in two.to_text()
    assert "not predicted: " in two.to_text()
    html = two._repr_html_()
    assert "&lt;b&gt;.png" in html
    assert "<b>" not in html
