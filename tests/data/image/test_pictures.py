"""One picture: whatever was written comes out as upright 8-bit pixels, or as a reason."""

import warnings
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from epochal.core.errors import DataError
from epochal.data import Codec, ReadOptions, open_dataset
from epochal.data.image.pictures import (
    LARGE_PIXELS,
    PictureError,
    ending_lies,
    read_header,
    read_picture,
    scale_to_bytes,
)

from ..conftest import picture

GREY = Codec(mode="grey", height=8, width=8)
COLOUR = Codec(mode="rgb", height=8, width=8)


def test_transparency_shows_white(tmp_path):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :4, 3] = 255  # the left half is opaque black, the right half is clear
    Image.fromarray(pixels).save(tmp_path / "half.png")
    encoded = COLOUR.encode(tmp_path / "half.png")
    assert (encoded[:, :, :4] == 0).all() and (encoded[:, :, 4:] == 255).all()
    pixels[..., 3] = 128
    Image.fromarray(pixels).save(tmp_path / "veil.png")
    assert (COLOUR.encode(tmp_path / "veil.png") == 127).all()


def test_palettes_with_and_without_transparency(tmp_path):
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 200, 100, 50] + [0] * 750)
    image.save(tmp_path / "palette.png")
    assert COLOUR.encode(tmp_path / "palette.png")[:, 0, 0].tolist() == [200, 100, 50]
    image.save(tmp_path / "clear.png", transparency=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (COLOUR.encode(tmp_path / "clear.png") == 255).all()


def test_grey_with_alpha_stays_grey(tmp_path):
    Image.fromarray(np.full((8, 8, 2), [100, 255], np.uint8), mode=None).save(tmp_path / "la.png")
    assert read_header(tmp_path / "la.png", max_megapixels=10).mode == "LA"
    assert (GREY.encode(tmp_path / "la.png") == 100).all()


def test_cmyk(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=100)
    red, green, blue = COLOUR.encode(tmp_path / "red.jpg")[:, 4, 4].astype(int)
    assert red > 250 and green < 5 and blue < 5


def test_sixteen_bits_are_scaled_and_not_cut_off(tmp_path):
    values = np.linspace(0, 65535, 64).reshape(8, 8).round().astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    assert np.array_equal(GREY.encode(tmp_path / "deep.png")[0], (values / 257 + 0.5).astype(np.uint8))


def test_a_folder_of_twelve_bits_stored_in_sixteen_uses_all_its_depth(tmp_path):
    generator = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for index in range(6):
            values = generator.integers(0, 4096, (16, 16)).astype(np.uint16)
            Image.fromarray(values).save(tmp_path / label / f"{index}.png")
    data = open_dataset(tmp_path)
    assert data.codec.white == 4095 and data.task.input_shape == (1, 16, 16)
    assert data.train.inputs.max() > 250
    assert any(decision.what == "white" and decision.chosen == "4095" for decision in data.report.decisions)
    assert np.array_equal(data.codec.encode(tmp_path / data.train.items[0]), data.train.inputs[0])
    assert open_dataset(tmp_path, options=ReadOptions(white=65535)).train.inputs.max() < 17


def test_exif_rotation_is_applied(tmp_path):
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[0] = 255  # a white line at the top
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned a quarter clockwise: the line is at the right
    image.save(tmp_path / "turned.png", exif=exif)
    encoded = COLOUR.encode(tmp_path / "turned.png")
    assert (encoded[:, :, 7] == 255).all() and (encoded[:, :, :7] == 0).all()
    with Image.open(tmp_path / "turned.png") as opened:
        assert np.array_equal(COLOUR.encode(opened), encoded)
    picture(1, 40).resize((40, 20)).save(tmp_path / "wide.jpg", exif=exif)
    header = read_header(tmp_path / "wide.jpg", max_megapixels=10)
    assert (header.width, header.height) == (20, 40)


def test_damaged_exif_is_no_obstacle(tmp_path):
    buffer = BytesIO()
    picture(1).save(buffer, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff broken")
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert COLOUR.encode(tmp_path / "a.jpg").shape == (3, 8, 8)


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert COLOUR.encode(tmp_path / "moving.gif")[:, 0, 0].tolist() == [255, 0, 0]


def test_one_pixel_is_used_and_named(photos):
    root = photos(ant=8, bee=8)
    Image.new("RGB", (1, 1), "red").save(root / "ant" / "dot.png")
    report = open_dataset(root).report
    assert [(problem.file, problem.what, problem.action) for problem in report.problems] == [
        ("ant/dot.png", "is tiny: 1x1 pixels", "used")
    ]
    assert report.sizes["smallest"] == (1, 1) or report.sizes["smallest"] == [1, 1]


def test_a_hundred_megapixels(tmp_path, photos, monkeypatch):
    """JPEGs above 25 megapixels are decoded at reduced resolution; nothing trips over Pillow's own limit."""
    root = photos(ant=8, bee=8)
    Image.new("L", (11000, 9200), 90).save(root / "ant" / "wall.jpg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = open_dataset(root, options=ReadOptions(size=32)).report
    (problem,) = report.problems
    assert problem.file == "ant/wall.jpg" and problem.action == "used"
    assert problem.what == "is very large: 101 megapixels, decoded at reduced resolution"
    reduced = read_picture(root / "ant" / "wall.jpg", target=(32, 32), white=None, max_megapixels=128)
    assert min(reduced.size) >= 128 and reduced.size[0] * reduced.size[1] < LARGE_PIXELS
    assert Image.MAX_IMAGE_PIXELS is not None  # Pillow's limit is as it was
    limited = open_dataset(root, options=ReadOptions(size=32, max_megapixels=100)).report
    assert limited.problems[0].what == "has 101 megapixels, above the limit of 100: shrink it first"
    assert limited.problems[0].action == "set aside"


def test_a_decompression_bomb_is_refused_by_its_header(tmp_path):
    """A PNG of a few bytes that claims 50,000 x 50,000 pixels."""
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 50000, 50000, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(content)
    with pytest.raises(PictureError, match="has 2500 megapixels, above the limit of 128: shrink it first"):
        COLOUR.encode(tmp_path / "bomb.png")


def test_errors_name_the_file_and_are_data_errors(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.png: is not there"):
        COLOUR.encode(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match=r": is a folder, not a picture"):
        COLOUR.encode(tmp_path)


@pytest.mark.parametrize(
    ("values", "white", "expected"),
    [
        (np.array([0.0, 0.5, 1.0]), None, [0, 128, 255]),
        (np.array([0.0, 8.0, 16.0]), 16, [0, 128, 255]),
        (np.array([False, True]), None, [0, 255]),
        (np.array([0, 65535], np.uint16), None, [0, 255]),
        (np.array([0, 255], np.int64), 255, [0, 255]),
        (np.array([7, 9], np.uint8), None, [7, 9]),
        (np.array([0, 8, 16], np.uint8), 16, [0, 128, 255]),
    ],
)
def test_scaling_to_bytes(values, white, expected):
    assert scale_to_bytes(values, white=white, name="x").tolist() == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([-1.0]), "below 0"),
        (np.array([np.nan]), "not finite"),
        (
            np.array([2.0]),
            r"holds pixels of 2 where 1 is white: scale them first, or say which value is white \(white=",
        ),
        (np.array(["a"]), "must be numbers"),
    ],
)
def test_what_cannot_be_scaled(values, message):
    with pytest.raises(PictureError, match=message):
        scale_to_bytes(values, white=None, name="x")


def test_endings(tmp_path):
    assert ending_lies(tmp_path / "a.jpg", "JPEG") is None
    assert ending_lies(tmp_path / "a.JPG", "MPO") is None
    assert ending_lies(tmp_path / "a", "PNG") is None
    assert ending_lies(tmp_path / "a.gif", "JPEG") == "GIF"
