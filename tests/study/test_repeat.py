"""A climb that is repeated makes every training again as it was; a dry run trains nothing and keeps nothing."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epochal.core.errors import RunDirectoryError, UserError
from epochal.study.ladder import Climb, climb, dry_run
from epochal.study.refit import refit
from epochal.study.reopen import reopen
from epochal.train.store import INDEX, Store

RUNGS = ("nearest-neighbours", "mlp", "lenet")


def images() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    targets = np.arange(240) % 4
    return (random.integers(0, 80, (240, 8, 8)) + 40 * targets[:, None, None]).astype(np.uint8), targets


@pytest.fixture(scope="module")
def climbed(tmp_path_factory: pytest.TempPathFactory) -> Climb:
    out = tmp_path_factory.mktemp("climb") / "run"
    return climb(images(), budget="12s", seeds=2, trials=2, rungs=RUNGS, out=out, metric="log-loss")


@pytest.mark.parametrize(
    "again",
    [
        lambda run: climb(images(), out=run, resume=True),
        lambda run: climb(images(), out=run.parent / "other", repeat=run),
        lambda run: refit(run, source=images()),
    ],
    ids=["resume", "repeat", "refit"],
)
def test_a_climb_that_another_version_began_is_refused_in_words(climbed: Climb, tmp_path: Path, again: Any) -> None:
    shutil.copytree(climbed.directory, tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / INDEX) as index:
        index.execute("pragma user_version = 0")  # what a version before formats were counted left
    index.close()
    with pytest.raises(
        RunDirectoryError, match=r"run was begun by an earlier version .* Begin again with another --out"
    ):
        again(tmp_path / "run")
    assert not (tmp_path / "other").exists()
    assert reopen(tmp_path / "run").result.rungs == climbed.result.rungs, "what came of it opens as before"


def scores(result: Any) -> list[Any]:
    """All that does not depend on the clock."""

    def of(stage: Any) -> tuple[Any, ...]:
        return stage.name, stage.recipe, stage.budget.examples, stage.validation, stage.test

    return [(rung.name, rung.member, [of(stage) for stage in rung.stages]) for rung in result.rungs]


def same_arrays(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)


def test_a_repetition_comes_to_the_same_scores(climbed: Climb, tmp_path: Path) -> None:
    again = climb(images(), repeat=climbed.directory, out=tmp_path / "again")
    assert scores(again.result) == scores(climbed.result)
    assert (again.result.chosen, again.result.headline) == (climbed.result.chosen, climbed.result.headline)
    first, second = (Store(each.directory) for each in (climbed, again))
    for name, run in first.runs().items():
        assert second.run(name).cost.examples == run.cost.examples, name  # type: ignore[union-attr]
        assert same_arrays(second.arrays(name, ""), first.arrays(name, "")), name


def test_only_a_climb_can_be_repeated(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="repeat: expected the directory of a climb"):
        climb(images(), repeat=tmp_path, out=tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_the_page_and_the_bundle_speak_of_the_metric(climbed: Climb) -> None:
    result = json.loads((climbed.directory / "result.json").read_text())
    assert result["metric"]["name"] == "log-loss" and result["metric"]["better"] == "lower"
    assert result["headline"].startswith("Recommended: ") and "nats" in result["headline"]
    assert climbed.bundle.evidence["climb"]["metric"]["name"] == "log-loss"


def test_a_dry_run_measures_and_trains_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = dry_run(images(), budget="10m", rungs=RUNGS)
    text = found.to_text()
    assert [each.name for each in found.sizes] == list(RUNGS)
    assert "LeNet-5" in text and "full strength from" in text and "passes" in text
    assert not list(tmp_path.iterdir()), "nothing is kept"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"cost": "miss=5 alarm=1"}, "--cost: expected two classes, one of them positive; arrays has 4"),
        ({"metric": "f1"}, "metric: expected one of"),
    ],
)
def test_a_metric_without_a_value_here_is_refused_before_anything_is_trained(
    asked: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=words):
        climb(images(), budget="12s", rungs=RUNGS, out=tmp_path / "run", **asked)


def test_a_class_with_few_images_is_told_once_where_the_metric_weighs_it_as_the_others(tmp_path: Path) -> None:
    pictures, targets = images()
    test = np.arange(180, 240)
    test = test[(targets[test] != 3) | (test < 204)]
    places = {"train": np.arange(120), "validation": np.arange(120, 180), "test": test}
    parts = {split: (pictures[kept], targets[kept]) for split, kept in places.items()}
    warning = (
        "The interval of macro F1 may be too narrow, because it averages over a class with fewer than 10 images: "
        "3 (6 in test)."
    )
    for metric, told in (("macro-f1", 1), ("accuracy", 0)):
        out = tmp_path / metric
        found = climb(parts, budget="6s", seeds=1, rungs=("nearest-neighbours",), metric=metric, out=out)
        assert [note for note in found.result.notes if "too narrow" in note] == [warning] * told
        assert (out / "report.html").read_text().count("may be too narrow") == told


def test_ranks_need_two_classes_in_every_split(tmp_path: Path) -> None:
    pictures, targets = images()
    parts = {"train": (pictures, targets % 2), "test": (pictures[targets == 1], targets[targets == 1])}
    with pytest.raises(UserError, match="the test split of arrays has images of one class only"):
        climb(parts, budget="12s", rungs=RUNGS, metric="auroc", out=tmp_path / "run")
