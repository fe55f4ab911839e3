"""Arrays: NumPy and IDX files, the digits, and arrays handed over in Python."""

import gzip
import struct

import numpy as np
import pytest
import torch

from epochal.core.errors import DataError
from epochal.data import Codec, ReadOptions, from_arrays, open_dataset
from epochal.data.image import divide
from epochal.data.image.arrays import as_pictures
from epochal.data.image.pictures import PictureError


def make(count=40, side=10, channels=None, seed=0):
    generator = np.random.default_rng(seed)
    shape = (count, side, side) if channels is None else (count, channels, side, side)
    return generator.integers(0, 256, shape, dtype=np.uint8), np.arange(count) % 2


def test_digits():
    data = open_dataset("digits")
    assert data.task.name == "digits" and data.task.labels == tuple("0123456789")
    assert data.task.input_shape == (1, 8, 8)
    assert sum(data.task.counts.values()) == 1797
    assert set(np.unique(data.train.inputs)) == {int(np.floor(value * 255 / 16 + 0.5)) for value in range(17)}
    from sklearn.datasets import load_digits

    raw = load_digits()
    for place in (0, 500):
        index = int(data.train.items[place].split("[")[1][:-1])
        assert raw.target[index] == data.train.targets[place]
        assert np.array_equal(data.codec.encode(raw.images[index]), data.train.inputs[place])
    assert data.report.duplicates.exact_pairs == data.report.duplicates.near_pairs == 0


@pytest.mark.parametrize("layout", ["nhw", "nhwc1", "nhwc3", "nchw1", "nchw3"])
def test_layouts(layout):
    channels = None if layout == "nhw" else int(layout[-1])
    images, labels = make(channels=channels)
    given = images.transpose(0, 2, 3, 1) if "hwc" in layout else images
    data = from_arrays(given, labels)
    assert data.task.input_shape == (channels or 1, 10, 10)
    index = int(data.train.items[0].split("[")[1][:-1])
    assert np.array_equal(data.train.inputs[0], images[index].reshape(-1, 10, 10))


@pytest.mark.parametrize(
    ("scale", "dtype", "white"),
    [(255, np.float32, 1.0), (1, np.float64, 255.0), (1, np.int64, 255.0), (1 / 257, np.uint16, 65535.0)],
)
def test_values(scale, dtype, white):
    images, labels = make()
    images[0, 0, 0] = 255
    given = (images / scale).astype(dtype)
    data = from_arrays(given, labels)
    assert data.codec.white == white
    index = int(data.train.items[3].split("[")[1][:-1])
    assert np.array_equal(data.train.inputs[3, 0], images[index])
    assert np.array_equal(data.codec.encode(given[index]), data.train.inputs[3])


def test_dark_pictures_are_pointed_out():
    images, labels = make()
    data = from_arrays(images % 17 * 1.0, labels)
    assert any("say --white 16 or ReadOptions(white=16)" in warning for warning in data.report.warnings)
    assert any("say --white 16" in warning for warning in from_arrays(images % 17, labels).report.warnings)
    for given in (images % 17 * 1.0, images % 17):  # bytes too are on the scale that was asked for
        assert from_arrays(given, labels, options=ReadOptions(white=16)).train.inputs.max() == 255


TYPES = (np.uint8, np.int16, np.uint16, np.int64, np.float32, np.float64)


@pytest.mark.parametrize("trained", [*TYPES, "fractions"])
@pytest.mark.parametrize("given", [*TYPES, "fractions", "tensor", "half", "colour last"])
def test_the_same_pixels_are_the_same_picture_in_any_type(trained, given):
    """Whatever type the training saw, one by one and as a batch."""
    images, labels = make()
    images[:, 0, 0] = 255

    def stored(kind):
        if kind == "fractions":
            return images / np.float32(255)
        if kind == "tensor":
            return torch.tensor(images, dtype=torch.float32, requires_grad=True)
        if kind == "half":
            return torch.tensor(images).to(torch.bfloat16)  # which holds whole numbers up to 256
        return images[..., None] if kind == "colour last" else images.astype(kind)

    codec = Codec.from_json(from_arrays(stored(trained), labels).codec.to_json())
    expected = images[:, None]
    batch = stored(given)
    assert np.array_equal(codec.encode_many(as_pictures(batch, codec)), expected)
    assert np.array_equal(codec.encode_many(batch[:4]), expected[:4])
    assert np.array_equal(codec.encode_many(as_pictures(batch[:1], codec)), expected[:1])


