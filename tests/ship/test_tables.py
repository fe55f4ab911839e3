"""Bundles of tables: classes and numbers leave the house, and answer, as classes of images do."""

import csv
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from epochal.cli import main
from epochal.core.errors import BundleError, DataError, UserError
from epochal.core.interval import Interval
from epochal.judge.goals.classes import cost_metric
from epochal.judge.goals.numbers import METRICS
from epochal.kinds.table import kind_of
from epochal.report.result import Shipped
from epochal.ship.bundle import Bundle

from .conftest import WIDTH, houses, network, written
from .test_bundle import seal_again

FRESH = """
import sys
from epochal.ship.bundle import Bundle

Bundle.open(sys.argv[1]).predict(sys.argv[2]).to_frame().to_json(sys.argv[3], double_precision=15)
"""


# Bundles


def test_a_file_in_a_fresh_process_is_answered_as_encoded_rows_were_here(of_classes, of_number, new, tmp_path):
    frame, path = new
    for folder in (of_classes, of_number):
        opened, out = Bundle.open(folder), tmp_path / "answers.json"
        subprocess.run([sys.executable, "-c", FRESH, str(folder), str(path), str(out)], check=True, timeout=300)
        there, encoded = pd.read_json(out), opened.codec.encode(frame)
        if opened.labels:
            assert there["label"].tolist() == [opened.labels[k] for k in opened.probabilities(encoded).argmax(axis=1)]
            np.testing.assert_allclose(there["p(dear)"], opened.probabilities(encoded)[:, 1], rtol=1e-6)
        else:
            np.testing.assert_allclose(there["number"], opened.numbers(encoded), rtol=1e-12)


def test_numbers_are_those_of_the_predictor_in_the_unit_of_the_targets(of_number, number):
    opened = Bundle.open(of_number)
    recipe, model = network(number)
    own = kind_of(number.task).predictor(model, number.codec, recipe, number.task)
    found = opened.numbers(number.validation.inputs)
    np.testing.assert_array_equal(found, own(number.validation.inputs).values)
    assert np.corrcoef(found, number.validation.targets)[0, 1] > 0.9
    assert abs(found.mean() - number.validation.targets.mean()) < 1
    assert opened.numbers(number.validation.inputs[:0]).shape == (0,)


def test_the_files_say_what_calibrates(of_classes, of_number, tmp_path, classes, number):
    def calibration(folder):
        return json.loads((folder / "calibration.json").read_text())

    assert calibration(of_classes) == {"method": "temperature scaling (Guo et al., 2017)", "temperature": 1.5}
    assert calibration(of_number) == {
        "method": "split conformal prediction (Papadopoulos et al., 2002; Lei et al., 2018)",
        "width": WIDTH,
        "promised": 0.9,
    }
    cost = cost_metric(500, 20, positive=1)
    assert calibration(written(tmp_path / "cost", classes, metric=cost))["stakes"] == [20.0, 500.0]
    assert "stakes" not in calibration(written(tmp_path / "mae", number, metric=METRICS["mae"]))
    assert calibration(written(tmp_path / "sure", number, calibration=0.0))["width"] == 0.0


def test_what_calibrates_must_make_sense(tmp_path, number, classes, of_number):
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(BundleError, match=f"Expected a width of zero or more, got {wrong}"):
            written(tmp_path / "bundle", number, calibration=wrong)
    with pytest.raises(BundleError, match=r"Expected a temperature above zero, got 0.0"):
        written(tmp_path / "bundle", classes, calibration=0.0)
    folder = written(tmp_path / "bundle", number)
    for content in (b'{"temperature": 1.0}', b'{"width": -1}', b'{"width": "2"}'):
        seal_again(folder, "calibration.json", content)
        with pytest.raises(BundleError, match="damaged: expected a width of zero or more, got"):
            Bundle.open(folder)


def test_a_codec_of_another_table_is_refused(tmp_path, number):
    folder = written(tmp_path / "bundle", number)
    other = number.codec.replace(columns=("area",), categories=())
    for content in (other.to_json(), number.codec.replace(columns=()).to_json()):
        seal_again(folder, "codec.json", content.encode())
        with pytest.raises(BundleError, match="its codec does not make what its task expects"):
            Bundle.open(folder)


def test_a_kind_of_task_that_is_not_known_asks_for_an_upgrade(tmp_path, number):
    folder = written(tmp_path / "bundle", number)
    seal_again(folder, "task.json", number.task.replace(kind="smells").to_json().encode())
    with pytest.raises(BundleError, match=r"kind of task that this epochal does not know, 'smells'. .* Upgrade"):
        Bundle.open(folder)


