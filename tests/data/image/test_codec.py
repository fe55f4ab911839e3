"""The codec: one picture, one tensor, in training and ever after."""

import json

import numpy as np
import pytest
from PIL import Image

from epochal.data import Codec, ReadOptions, open_dataset
from epochal.data.image.codec import SMALLEST_DEVIATION, centre_box
from epochal.data.image.pictures import PictureError

from ..conftest import picture


@pytest.mark.parametrize("options", [ReadOptions(), ReadOptions(size=24), ReadOptions(size=24, resize="crop")])
def test_the_raw_file_gives_the_training_tensor_bit_for_bit(photos, options):
    photos("mixed", side=50, ant=6, bee=6)
    root = photos("mixed", side=71, start=50, cat=6)
    (root / "ant" / "007.jpg").write_bytes(b"")
    picture(70, 90).resize((90, 60)).save(root / "ant" / "wide.jpg")
    data = open_dataset(root, options=options)
    codec = Codec.from_json(data.codec.to_json())
    assert codec == data.codec
    for examples in (data.train, data.validation, data.open_test()):
        again = codec.encode_many(root / item for item in examples.items)
        assert np.array_equal(again, examples.inputs)


def test_mean_and_std_are_those_of_the_training_split_only(photos):
    data = open_dataset(photos(ant=12, bee=12))
    values = data.train.inputs.astype(np.float64) / 255
    assert data.codec.mean == pytest.approx(values.mean(axis=(0, 2, 3)), abs=1e-6)
    assert data.codec.std == pytest.approx(values.std(axis=(0, 2, 3)), abs=1e-6)
    everything = np.concatenate([data.train.inputs, data.validation.inputs, data.open_test().inputs]) / 255
    assert abs(everything.mean() - values.mean()) > 1e-5
    assert json.loads(data.codec.to_json())["mean"] == list(data.codec.mean)


def test_a_channel_that_never_varies_does_not_divide_by_zero():
    codec = Codec(mode="grey", height=8, width=8).fitted(np.full((3, 1, 8, 8), 51, np.uint8))
    assert codec.mean == (0.2,) and codec.std == (round(SMALLEST_DEVIATION, 6),)


def test_arrays_images_and_files_agree(tmp_path):
    image = picture(5, 20)
    image.save(tmp_path / "a.png")
    codec = Codec(mode="rgb", height=12, width=12)
    expected = codec.encode(tmp_path / "a.png")
    pixels = np.asarray(image)
    assert expected.shape == (3, 12, 12) and expected.dtype == np.uint8
    for other in (str(tmp_path / "a.png"), image, pixels, pixels.transpose(2, 0, 1)):
        assert np.array_equal(codec.encode(other), expected)
    grey = Codec(mode="grey", height=20, width=20)
    assert np.array_equal(grey.encode(pixels[..., :1])[0], pixels[..., 0])
    assert np.array_equal(grey.encode(pixels[..., 0].astype(np.float64) / 255)[0], pixels[..., 0])
    assert grey.encode_many([]).shape == (0, 1, 20, 20)


def test_crop_keeps_the_proportions_and_stretch_the_whole():
    pixels = np.zeros((20, 60), np.uint8)
    pixels[:, 20:40] = 255  # the middle third
    crop = Codec(mode="grey", height=20, width=20, resize="crop").encode(pixels)
    stretch = Codec(mode="grey", height=20, width=20).encode(pixels)
    assert (crop == 255).all()
    assert (stretch[:, :, :5] == 0).all() and (stretch[:, :, 15:] == 0).all() and stretch[0, 10, 10] == 255
    assert centre_box((60, 20), (20, 20)) == (20, 0, 40, 20)


@pytest.mark.parametrize("shape", [(5,), (5, 4, 2), (2, 3, 4, 4), (0, 4), (7, 4, 5)])
def test_arrays_that_are_no_picture(shape):
    with pytest.raises(PictureError, match=r"an image must be \[h, w\], \[h, w, c\] or \[c, h, w\]"):
        Codec(mode="rgb", height=8, width=8).encode(np.zeros(shape, np.uint8))


def test_resizing_is_antialiased():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    encoded = Codec(mode="grey", height=8, width=8).encode(Image.fromarray(stripes))
    assert np.abs(encoded.astype(int) - 127).max() < 12