def test_a_picture_that_no_scale_fits_is_refused_alone():
    images, labels = make()
    codec = from_arrays(images, labels).codec
    batch = images.astype(np.float32)
    batch[0], batch[1, 2, 2], batch[2, 0, 0], batch[3] = batch[0] / 255, np.nan, -1, 300
    found = list(as_pictures(batch, codec))
    assert [str(item) for item in found[1:4]] == [
        "array: holds pixels that are not finite numbers",
        "array: holds pixels below 0 (the lowest is -1): shift them so that 0 is black, and say which value is white "
        "(white=...)",
        "array: holds pixels of 300 where 255 is white: scale them first, or say which value is white (white=...)",
    ]
    assert np.array_equal(np.array(found[4:]), images[4:])


@pytest.mark.parametrize(
    ("trained", "given", "message"),
    [
        (np.float64(1), np.full((2, 8, 8), 200.5), "holds pixels of 200.5 where 1 is white"),
        (np.float64(1), np.full((2, 8, 8), 4000), "holds pixels of 4000 where 255 is white"),
        (np.uint8(255), np.full((2, 8, 8), 4000), "holds pixels of 4000 where 255 is white"),
        (np.uint8(255), np.eye(8)[None], "holds no pixel above 1: with 255 as white it would be nearly black"),
        (np.float64(16), np.full((2, 8, 8), 0.5), "holds no pixel above 0.5: with 16 as white"),
        (np.uint16(4000), np.full((2, 8, 8), 200, np.uint8), "is of 8 bits, and the training had 65535 as white"),
        (np.uint8(255), np.full((2, 8, 8), -0.5), "holds pixels below 0"),
    ],
)
def test_pixels_on_an_unclear_scale_are_refused_and_white_is_asked_for(trained, given, message):
    images = np.zeros((20, 8, 8), trained.dtype)
    images[:, 0, 0] = trained
    options = ReadOptions(white=16 if trained == 16 else None, duplicates=False)
    codec = from_arrays(images, np.arange(20) % 2, options=options).codec
    with pytest.raises(PictureError, match=message) as error:
        codec.encode(given[0])
    assert "white=..." in str(error.value)
    if given.min() >= 0:
        white = float(given.max())
        assert codec.encode(given[0], white=white).max() == 255
        assert next(as_pictures(given, codec, white=white)).max() == 255


@pytest.mark.parametrize(
    ("mode", "shape", "count"),
    [
        ("grey", (10, 10), 1),
        ("grey", (1, 10, 10), 1),
        *(("grey", (count, 10, 10), count) for count in (2, 3, 4, 7)),
        ("grey", (5, 12, 12), 5),
        ("grey", (12, 12, 3), 1),
        ("grey", (12, 12, 1), 1),
        ("grey", (6, 1, 12, 12), 6),
        ("grey", (6, 12, 12, 3), 6),
        ("rgb", (12, 12, 3), 1),
        ("rgb", (3, 12, 12), 1),
        ("rgb", (1, 3, 12, 12), 1),
        ("rgb", (4, 12, 12, 4), 4),
        ("rgb", (10, 10), 1),
        ("rgb", (7, 10, 10), 7),
    ],
)
def test_an_array_is_split_into_pictures_as_the_codec_tells(mode, shape, count):
    codec = Codec(mode=mode, height=10, width=10)
    found = list(as_pictures(np.ones(shape, np.uint8), codec))
    assert len(found) == count
    assert codec.encode_many(found).shape == (count, *codec.input_shape)


@pytest.mark.parametrize(
    ("mode", "shape", "message"),
    [
        ("grey", (3, 12, 12), r"\(3, 12, 12\) is 3 grey pictures or one in colour: give pictures as \[n, 1, height"),
        ("grey", (12, 12, 2), r"the shape is \(12, 12, 2\)"),
        ("rgb", (7, 12, 12), r"the shape is \(7, 12, 12\)"),
        ("rgb", (7, 12, 12, 2), r"the shape is \(7, 12, 12, 2\)"),
        ("grey", (64,), r"the shape is \(64,\)"),
    ],
)
def test_an_array_that_could_be_two_things_is_refused(mode, shape, message):
    with pytest.raises(PictureError, match=message):
        as_pictures(np.ones(shape, np.uint8), Codec(mode=mode, height=10, width=10))


