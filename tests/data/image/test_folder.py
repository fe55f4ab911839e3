"""Image folders: layouts, splits, links, and what is decided from the pictures."""

import numpy as np
import pytest
from PIL import Image

from epochal.core.errors import DataError
from epochal.data import ReadOptions, open_dataset
from epochal.data.image.read import list_source

from ..conftest import decisions, picture, problems


def test_class_folders_become_classes_and_are_split_by_class(photos):
    data = open_dataset(photos(bee=20, ant=10))
    assert data.task.labels == ("ant", "bee")
    assert data.report.counts == {
        "train": {"ant": 6, "bee": 12},
        "validation": {"ant": 2, "bee": 4},
        "test": {"ant": 2, "bee": 4},
    }
    assert data.task.counts == {"train": 18, "validation": 6, "test": 6}
    assert data.task.input_shape == (3, 40, 40)
    assert data.train.inputs.dtype == np.uint8 and data.train.targets.dtype == np.int64
    for item, target in zip(data.train.items, data.train.targets, strict=True):
        assert item.startswith(("ant/", "bee/")[target])
    everything = [*data.train.items, *data.validation.items, *data.open_test().items]
    assert len(set(everything)) == 30
    assert "60% train, 20% validation, 20% test" in decisions(data.report)["splits"].chosen


def test_published_splits_are_respected(photos):
    photos("sets/train", ant=8, bee=8)
    photos("sets/valid", start=100, ant=3, bee=3)
    data = open_dataset(photos("sets/test", start=200, ant=2, bee=2).parent)
    assert data.task.counts == {"train": 16, "validation": 6, "test": 4}
    assert all(item.startswith("valid/") for item in data.validation.items)
    assert all(item.startswith("test/") for item in data.open_test().items)
    assert decisions(data.report)["splits"].override == "--split none"


def test_published_validation_without_test_becomes_the_test(photos):
    photos("sets/train", ant=10, bee=10)
    data = open_dataset(photos("sets/val", start=100, ant=3, bee=3).parent)
    assert data.task.counts == {"train": 16, "validation": 4, "test": 6}
    assert all(item.startswith("val/") for item in data.open_test().items)
    assert decisions(data.report)["test"].chosen == "the published validation split"


def test_published_splits_can_be_ignored(photos):
    photos("sets/train", ant=10, bee=10)
    root = photos("sets/val", start=100, ant=5, bee=5).parent
    data = open_dataset(root, options=ReadOptions(split="none"))
    assert data.task.counts == {"train": 18, "validation": 6, "test": 6}
    assert decisions(data.report)["splits"].why == "published splits are not used"


def test_a_folder_that_holds_only_the_data_folder_is_entered(photos):
    root = photos("download/data", ant=5, bee=5).parent
    data = open_dataset(root)
    assert data.task.labels == ("ant", "bee")
    assert decisions(data.report)["folder"].chosen == "data"


def test_loops_of_links_end(photos):
    root = photos(ant=6, bee=6)
    (root / "ant" / "again").symlink_to(root / "ant")
    (root / "bee" / "all").symlink_to(root)
    report = open_dataset(root).report
    assert problems(report) == {
        "ant/again": ("is a symbolic link in a loop", "ignored"),
        "bee/all": ("is a symbolic link in a loop", "ignored"),
    }


def test_no_link_leads_into_another_class(photos):
    """Links to folders and files, one level up, in another split, or as a class folder; other links are followed."""
    photos("sets/train", ant=6, bee=6)
    root = photos("sets/test", start=50, ant=3, bee=3).parent
    store = photos("store", start=80, sky=2).parent
    (root / "train" / "ant" / "up").symlink_to("../../train")
    (root / "train" / "ant" / "tests").symlink_to("../../test")
    (root / "train" / "ant" / "more").symlink_to("../bee")
    (root / "train" / "ant" / "one.png").symlink_to("../bee/000.png")
    (root / "train" / "hornet").symlink_to("bee")
    (root / "train" / "ant" / "store").symlink_to(store / "store" / "sky")
    (root / "train" / "ant" / ".pool").mkdir()
    (root / "train" / "ant" / "000.png").rename(root / "train" / "ant" / ".pool" / "0")
    (root / "train" / "ant" / "000.png").symlink_to(".pool/0")
    listing = list_source(root, ReadOptions())
    assert {problem.file: problem.what for problem in listing.problems} == {
        "train/ant/up": "is a symbolic link in a loop",
        "train/ant/tests": "is a symbolic link to a folder that holds class folders",
        "train/ant/more": "is a symbolic link into train/bee/, another class folder",
        "train/ant/one.png": "is a symbolic link into train/bee/, another class folder",
        "train/hornet": "is a symbolic link into train/bee/, another class folder",
    }
    found = list(zip(listing.items, listing.labels, strict=True))
    assert not [item for item, label in found if label == "ant" and "bee" in item]
    assert [item for item, label in found if label == "ant" and item.startswith("train")] == [
        *(f"train/ant/{index:03}.png" for index in range(6)),
        *(f"train/ant/store/{index:03}.png" for index in range(2)),
    ]
    assert len(found) == 6 + 2 + 6 + 3 + 3


