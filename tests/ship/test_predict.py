"""Whatever is given to a bundle gets an answer, or a reason why there is none, in the order in which it was given."""

import io
import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from epochal.core.protocols import Given
from epochal.data.image.codec import Codec
from epochal.data.image.given import BATCH, given_pictures
from epochal.ship.bundle import Bundle
from epochal.ship.predictions import Predictions, gathered

LABELS = ("dark", "light")
CODEC = Codec(mode="grey", height=2, width=2, mean=(0.5,), std=(0.25,))


def probabilities(images: np.ndarray) -> np.ndarray:
    light = images.mean(axis=(1, 2, 3)) / 255
    return np.stack([1 - light, light], axis=1)


def with_bytes(opened: Bundle) -> Bundle:
    """As a bundle that was trained on 8-bit files; that of the digits had 16 as white."""
    return replace(opened, codec=opened.codec.replace(white=None))


def stream(inputs, codec=CODEC):
    for given in given_pictures(codec, inputs):
        yield Predictions.of(given, probabilities(given.encoded), LABELS)


def predicted(inputs, codec=CODEC):
    return gathered(stream(inputs, codec), LABELS)


def test_a_file_is_predicted_as_its_training_image_was(bundle, picture, digits):
    opened = Bundle.open(bundle)
    (row,) = opened.predict(picture)
    expected = opened.probabilities(digits.validation.inputs[:1])[0]
    np.testing.assert_array_equal(row.probabilities, expected.astype(np.float32))
    assert row.label == opened.labels[expected.argmax()]
    assert row.probability == np.float32(expected.max())


def test_files_images_arrays_and_globs_agree(bundle, picture, digits):
    opened = with_bytes(Bundle.open(bundle))
    array = digits.validation.inputs[0]
    with Image.open(picture) as image:
        rows = opened.predict(
            [
                *(str(picture), picture, str(picture.parent / "*.png"), picture.parent),
                *(image.copy(), picture.read_bytes(), io.BytesIO(picture.read_bytes())),
                *(array, array[0], torch.from_numpy(array), array.astype(np.int64), array / 255),
                *(torch.from_numpy(array / 255).requires_grad_(), {"named": array}),
            ]
        )
    assert len(rows) == 14
    assert rows[13].input == "[13]['named']"
    assert not rows.errors
    assert {row.probabilities for row in rows} == {rows[0].probabilities}
    batch = opened.predict(digits.validation.inputs[:3])
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


@pytest.mark.parametrize(
    "bad, words",
    [
        ("x" * 300 + ".png", "cannot be"),
        ("", "the name is empty; the current folder is '.'"),
        ("null\0.png", "cannot be"),
        ("*\0", "no file matches this pattern"),
        (b"", "is empty (0 bytes)"),
        (b"no picture", "cannot be read: cannot identify image file"),
        (io.StringIO("text"), "is open as text: open it with mode 'rb'"),
        (pd.DataFrame({"path": ["a.png"]}), "is a table: give its column of pictures, such as table['path']"),
        (torch.zeros(3), "an image must be"),
        (float("nan"), "expected a file, a glob, an image or an array, got float"),
    ],
)
def test_one_bad_input_harms_no_other(bad, words, picture, bundle):
    """Whatever is bad: a name that the system refuses, bytes, tensors, tables."""
    with Image.open(picture) as image:
        first, wrong, last = Bundle.open(bundle).predict([picture, bad, image.copy()])
    assert first.probabilities == last.probabilities
    assert first.error is None
    assert words in wrong.error or (words == "an image must be" and "pictures must be" in wrong.error)


def test_tensors_are_pictures_whatever_they_carry(bundle, digits):
    opened = with_bytes(Bundle.open(bundle))
    images = digits.validation.inputs[:4]
    expected = opened.predict(images)
    for given in (torch.from_numpy(images).float().requires_grad_(), torch.from_numpy(images).to(torch.int64)):
        np.testing.assert_array_equal(opened.predict(given).probabilities, expected.probabilities)
    assert [row.input for row in opened.predict([torch.from_numpy(images)])] == [f"[0][{index}]" for index in range(4)]


def test_a_batch_of_grey_pictures_is_as_many_pictures(bundle, digits):
    opened = with_bytes(Bundle.open(bundle))
    images = digits.validation.inputs[:4]
    np.testing.assert_array_equal(opened.predict(images[:, 0]).probabilities, opened.predict(images).probabilities)
    rows = opened.predict(np.where(np.arange(4)[:, None, None] == 1, np.nan, images[:, 0] / 255))
    assert [row.error is None for row in rows] == [True, False, True, True]


def test_white_is_what_the_caller_says(bundle, digits):
    opened = with_bytes(Bundle.open(bundle))
    image = digits.validation.inputs[0]
    deep = image.astype(np.uint16) * 16
    assert opened.predict(deep, white=16 * 255)[0].probabilities == opened.predict(image)[0].probabilities
    assert "white" in opened.predict(deep)[0].error


def test_a_stream_holds_one_batch_at_a_time_and_gathered_it_is_the_same():
    values = np.arange(2 * BATCH + 3) % 256
    images, taken = [np.full((1, 2, 2), value, np.uint8) for value in values], []

    def given():
        for index, image in enumerate(images):
            taken.append(index)
            yield image

    parts = stream(given())
    first = next(parts)
    assert len(first) == len(taken) == BATCH
    together = [row for part in [first, *parts] for row in part]
    assert [row.probabilities for row in together] == [row.probabilities for row in predicted(images)]


def test_answers_need_the_memory_of_their_float32_numbers():
    classes, count = 400, 20 * BATCH
    chances = np.random.default_rng(0).random((BATCH, classes))
    image = np.zeros((1, 2, 2), np.uint8)
    labels = tuple(map(str, range(classes)))
    tracemalloc.start()
    try:
        parts = given_pictures(CODEC, (image for _ in range(count)))
        kept = gathered((Predictions.of(one, chances[: len(one.names)], labels) for one in parts), labels)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept.probabilities.nbytes == 4 * count * classes
    assert peak < 1.6 * kept.probabilities.nbytes
    assert kept[-1].label == labels[chances[-1].argmax()]


def test_rows_are_taken_by_place_and_slice(two):
    assert two[-1] == two.rows[1] == two[1:][0]
    with pytest.raises(IndexError):
        two[2]


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


def test_where_mistakes_have_a_price_the_cheapest_answer_is_given():
    """A chance of one in five is enough to call what costs 500 to miss and 20 to call falsely."""
    chances = np.array([[0.95, 0.05], [0.8, 0.2], [0.3, 0.7]])

    def called(chances) -> Predictions:
        given = Given(names=tuple("abc"[: len(chances)]), encoded=np.zeros((len(chances), 1, 8, 8), np.uint8))
        return Predictions.of(given, np.array(chances), ("fine", "faulty"), stakes=(20.0, 500.0))

    found = called(chances)
    assert [row.label for row in found] == ["faulty", "faulty", "faulty"]
    assert [row.probability for row in found] == pytest.approx([0.05, 0.2, 0.7])
    assert called([[0.97, 0.03]])[0].label == "fine", "3% of 500 is less than 97% of 20"
