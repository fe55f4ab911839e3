"""Rungs of the user's own that fail, each at another place: they are listed with the reason, and the others climb."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import epochal
from epochal.core.run import FAILED, FINISHED
from epochal.data.table.options import TableOptions

ROWS = 90  # of the test split: 30% of 300; the batches of a network's answers are of 64, and the last of 26
MINE = f"""
import numpy as np
import torch
from sklearn.tree import DecisionTreeClassifier
from torch import nn


class Tree(DecisionTreeClassifier):
    at = {ROWS}

    def predict_proba(self, inputs):
        found = super().predict_proba(inputs)
        return self.spoilt(found) if self.at in (len(inputs), 0) else found


class Raises(Tree):
    def spoilt(self, found):
        raise RuntimeError("out of luck")


class Few(Tree):
    def spoilt(self, found):
        return found[:-1]


class Unsure(Tree):
    def spoilt(self, found):
        return found * np.nan


class Never(Unsure):
    at = 0


class Negative(Tree):
    at = 1

    def spoilt(self, found):
        return found - 1


class Net(nn.Module):
    def __init__(self, task):
        super().__init__()
        self.layer = nn.Linear(task.input_shape[0], task.outputs)

    def forward(self, inputs):
        found = self.layer(inputs)
        return torch.cat([found, found], dim=1) if len(inputs) == {ROWS % 64} and not self.training else found


class Narrow(Net):
    def forward(self, inputs):
        return self.layer(inputs)[:, :1]
"""
CLASSES = ("Raises", "Few", "Unsure", "Never", "Negative", "Net", "Narrow")


def customers(count, seed=0):
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": draw.integers(18, 80, count), "plan": draw.choice(["basic", "plus"], count)})
    likely = (frame["age"] < 40) ^ (frame["plan"] == "plus")
    frame["churned"] = np.where(draw.random(count) < np.where(likely, 0.9, 0.1), "yes", "no")
    return frame


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theirs")
    (folder / "mine.py").write_text(MINE)
    frame = customers(300)
    frame.to_csv(folder / "customers.csv", index=False)
    said: list[str] = []
    found = epochal.climb(
        folder / "customers.csv", options=TableOptions(label="churned", test_fraction=0.3), budget="20s", seeds=2,
        trials=1, rungs=("majority", "linear"), theirs=[f"{folder / 'mine.py'}:{name}" for name in CLASSES],
        out=folder / "run", progress=said.append,
    )  # fmt: skip
    return found, said


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Raises", "test: RuntimeError: out of luck"),
        ("Few", "test: --rung {mine}:Few: expected for each item a score of each of 2 classes, in the shape [90, 2]; "
         "got [89, 2]."),
        ("Unsure", "test: --rung {mine}:Unsure: expected for each item a score of each of 2 classes; 180 of the 180 "
         "numbers are not finite."),
        ("Never", "sizing: --rung {mine}:Never: expected for each item"),
        ("Negative", "answering: --rung {mine}:Negative: expected probabilities of 0 or more; got -1."),
        ("Net", "test: Expected answers of the shape [26, 2]; got [26, 4]."),
        ("Narrow", "sizing: --rung {mine}:Narrow: expected answers of the shape [batch, 2]"),
    ],
)  # fmt: skip
def test_a_rung_that_cannot_answer_is_listed_with_its_reason(failing, name, message):
    climbed, _ = failing
    (rung,) = [one for one in climbed.result.rungs if one.title == name]
    assert (rung.status, rung.stages, rung.tier) == (FAILED, (), None)
    assert rung.message.startswith(message.format(mine=climbed.directory.parent / "mine.py"))


def test_the_next_best_on_validation_is_chosen_in_its_place(failing):
    climbed, said = failing
    result = climbed.result
    assert result.complete and result.chosen in ("majority", "linear")
    assert {one.name: one.status for one in result.rungs if one.stages} == {"majority": FINISHED, "linear": FINISHED}
    first, kept = result.notes[0].split(" was chosen on validation, but cannot answer on the test split ")
    assert first in ("Raises", "Few", "Unsure") and kept.endswith(
        " is chosen instead, by the same rule and on validation; no score on the test split was used."
    )
    assert {name for finding in result.steps for name in (finding.control, finding.arm)} == {"majority", "linear"}
    traces = [line.rpartition("(where: ")[2][:-1] for line in said if "/" in line and "failed, and is left out" in line]
    assert len(traces) == len(CLASSES) and all(Path(trace).is_file() for trace in traces)
    page = climbed.report.read_text()
    assert "out of luck" in page
    assert epochal.Bundle.open(climbed.directory / "bundle").predict(customers(5)).to_frame().shape[0] == 5


def test_resuming_it_comes_to_the_same(failing):
    climbed, _ = failing
    before = climbed.result
    again = epochal.climb(climbed.directory.parent / "customers.csv", out=climbed.directory, resume=True).result
    assert [(one.name, one.status, one.message, one.stages) for one in again.rungs] == [
        (one.name, one.status, one.message, one.stages) for one in before.rungs
    ]
    assert (again.chosen, again.notes, again.shipped) == (before.chosen, before.notes, before.shipped)
