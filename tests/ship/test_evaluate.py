"""An evaluation uses every labelled picture, as the bundle sees it, and says whether the bundle keeps its promise."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn import metrics as peers
from sklearn.datasets import load_digits

from epochal import evaluate
from epochal.cli import main
from epochal.core.errors import DataError, UserError
from epochal.judge.confusion import confusion_matrix
from epochal.judge.goals.classes import METRICS
from epochal.kinds.image_ladder import RUNGS
from epochal.ship.bundle import Bundle, write_bundle
from epochal.ship.evaluation import Evaluation

from .conftest import fitted

PROMISED = 0.9


@pytest.fixture(scope="module")
def unseen() -> tuple[np.ndarray, np.ndarray]:
    """300 digits as uint8 [n, 8, 8], and their labels."""
    found = load_digits()
    return (found.images[-300:] * 15.9375).astype(np.uint8), found.target[-300:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, digits, unseen):
    """A bundle that promises what it scores on the second half of the unseen digits; trained on 8-bit pictures."""
    recipe = RUNGS["nearest-neighbours"].recipe
    model = fitted(recipe, digits)
    images, targets = unseen
    labels = model.outputs(images[150:, None]).argmax(axis=1)
    confusion = confusion_matrix(labels, targets[150:], 10).tolist()
    return write_bundle(
        tmp_path_factory.mktemp("made") / "bundle",
        model=model,
        recipe=recipe,
        task=digits.task,
        codec=digits.codec.replace(white=None),
        calibration=0.5,
        evidence={"climb": {"confusion": confusion}},
    )


@pytest.fixture
def opened(folder) -> Bundle:
    return Bundle.open(folder)


def save(root, images, labels):
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = root / str(label) / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return root


def test_the_metrics_are_those_of_scikit_learn_and_all_images_count(opened, unseen):
    images, targets = unseen
    found = evaluate(opened, unseen)
    chances = opened.predict(images).probabilities.astype(np.float64)
    chances /= chances.sum(axis=1, keepdims=True)
    labels, truth = chances.argmax(axis=1), np.eye(10)[targets]
    expected = {
        "accuracy": peers.accuracy_score(targets, labels),
        "balanced-accuracy": peers.balanced_accuracy_score(targets, labels),
        "macro-f1": peers.f1_score(targets, labels, average="macro"),
        "auroc": peers.roc_auc_score(truth, chances, average="macro"),
        "average-precision": peers.average_precision_score(truth, chances, average="macro"),
        "log-loss": peers.log_loss(targets, chances),
    }
    assert {one.metric.name: one.value for one in found.metrics} == pytest.approx(expected, abs=1e-6)
    assert all(one.low < one.value < one.high for one in found.metrics)
    assert found.items == 300 and found.split == "all"
    recalls = {one.label: (one.items, one.value) for one in found.recalls}
    each = peers.recall_score(targets, labels, average=None)
    assert recalls == {str(k): (int((targets == k).sum()), pytest.approx(each[k])) for k in range(10)}
    assert Evaluation.from_dict(json.loads(json.dumps(found.to_dict()))).sentence == found.sentence


def test_data_like_those_of_the_promise_agree_with_it(opened, unseen):
    found = evaluate(opened, (unseen[0][:150], unseen[1][:150]))
    assert found.promise.split == "test"
    assert found.promise.items == 150
    assert found.difference.low < 0 < found.difference.high
    assert found.difference.value == pytest.approx(found["accuracy"].value - found.promise.value)
    assert "on 150 images. The bundle promised " in found.sentence
    assert "on the 150 images of its test split: the two agree within chance (the difference is" in found.sentence


def test_harder_and_easier_data_are_told(opened, unseen):
    images, targets = unseen
    turned = evaluate(opened, (images.transpose(0, 2, 1), targets))
    assert turned.difference.high < 0
    assert "this data is harder, or different (the difference is -" in turned.sentence
    poor = replace(opened, evidence={"climb": {"confusion": np.full((10, 10), 3).tolist()}})
    assert (
        "this data is easier, or holds images of the training (the difference is +" in evaluate(poor, unseen).sentence
    )


def test_a_bundle_without_a_test_score_promises_that_of_its_validation(opened, unseen):
    runs = [
        {"seed": seed, "scores": {"loss": loss, "score": share}}
        for seed, loss, share in ((0, 0.3, 0.5), (1, 0.2, PROMISED))
    ]
    found = evaluate(replace(opened, evidence={"runs": runs}), unseen)
    images = opened.task.counts["validation"]
    assert (found.promise.split, found.promise.items) == ("validation", images)
    assert found.promise.right == round(PROMISED * images)
    assert "of its validation split" in found.sentence
    bare = evaluate(replace(opened, evidence={}), unseen)
    assert bare.promise is bare.difference is None
    assert bare.sentence.endswith("The bundle holds no score of its own to compare with.")


def test_the_promise_speaks_of_the_classes_that_are_there(opened, unseen):
    images, targets = unseen
    few = np.isin(targets, (3, 8))
    found = evaluate(opened, (images[few], targets[few]))
    assert found.promise.items == np.isin(targets[150:], (3, 8)).sum()
    assert "images of these classes in its test split" in found.sentence
    assert found.missing == ("0", "1", "2", "4", "5", "6", "7", "9")
    assert "There is no image of 8 of the bundle's classes (0, 1, 2, 4, 5, 6, 7, 9)." in found.notes


def test_a_class_with_few_images_is_told_where_the_bundles_metric_weighs_it_as_the_others(opened, unseen):
    images, targets = unseen
    kept = np.concatenate([np.flatnonzero(targets == 3)[:4], np.flatnonzero(targets == 8)])
    some = images[kept], targets[kept]
    chosen = METRICS["average-precision"].to_dict()
    found = evaluate(replace(opened, evidence={"climb": {"metric": chosen}}), some)
    assert [note for note in found.notes if "narrow" in note] == [
        "The interval of average precision may be too narrow, because it ranks a class with fewer than 10 images: "
        "3 (4)."
    ]
    assert found.to_text().count("may be too narrow") == 1
    assert "narrow" not in " ".join(evaluate(opened, some).notes)  # chosen by accuracy


def test_a_folder_is_read_as_the_bundle_sees_it_and_what_cannot_be_used_is_told(opened, unseen, tmp_path):
    images, targets = unseen
    root = save(tmp_path / "new", images[:60], targets[:60])
    save(root, images[:3], ["eleven"] * 3)
    (root / "7" / "bad.png").write_text("no picture")
    Image.fromarray(images[0]).resize((64, 48)).convert("RGB").save(root / "7" / "large.png")
    found = evaluate(opened, root)
    assert found.items == 61
    assert found.unknown == {"eleven": 3}
    assert found.problems == {"7/bad.png": "is text, not a picture"}
    arrays = evaluate(opened, (images[:60], targets[:60]))
    for one, other in zip(found.recalls, arrays.recalls, strict=True):
        assert one.label == other.label
        assert one == other or one.label == "7"
    text = found.to_text()
    assert "3 images are set aside: their labels are no classes of the bundle (eleven)." in text
    assert "1 image could not be used. 7/bad.png is text, not a picture." in text
    rows = pd.DataFrame({"path": [f"{k}/{i}.png" for i, k in enumerate(targets[:60])], "label": targets[:60]})
    rows.to_csv(root / "labels.csv", index=False)
    manifest = evaluate(opened, root / "labels.csv")
    assert manifest.metrics == arrays.metrics


def test_a_name_that_looks_like_a_pattern_or_a_folder_is_one_image(opened, unseen, tmp_path):
    root = save(tmp_path / "new", unseen[0][:20], unseen[1][:20])
    names = [f"{k}/{i}.png" for i, k in enumerate(unseen[1][:20])]
    pd.DataFrame({"path": ["*/*.png", "3", *names], "label": [5, 3, *unseen[1][:20]]}).to_csv(root / "l.csv")
    found = evaluate(opened, root / "l.csv")
    assert found.items == 20
    assert set(found.problems) == {"*/*.png", "3"}


def test_arrays_of_any_type_are_the_same_pictures_and_a_bad_one_harms_no_other(opened, unseen):
    images, targets = unseen
    expected = evaluate(opened, unseen)
    for given in (images.astype(np.int64), images.astype(np.float32), images[:, None], images[..., None]):
        assert evaluate(opened, (given, list(targets))).metrics == expected.metrics
    broken = images / 255
    broken[3] = np.nan
    labels = targets.astype(object)
    labels[4] = None
    found = evaluate(opened, (broken, labels))
    assert found.items == 298
    assert found.problems == {
        "example[4]": "has no label",
        "example[3]": "holds pixels that are not finite numbers",
    }


def test_the_published_test_split_is_used_unless_another_is_asked_for(opened, unseen):
    images, targets = unseen
    parts = {"train": (images[:200], targets[:200]), "test": (images[200:], targets[200:])}
    found = evaluate(opened, parts)
    assert (found.split, found.items) == ("test", 100)
    assert found.notes[0] == (
        "Only the published test split is used; 200 images of the other splits are left out. To use them, say "
        "--split all."
    )
    assert evaluate(opened, {"test": parts["test"]}).metrics == found.metrics
    assert evaluate(opened, parts, split="train").items == 200
    assert evaluate(opened, parts, split="all").items == 300
    with pytest.raises(DataError, match="arrays has no validation split: its splits are train and test"):
        evaluate(opened, parts, split="validation")
    with pytest.raises(DataError, match="arrays has no test split: it has no published splits"):
        evaluate(opened, unseen, split="test")
    with pytest.raises(UserError, match="split: expected one of train, validation, test, all, got 'dev'"):
        evaluate(opened, unseen, split="dev")
    with pytest.raises(DataError, match="arrays by split must be named train, validation or test; there is 'extra'"):
        evaluate(opened, {"extra": unseen})


def test_one_class_has_no_ranks_and_one_image_no_interval(opened, unseen):
    images, targets = unseen
    found = evaluate(opened, (images[targets == 4], targets[targets == 4]))
    assert "auroc" not in {one.metric.name for one in found.metrics}
    assert any(note.startswith("No area under the ROC curve") for note in found.notes)
    with pytest.raises(DataError, match="1 of 1 images could be used, and an interval needs two or more"):
        evaluate(opened, (images[:1], targets[:1]))
    with pytest.raises(DataError, match=r"none of its labels \(cat\) is a class of the bundle \(0, 1, 2, 3"):
        evaluate(opened, (images, ["cat"] * 300))
    with pytest.raises(DataError, match=r"no image has a label. example\[0\] has no label; "):
        evaluate(opened, (images, [None] * 300))


def test_data_of_the_bundles_own_name_are_suspect(opened):
    found = evaluate(opened, "digits")
    assert found.items == 1797
    assert found.notes[-1].startswith("The bundle was made from data of the same name, digits: ")


def test_the_command_prints_tables_or_json(folder, unseen, tmp_path, capsys):
    root = save(tmp_path / "new", unseen[0][:50], unseen[1][:50])
    assert main(["evaluate", str(folder), str(root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["metric", "value", "95%", "interval"]
    assert lines[1].startswith("accuracy ")
    assert [line.split()[0] for line in lines[8:19]] == ["class", *map(str, range(10))]
    assert lines[20].startswith("Accuracy ")
    assert main(["evaluate", str(folder), str(root), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["items"] == 50
    assert found["metrics"][0]["metric"]["name"] == "accuracy"
    assert main(["evaluate", str(folder), str(root), "--split", "test"]) == 2
    assert "has no test split" in capsys.readouterr().err


def test_of_many_classes_the_lowest_are_shown(opened, unseen, monkeypatch):
    monkeypatch.setattr("epochal.ship.evaluation.CLASSES_SHOWN", 4)
    text = evaluate(opened, unseen).to_text()
    assert "These 4 classes have the lowest recall; 6 more are in the JSON." in text
