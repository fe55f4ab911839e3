"""Optimisers, schedules and the moving average of weights: how a gradient becomes a step."""

import copy
import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from epochal.core.card import Card
from epochal.core.recipe import Recipe

CARDS = (
    Card(
        name="sgd",
        title="Stochastic gradient descent",
        paper="Robbins & Monro, A stochastic approximation method, Annals of Mathematical Statistics 22(3), 1951",
        year=1951,
        what="A step against the gradient of a few examples, instead of all of them.",
        when="As the control for everything below; on its own it wants more steps and a careful rate.",
    ),
    Card(
        name="momentum",
        title="Momentum",
        paper="Polyak, Some methods of speeding up the convergence of iteration methods, 1964",
        year=1964,
        what="Steps add up, with a decay, so that what the gradients agree on gains speed.",
        when="Almost always with plain gradients; the rate must fall by about 1 / (1 - momentum).",
    ),
    Card(
        name="nesterov",
        title="Nesterov momentum",
        paper="Sutskever, Martens, Dahl & Hinton, On the importance of initialization and momentum, ICML 2013",
        year=2013,
        what="Momentum with the gradient taken where the step is about to lead.",
        when="In place of momentum; the difference is small, and shows at large momentum.",
    ),
    Card(
        name="adam",
        title="Adam",
        paper="Kingma & Ba, Adam: a method for stochastic optimization, ICLR 2015",
        year=2015,
        what="Each weight has a rate of its own, from running means of its gradient and of the gradient's square.",
        when="Gradients of very different sizes, and little time to tune the rate.",
    ),
    Card(
        name="adamw",
        title="AdamW",
        paper="Loshchilov & Hutter, Decoupled weight decay regularization, ICLR 2019",
        year=2019,
        what="Adam whose weight decay shrinks the weights themselves and stays out of the running means.",
        when="Adam with weight decay, as Transformers are trained.",
    ),
    Card(
        name="l2",
        title="Weight decay",
        paper="Krogh & Hertz, A simple weight decay can improve generalization, NIPS 1991",
        year=1991,
        what="Every step shrinks the weights a little; biases and normalisation are spared.",
        when="Networks that overfit, and long trainings; with batch normalisation it mostly sets the effective rate.",
    ),
    Card(
        name="step",
        title="Step schedule",
        paper="He, Zhang, Ren & Sun, Deep residual learning for image recognition, CVPR 2016, section 4.2",
        year=2015,
        what="The rate is divided by ten at one half and at three quarters of the training.",
        when="To repeat the papers of its time; cosine and one-cycle ask for fewer decisions.",
    ),
    Card(
        name="cosine",
        title="Cosine schedule",
        paper="Loshchilov & Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017",
        year=2017,
        what="The rate falls to zero along half a cosine.",
        when="When the length of the training is known beforehand.",
    ),
    Card(
        name="one_cycle",
        title="One-cycle schedule",
        paper="Smith, A disciplined approach to neural network hyper-parameters, 2018",
        year=2018,
        what="The rate rises from a 25th for three tenths of the training, then falls to almost nothing.",
        when="Short trainings at a high rate.",
    ),
    Card(
        name="ema",
        title="Average of the weights",
        paper="Polyak & Juditsky, Acceleration of stochastic approximation by averaging, SIAM J. Control 30(4), 1992",
        year=1992,
        what="The model that is kept is an exponential moving average of the weights, not the last ones.",
        when="Noisy steps: small batches, high rates, adversarial training.",
    ),
)


def constant(progress: float) -> float:
    return 1.0


def step(progress: float) -> float:
    """Divided by 10 at one half and at three quarters of the training (He et al. 2016, section 4.2)."""
    return 0.1 ** ((progress >= 0.5) + (progress >= 0.75))


