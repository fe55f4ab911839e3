"""Layer-wise pre-training: what the machines learn, that a network begins as the stack, and the effect, on digits."""

from pathlib import Path

import numpy as np
import pytest
import torch

from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.data.image.opened import open_dataset
from epochal.milestones import layerwise
from epochal.milestones.layerwise import MILESTONE, PLAIN, PRETRAINED, RECTIFIED, SIGMOID
from epochal.study.milestone import run_milestone
from epochal.train.device import device
from epochal.train.trainee import prepare


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_dataset("digits")


def test_a_network_begins_as_the_stack_of_machines(digits: Dataset) -> None:
    """The network sees normalised pixels and the machines raw ones, and every hidden layer says the same."""
    machines = layerwise.pretrain(digits, seed=0, examples=20_000)
    network = prepare(digits, SIGMOID, 0, Budget(examples=1)).model
    layerwise.unfold(machines, network, digits)
    images = torch.from_numpy(digits.validation.inputs).to(device())
    hidden = digits.codec.tensors()(images).flatten(1)
    with torch.no_grad():
        for depth in range(layerwise.LAYERS):
            hidden = network.hidden[4 * depth : 4 * depth + 4](hidden)
            wanted = layerwise.features(machines[: depth + 1], images.float() / 255)
            torch.testing.assert_close(hidden, wanted, atol=2e-6, rtol=1e-5)
            assert depth or float(wanted.std(dim=0).mean()) > 0.01, "a machine whose units never change says nothing"


def test_machines_learn_to_reconstruct(digits: Dataset) -> None:
    images = torch.from_numpy(digits.validation.inputs).to(device()).flatten(1) / 255

    def missed(examples: int) -> float:
        torch.manual_seed(0)
        machine = layerwise.pretrain(digits, seed=0, examples=examples)[0]
        return float((machine.reconstruct(images) - images).square().mean())

    mean = float((images - images.mean(dim=0)).square().mean())
    assert missed(20_000) < 0.8 * mean < missed(100)


def test_pre_training_makes_a_deep_sigmoid_network_train(tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, source="digits", scale=15 / (60 * MILESTONE.minutes), seeds=2, out=tmp_path)
    effects = {check.arm: check for check in result.checks}
    assert set(effects) == {PRETRAINED, RECTIFIED}
    assert all(check.control == PLAIN and check.items == 359 for check in result.checks)
    assert effects[PRETRAINED].effect > 0.1
    assert effects[RECTIFIED].effect > 0.1
    curves, features = result.pictures
    assert [series.role for series in curves.series] == ["control", "arm", "other"]
    assert len(features.images) == layerwise.FEATURES
    assert all(image.startswith("data:image/png;base64,") for image in features.images)


def test_features_are_drawn_from_black_to_white() -> None:
    machine = layerwise.Rbm(3 * 8 * 8, 2)
    drawn = layerwise.draw(machine, (3, 8, 8))
    assert len(drawn) == 2 and drawn[0] != drawn[1]
    with torch.no_grad():
        machine.weight.zero_()
    assert len(set(layerwise.draw(machine, (3, 8, 8)))) == 1, "and weights that are all the same are no error"
    assert np.isfinite(machine.weight.detach().numpy()).all()