def test_what_a_bundle_does_not_predict_it_says(of_classes, of_number, number):
    opened = Bundle.open(of_number)
    rows = number.validation.inputs
    with pytest.raises(BundleError, match="predicts a number, price: it has no logits. Ask it for `numbers`"):
        opened.logits(rows)
    with pytest.raises(BundleError, match="it has no logits"):
        opened.probabilities(rows)
    with pytest.raises(BundleError, match="it has no temperature. Its intervals have the half width `calibration`"):
        _ = opened.temperature
    with pytest.raises(BundleError, match="predicts classes: it has no numbers. Ask it for `probabilities`"):
        Bundle.open(of_classes).numbers(rows)
    with pytest.raises(ValueError, match=r"Expected encoded rows, float32 of shape \[batch, 2\]; got float32"):
        opened.numbers(rows[:, :1])


def test_an_ensemble_answers_with_the_mean_of_its_members(tmp_path, number):
    models = [network(number, seed)[1] for seed in range(3)]
    folder = written(tmp_path / "bundle", number, model=models, calibrations=(1.0, 0.0, 3.0))
    opened, rows = Bundle.open(folder), number.validation.inputs
    recipe = opened.recipe
    each = [kind_of(number.task).predictor(one, number.codec, recipe, number.task)(rows).values for one in models]
    np.testing.assert_allclose(opened.numbers(rows), np.mean(each, axis=0))
    assert opened.members == 3 and np.ptp(each, axis=0).max() > 1e-3
    assert json.loads((folder / "calibration.json").read_text())["mean"] == "of the members' numbers"


def test_the_card_says_what_it_takes_and_what_it_answers(of_classes, of_number):
    text = Bundle.open(of_number).card
    assert "predicts a number of each row: price." in text
    assert "- Input: a row with 2 columns, in any order; other columns are ignored. It becomes" in text
    assert "- Columns read as category: city." in text
    assert "each number plus or minus 2.5, to hold the truth for 90% of unseen items, fitted on the validation" in text
    assert "image" not in text and "picture" not in text and "class" not in text.replace("classic", "")
    text = Bundle.open(of_classes).card
    assert "tells 2 classes of rows apart: cheap, dear." in text
    assert "temperature 1.500" in text and "image" not in text and "picture" not in text


def test_the_card_says_how_far_off_the_numbers_are(tmp_path, number):
    recipe, model = network(number)
    goal, rows = kind_of(number.task).goal, number.open_test()
    answer = kind_of(number.task).predictor(model, number.codec, recipe, number.task)(rows.inputs)
    shown = goal.shown(answer, rows.targets, WIDTH, (answer, rows.targets))
    score = {"mean": 0.9, "low": 0.8, "high": 0.95}
    made = {"metric": METRICS["r2"].to_dict(), "shipped": Shipped(score=Interval(**score), **shown).to_dict()}
    text = Bundle.open(written(tmp_path / "bundle", number, evidence={"climb": made})).card
    assert "- R2: 0.900 (95% interval 0.800 to 0.950)." in text
    assert "- A prediction plus or minus 2.5 holds the truth for 90% of the validation rows" in text
    assert "- True minus predicted: half of these lie between " in text


# Predictions


def test_rows_are_answered_in_their_order_whatever_holds_them(of_number, new):
    frame, path = new
    opened = Bundle.open(of_number)
    expected = opened.numbers(opened.codec.encode(frame))
    for inputs in (frame, path, [str(path)], frame.to_dict("records"), frame[frame.columns[::-1]]):
        found = opened.predict(inputs)
        assert [row.input for row in found] == frame["house"].tolist()
        np.testing.assert_allclose([row.number for row in found], expected)
        assert not found.errors
    (one,) = opened.predict(frame.iloc[7].to_dict())
    assert one.number == pytest.approx(expected[7])
    assert (one.low, one.high) == pytest.approx((expected[7] - WIDTH, expected[7] + WIDTH))
    assert len(opened.predict([])) == 0
    parts = list(opened.stream(path))
    assert sum(map(len, parts)) == 50


