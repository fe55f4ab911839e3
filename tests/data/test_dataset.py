"""The data set as the rest of the house sees it: task, seal, subsets, fingerprint and report."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import epochal
from epochal.core.errors import DataError
from epochal.core.task import Task
from epochal.data import DataReport, ReadOptions, check, named_sets, open_dataset
from epochal.data.report import Decision, Problem

needs_mirror = pytest.mark.skipif(
    not os.environ.get("EPOCHAL_MIRROR"), reason="EPOCHAL_MIRROR names no folder with the published data sets"
)


def test_same_data_same_options_same_fingerprint(photos):
    root = photos(ant=10, bee=10)
    first = open_dataset(root)
    assert open_dataset(root).task == first.task
    assert len(first.task.fingerprint) == 64
    assert open_dataset(root, options=ReadOptions(seed=1)).task.fingerprint != first.task.fingerprint
    assert open_dataset(root, options=ReadOptions(size=16)).task.fingerprint != first.task.fingerprint
    (root / "ant" / "000.png").rename(root / "bee" / "moved.png")
    assert open_dataset(root).task.fingerprint != first.task.fingerprint


def test_the_digits_have_one_fingerprint_everywhere():
    """Changes here mean that results are not comparable with earlier ones: say so in the change log."""
    assert open_dataset("digits").task.fingerprint == (
        "5527e375218e4847d23b6ea9419adb58d479c879954ae9d029dd8938b2946217"
    )


def test_the_test_split_is_sealed():
    data = open_dataset("digits")
    assert "_test" not in repr(data)
    assert len(data.open_test()) == data.task.counts["test"] == 359
    assert data.open_test() is data.open_test()
    assert not [name for name in vars(data) if not name.startswith("_") and "test" in name]


def test_fractions_of_the_training_split_nest():
    data = open_dataset("digits")
    small, large = data.train_fraction(0.1, seed=3), data.train_fraction(0.5, seed=3)
    assert len(small.train) == 109 and set(small.train.items) < set(large.train.items)
    assert small.codec == data.codec and small.validation is data.validation
    assert small.open_test() is data.open_test()
    assert small.task.counts["train"] == 109 and small.task.fingerprint != data.task.fingerprint
    assert small.report.totals["train"] == 109
    assert np.bincount(small.train.targets).min() >= 10
    assert data.train_fraction(1.0).task == data.task
    other = data.train_fraction(0.1, seed=4)
    assert set(other.train.items) != set(small.train.items)
    for fraction in (0, 1.5, -1):
        with pytest.raises(DataError, match="must be above 0 and at most 1"):
            data.train_fraction(fraction)


def test_subsets_by_index():
    data = open_dataset("digits")
    chosen = data.subset([5, 3, 8])
    assert chosen.train.items == tuple(data.train.items[index] for index in (5, 3, 8))
    assert np.array_equal(chosen.train.inputs, data.train.inputs[[5, 3, 8]])
    with pytest.raises(DataError, match="at least one"):
        data.subset([])


def test_train_and_validation_joined():
    data = open_dataset("digits", options=ReadOptions(max_examples=200))
    joined = data.joined()
    assert joined.train.items == (*data.train.items, *data.validation.items)
    np.testing.assert_array_equal(joined.train.inputs, np.concatenate([data.train.inputs, data.validation.inputs]))
    np.testing.assert_array_equal(joined.train.targets, np.concatenate([data.train.targets, data.validation.targets]))
    assert len(joined.validation) == 0 and joined.validation.inputs.shape == (0, *data.task.input_shape)
    assert joined.open_test() is data.open_test() and joined.codec == data.codec
    counts = data.task.counts
    together = counts["train"] + counts["validation"]
    assert joined.task.counts == {"train": together, "validation": 0, "test": counts["test"]}
    assert {split: sum(each.values()) for split, each in joined.report.counts.items()} == joined.task.counts
    assert len({data.task.fingerprint, joined.task.fingerprint, data.on_training().task.fingerprint}) == 3
    assert data.joined().task == joined.task


def test_at_most_so_many_examples(photos):
    data = open_dataset(photos(ant=40, bee=20), options=ReadOptions(max_examples=30))
    assert sum(data.task.counts.values()) == 30
    assert data.report.counts["train"] == {"ant": 12, "bee": 6}
    assert any("30 of 60 examples are read" in warning for warning in data.report.warnings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 4}, "size must be from 8 to 224 pixels"),
        ({"size": 500}, "it was 500"),
        ({"channels": "gray"}, "channels must be one of auto, grey, rgb; it was 'gray'"),
        ({"resize": "fit"}, "resize must be one of stretch, crop"),
        ({"test_fraction": 0.0}, "test_fraction must lie between 0 and 1"),
        ({"test_fraction": 0.6, "validation_fraction": 0.5}, "leave nothing to train on"),
        ({"max_examples": 1}, "max_examples must be 2 or more"),
        ({"white": 0.0}, "must be above 0"),
        ({"max_megapixels": 0.0}, "max_megapixels must be above 0"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(DataError, match=message):
        open_dataset("digits", options=ReadOptions(**options))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: "fashion_mnist", r"'fashion_mnist' is neither a path .* Did you mean 'fashion-mnist'\?"),
        (
            lambda folder: folder / "nowhere",
            r"nowhere' is neither a path that exists nor a named set \(digits, mnist, ",
        ),
        (lambda folder: write(folder / "photos.zip"), r"photos.zip is an archive: extract it"),
        (lambda folder: write(folder / "photos.tar.xz"), r"photos.tar.xz is an archive: extract it"),
        (lambda folder: write(folder / "one.jpg"), r"one.jpg is one picture: open the folder above"),
        (lambda folder: write(folder / "notes.docx"), r"epochal cannot read .*notes.docx. Expected a folder"),
        (lambda folder: link(folder / "gone"), r"gone is a symbolic link to something that is not there"),
        (lambda folder: 5, r"a data set is a path, .* this is a int"),
    ],
)
def test_sources_that_are_none(tmp_path, make, message):
    with pytest.raises(DataError, match=message):
        open_dataset(make(tmp_path))


def write(path):
    path.write_bytes(b"content")
    return path


def link(path):
    path.symlink_to(path.parent / "nowhere")
    return path


def test_a_path_goes_before_a_name(photos, monkeypatch):
    root = photos("digits", ant=6, bee=6)
    monkeypatch.chdir(root.parent)
    report = check("digits")
    assert report.labels == ("ant", "bee")
    (decision,) = [decision for decision in report.decisions if decision.what == "source"]
    assert "goes before the named set 'digits'" in decision.why
    assert "digits" in named_sets()


def test_the_report_goes_to_json_and_back(photos):
    root = photos(ant=12, bee=12, mule=1)
    (root / "ant" / "bad.jpg").touch()
    (root / "ant" / "twice.png").write_bytes((root / "ant" / "000.png").read_bytes())
    report = check(root)
    again = DataReport.from_json(report.to_json())
    assert again.to_dict() == report.to_dict() and again.to_text() == report.to_text()
    assert json.loads(report.to_json())["duplicates"]["exact_pairs"] == 1
    assert Task.from_json(open_dataset(root).task.to_json()) == open_dataset(root).task


def test_the_report_as_text_and_html(photos):
    root = photos(**{"<b>ant": 12, "bee": 12})
    (root / "bee" / "bad & worse.jpg").touch()
    report = check(root)
    text = report.to_text()
    assert text.startswith("photos: 24 images of 2 classes (image folder)\n")
    for part in (
        "class        train  validation        test\n<b>ant           8           2           2\n",
        "Sizes: all 40x40; models see 40x40, colour.",
        "Set aside: 1. Hidden and system files ignored: 0.",
        "Files with problems (1):\n  - bee/bad & worse.jpg: is empty (0 bytes) [set aside]",
        "  - size: 40x40 (every image has this size) - override with --size",
    ):
        assert part in text
    html = report._repr_html_()
    assert "&lt;b&gt;ant" in html and "bad &amp; worse.jpg" in html and "<b>" not in html


def test_a_long_report_cuts_its_table_and_names_every_file():
    report = DataReport(
        name="many",
        kind="image folder",
        labels=tuple(f"class {index}" for index in range(200)),
        counts={"train": {f"class {index}": 1 for index in range(200)}},
        problems=tuple(Problem(file=f"{index}.jpg", what="is empty", action="set aside") for index in range(1000)),
        decisions=(Decision(what="size", chosen="8x8", why="so"),),
    )
    text = report.to_text()
    assert "... and 180 more classes" in text and text.count("\nclass ") < 30
    assert "Files with problems (1,000)" in text and "  - 999.jpg: is empty" in text
    assert report.summary[-1] == (
        "1,000 files have problems: 0.jpg: is empty [set aside]; 1.jpg: is empty [set aside]; 2.jpg: is empty "
        "[set aside]; and 997 more, which `epochal data check` names"
    )


def test_progress_is_told(photos):
    told = []
    open_dataset(photos(ant=8, bee=8), progress=lambda *facts: told.append(facts))
    assert ("looking at files", 16, 16) in told and ("decoding", 16, 16) in told


def test_checking_needs_no_torch(photos):
    script = (
        f"import sys; from epochal.data import check; check({str(photos(ant=6, bee=6))!r}); check('digits'); "
        "sys.exit('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(epochal.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


@needs_mirror
def test_hymenoptera():
    data = open_dataset("hymenoptera")
    assert data.task.labels == ("ants", "bees") and data.task.input_shape == (3, 64, 64)
    assert data.task.counts["test"] == 153 and sum(data.task.counts.values()) == 398
    assert data.report.problems == ()


@needs_mirror
@pytest.mark.parametrize(("name", "labels"), [("mnist", "0"), ("fashion-mnist", "T-shirt/top")])
def test_seventy_thousand_images(name, labels):
    data = open_dataset(name)
    assert data.task.labels[0] == labels and data.task.counts["test"] == 10_000
    aside = sum(problem.action == "set aside" for problem in data.report.problems)
    assert sum(data.task.counts.values()) == 70_000 - aside and aside < 50
    assert data.report.duplicates.exact_pairs == 0
