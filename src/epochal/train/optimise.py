"""Optimisers, schedules and the moving average of weights: how a gradient becomes a step."""

import copy
import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from epochal.core.recipe import Recipe


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


def make_optimiser(recipe: Recipe, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    """SGD, momentum (Polyak 1964), Nesterov (Sutskever et al. 2013), Adam (Kingma and Ba 2015) or AdamW (Loshchilov
    and Hutter 2019). Weight decay spares biases and normalisation, which have one dimension."""
    parameters = list(parameters)
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    start = rate(recipe, 0.0)
    known = {
        "sgd": lambda: torch.optim.SGD(groups, lr=start, fused=True),
        "momentum": lambda: torch.optim.SGD(groups, lr=start, momentum=recipe.momentum, fused=True),
        "nesterov": lambda: torch.optim.SGD(groups, lr=start, momentum=recipe.momentum, nesterov=True, fused=True),
        "adam": lambda: torch.optim.Adam(groups, lr=start, fused=True),
        "adamw": lambda: torch.optim.AdamW(groups, lr=start, fused=True),
    }
    if recipe.optimiser not in known:
        raise ValueError(f"optimiser: expected one of {', '.join(known)}, got {recipe.optimiser!r}.")
    return known[recipe.optimiser]()


class Stepper:
    """Takes one part's loss and makes one step of its parameters. A part without parameters has nothing to step."""

    def __init__(self, recipe: Recipe, parameters: list[Tensor], steps: int):
        self.recipe = recipe
        self.parameters = parameters
        self.steps = steps
        self.optimiser = make_optimiser(recipe, parameters) if parameters else None

    def step(self, loss: Tensor, number: int) -> None:
        if self.optimiser is None:
            return
        current = rate(self.recipe, number / self.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = current
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if self.recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.recipe.clip)
        self.optimiser.step()

    def state_dict(self) -> dict[str, Any]:
        return self.optimiser.state_dict() if self.optimiser else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.optimiser is None:
            return
        self.optimiser.load_state_dict(state)
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
