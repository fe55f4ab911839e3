"""Image folders: layouts, and every kind of file that is not a sound picture."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from epochal.core.errors import DataError
from epochal.data import ReadOptions, open_dataset
from epochal.data.read import list_source

from .conftest import picture


def problems(report):
    return {problem.file: (problem.what, problem.action) for problem in report.problems}


def decisions(report):
    return {decision.what: decision for decision in report.decisions}


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
    assert data.train.images.dtype == np.uint8 and data.train.targets.dtype == np.int64
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


def test_damaged_files_are_set_aside_and_each_is_named(photos):
    root = photos(ant=10, bee=10)
    (root / "ant" / "empty.jpg").touch()
    (root / "ant" / "text.jpg").write_text("this is no picture\n")
    picture(500, 200).save(root / "bee" / "whole.jpg", quality=95)
    whole = (root / "bee" / "whole.jpg").read_bytes()
    (root / "bee" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "bee" / "noise.png").write_bytes(bytes(range(256)) * 4)
    (root / "bee" / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    (root / "bee" / "gone.jpg").symlink_to(root / "nowhere.jpg")
    (root / "bee" / "self.jpg").symlink_to(root / "bee" / "self.jpg")
    (root / "bee" / "drawing.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    os.mkfifo(root / "bee" / "pipe.jpg")
    report = open_dataset(root).report
    found = problems(report)
    assert found["ant/empty.jpg"] == ("is empty (0 bytes)", "set aside")
    assert found["ant/text.jpg"] == ("is text, not a picture", "set aside")
    assert found["bee/cut.jpg"][0].startswith("is damaged: image file is truncated")
    assert found["bee/noise.png"] == ("is not a picture in any format known here", "set aside")
    assert found["bee/photo.heic"] == ("is a HEIC photo, which cannot be read here: convert it to JPEG", "set aside")
    assert found["bee/gone.jpg"] == ("is a symbolic link to a file that is not there", "set aside")
    assert found["bee/self.jpg"][0].startswith("cannot be opened: Too many levels of symbolic links")
    assert found["bee/drawing.eps"] == ("is text, not a picture", "set aside")
    assert found["bee/pipe.jpg"] == ("is not a regular file", "set aside")
    assert len(found) == 9 and sum(report.totals.values()) == 21
    text = report.to_text()
    assert all(name in text for name in found)


def test_a_file_that_may_not_be_read_is_named(photos):
    with tempfile.TemporaryDirectory() as folder:  # one that other users may enter
        os.chmod(folder, 0o755)
        root = Path(folder)
        for label, start in (("ant", 0), ("bee", 50)):
            (root / label).mkdir()
            for index in range(6):
                picture(start + index).save(root / label / f"{index}.png")
        locked = root / "ant" / "locked.png"
        picture(99).save(locked)
        locked.chmod(0)
        cache = root / "cache"
        cache.mkdir()
        cache.chmod(0o777)
        options = ReadOptions(cache=str(cache))
        if os.geteuid() != 0:
            report = open_dataset(root, options=options).report
        else:  # root may read everything, so be somebody else for a moment
            os.seteuid(65534)
            try:
                report = open_dataset(root, options=options).report
            finally:
                os.seteuid(0)
        assert problems(report)["ant/locked.png"] == ("may not be read: permission denied", "set aside")


def test_lying_endings_are_used_and_named(photos):
    root = photos(ant=10, bee=10)
    picture(300).save(root / "ant" / "really.gif", format="JPEG")
    picture(301).save(root / "ant" / "fine.jpe", format="JPEG")
    report = open_dataset(root).report
    assert problems(report) == {"ant/really.gif": ("is named .gif but holds a JPEG picture", "used")}
    assert sum(report.totals.values()) == 22


def test_hidden_and_system_files_are_ignored_and_counted(photos):
    root = photos(ant=6, bee=6)
    (root / ".DS_Store").write_bytes(b"x")
    (root / "ant" / "._000.png").write_bytes(b"x")
    (root / "ant" / "Thumbs.db").write_bytes(b"x")
    (root / ".ipynb_checkpoints").mkdir()
    (root / "__MACOSX").mkdir()
    report = open_dataset(root).report
    assert report.ignored == 5 and report.problems == ()
    assert report.labels == ("ant", "bee")


def test_loops_of_links_end(photos):
    root = photos(ant=6, bee=6)
    (root / "ant" / "again").symlink_to(root / "ant")
    (root / "bee" / "all").symlink_to(root)
    report = open_dataset(root).report
    assert problems(report) == {
        "ant/again": ("is a symbolic link in a loop", "ignored"),
        "bee/all": ("is a symbolic link in a loop", "ignored"),
    }


def test_names_in_any_script_and_with_spaces(photos):
    root = photos(**{"Ameise groß": 6, "蜂 ミツバチ": 6})
    picture(77).save(root / "蜂 ミツバチ" / "пчела № 1 (копия).png")
    data = open_dataset(root)
    assert data.task.labels == ("Ameise groß", "蜂 ミツバチ")
    assert "蜂 ミツバチ/пчела № 1 (копия).png" in {*data.train.items, *data.validation.items, *data.open_test().items}


def test_a_name_that_is_no_unicode(photos):
    root = photos(ant=6, bee=6)
    try:
        os.rename(os.fsencode(root / "ant" / "000.png"), os.fsencode(root / "ant") + b"/\xff\xfe.png")
    except OSError:
        pytest.skip("this file system only takes names in Unicode")
    report = open_dataset(root).report
    report.to_json().encode()
    assert sum(report.totals.values()) == 12


def test_one_class_name_in_two_unicode_forms_is_one_class(photos):
    photos("sets/train", **{"caf\u00e9": 8, "bar": 8})
    root = photos("sets/test", start=100, **{"cafe\u0301": 3, "bar": 3}).parent
    assert open_dataset(root).task.labels == ("bar", "caf\u00e9")


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


def test_names_that_are_not_utf8_stay_apart(photos):
    root = photos(ant=6)
    names = [os.fsdecode(name) for name in (b"\xb9\xb7", b"\xc4\xf1")]
    for name, start in zip(names, (20, 40), strict=True):
        photos(start=start, **{name: 6})
        picture(start + 10).save(root / name / os.fsdecode(b"\xfe.png"))
        picture(start + 11).save(root / name / os.fsdecode(b"\xff.png"))
    data = open_dataset(root)
    assert data.task.labels == (r"\xb9\xb7", r"\xc4\xf1", "ant") and sum(data.task.counts.values()) == 22
    items = [*data.train.items, *data.validation.items, *data.open_test().items]
    assert len(set(items)) == 22 and r"\xb9\xb7/\xfe.png" in items
    assert json.loads(data.task.to_json())["labels"] == list(data.task.labels)
    assert data.report.to_json().encode() and data.report.to_text().encode() and data.task.fingerprint


def test_names_that_look_alike_are_told(photos):
    report = open_dataset(photos(**{"cat": 6, "Cat": 6, "dog": 6, "do g": 6, "bee": 6, " bee ": 6})).report
    assert report.labels == ("Cat", "bee", "cat", "do g", "dog")
    assert report.counts["train"]["bee"] == 8
    assert report.warnings[0] == (
        "the class folders ' bee ', 'bee' are read as one class, 'bee': their names differ only by spaces at an end or "
        "in how Unicode writes a letter."
    )
    assert report.warnings[1] == (
        "classes that differ only by case, spaces or Unicode form are kept apart: 'Cat' and 'cat'; 'do g' and 'dog'. "
        "If they are one class, give them one name."
    )


def test_a_blank_name_is_no_class(photos):
    report = open_dataset(photos(**{"ant": 6, "bee": 6, "  ": 6})).report
    assert report.labels == ("ant", "bee")
    assert problems(report) == {
        "'  '": ("is a class folder with a blank name: its pictures have no label", "set aside")
    }
    assert report.warnings[0] == (
        "a class folder has a blank name, and the pictures in it are set aside: give it a name."
    )


def test_files_outside_class_folders_are_named(photos):
    root = photos(ant=6, bee=6)
    picture(1).save(root / "loose.png")
    (root / "cat").mkdir()
    report = open_dataset(root).report
    assert problems(report) == {
        "loose.png": ("lies outside every class folder", "set aside"),
        "cat/": ("is a class folder without files", "ignored"),
    }


def test_subfolders_belong_to_their_class(photos):
    root = photos(ant=4, bee=8)
    photos("photos/ant/second visit", start=50, camera=4)
    data = open_dataset(root)
    assert data.report.labels == ("ant", "bee") and sum(data.report.totals.values()) == 16


def test_numbers_as_class_names_are_sorted_as_numbers(photos):
    assert open_dataset(photos(**{"10": 5, "9": 5, "1": 5})).task.labels == ("1", "9", "10")


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


def test_a_folder_where_nothing_can_be_read(tmp_path):
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for index in range(5):
            (tmp_path / label / f"{index}.jpg").write_text("nothing")
    with pytest.raises(DataError, match=r"not one of 10 files could be used: a/0.jpg is text, not a picture; "):
        open_dataset(tmp_path)


def test_a_class_of_which_nothing_is_left(photos):
    root = photos(ant=6, bee=6)
    (root / "cat").mkdir()
    (root / "cat" / "1.jpg").touch()
    report = open_dataset(root).report
    assert report.labels == ("ant", "bee")
    assert "class 'cat' is left out, because no usable image is left." in report.warnings


def test_a_class_with_one_image_is_said_in_plain_words(photos):
    report = open_dataset(photos(ant=10, bee=10, mule=1)).report
    assert (
        "class 'mule' has 1 image: it cannot be in both train and test; it stays in train and cannot be judged."
        in report.warnings
    )
    assert report.counts["train"]["mule"] == 1
    assert any("cannot be told from chance" in warning for warning in report.warnings)


@pytest.mark.parametrize("lost", range(3))
def test_a_lost_class_shifts_no_other(photos, lost):
    """The class is left out, wherever it stands in the order, and every picture keeps its own class."""
    root = photos(ant=6, bee=6, cat=6)
    name = ("ant", "bee", "cat")[lost]
    for path in (root / name).iterdir():
        path.write_bytes(b"no picture")
    data = open_dataset(root)
    assert len(data.task.labels) == 2 and name not in data.task.labels == data.values
    for part in (data.train, data.validation, data.open_test()):
        assert [item.split("/")[0] for item in part.items] == [data.task.labels[target] for target in part.targets]


def test_a_class_that_is_all_set_aside_is_left_out(photos):
    root = photos("photos/train", ant=6, bee=6, cat=6)
    for label in ("ant", "cat"):
        (root.parent / "test" / label).mkdir(parents=True)
    for index in range(6):  # every training picture of bee is a test picture of ant
        (root / "bee" / f"{index:03}.png").rename(root.parent / "test" / "ant" / f"{index}.png")
        source = root.parent / "test" / "ant" / f"{index}.png"
        (root / "bee" / f"{index:03}.png").write_bytes(source.read_bytes())
        picture(900 + index).save(root.parent / "test" / "cat" / f"{index}.png")
    data = open_dataset(root.parent)
    assert data.task.labels == ("ant", "cat") and data.task.counts["test"] == 12
    assert "class 'bee' is left out, because no usable image is left." in data.report.warnings
    assert [item.split("/")[1] for item in data.train.items] == [data.task.labels[i] for i in data.train.targets]


def test_few_pictures_of_many_classes_and_damaged_files(photos):
    root = photos(**{f"c{index:02}": 2 for index in range(30)})
    for index in range(4):
        (root / f"c{index:02}" / "001.png").write_bytes(b"\0\1\2")
    data = open_dataset(root)
    assert len(data.task.labels) == 30 and data.task.counts == {"train": 30, "validation": 13, "test": 13}
    assert any(
        warning == "4 classes ('c00', 'c01', 'c02' and 1 more) have 1 image each: it stays in train, and these "
        "classes cannot be judged."
        for warning in data.report.warnings
    )


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
    assert np.array_equal(data.train.images[0, 0], first)
    assert open_dataset(tmp_path, options=ReadOptions(channels="rgb")).task.input_shape == (3, 40, 40)
