"""After a climb its winner is trained again on more data, or its seeds answer together, and what ships was scored."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import log_loss

from epochal import refit
from epochal.cli import main
from epochal.core.errors import BundleError, RunDirectoryError, UserError
from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget, Cost, Run
from epochal.data.dataset import Dataset
from epochal.data.image.opened import open_dataset
from epochal.data.image.options import ReadOptions
from epochal.judge.calibration import fit_temperature, probabilities
from epochal.report.result import ClimbResult
from epochal.ship.bundle import Bundle
from epochal.ship.of_classes import promised
from epochal.study.ladder import climb
from epochal.study.retrain import Ending, grown
from epochal.train.store import INDEX, Store

OPTIONS = ReadOptions(max_examples=400)
SEEDS = 2


def climbed(folder: Path, *rungs: str, **asked: Any) -> Path:
    climb("digits", options=OPTIONS, rungs=rungs, seeds=SEEDS, trials=1, out=folder, **asked)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A climb that a network wins."""
    return climbed(tmp_path_factory.mktemp("network") / "run", "majority", "mlp", budget="10s")


@pytest.fixture(scope="module")
def classical(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A climb of boosted trees, by the log-loss."""
    return climbed(tmp_path_factory.mktemp("classical") / "run", "boosted-trees", budget="14s", metric="log-loss")


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_dataset("digits", options=OPTIONS)


def result_in(run: Path) -> ClimbResult:
    return ClimbResult.from_json((run / "result.json").read_text())


def right_on_test(bundle: Bundle, digits: Dataset) -> int:
    test = digits.open_test()
    return int((bundle.probabilities(test.inputs).argmax(axis=1) == test.targets).sum())


# The refit


def test_it_learns_from_train_and_validation_as_the_climb_did(run: Path, digits: Dataset) -> None:
    before = {path.name: path.read_bytes() for path in (run / "bundle").iterdir()}
    made = refit(run)
    bundle, single = made.bundle, Bundle.open(run / "bundle")
    counts = digits.task.counts
    assert made.folder == run / "bundle-refit"
    together = counts["train"] + counts["validation"]
    assert bundle.task.counts == {"train": together, "validation": 0, "test": counts["test"]}
    assert (bundle.recipe, bundle.codec, bundle.labels) == (single.recipe, single.codec, single.labels)
    assert bundle.temperature == single.temperature
    result, (training,) = made.result, bundle.evidence["runs"]
    passes = [result.examples / result.items, result.examples_before / result.items_before]
    assert passes[0] == pytest.approx(passes[1], rel=0.05)
    assert training["scores"] == {}, "there is nothing to score it on"
    assert {path.name: path.read_bytes() for path in (run / "bundle").iterdir()} == before
    assert (run / "runs" / "refit").is_dir() and not list(run.rglob("checkpoints"))


def test_what_it_promises_is_what_it_scores(run: Path, digits: Dataset) -> None:
    made = refit(run)
    bundle, images = made.bundle, len(digits.open_test())
    right = right_on_test(bundle, digits)
    assert made.result.shipped.score.mean == pytest.approx(right / images)
    promise = promised(bundle, np.arange(10))
    assert promise is not None
    assert (promise.split, promise.right, promise.items) == ("test", right, images)
    assert made.result.single == result_in(run).shipped.score  # type: ignore[union-attr]
    assert made.result.finding.effect == pytest.approx(right / images - made.result.single.mean)
    assert bundle.evidence["refit"] == json.loads(made.result.to_json())
    assert made.result.sentence in bundle.card
    assert "carried over from the climb, where it was fitted on the validation split" in bundle.card
    assert f"Expected accuracy on unseen data: {100 * right / images:.1f}%" in made.result.sentence


def copied(run: Path, folder: Path) -> Store:
    """A copy of a climb, whose bundled training went to its end and had eight points."""
    shutil.copytree(run, folder, ignore=shutil.ignore_patterns("refit", "bundle-*"))
    store = Store(folder)
    store._write("delete from runs where name like 'refit/%'", [()])
    bundled = store.get("bundled")
    name = bundled["names"][bundled["place"]]
    kept = store.run(name)
    assert kept is not None
    kept = kept.replace(kept=None, budget=kept.budget.replace(points=8))
    store._write("update runs set record = ? where name = ?", [(kept.to_json(), name)])
    return store


def test_an_interrupted_refit_continues_to_the_same_weights(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    store, _ = copied(run, broken), copied(run, whole)
    said: list[str] = []

    def interrupt(line: str) -> None:
        said.append(line)
        if sum(one.startswith("refit: step") for one in said) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        refit(broken, progress=interrupt)
    assert said[-1] == "Interrupted. What was learned is kept; the same command continues with it."
    assert not any(name.startswith("refit/") for name in store.runs()) and not (broken / "bundle-refit").exists()
    again: list[str] = []
    refit(broken, progress=again.append)
    steps = [[line for line in lines if line.startswith("refit: step")] for lines in (said, again)]
    assert [len(seen) for seen in steps] == [3, 5] and not set(steps[0]) & set(steps[1]), "it began anew"
    refit(whole)
    one, other = (place / "bundle-refit" / "model.safetensors" for place in (whole, broken))
    assert one.read_bytes() == other.read_bytes()
    monkeypatch.setattr("epochal.study.retrain.fit", None)  # nothing is trained a second time
    refit(broken, out=tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "model.safetensors").read_bytes() == one.read_bytes()


def test_a_classical_rung_by_another_metric(classical: Path, digits: Dataset) -> None:
    assert result_in(classical).chosen == "boosted-trees"
    made, test = refit(classical), digits.open_test()
    logits = made.bundle.logits(test.inputs)
    loss = log_loss(test.targets, probabilities(logits, made.result.temperature))
    assert made.result.shipped.score.mean == pytest.approx(loss, abs=1e-4)
    assert made.result.metric.name == "log-loss" and " nats (95% interval " in made.result.sentence


# The ensemble


@pytest.mark.parametrize("which", ["run", "classical"])
def test_the_seeds_answer_together(which: str, digits: Dataset, request: pytest.FixtureRequest) -> None:
    run = request.getfixturevalue(which)
    made = refit(run, ensemble=True)
    bundle, test, store = made.bundle, digits.open_test(), Store(run)
    names, result = store.get("bundled")["names"], made.result
    assert made.folder == run / "bundle-ensemble"
    assert (bundle.members, result.seeds) == (SEEDS, (0, 1))
    members = [
        probabilities(store.arrays(name, "test-")["logits"], temperature)
        for name, temperature in zip(names, result.temperatures, strict=True)
    ]
    mean = np.mean(members, axis=0) ** (1 / bundle.temperature)
    mean /= mean.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(bundle.probabilities(test.inputs), mean, atol=1e-5)
    promise = promised(bundle, np.arange(10))
    assert promise is not None and promise.right == int((mean.argmax(axis=1) == test.targets).sum())
    assert result.single == result_in(run).shipped.score  # type: ignore[union-attr]
    assert [one["seed"] for one in bundle.evidence["runs"]] == [0, 1]
    assert result.sentence in bundle.card
    assert "(seeds 0 and 1): the mean of their answers. Expected" in result.sentence


def test_the_mean_is_calibrated_on_validation(run: Path, digits: Dataset) -> None:
    bundle = refit(run, ensemble=True).bundle
    logits, targets = bundle.logits(digits.validation.inputs), digits.validation.targets
    assert bundle.temperature == pytest.approx(fit_temperature(logits, targets), rel=1e-4)


# What cannot be done


def test_a_folder_without_a_climb(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match=r"There is no climb in .*nothing\. Give the directory"):
        refit(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"complete": False}, r"was interrupted: .* is sealed. Finish it first: epochal climb SOURCE --resume"),
        ({"chosen": ""}, "has no winner: no rung finished its training"),
    ],
)
def test_a_climb_that_has_not_chosen(run: Path, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    (tmp_path / INDEX).write_bytes((run / INDEX).read_bytes())
    (tmp_path / "result.json").write_text(result_in(run).replace(**changes).to_json())
    with pytest.raises(RunDirectoryError, match=message):
        refit(tmp_path)
    (tmp_path / "result.json").unlink()
    with pytest.raises(RunDirectoryError, match="has no result yet. Continue it"):
        refit(tmp_path)


def test_a_climb_of_arrays_asks_where_they_are(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    Store(tmp_path / "run").put("source", None)
    with pytest.raises(RunDirectoryError, match=r"does not hold its data, .* --source SOURCE, or refit\("):
        refit(tmp_path / "run")
    assert refit(tmp_path / "run", source="digits", ensemble=True).result.seeds == (0, 1)


def test_one_training_makes_no_ensemble(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    store = Store(tmp_path / "run")
    store.put("bundled", {"names": store.get("bundled")["names"][:1], "place": 0})
    with pytest.raises(UserError, match="has one finished training in this climb, and an ensemble needs two or more"):
        refit(tmp_path / "run", ensemble=True)
    (tmp_path / "run" / "result.json").write_text(result_in(run).replace(chosen="majority").to_json())
    with pytest.raises(UserError, match="Majority class is the same with every seed.* Leave out --ensemble"):
        refit(tmp_path / "run", ensemble=True)


def test_a_folder_with_other_things_is_refused_before_anything_is_trained(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    monkeypatch.setattr("epochal.kinds.image_input.ImageInput.open", None)
    with pytest.raises(BundleError, match="holds other things, which would be lost"):
        refit(run, out=tmp_path)


def test_data_that_moved_or_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Through the command line, on picture files."""
    rng, photos = np.random.default_rng(0), tmp_path / "photos"
    for label, side in (("dark", 60), ("light", 190)):
        (photos / label).mkdir(parents=True)
        for number in range(24):
            picture = (side + rng.normal(0, 20, (12, 12))).clip(0, 255).astype("uint8")
            Image.fromarray(picture).save(photos / label / f"{number}.png")
    run, moved = tmp_path / "run", tmp_path / "moved"
    assert main(["climb", str(photos), "--rungs", "majority,hog-svm", "--budget", "8s", "--out", str(run)]) == 0
    assert Store(run).get("source") == str(photos)
    photos.rename(moved)
    capsys.readouterr()
    assert main(["refit", str(run)]) == 2
    assert f"The data of this climb were at {photos}, and are not there." in capsys.readouterr().err
    assert main(["refit", str(run), "--source", str(moved), "--out", str(tmp_path / "made")]) == 0
    said = capsys.readouterr().out
    assert "trained again on train and validation together: " in said and f"Bundle: {tmp_path / 'made'}" in said
    assert Bundle.open(tmp_path / "made").predict(moved / "dark" / "0.png")[0].label in ("dark", "light")
    shutil.copy(moved / "dark" / "0.png", moved / "light" / "other.png")
    assert main(["refit", str(run), "--source", str(moved)]) == 2
    assert "The data has changed since the run in" in capsys.readouterr().err


# The length of the new training


def training(examples: int, batch: int = 10, **changes: Any) -> Run:
    recipe = Recipe(model="mlp", batch_size=batch, objective=changes.pop("objective", "cross_entropy"))
    steps = changes.pop("steps", examples // batch)
    budget = Budget(examples=examples, seconds=3.0, keep_best=True)
    cost = Cost(examples=steps * batch, steps=steps, seconds=1.0, parameters=1)
    return Run(
        recipe=recipe, task="t", seed=0, budget=budget, status=FINISHED, curve=(), scores={}, cost=cost, **changes
    )  # fmt: skip


def test_the_passes_stay_and_no_clock_is_asked() -> None:
    budget, stop = grown(training(1000), 1.25, 10)
    assert (budget.examples, budget.seconds, budget.keep_best, budget.course) == (1250, None, False, ())
    assert stop is None


def test_it_stops_where_the_climb_kept_its_weights() -> None:
    _, stop = grown(training(1000, kept=80), 1.25, 10)
    assert stop == 100  # of 125 steps, as 80 of 100
    assert grown(training(1000, kept=100), 1.25, 10)[1] is None


def test_a_training_that_was_shortened_is_shortened_alike() -> None:
    budget, stop = grown(training(1000, steps=60, course=((20, 70), (40, 60)), kept=30), 1.5, 10)
    assert budget.course == ((30, 105), (60, 90))
    assert stop == 45


def test_a_classical_rung_sees_as_large_a_share() -> None:
    budget, stop = grown(training(200, batch=200, objective="estimate"), 1.5, 64)
    assert (budget.examples, stop) == (300, None)


def test_a_feed_ends_at_the_same_batch_wherever_it_is_taken_up() -> None:
    class Numbers:
        def batches(self, model: Any, seed: int, start: int = 0) -> Any:
            return iter(range(start, 1000))

    feed = Ending(Numbers(), 5)
    assert list(feed.batches(None, 0)) == [0, 1, 2, 3, 4]
    assert list(feed.batches(None, 0, 3)) == [3, 4]
    assert list(feed.batches(None, 0, 7)) == []