def cosine(progress: float) -> float:
    """Half a cosine from 1 to 0 (Loshchilov and Hutter 2017, SGDR, equation 5, one cycle)."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def one_cycle(progress: float, rise: float = 0.3, start: float = 1 / 25, end: float = 1e-4) -> float:
    """Up from `start` to 1 over the first `rise` of the training, down to `end`, both along a cosine (Smith 2018)."""
    if progress < rise:
        return start + (1 - start) * 0.5 * (1 - math.cos(math.pi * progress / rise))
    return end + (1 - end) * cosine((progress - rise) / (1 - rise))


SCHEDULES: Mapping[str, Any] = {"constant": constant, "step": step, "cosine": cosine, "one_cycle": one_cycle}


def rate(recipe: Recipe, progress: float) -> float:
    """The learning rate at `progress` (0 to 1) of a training: the schedule, after a linear warm-up from zero."""
    if recipe.schedule not in SCHEDULES:
        raise ValueError(f"schedule: expected one of {', '.join(SCHEDULES)}, got {recipe.schedule!r}.")
    warm = min(1.0, progress / recipe.warmup) if recipe.warmup else 1.0
    return recipe.learning_rate * warm * float(SCHEDULES[recipe.schedule](progress))


def make_optimiser(
    recipe: Recipe, parameters: Iterable[Tensor], *, learning_rate: float | Tensor, stacked: bool = False
) -> torch.optim.Optimizer:
    """SGD, momentum (Polyak 1964), Nesterov (Sutskever et al. 2013), Adam (Kingma and Ba 2015) or AdamW (Loshchilov
    and Hutter 2019). Weight decay spares biases and normalisation, which have one dimension (and one more where the
    parameters of several networks are `stacked`)."""
    parameters = list(parameters)
    vector = 2 if stacked else 1
    groups = [
        {"params": [p for p in parameters if p.ndim > vector], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= vector], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    given: dict[str, Any] = {"params": groups, "lr": learning_rate, "fused": True}
    known = {
        "sgd": lambda: torch.optim.SGD(**given),
        "momentum": lambda: torch.optim.SGD(**given, momentum=recipe.momentum),
        "nesterov": lambda: torch.optim.SGD(**given, momentum=recipe.momentum, nesterov=True),
        "adam": lambda: torch.optim.Adam(**given, betas=recipe.betas),
        "adamw": lambda: torch.optim.AdamW(**given, betas=recipe.betas),
    }
    if recipe.optimiser not in known:
        raise ValueError(f"optimiser: expected one of {', '.join(known)}, got {recipe.optimiser!r}.")
    return known[recipe.optimiser]()


class Stepper:
    """Takes one part's loss and makes one step of its parameters, at the rate that `schedule` has set. A part without
    parameters has nothing to step.

    Where `stacked`, the parameters are those of several networks, and the loss is a vector with one entry for each.
    `alone`: no other part has parameters that this loss could reach.
    """

    def __init__(
        self, recipe: Recipe, parameters: list[Tensor], steps: int, *, stacked: bool = False, alone: bool = False
    ):
        self.recipe = recipe
        self.parameters = parameters
        self.stacked = stacked
        self.alone = alone
        self.leg = (0, 0.0, steps)  # where the schedule was last drawn together, what was done by then, and its end
        self.rate: float | Tensor = rate(recipe, 0.0)
        if parameters and parameters[0].is_cuda:  # a tensor can change under a step that a GPU has recorded
            self.rate = torch.tensor(self.rate, device=parameters[0].device)
        self.optimiser = (
            make_optimiser(recipe, parameters, learning_rate=self.rate, stacked=stacked) if parameters else None
        )

    def progress(self, number: int) -> float:
        """The share of the training, 0 to 1, that is done before step `number`."""
        start, done, end = self.leg
        return done + (1 - done) * ((number - start) / (end - start))

    def shorten(self, number: int, steps: int) -> None:
        """Let the training end after `steps` in all: from step `number` on the schedule runs through what is left of it
        in the steps that remain."""
        self.leg = (number, self.progress(number), steps)

    def schedule(self, number: int) -> None:
        """Set the learning rate of step `number`."""
        current = rate(self.recipe, self.progress(number))
        if isinstance(self.rate, Tensor):
            self.rate.fill_(current)
        else:
            self.rate = current
        self._set_rate()

    def _set_rate(self) -> None:
        for group in self.optimiser.param_groups if self.optimiser else ():
            group["lr"] = self.rate

    def step(self, loss: Tensor) -> None:
        if self.optimiser is None:
            return
        if isinstance(self.rate, Tensor):
            for group in self.optimiser.param_groups:
                group["capturable"] = torch.cuda.is_current_stream_capturing()
        self.optimiser.zero_grad(set_to_none=True)
        # The part's own weights only: what it says of another part's would be lost anyway. Naming them takes time.
        (loss.sum() if self.stacked else loss).backward(inputs=None if self.alone else self.parameters)
        if self.recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.recipe.clip)
        self.optimiser.step()

    def state_dict(self) -> dict[str, Any]:
        return self.optimiser.state_dict() if self.optimiser else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.optimiser is None:
            return
        self.optimiser.load_state_dict(state)
        self._set_rate()
        for parameter, kept in self.optimiser.state.items():
            for name, value in kept.items():
                if isinstance(value, Tensor) and value.shape == parameter.shape:
                    # Fused steps walk through memory, and so need each moment in the layout of its parameter.
                    kept[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


class Average:
    """Exponential moving average of the weights (Polyak and Juditsky 1992), with the bias of its start corrected as
    min(decay, (1 + n) / (10 + n)) after n steps. Buffers (running statistics) are copied."""

    def __init__(self, model: nn.Module, decay: float):
        self.decay = decay
        self.model = copy.deepcopy(model).requires_grad_(False)

    @torch.no_grad()
    def update(self, model: nn.Module, number: int) -> None:
        decay = min(self.decay, (1 + number) / (10 + number))
        torch._foreach_lerp_(list(self.model.parameters()), list(model.parameters()), 1 - decay)
        for mine, theirs in zip(self.model.buffers(), model.buffers(), strict=True):
            mine.copy_(theirs)
