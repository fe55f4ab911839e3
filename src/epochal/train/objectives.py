"""Objectives: what is minimised, part by part."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from epochal.core.card import Card
from epochal.core.protocols import Batch, Objective
from epochal.core.recipe import Recipe

CARDS = (
    Card(
        name="label_smoothing",
        title="Label smoothing",
        paper="Szegedy, Vanhoucke, Ioffe, Shlens & Wojna, Rethinking the Inception architecture, CVPR 2016, section 7",
        year=2016,
        what="The target gives a small share of its probability to all classes alike.",
        when="Networks that are too sure of themselves, and labels that are not all right.",
    ),
)


class CrossEntropy:
    """Softmax cross-entropy, with label smoothing (Szegedy et al. 2016, Rethinking Inception, section 7).

    A model that returns several heads in training (GoogLeNet) adds the later ones, each times its
    `auxiliary_weight` (Szegedy et al. 2015, section 5: 0.3).
    """

    parts: tuple[str, ...] = ("all",)

    def __init__(self, label_smoothing: float = 0.0):
        self.label_smoothing = label_smoothing

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        outputs = model(batch.inputs)
        main, *auxiliary = outputs if isinstance(outputs, tuple) else (outputs,)
        total = self._one(main, batch.targets)
        for head in auxiliary:
            total = total + model.auxiliary_weight * self._one(head, batch.targets)
        return total

    def _one(self, logits: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(logits.float(), targets, label_smoothing=self.label_smoothing)


class PerceptronCriterion:
    """The perceptron criterion for several classes: how far the best wrong class stands above the right one.

    Its gradient step is Rosenblatt's rule: nothing is learned from an example that is right, and a mistake adds the
    input to the right class and takes it from the wrong one (Rosenblatt 1958; Duda and Hart 1973, section 5.12,
    Kesler's construction).
    """

    parts: tuple[str, ...] = ("all",)

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        logits = model(batch.inputs).float()
        right = logits.gather(1, batch.targets[:, None]).squeeze(1)
        wrong = logits.scatter(1, batch.targets[:, None], -torch.inf).amax(dim=1)
        return F.relu(wrong - right).mean()


class Estimate:
    """A classical rung fits itself on the batch it is given; there is no gradient to follow.

    The loss that it returns is the log-loss on that batch's first 256 examples, for the record.
    """

    parts: tuple[str, ...] = ("all",)

    def __init__(self, seed: int):
        self.seed = seed

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        model.fit(batch.inputs, batch.targets, seed=self.seed)
        logits = torch.from_numpy(model.logits(batch.inputs[:256]))
        return F.cross_entropy(logits, torch.from_numpy(batch.targets[:256]))


def make_objective(recipe: Recipe, seed: int) -> Objective:
    """The objective that a recipe names."""
    known: dict[str, Callable[[], Objective]] = {
        "cross_entropy": lambda: CrossEntropy(recipe.label_smoothing),
        "perceptron": PerceptronCriterion,
        "estimate": lambda: Estimate(seed),
    }
    if recipe.objective not in known:
        raise ValueError(f"objective: expected one of {', '.join(known)}, got {recipe.objective!r}.")
    return known[recipe.objective]()