def test_two_links_to_one_folder_are_not_two_classes(photos):
    root = photos(ant=6, bee=6)
    store = photos("store", start=50, sky=4) / "sky"
    (root / "hornet").symlink_to(store)
    (root / "wasp").symlink_to(store)
    (root / "inner").symlink_to("hornet")
    report = open_dataset(root).report
    assert report.labels == ("ant", "bee", "hornet")
    assert problems(report)["wasp"] == ("is a symbolic link into hornet/, another class folder", "ignored")


def test_results_that_lie_in_the_data_are_no_data(photos):
    root = photos(ant=6, bee=6)
    before = open_dataset(root)
    for run in ("runs/photos", "runs/photos-2", "mine"):
        (root / run / "bundle").mkdir(parents=True)
        (root / run / "index.sqlite").touch()
        picture(7).save(root / run / "plot.png")
    (root / "ant" / "bundle").mkdir()
    for name in ("manifest.json", "codec.json"):
        (root / "ant" / "bundle" / name).write_text("{}")
    after = open_dataset(root)
    assert after.task == before.task and after.report.problems == () and after.report.ignored == 3
    (root / "visits" / "first").mkdir(parents=True)  # a folder of folders is a class like any other
    picture(8).save(root / "visits" / "first" / "a.png")
    assert open_dataset(root).task.labels == ("ant", "bee", "visits")


def test_subfolders_belong_to_their_class(photos):
    root = photos(ant=4, bee=8)
    photos("photos/ant/second visit", start=50, camera=4)
    data = open_dataset(root)
    assert data.report.labels == ("ant", "bee") and sum(data.report.totals.values()) == 16


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, "is empty. Expected one subfolder of pictures for each class."),
        (lambda root: picture(1).save(root / "a.png"), "holds 1 pictures and no class folders"),
        (lambda root: (root / "labels.csv").write_text("a"), "it holds labels.csv: open"),
        (lambda root: ((root / "a").mkdir(), (root / "b").mkdir()), "its folders hold no files"),
        (lambda root: ((root / "a").mkdir(), picture(1).save(root / "a" / "1.png")), "only one class was found, 'a'"),
    ],
)
def test_folders_that_cannot_be_opened_say_why(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(DataError) as error:
        open_dataset(tmp_path)
    assert message in str(error.value)


def test_sizes_decide_the_size(photos):
    photos("mixed", side=90, ant=5, bee=5)
    mixed = open_dataset(photos("mixed", side=120, start=50, cat=5))
    assert mixed.task.input_shape == (3, 64, 64) and decisions(mixed.report)["size"].override == "--size"
    assert mixed.report.sizes["distinct"] == 2
    assert open_dataset(photos("mixed"), options=ReadOptions(size=32)).task.input_shape == (3, 32, 32)
    assert open_dataset(photos("huge", side=300, ant=5, bee=5)).task.input_shape == (3, 64, 64)
    photos("tiny", side=21, ant=5, bee=5)
    assert open_dataset(photos("tiny", side=30, start=50, cat=5)).task.input_shape == (3, 20, 20)


def test_grey_is_found_even_where_it_is_stored_as_colour(tmp_path):
    for label, start in (("a", 0), ("b", 100)):
        (tmp_path / label).mkdir()
        for index in range(6):
            picture(start + index, channels=1).convert("RGB").save(tmp_path / label / f"{index}.png")
    data = open_dataset(tmp_path)
    assert data.task.input_shape == (1, 40, 40)
    assert decisions(data.report)["channels"].why == "every image is without colour, though stored as colour"
    first = np.asarray(Image.open(tmp_path / data.train.items[0]))[..., 0]
    assert np.array_equal(data.train.inputs[0, 0], first)
    assert open_dataset(tmp_path, options=ReadOptions(channels="rgb")).task.input_shape == (3, 40, 40)