def test_size_can_be_asked_for():
    images, labels = make(side=20, channels=3)
    data = from_arrays(images, labels, options=ReadOptions(size=10))
    assert data.task.input_shape == (3, 10, 10)
    index = int(data.train.items[0].split("[")[1][:-1])
    assert np.array_equal(data.codec.encode(images[index]), data.train.inputs[0])


def test_bad_examples_are_set_aside_and_named():
    images, labels = make()
    images = images.astype(np.float32)
    images[3, 0, 0] = np.nan
    labels = labels.astype(float)
    labels[7] = np.nan
    report = from_arrays(images, labels).report
    assert {problem.file: problem.what for problem in report.problems} == {
        "example[3]": "holds pixels that are not finite numbers",
        "example[7]": "has no label",
    }
    assert sum(report.totals.values()) == 38


def test_the_labels_of_the_task_and_what_they_were():
    images, _ = make(42)
    for labels, values in (
        (np.arange(42) % 3 + 7, (7, 8, 9)),
        ((np.arange(42) % 3 - 1.5).tolist(), (-0.5, -1.5, 0.5)),
        ([None if index == 5 else index % 2 > 0 for index in range(42)], (False, True)),
        ([("ant", "bee")[index % 2] for index in range(42)], ("ant", "bee")),
    ):
        data = from_arrays(images, labels)
        assert data.values == data.subset([0, 1]).values == values and len(data.task.labels) == len(values)
        index = int(data.train.items[0].split("[")[1][:-1])
        assert data.values[data.train.targets[0]] == labels[index]


def test_a_thousand_classes_of_two():
    images = np.random.default_rng(0).integers(0, 256, (2000, 8, 8), dtype=np.uint8)
    data = from_arrays(images, np.repeat(np.arange(1000), 2))
    assert data.task.counts == {"train": 1000, "validation": 500, "test": 500}
    assert len(data.report.summary) < 12


def test_arrays_of_measurements_are_taken_for_classes_only_where_it_is_asked_for():
    images, _ = make(120)
    prices = np.arange(120) % 30 * 1000
    for labels in (prices, prices + 0.25):
        with pytest.raises(
            DataError, match=r"look like measurements \(30 different .*ReadOptions\(numeric_classes=True"
        ):
            from_arrays(images, labels)
        assert len(from_arrays(images, labels, options=ReadOptions(numeric_classes=True)).task.labels) == 30


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((10, 784), np.uint8), np.zeros(10), r"the shape is \(10, 784\). .* images.reshape\(-1, 28, 28\)"),
        (np.zeros((10, 8, 8, 5), np.uint8), np.zeros(10), r"with 1 or 3 channels; the shape is \(10, 8, 8, 5\)"),
        (np.zeros((10, 8, 8), np.uint8), np.zeros(9), r"there are 10 images but 9 labels"),
        (np.zeros((10, 8, 8), np.uint8), np.zeros((10, 2)), r"labels must be one class for each image"),
        (np.zeros((10, 8, 8), np.uint8), np.zeros(10), r"only one class was found, '0'"),
        (np.full((10, 8, 8), 1e6), np.arange(10) % 2, r"pixels reach 1e\+06"),
        (np.full((10, 8, 8), -1.0), np.arange(10) % 2, r"holds pixels below 0"),
        (np.full((10, 8, 8), "a"), np.arange(10) % 2, r"must be an array of numbers"),
        (np.zeros((0, 8, 8), np.uint8), np.zeros(0), r"the array is empty"),
        (np.zeros((100, 8, 8), np.uint8), np.arange(100) / 7, r"look like measurements"),
    ],
)
def test_arrays_that_cannot_be_used_say_why(images, labels, message):
    with pytest.raises(DataError, match=message):
        from_arrays(images, labels)


