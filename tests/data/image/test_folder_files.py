"""Files of an image folder that are no sound pictures, and the classes that are left without any."""

import os
import tempfile
from pathlib import Path

import pytest

from epochal.core.errors import DataError
from epochal.data import ReadOptions, open_dataset

from ..conftest import picture, problems


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


def test_files_outside_class_folders_are_named(photos):
    root = photos(ant=6, bee=6)
    picture(1).save(root / "loose.png")
    (root / "cat").mkdir()
    report = open_dataset(root).report
    assert problems(report) == {
        "loose.png": ("lies outside every class folder", "set aside"),
        "cat/": ("is a class folder without files", "ignored"),
    }


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
