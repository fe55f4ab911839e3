"""Objectives: what is minimised, part by part."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from epochal.core.card import Card
from epochal.core.errors import UserError
from epochal.core.protocols import Batch, Objective
from epochal.core.recipe import Recipe
from epochal.core.weighed import parted

CARDS = (
    Card(
        name="label_smoothing",
        title="Label smoothing",
        paper="Szegedy, Vanhoucke, Ioffe, Shlens & Wojna, Rethinking the Inception architecture, CVPR 2016, section 7",
        year=2016,
        what="The target gives a small share of its probability to all classes alike.",
        when="Networks that are too sure of themselves, and labels that are not all right.",
    ),
    Card(
        name="class_weights",
        title="Class weights",
        paper="King & Zeng, Logistic regression in rare events data, Political Analysis 9(2), 2001, on weighting",
        year=2001,
        what="The loss of an example is divided by how frequent its class is, so that rare classes weigh as much as "
        "frequent ones.",
        when="Classes of very different sizes, where each counts the same: balanced accuracy rises and accuracy "
        "mostly falls. Probabilities are then those of equally frequent classes.",
    ),
)
# Where examples have weights (`core.weighed`), an objective is the mean of each one's loss times its weight. The mean
# is over the number of examples, not over their weights, which have mean 1 over the training split: so the gradient is
# right on average, whatever a batch holds.

# What each objective reads of a recipe, apart from the fields that all trainings read.
READS: dict[str, tuple[str, ...]] = {
    "cross_entropy": ("label_smoothing", "class_weights"),
    "perceptron": (),
    "squared_error": (),
    "estimate": (),
}
Measure = Callable[[np.ndarray, np.ndarray], float]
CLASS_WEIGHTS = ("none", "balanced")


def reads(objective: str, field: str) -> bool:
    """False for a field of the recipe that belongs to other objectives only."""
    return field in READS.get(objective, ()) or not any(field in fields for fields in READS.values())


def balanced(targets: Int[np.ndarray, " examples"], classes: int) -> Float[Tensor, " classes"]:
    """The weight of each class, examples / (classes * examples of this class): all classes then weigh the same in the
    loss, and the mean weight of the examples is 1 (King and Zeng 2001, with equal shares as those of the population;
    "balanced" in scikit-learn). A class without examples weighs nothing and is not counted."""
    counts = np.bincount(targets, minlength=classes)
    present = counts > 0
    weights = np.zeros(classes)
    weights[present] = len(targets) / (present.sum() * counts[present])
    return torch.from_numpy(weights.astype(np.float32))


class CrossEntropy:
    """Softmax cross-entropy, with label smoothing (Szegedy et al. 2016, Rethinking Inception, section 7).

    With weights [classes] it is the mean of each example's loss times the weight of its class. The mean is over the
    number of examples, not over their weights: a batch in which a class is rare by chance counts as it is.

    A model that returns several heads in training (GoogLeNet) adds the later ones, each times its
    `auxiliary_weight` (Szegedy et al. 2015, section 5: 0.3).
    """

    parts: tuple[str, ...] = ("all",)

    def __init__(self, label_smoothing: float = 0.0, weights: Float[Tensor, " classes"] | None = None):
        self.label_smoothing = label_smoothing
        self.weights = weights

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        outputs = model(batch.inputs)
        main, *auxiliary = outputs if isinstance(outputs, tuple) else (outputs,)
        targets, weights = parted(batch.targets)
        if self.weights is not None:
            weights = self.weights[targets] if weights is None else self.weights[targets] * weights
        total = self._one(main, targets, weights)
        for head in auxiliary:
            total = total + model.auxiliary_weight * self._one(head, targets, weights)
        return total

    def _one(self, logits: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        if weights is None:
            return F.cross_entropy(logits.float(), targets, label_smoothing=self.label_smoothing)
        each = F.cross_entropy(logits.float(), targets, label_smoothing=self.label_smoothing, reduction="none")
        return (weights * each).mean()


class PerceptronCriterion:
    """The perceptron criterion for several classes: how far the best wrong class stands above the right one.

    Its gradient step is Rosenblatt's rule: nothing is learned from an example that is right, and a mistake adds the
    input to the right class and takes it from the wrong one (Rosenblatt 1958; Duda and Hart 1973, section 5.12,
    Kesler's construction).
    """

    parts: tuple[str, ...] = ("all",)

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        logits = model(batch.inputs).float()
        targets, weights = parted(batch.targets)
        right = logits.gather(1, targets[:, None]).squeeze(1)
        wrong = logits.scatter(1, targets[:, None], -torch.inf).amax(dim=1)
        each = F.relu(wrong - right)
        return each.mean() if weights is None else (weights * each).mean()


class SquaredError:
    """The mean squared difference of outputs [batch, 1] and numbers [batch]: least squares (Legendre 1805)."""

    parts: tuple[str, ...] = ("all",)

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        outputs = model(batch.inputs).float().squeeze(1)
        targets, weights = parted(batch.targets)
        if weights is None:
            return F.mse_loss(outputs, targets)
        return (weights * (outputs - targets) ** 2).mean()


class Estimate:
    """A classical rung fits itself on the batch it is given; there is no gradient to follow.

    The loss that it returns is the goal's on that batch's first 256 examples, for the record. Examples with weights
    come only to a rung whose traits say that it weighs them.
    """

    parts: tuple[str, ...] = ("all",)

    def __init__(self, seed: int, measure: Measure):
        self.seed = seed
        self.measure = measure

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        with warnings.catch_warnings():  # of many classes, which the report on the data tells of
            warnings.filterwarnings("ignore", message="The number of unique classes is greater than 50%")
            targets, weights = parted(batch.targets)
            if weights is None:
                model.fit(batch.inputs, targets, seed=self.seed)
            else:
                model.fit(batch.inputs, targets, seed=self.seed, weights=weights)
        return torch.tensor(self.measure(model.outputs(batch.inputs[:256]), targets[:256]))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an objective may be made of: the recipe, the seed, the weights of classes where the recipe has some, and how
    the goal measures the loss of outputs."""

    recipe: Recipe
    seed: int
    weights: Tensor | None
    measure: Measure | None


def _estimate(asked: Asked) -> Estimate:
    assert asked.measure is not None, "a classical rung's outputs are measured as the goal does"
    return Estimate(asked.seed, asked.measure)


OBJECTIVES: dict[str, Callable[[Asked], Objective]] = {
    "cross_entropy": lambda asked: CrossEntropy(asked.recipe.label_smoothing, asked.weights),
    "perceptron": lambda asked: PerceptronCriterion(),
    "squared_error": lambda asked: SquaredError(),
    "estimate": _estimate,
}


def make_objective(
    recipe: Recipe,
    seed: int,
    weigh: Callable[[], Float[Tensor, " classes"]] | None = None,
    *,
    measure: Measure | None = None,
) -> Objective:
    """The objective that a recipe names.

    Args:
        weigh: makes the weights of balanced classes, on the device of the model, where the recipe wants them.
        measure: the loss of a classical rung's outputs, for the record.

    Raises:
        UserError: the recipe weighs classes in a way that is not known, or its objective does not weigh them, or has no
            such part.
        ValueError: there is no such objective.
    """
    weights = None
    if recipe.class_weights not in CLASS_WEIGHTS:
        raise UserError(f"class_weights: expected one of {', '.join(CLASS_WEIGHTS)}, got {recipe.class_weights!r}.")
    if recipe.class_weights == "balanced":
        if not reads(recipe.objective, "class_weights"):
            raise UserError(
                f"class_weights: expected none with the objective {recipe.objective!r}, which does not weigh classes, "
                f"got {recipe.class_weights!r}. Leave it out, or choose the objective cross_entropy."
            )
        assert weigh is not None, "balanced weights follow from the training labels"
        weights = weigh()
    if recipe.objective not in OBJECTIVES:
        raise ValueError(f"objective: expected one of {', '.join(OBJECTIVES)}, got {recipe.objective!r}.")
    objective = OBJECTIVES[recipe.objective](Asked(recipe=recipe, seed=seed, weights=weights, measure=measure))
    if unknown := sorted(set(recipe.parts) - set(objective.parts)):
        raise UserError(
            f"parts: expected names among {', '.join(dict.fromkeys(objective.parts))}, the parts of the objective "
            f"{recipe.objective!r}, got {', '.join(unknown)}."
        )
    return objective
