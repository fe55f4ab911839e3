"""Names of class folders and files: any script, no valid text, alike, blank, or numbers."""

import json
import os

import pytest

from epochal.data import open_dataset

from ..conftest import picture, problems


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


def test_numbers_as_class_names_are_sorted_as_numbers(photos):
    assert open_dataset(photos(**{"10": 5, "9": 5, "1": 5})).task.labels == ("1", "9", "10")
