"""`epochal predict`: lines, JSON or a table, written as the answers come, with each bad file named."""

import csv
import json
import os

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from epochal.cli import main
from epochal.commands import predict as command
from epochal.data import ReadOptions, open_dataset
from epochal.data.image import given as rooms
from epochal.kinds.image_ladder import RUNGS
from epochal.models.catalogue import build
from epochal.ship.bundle import write_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    dataset = open_dataset("digits", options=ReadOptions(max_examples=240, duplicates=False))
    recipe = RUNGS["nearest-neighbours"].recipe
    model = build(recipe, dataset.task)
    model.fit(dataset.train.inputs, dataset.train.targets, seed=0)
    return write_bundle(
        tmp_path_factory.mktemp("made") / "bundle",
        model=model,
        recipe=recipe,
        task=dataset.task,
        codec=dataset.codec,
        calibration=0.5,
        evidence={},
    )


@pytest.fixture
def folder(tmp_path):
    for index, pixels in enumerate(load_digits().images[:5]):
        path = tmp_path / "new" / f"of {index // 2}" / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 15.9375).astype(np.uint8)).save(path)
    return tmp_path / "new"


def test_a_folder_is_predicted_with_those_inside_it(bundle, folder, capsys):
    assert main(["predict", str(bundle), str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(".png")[0] for line in lines] == [str(folder / f"of {i // 2}" / str(i)) for i in range(5)]


def test_answers_are_printed_as_they_come(bundle, folder, capsys, monkeypatch):
    monkeypatch.setattr(rooms, "BATCH", 2)
    seen, plain = [], command.click.echo

    def echo(text="", **options):
        seen.append(text)
        plain(text, **options)

    monkeypatch.setattr(command.click, "echo", echo)
    assert main(["predict", str(bundle), str(folder)]) == 0
    assert [len(text.splitlines()) for text in seen] == [2, 2, 1]
    (folder / "bad.png").write_text("no picture")
    capsys.readouterr()
    assert main(["predict", str(bundle), str(folder), "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [set(row) == {"input", "error"} for row in rows] == [True, False, False, False, False, False]
    assert sum(rows[1]["probabilities"].values()) == pytest.approx(1)


def test_json_of_nothing_is_an_empty_list(bundle, capsys, monkeypatch):
    monkeypatch.setattr(rooms, "pictures", lambda inputs, split: iter(()))
    assert main(["predict", str(bundle), "any", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_out_writes_a_table_that_may_lie_in_the_folder(bundle, folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "of 0" / "bad,\n.png").write_text("no picture")
    for _ in range(2):  # the second time the table is there already
        assert main(["predict", str(bundle), ".", "--out", "answers.csv"]) == 1
        assert capsys.readouterr().out == (
            "5 images predicted in " + str(folder / "answers.csv") + ". 1 could not be predicted; the column error "
            "says why.\n"
        )
        with open("answers.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["id"] for row in rows] == [
            *("of 0/0.png", "of 0/1.png", "of 0/bad,\n.png", "of 1/2.png", "of 1/3.png", "of 2/4.png")
        ]
        assert [row["label"] for row in rows][:3] == ["0", "1", ""]
        assert "is text, not a picture" in rows[2]["error"]
        chances = [float(rows[0][f"p({digit})"]) for digit in range(10)]
        assert sum(chances) == pytest.approx(1, abs=1e-4)
        assert float(rows[0]["probability"]) == max(chances)
        assert rows[2]["p(3)"] == rows[2]["probability"] == ""


def test_a_name_that_is_no_text_is_escaped_and_the_others_are_answered(bundle, folder, capsys):
    os.rename(os.fsencode(folder / "of 0" / "0.png"), os.fsencode(folder / "of 0") + b"/\xb9.png")
    assert main(["predict", str(bundle), str(folder)]) == 0
    assert "\\xb9.png" in capsys.readouterr().out
    assert main(["predict", str(bundle), str(folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert os.fsencode(rows[1]["input"]).endswith(b"/\xb9.png")  # a program gets the name itself
    assert main(["predict", str(bundle), str(folder), "--out", str(folder / "answers.csv")]) == 0
    assert "\\xb9.png,0," in (folder / "answers.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words, message",
    [
        (["--out", "answers.xls"], "expected a name that ends with .csv"),
        (["--out", "gone/answers.csv"], "it cannot be written (No such file or directory). Name another file."),
        (["--out", "answers.csv", "--json"], "--json prints and --out writes: choose one of them."),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_predicted(
    bundle, folder, words, message, capsys, monkeypatch
):
    monkeypatch.chdir(folder)
    assert main(["predict", str(bundle), str(folder), *words]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""
