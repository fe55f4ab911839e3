"""Class weights: rare classes weigh as much as frequent ones in the loss, and are learned where they were not."""

from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

from epochal.core.errors import UserError
from epochal.core.protocols import Batch
from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.data.image.opened import open_dataset
from epochal.kinds.image_ladder import RUNGS
from epochal.train.fit import fit
from epochal.train.objectives import CrossEntropy, balanced, make_objective, reads
from epochal.train.together import fit_together
from epochal.train.trainee import prepare

MLP = Recipe(
    model="mlp",
    options={"hidden": 16, "layers": 1, "activation": "relu", "initialisation": "he"},
    learning_rate=0.02,
    class_weights="balanced",
)
BUDGET = Budget(examples=64 * 40, points=4)


@cache
def rare() -> Dataset:
    """Two classes of which one has a fiftieth of the images, and is hard to tell from the other."""
    random = np.random.default_rng(0)
    labels = np.repeat(["common", "rare"], [2000, 40])
    images = random.integers(0, 180, (len(labels), 6, 6), dtype=np.uint8)
    images[labels == "rare", :, :3] += 25
    return open_dataset((images, labels))


def test_the_weights_are_those_of_scikit_learn() -> None:
    targets = np.repeat([0, 1, 2], [300, 62, 4])
    weights = balanced(targets, 3)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=targets)
    assert torch.allclose(weights, torch.tensor(expected, dtype=torch.float32))
    assert float(weights[targets].mean()) == pytest.approx(1)


def test_a_class_without_examples_is_not_counted() -> None:
    assert balanced(np.array([0, 0, 0, 2]), 3).tolist() == pytest.approx([2 / 3, 0, 2])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_the_mean_of_weighted_losses(smoothing: float) -> None:
    torch.manual_seed(0)
    network, inputs, targets = nn.Linear(5, 3), torch.randn(20, 5), torch.arange(20) % 3
    weights = torch.tensor([0.5, 1.0, 4.0])
    with torch.no_grad():
        loss = CrossEntropy(smoothing, weights).loss("all", network, Batch(inputs, targets))
        each = [
            float(weights[target]) * float(F.cross_entropy(network(one[None]), target[None], label_smoothing=smoothing))
            for one, target in zip(inputs, targets, strict=True)
        ]
    assert float(loss) == pytest.approx(np.mean(each), rel=1e-5)


def test_equal_classes_and_their_weights_are_the_loss_without() -> None:
    torch.manual_seed(0)
    network, batch = nn.Linear(5, 4), Batch(torch.randn(16, 5), torch.arange(16) % 4)
    weights = balanced(np.arange(16) % 4, 4)
    with torch.no_grad():
        weighted, plain = (CrossEntropy(weights=each).loss("all", network, batch) for each in (weights, None))
    assert float(weighted) == pytest.approx(float(plain))


def recalls(recipe: Recipe) -> np.ndarray:
    """The share of each class of validation that is found."""
    dataset = rare()
    predictor, _ = fit(prepare(dataset, recipe, 0, BUDGET), BUDGET, 0)
    split = dataset.validation
    right = predictor(split.inputs).labels == split.targets
    return np.array([right[split.targets == place].mean() for place in range(2)])


def test_a_rare_class_that_is_never_told_is_found_with_weights() -> None:
    without, with_weights = recalls(MLP.replace(class_weights="none")), recalls(MLP)
    assert without[1] < 0.4 and without[0] > 0.95
    assert with_weights[1] > without[1] + 0.3
    assert with_weights.mean() > without.mean() + 0.1, "balanced accuracy"


def test_stacked_seeds_are_weighted_as_each_alone() -> None:
    seeds = (0, 1)
    alone = [fit(prepare(rare(), MLP, seed, BUDGET), BUDGET, seed)[1] for seed in seeds]
    stacked = fit_together([prepare(rare(), MLP, seed, BUDGET) for seed in seeds], BUDGET, seeds)
    for one, (_, other) in zip(alone, stacked, strict=True):
        for mine, theirs in zip(one.curve, other.curve, strict=True):
            assert theirs.values["train_loss"] == pytest.approx(mine.values["train_loss"], rel=2e-3)


def test_what_cannot_be_weighed_is_refused() -> None:
    with pytest.raises(UserError, match=r"class_weights: expected one of none, balanced, got 'fair'\."):
        make_objective(MLP.replace(class_weights="fair"), 0)
    recipe = RUNGS["perceptron"].recipe.replace(class_weights="balanced")
    with pytest.raises(UserError, match=r"the objective 'perceptron', which does not weigh classes, got 'balanced'"):
        make_objective(recipe, 0)


def test_a_setting_of_every_training_is_read_by_every_objective() -> None:
    assert reads("perceptron", "learning_rate") and reads("cross_entropy", "class_weights")
    assert not reads("perceptron", "label_smoothing")
