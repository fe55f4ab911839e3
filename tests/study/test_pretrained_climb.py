"""A climb that is given weights: two more rungs begin with them, also when it is resumed, repeated and refitted."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epochal.core.errors import UserError
from epochal.study.ladder import Climb, climb
from epochal.study.refit import refit
from epochal.study.single import train_rung
from epochal.train.store import Store

RUNGS = ("majority", "frozen", "fine-tuned")


def images(seed: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    targets = np.arange(200) % classes
    return (random.integers(0, 80, (200, 8, 8)) + 40 * targets[:, None, None]).astype(np.uint8), targets


@pytest.fixture(scope="module")
def climbed(tmp_path_factory: pytest.TempPathFactory) -> Climb:
    folder = tmp_path_factory.mktemp("pretrained")
    train_rung("resnet", images(0, 4), settings={"depth": 8}, budget="4s", out=folder / "source")
    return climb(
        images(1, 3),
        pretrained=folder / "source" / "bundle",
        budget="24s",
        seeds=2,
        trials=1,
        rungs=RUNGS,
        out=folder / "run",
    )


def test_both_rungs_are_climbed_and_the_verdict_does_not_ask_for_weights(climbed: Climb) -> None:
    assert [(rung.name, rung.status) for rung in climbed.result.rungs] == [(name, "finished") for name in RUNGS]
    assert {rung.member for rung in climbed.result.rungs[1:]} == {"Frozen ResNet-8 + linear", "Fine-tuned ResNet-8"}
    assert "No rung used pre-trained weights" not in climbed.result.need_deep_learning


def test_the_bundle_holds_everything_and_names_no_file_of_this_machine(climbed: Climb) -> None:
    assert climbed.result.chosen in RUNGS[1:]
    answers = climbed.bundle.predict(images(1, 3)[0][:5])
    assert len(answers) == 5 and not answers.errors
    for file in climbed.directory.joinpath("bundle").glob("*.json"):
        assert str(climbed.directory) not in file.read_text(), file.name


def test_a_repetition_trains_them_again_to_the_same_bits(climbed: Climb, tmp_path: Path) -> None:
    again = climb(images(1, 3), repeat=climbed.directory, out=tmp_path / "again")
    for first, second in zip(climbed.result.rungs, again.result.rungs, strict=True):
        assert [stage.validation for stage in first.stages] == [stage.validation for stage in second.stages]


@pytest.fixture
def moved(climbed: Climb, tmp_path: Path) -> Iterator[Path]:
    """The run in another place, while neither its own nor that of the weights it was given is there."""
    place = Path(shutil.copytree(climbed.directory, tmp_path / "moved"))
    before = climbed.directory.parent
    hidden = before.rename(before.with_name("hidden"))
    yield place
    hidden.rename(before)


def test_a_run_that_was_moved_is_resumed_without_training_again(
    climbed: Climb, moved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: Any, **named: Any) -> None:
        raise AssertionError("a finished training is made again")

    monkeypatch.setattr("epochal.train.experiment.fit", refused)
    again = climb(images(1, 3), out=moved, resume=True)
    for first, second in zip(climbed.result.rungs, again.result.rungs, strict=True):
        assert [stage.validation for stage in first.stages] == [stage.validation for stage in second.stages]


def test_a_run_that_was_moved_is_refitted_with_its_own_copy_of_the_weights(climbed: Climb, moved: Path) -> None:
    made = refit(moved, source=images(1, 3))
    assert made.result.rung == climbed.result.chosen
    run = Store(moved).run(f"refit/seed-{made.result.seeds[0]}")
    assert run is not None and Path(str(run.recipe.options["weights"])).parent == moved / "weights"


def test_a_run_that_was_moved_can_be_repeated(climbed: Climb, moved: Path, tmp_path: Path) -> None:
    again = climb(images(1, 3), repeat=moved, out=tmp_path / "again")
    assert [rung.status for rung in again.result.rungs] == ["finished"] * len(RUNGS)


def test_without_weights_these_rungs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fine-tuned needs pretrained weights. Give them with --pretrained."):
        climb(images(1, 3), budget="24s", rungs=("fine-tuned",), out=tmp_path / "run")
