"""Bundles of tables are scored on labelled rows, and say whether they keep what they promised."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as peers

from epochal import evaluate
from epochal.cli import main
from epochal.core.errors import DataError, UserError
from epochal.core.metric import Metric
from epochal.data import ReadOptions
from epochal.data.table.options import TableOptions
from epochal.judge.goals import classes
from epochal.judge.goals.numbers import METRICS
from epochal.ship.bundle import Bundle
from epochal.ship.evaluation import Evaluation

from .conftest import WIDTH


def test_the_scores_of_classes_are_those_of_scikit_learn(of_classes, new):
    frame, path = new
    opened = Bundle.open(of_classes)
    found, chances = evaluate(opened, path), opened.probabilities(opened.codec.encode(frame))
    labels = np.array(opened.labels)[chances.argmax(axis=1)]
    assert found["accuracy"].value == pytest.approx(peers.accuracy_score(frame["dear"], labels))
    assert found["auroc"].value == pytest.approx(peers.roc_auc_score(frame["dear"] == "dear", chances[:, 1]))
    assert {one.label: one.items for one in found.recalls} == frame["dear"].value_counts().to_dict()
    assert (found.items, found.item, found.split) == (50, "row", "all")
    assert "on 50 rows. The bundle holds no score of its own to compare with." in found.sentence
    assert "image" not in found.to_text()
    assert evaluate(opened, frame).metrics == found.metrics


def test_the_scores_of_numbers_are_those_of_scikit_learn(of_number, new):
    frame, path = new
    opened = Bundle.open(of_number)
    found, numbers = evaluate(opened, path), opened.numbers(opened.codec.encode(frame))
    expected = {
        "r2": peers.r2_score(frame["price"], numbers),
        "mae": peers.mean_absolute_error(frame["price"], numbers),
        "rmse": peers.root_mean_squared_error(frame["price"], numbers),
    }
    assert {one.metric.name: one.value for one in found.metrics} == pytest.approx(expected)
    assert all(one.low < one.value < one.high for one in found.metrics)
    assert found.recalls == () and found.promise is None
    assert found.sentence.startswith(f"R2 {expected['r2']:.3f} (95% interval ")
    within = (np.abs(frame["price"] - numbers) <= WIDTH).mean()
    assert f"plus or minus 2.5 holds the truth of {within:.1%} of the rows" in found.notes[0]
    assert found.notes[0].endswith("90% was promised.")
    assert Evaluation.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert evaluate(opened, frame).metrics == found.metrics


def promising(bundle: Bundle, metric: Metric, mean: float, half: float) -> Bundle:
    score = {"mean": mean, "low": mean - half, "high": mean + half}
    return replace(bundle, evidence={"climb": {"metric": metric.to_dict(), "shipped": {"score": score}}})


def test_numbers_keep_their_promise_or_do_not(of_number, number, new):
    frame, _ = new
    opened = Bundle.open(of_number)
    mae = evaluate(promising(opened, METRICS["mae"], 1.0, 0.1), frame)
    here = mae.metrics[0]
    assert here.metric.name == "mae"
    same = evaluate(promising(opened, METRICS["mae"], here.value, 0.1), frame)
    assert same.difference.low < 0 < same.difference.high
    assert same.difference.low == pytest.approx(-np.hypot(here.value - here.low, 0.1))
    count = number.task.counts["test"]
    assert f"on the {count} rows of its test split: the two agree within chance (the difference is " in same.sentence
    low = evaluate(promising(opened, METRICS["mae"], here.value / 3, 0.01), frame)
    assert "this data is harder, or different (the difference is +" in low.sentence
    high = evaluate(promising(opened, METRICS["mae"], here.value * 3, 0.01), frame)
    assert "this data is easier, or holds rows of the training (the difference is -" in high.sentence
    r2 = evaluate(promising(opened, METRICS["r2"], 0.999, 0.0005), frame)
    assert "this data is harder" in r2.sentence and r2.difference.value < 0


def test_rows_without_a_number_are_named_and_equal_numbers_have_no_r2(of_number, new):
    frame, _ = new
    opened = Bundle.open(of_number)
    price = frame["price"].astype(object)
    price[:2] = ["unknown", None]
    found = evaluate(opened, frame.assign(price=price))
    assert found.items == 48
    assert found.problems == {"row 1": "has the label 'unknown', which is no number", "row 2": "has no label"}
    assert any(note.startswith("2 rows could not be used. row ") for note in found.notes)
    equal = evaluate(opened, frame.assign(price=10.0))
    assert [one.metric.name for one in equal.metrics] == ["mae", "rmse"]
    assert "No R2: it needs rows whose numbers differ." in equal.notes
    with pytest.raises(DataError, match=r"no row has a number as its label. row 1 has the label 'much', which is no"):
        evaluate(opened, frame.assign(price="much"))
    with pytest.raises(DataError, match="1 of 1 rows could be used, and an interval needs two or more"):
        evaluate(opened, frame[:1])


def test_labels_that_are_no_class_and_missing_columns_are_told(of_classes, new):
    frame, _ = new
    opened = Bundle.open(of_classes)
    found = evaluate(opened, frame.assign(dear=["odd"] * 5 + frame["dear"].tolist()[5:]))
    assert found.unknown == {"odd": 5} and found.items == 45
    assert "5 rows are set aside: their labels are no classes of the bundle (odd)." in found.notes
    with pytest.raises(DataError, match="is not in these rows: 'city'"):
        evaluate(opened, frame.drop(columns="city"))
    with pytest.raises(DataError, match="There is no column 'dear' for the label"):
        evaluate(opened, frame.drop(columns="dear"))
    with pytest.raises(UserError, match="options: expected TableOptions for a bundle of rows, got ReadOptions"):
        evaluate(opened, frame, options=ReadOptions())


def test_a_published_test_split_is_used(of_classes, new):
    frame, _ = new
    split = np.where(np.arange(50) < 20, "test", "train")
    found = evaluate(of_classes, frame.assign(split=split))
    assert (found.items, found.split) == (20, "test")
    assert found.notes[1] == (
        "Only the published test split is used; 30 rows of the other splits are left out. To use them, say --split all."
    )
    assert evaluate(of_classes, frame.assign(split=split), split="all").items == 50


def test_the_command_scores_tables(of_classes, of_number, new, capsys):
    frame, path = new
    for folder, metric in ((of_classes, "accuracy"), (of_number, "R2")):
        assert main(["evaluate", str(folder), str(path)]) == 0
        assert capsys.readouterr().out.splitlines()[1].startswith(metric)
    frame.rename(columns={"price": "paid"}).to_csv(path, index=False)
    assert main(["evaluate", str(of_number), str(path), "--label", "paid", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["items"] == 50
    assert main(["evaluate", str(of_number), str(path), "--image", "paid"]) == 2
    assert "image: the bundle answers for rows, and reading rows has no such option" in capsys.readouterr().err


def weighted(frame):
    return frame.assign(weight=np.arange(len(frame)) % 7 + 0.5)


def test_the_scores_of_weighted_rows_are_those_of_scikit_learn(of_classes, of_number, new):
    frame = weighted(new[0])
    opened, options = Bundle.open(of_classes), TableOptions(weights="weight")
    found, chances = evaluate(opened, frame, options=options), opened.probabilities(opened.codec.encode(frame))
    right = np.array(opened.labels)[chances.argmax(axis=1)] == frame["dear"]
    assert found["accuracy"].value == pytest.approx(np.average(right, weights=frame["weight"]))
    auroc = peers.roc_auc_score(frame["dear"] == "dear", chances[:, 1], sample_weight=frame["weight"])
    assert found["auroc"].value == pytest.approx(auroc)
    assert all(one.low < one.value < one.high for one in found.metrics if 0 < one.value < 1)
    assert "Scores weigh each row by its weight; recalls and " in found.to_text()
    numbers = Bundle.open(of_number)
    squares = (numbers.numbers(numbers.codec.encode(frame)) - frame["price"]) ** 2
    scored = evaluate(numbers, frame, options=options)
    assert scored["rmse"].value == pytest.approx(np.average(squares, weights=frame["weight"]) ** 0.5)


def test_a_bundle_that_learned_by_weight_looks_for_the_column(of_classes, of_number, new):
    frame = weighted(new[0])
    for folder, metric in ((of_classes, classes.METRICS["accuracy"]), (of_number, METRICS["mae"])):
        plain = promising(Bundle.open(folder), metric, 0.9, 0.02)
        learned = replace(plain, codec=plain.codec.replace(weights="weight"))
        by_weight = evaluate(plain, frame, options=TableOptions(weights="weight"))
        found = evaluate(learned, frame)
        assert found.metrics == by_weight.metrics
        # what it promised was weighted, or counted each row once: only alike is compared with alike
        assert found.promise.value == 0.9 and by_weight.promise is None
        assert found.difference.value == pytest.approx(found[metric.name].value - 0.9)
        without = evaluate(learned, new[0])
        assert without.metrics == evaluate(plain, new[0]).metrics
        assert "There is no column 'weight' with the weights of the rows: each counts once." in without.notes
        assert not any("not used by the model: 'weight'" in note for note in found.notes)
        assert list(learned.predict(frame).to_frame()) == list(learned.predict(new[0]).to_frame())


def test_rows_of_weight_zero_count_for_nothing_and_bad_weights_are_named(of_classes, new, capsys):
    frame, path = weighted(new[0]), new[1]
    frame.loc[:9, "weight"] = 0
    found = evaluate(of_classes, frame, options=TableOptions(weights="weight"))
    rest = evaluate(of_classes, frame.iloc[10:], options=TableOptions(weights="weight"))
    assert found.items == 40 and found.metrics == rest.metrics
    assert "10 rows have the weight 0: set aside." in found.notes
    frame.loc[12, "weight"] = -2
    with pytest.raises(DataError, match="column 'weight': the weight of row 13 is -2. Expected a number of 0 or more"):
        evaluate(of_classes, frame, options=TableOptions(weights="weight"))
    with pytest.raises(DataError, match="There is no column 'wait' for the weights"):
        evaluate(of_classes, frame, options=TableOptions(weights="wait"))
    weighted(new[0]).to_csv(path, index=False)
    assert main(["evaluate", str(of_classes), str(path), "--weight", "weight"]) == 0
    assert "Scores weigh each row by its weight" in capsys.readouterr().out