def test_numbers_become_plain_data_a_frame_text_and_html(of_number, new):
    frame, _ = new
    found = Bundle.open(of_number).predict(frame.assign(number=range(50), city=["<b>"] * 50))
    row = json.loads(json.dumps(found.to_list()))[3]
    assert (row["input"], row["ids"]) == ("H0003", {"house": "H0003", "number": 3})
    assert row["high"] - row["number"] == pytest.approx(WIDTH)
    table = found.to_frame()
    assert list(table.columns) == ["input", "house", "given number", "number", "low", "high", "error"]
    np.testing.assert_allclose(table["number"], found.numbers)
    assert found.to_text().splitlines()[0].startswith("H0000  ")
    assert "<td>H0003</td>" in found._repr_html_()
    assert found.notes[0] == "4 columns are not used by the model: 'house', 'price', 'dear' and 1 more."
    assert found[-1] == found.rows[49] == found[49:][0]


def test_classes_keep_the_ids_too(of_classes, new):
    frame, _ = new
    found = Bundle.open(of_classes).predict(frame)
    assert list(found.to_frame().columns) == [
        *("input", "house", "label", "probability", "error", "p(cheap)", "p(dear)")
    ]
    assert found.to_list()[3]["ids"] == {"house": "H0003"}


def test_what_cannot_be_used_is_refused_as_a_whole(of_number, new):
    opened = Bundle.open(of_number)
    with pytest.raises(DataError, match=r"1 of the 2 columns that the model learned from is not in these rows: 'city'"):
        opened.stream(new[0].drop(columns="city"))
    with pytest.raises(
        UserError, match="white: new rows have no such option. They have separator, encoding, header; the"
    ):
        opened.predict(new[0], white=255)


# The command


def test_the_command_writes_answers_in_the_order_of_the_file(of_classes, of_number, new, tmp_path, capsys):
    frame, path = new
    out = tmp_path / "answers.csv"
    assert main(["predict", str(of_classes), str(path), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"50 rows predicted in {out}.\n"
    assert printed.err == "3 columns are not used by the model: 'house', 'price', 'dear'.\n"
    with open(out, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["house", "label", "probability", "error", "p(cheap)", "p(dear)"]
    assert [row["house"] for row in rows] == frame["house"].tolist()
    assert [row["label"] for row in rows] == [row.label for row in Bundle.open(of_classes).predict(frame)]
    frame.drop(columns="house").to_csv(path, index=False)
    assert main(["predict", str(of_number), str(path), "--out", str(out)]) == 0
    with open(out, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "number", "low", "high", "error"]
    assert [row["id"] for row in rows][:2] == ["row 1", "row 2"]
    assert float(rows[0]["high"]) - float(rows[0]["low"]) == pytest.approx(2 * WIDTH, abs=1e-3)


def test_the_command_prints_lines_or_json(of_number, new, capsys):
    assert main(["predict", str(of_number), str(new[1])]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 50
    assert main(["predict", str(of_number), str(new[1]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["ids"] == {"house": "H0000"}


def test_a_bad_line_is_named_and_the_others_are_answered(of_number, tmp_path, capsys):
    lines = houses(200, seed=1).to_csv(index=False).splitlines()
    lines[3] += ",more"
    (tmp_path / "new.csv").write_text("\n".join(lines))
    assert main(["predict", str(of_number), str(tmp_path / "new.csv"), "--out", str(tmp_path / "out.csv")]) == 1
    assert "199 rows predicted" in capsys.readouterr().out
    last = (tmp_path / "out.csv").read_text().splitlines()[-1]
    assert "has 6 cells where the header has 5" in last


def test_no_file_is_lost_where_a_table_is_refused(of_number, new, tmp_path, capsys):
    _, path = new
    before = path.read_bytes()
    assert main(["predict", str(of_number), str(path), "--out", str(path)]) == 2
    assert "this file is to be predicted, and would be lost. Name another file." in capsys.readouterr().err
    assert path.read_bytes() == before
    (tmp_path / "out.csv").write_text("kept")
    (tmp_path / "bad.csv").write_text("area,rooms\n3,1\n")
    assert main(["predict", str(of_number), str(tmp_path / "bad.csv"), "--out", str(tmp_path / "out.csv")]) == 2
    assert "'city'" in capsys.readouterr().err
    assert (tmp_path / "out.csv").read_text() == "kept"
    assert main(["predict", str(of_number), str(path), "--white", "255"]) == 2
    assert "white: new rows have no such option" in capsys.readouterr().err
    path.write_text(path.read_text().replace(",", "~"))
    assert main(["predict", str(of_number), str(path), "--separator", "~"]) == 0
    assert capsys.readouterr().out.startswith("H0000  ")
