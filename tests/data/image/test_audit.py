"""Copies: found when they are, not when pictures are merely alike, and never on both sides of a split."""

import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from epochal.data import ReadOptions, open_dataset
from epochal.data.image.audit import exact_copies, find_copies, reduce_grey
from epochal.data.image.decode import _digest

from ..conftest import picture


def contents(images):
    return np.stack([_digest(image) for image in images])


def as_array(image):
    return np.asarray(image).transpose(2, 0, 1)


def jpeg(image, quality):
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(BytesIO(buffer.getvalue())).convert("RGB")


@pytest.mark.parametrize(
    "change",
    [
        lambda image: jpeg(image, 60),
        lambda image: image.resize((48, 48)).resize((64, 64)),
        lambda image: ImageEnhance.Brightness(image).enhance(0.8),
        lambda image: ImageEnhance.Contrast(image).enhance(0.7),
        lambda image: image.convert("L").convert("RGB"),
    ],
    ids=["jpeg", "resized", "darker", "flatter", "grey"],
)
def test_near_copies_are_found(change):
    originals = [picture(seed, 64) for seed in range(60)]
    images = np.stack([as_array(image) for image in [*originals, *map(change, originals[:10])]])
    copies = find_copies(images, contents(images))
    assert copies.exact_pairs == 0
    assert copies.near.tolist() == [[index, 60 + index] for index in range(10)]


def test_different_pictures_are_no_copies():
    from sklearn.datasets import load_digits

    images = np.stack([as_array(picture(seed, 64)) for seed in range(200)])
    assert not len(find_copies(images, contents(images)).pairs)
    digits = (load_digits().images[:, None] * 15).astype(np.uint8)
    assert not len(find_copies(digits, contents(digits)).pairs)


def test_exact_copies_are_counted():
    hashes = np.array([[1, 2], [3, 4], [1, 2], [1, 2], [3, 5]], np.uint8)
    pairs, number = exact_copies(hashes)
    assert pairs.tolist() == [[0, 2], [0, 3]] and number == 3


def test_blank_pictures_are_not_near_anything():
    images = np.stack([np.full((1, 40, 40), value, np.uint8) for value in range(0, 200, 2)])
    assert not len(find_copies(images, contents(images)).pairs)


def test_a_fixed_camera_is_understood():
    """Pictures that differ only in a small spot are not all one picture."""
    generator = np.random.default_rng(0)
    scene = as_array(picture(1, 64)).astype(int)
    images = np.stack([scene] * 80)
    for image in images:
        row, column = generator.integers(0, 56, 2)
        image[:, row : row + 8, column : column + 8] = generator.integers(0, 256)
        image += generator.integers(-3, 4, image.shape)
    images = images.clip(0, 255).astype(np.uint8)
    copies = find_copies(images, contents(images))
    assert len(copies.near) < 80
    assert "alike" in copies.note


def test_reducing_is_area_averaging():
    image = np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)
    assert reduce_grey(image, 2).tolist() == [[2.5, 4.5, 10.5, 12.5]]
    assert reduce_grey(image, 8).shape == (1, 16)


def test_copies_stay_together_when_we_split(photos):
    root = photos(ant=30, bee=30)
    for index in range(12):  # the same pictures again, as JPEG
        Image.open(root / "ant" / f"{index:03}.png").save(root / "ant" / f"again {index:03}.jpg", quality=70)
    for seed in range(3):
        data = open_dataset(root, options=ReadOptions(seed=seed))
        where = {item: name for name, part in (("train", data.train), ("validation", data.validation),
                 ("test", data.open_test())) for item in part.items}  # fmt: skip
        assert len(where) == 72 and data.report.duplicates.near_pairs == 12
        for index in range(12):
            assert where[f"ant/{index:03}.png"] == where[f"ant/again {index:03}.jpg"]


def test_copies_of_published_test_pictures_leave_train(photos):
    photos("sets/train", ant=20, bee=20)
    root = photos("sets/test", start=100, ant=5, bee=5).parent
    (root / "train" / "bee" / "copy.png").write_bytes((root / "test" / "bee" / "000.png").read_bytes())
    Image.open(root / "test" / "ant" / "001.png").save(root / "train" / "ant" / "again.jpg", quality=80)
    data = open_dataset(root)
    assert data.task.counts["test"] == 10 and sum(data.task.counts.values()) == 50
    aside = {problem.file: problem.what for problem in data.report.problems if problem.action == "set aside"}
    assert aside == {
        "train/bee/copy.png": "is in train and shows the same picture as test/bee/000.png, which is in test",
        "train/ant/again.jpg": "is in train and shows the same picture as test/ant/001.png, which is in test",
    }
    found = data.report.duplicates
    assert (found.exact_pairs, found.near_pairs, found.straddling, found.set_aside) == (1, 1, 2, 2)
    assert all(pair.straddles for pair in found.examples)
    assert any("The published test split stays whole" in warning for warning in data.report.warnings)
    kept = open_dataset(root, options=ReadOptions(duplicates=False))
    assert sum(kept.task.counts.values()) == 52 and kept.report.duplicates.method == "not looked for"


def test_copies_with_two_labels_are_reported(photos):
    root = photos(ant=15, bee=15)
    (root / "bee" / "same.png").write_bytes((root / "ant" / "003.png").read_bytes())
    report = open_dataset(root).report
    assert report.duplicates.conflicts == 1
    pair = report.duplicates.examples[0]
    assert {pair.first_label, pair.second_label} == {"ant", "bee"} and pair.kind == "exact"
    assert any("identical pictures carry different labels" in warning for warning in report.warnings)
    assert "(ant / bee)" in report.to_text()


def test_seventy_thousand_pictures_are_searched_in_time():
    """A generous limit: a quadratic search would take many minutes."""
    generator = np.random.default_rng(0)
    basis = generator.normal(size=(40, 784)) * np.linspace(3, 0.1, 40)[:, None]
    images = np.concatenate([
        (128 + 12 * generator.normal(size=(10_000, 40)) @ basis).clip(0, 255).astype(np.uint8) for _ in range(7)
    ]).reshape(-1, 1, 28, 28)  # fmt: skip
    images[69_000:69_100] = images[:100]
    start = time.process_time()
    copies = find_copies(images, contents(images))
    assert copies.exact_pairs == 100 and not len(copies.near)
    assert time.process_time() - start < 60
