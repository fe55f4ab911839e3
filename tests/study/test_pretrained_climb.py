"""A climb that is given weights: two more rungs begin with them, also when it is resumed, repeated and refitted."""

from pathlib import Path

import numpy as np
import pytest

from epochal.core.errors import UserError
from epochal.study.ladder import Climb, climb
from epochal.study.single import train_rung

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


def test_without_weights_these_rungs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fine-tuned needs pretrained weights. Give them with --pretrained."):
        climb(images(1, 3), budget="24s", rungs=("fine-tuned",), out=tmp_path / "run")