def test_arrays_by_split():
    train, test = make(60, seed=1), make(20, seed=2)
    data = open_dataset({"train": train, "test": test})
    assert data.task.counts == {"train": 48, "validation": 12, "test": 20}
    assert data.open_test().items[0] == "test[0]"
    with pytest.raises(DataError, match="arrays by split must be"):
        open_dataset({"first": train, "test": test})
    with pytest.raises(DataError, match="need 'train' and 'test'"):
        open_dataset({"train": train})


def test_validation_cut_from_a_large_published_split_is_limited(monkeypatch):
    monkeypatch.setattr(divide, "MOST_VALIDATION", 6)
    parts = {"train": make(60, seed=1), "test": make(20, seed=2)}
    assert open_dataset(parts).task.counts == {"train": 54, "validation": 6, "test": 20}
    options = ReadOptions(validation_fraction=0.25)
    assert open_dataset(parts, options=options).task.counts == {"train": 44, "validation": 16, "test": 20}


def test_a_training_split_that_is_all_in_the_test_split():
    images, labels = make(20)
    with pytest.raises(DataError, match="no example is left for train"):
        open_dataset({"train": (images, labels), "test": (images, labels)})


def test_npz_with_and_without_splits(tmp_path):
    (x_train, y_train), (x_test, y_test) = make(60, seed=1), make(20, seed=2)
    np.savez(tmp_path / "split.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    assert open_dataset(tmp_path / "split.npz").task.counts == {"train": 48, "validation": 12, "test": 20}
    assert open_dataset(tmp_path / "split.npz", options=ReadOptions(split="none")).task.counts["test"] == 16
    np.savez(tmp_path / "medmnist.npz", train_images=x_train, train_labels=y_train[:, None], test_images=x_test,
             test_labels=y_test[:, None], val_images=make(10, seed=3)[0], val_labels=make(10)[1][:, None])  # fmt: skip
    assert open_dataset(tmp_path / "medmnist.npz").task.counts == {"train": 60, "validation": 10, "test": 20}
    np.savez(tmp_path / "whole.npz", X=x_train, y=y_train)
    assert open_dataset(tmp_path / "whole.npz").task.counts == {"train": 36, "validation": 12, "test": 12}
    np.savez(tmp_path / "odd.npz", a=x_train, b=y_train)
    with pytest.raises(DataError, match="holds the arrays a, b. Expected x_train and y_train"):
        open_dataset(tmp_path / "odd.npz")


def test_npy_pairs(tmp_path):
    images, labels = make(50)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", labels)
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "runs" / "first" / "index.sqlite").touch()  # results that lie in the data
    for source in (tmp_path, tmp_path / "images.npy"):
        assert sum(open_dataset(source).task.counts.values()) == 50


def test_pickles_are_never_opened(tmp_path):
    np.savez(tmp_path / "a.npz", X=make()[0], y=np.array([{"a": 1}] * 40, dtype=object))
    with pytest.raises(DataError, match="Arrays of Python objects are not opened, since they can run code"):
        open_dataset(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"PK\3\4 this is cut off")
    with pytest.raises(DataError, match=r"b.npz cannot be read"):
        open_dataset(tmp_path / "b.npz")


def write_idx(path, array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wb") as file:
        file.write(header + array.astype(np.uint8).tobytes())


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_folders(tmp_path, ending):
    (x_train, y_train), (x_test, y_test) = make(60, seed=1), make(20, seed=2)
    write_idx(tmp_path / f"train-images-idx3-ubyte{ending}", x_train)
    with pytest.raises(DataError, match="but not the labels for it"):
        open_dataset(tmp_path)
    write_idx(tmp_path / f"train-labels-idx1-ubyte{ending}", y_train)
    assert open_dataset(tmp_path).task.counts == {"train": 36, "validation": 12, "test": 12}
    write_idx(tmp_path / f"t10k-images-idx3-ubyte{ending}", x_test)
    write_idx(tmp_path / f"t10k-labels-idx1-ubyte{ending}", y_test)
    data = open_dataset(tmp_path)
    assert data.task.counts == {"train": 48, "validation": 12, "test": 20}
    assert np.array_equal(data.open_test().inputs[:, 0], x_test)
    with pytest.raises(DataError, match="is one IDX file: open the folder"):
        open_dataset(tmp_path / f"train-images-idx3-ubyte{ending}")
