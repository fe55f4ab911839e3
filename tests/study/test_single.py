"""One rung by itself: settings are read as what they are."""

from pathlib import Path

import pandas as pd
import pytest

from epochal.data.table.options import TableOptions
from epochal.kinds.image_ladder import RUNGS
from epochal.models.catalogue import config
from epochal.study.single import recipe_with, train_rung


def test_a_setting_that_is_a_word_stays_a_word() -> None:
    """`none` is a choice of some settings, and the absence of others."""
    recipe = recipe_with(
        RUNGS["resnet"].recipe, {"shortcuts": "none", "class_weights": "none", "ema": "none", "depth": "8"}
    )
    assert (config(recipe).shortcuts, recipe.class_weights, recipe.ema, config(recipe).depth) == (
        "none",
        "none",
        None,
        8,
    )


def test_class_weights_are_a_setting() -> None:
    assert recipe_with(RUNGS["mlp"].recipe, {"class_weights": "balanced"}).class_weights == "balanced"


def test_a_rung_of_ones_own_is_trained_by_itself(tmp_path, monkeypatch) -> None:
    (tmp_path / "mine.py").write_text(
        "from sklearn.tree import DecisionTreeClassifier\n\nclass Mine(DecisionTreeClassifier): ...\n"
    )
    monkeypatch.chdir(tmp_path)
    run, bundle = train_rung("mine.py:Mine", "wine", budget="3s")
    assert run.recipe.model == f"{tmp_path}/mine.py:Mine" and run.recipe.objective == "estimate"
    assert bundle is not None and bundle.folder == tmp_path / "runs" / "Mine-wine" / "bundle"


def test_a_rung_of_ones_own_is_trained_by_itself_and_stays_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\n\nclass Mine(GaussianNB):\n    pass\n"
    )
    frame = pd.DataFrame({"x": [i % 10 for i in range(200)], "z": [i % 7 for i in range(200)]})
    frame["label"] = ["ab"[x > 4] for x in frame["x"]]
    frame.to_csv("table.csv", index=False)
    run, bundle = train_rung(
        f"{tmp_path / 'mine.py'}:Mine", "table.csv", options=TableOptions(label="label"), task="table", budget="2s"
    )
    assert run.scores["score"] > 0.9 and bundle is not None
    assert bundle.folder == tmp_path / "runs" / "Mine-table" / "bundle"
    assert {each.name for each in tmp_path.iterdir()} <= {"mine.py", "table.csv", "runs", "__pycache__"}
