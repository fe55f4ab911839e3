"""A training that diverges says so, and what to do; it neither crashes nor passes for finished."""

import json
import math
from typing import Any

import numpy as np
import pytest
import resumable
from torch import Tensor, nn

from epochal.core.protocols import Batch
from epochal.core.run import DIVERGED, FINISHED, Budget, Run
from epochal.train.fit import fit
from epochal.train.objectives import CrossEntropy

REMEDY = "Try a lower learning rate (--set learning_rate=...) or gradient clipping (--set clip=1)."
PLAIN = resumable.RECIPE.replace(optimiser="momentum", schedule="constant", warmup=0.0, clip=None, ema=None, augment=())


def unnormalised() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def test_a_huge_learning_rate_ends_as_diverged() -> None:
    this = resumable.trainee(PLAIN.replace(learning_rate=1e6), unnormalised())
    _, run = fit(this, Budget(examples=48 * 400), 0)
    assert run.status == DIVERGED
    assert run.message.startswith("The loss was nan by step ")
    assert run.message.endswith(REMEDY)
    assert run.scores == {}
    assert run.cost.steps < 100, "it stops soon after"
    assert run.cost.examples == 48 * run.cost.steps


def test_a_diverged_run_is_plain_json() -> None:
    _, run = fit(resumable.trainee(PLAIN.replace(learning_rate=1e6), unnormalised()), Budget(examples=48 * 400), 0)
    json.dumps(run.to_dict(), allow_nan=False)
    assert Run.from_json(run.to_json()) == run


def test_the_remedies_of_the_message_help() -> None:
    for changes in ({"learning_rate": 0.05}, {"learning_rate": 0.05, "clip": 1.0}):
        _, run = fit(resumable.trainee(PLAIN.replace(**changes), unnormalised()), Budget(examples=48 * 100), 0)
        assert run.status == FINISHED
        assert run.message == ""


class Poisoned(CrossEntropy):
    """The loss is `poison` at one step, and as it should be otherwise."""

    def __init__(self, at: int, poison: float):
        super().__init__()
        self.at = at
        self.poison = poison
        self.seen = 0

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        self.seen += 1
        loss = super().loss(part, model, batch)
        return loss + self.poison if self.seen == self.at else loss


@pytest.mark.parametrize("poison", [math.inf, -math.inf, math.nan])
def test_one_bad_loss_is_enough(poison: float) -> None:
    this = resumable.trainee(PLAIN.replace(learning_rate=0.01))
    this = type(this)(**{**vars(this), "objective": Poisoned(7, poison)})
    _, run = fit(this, Budget(examples=48 * 200), 0)
    assert run.status == DIVERGED
    assert run.message == f"The loss was {poison} by step 20. {REMEDY}"  # where the loss is looked at next


class LastStepBreaks(nn.Module):
    """Finite in training; in evaluation its answers are not, as after a last step that was too long."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = unnormalised()

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images) if self.training else self.layers(images) * math.nan


def test_validation_that_is_not_finite_is_divergence() -> None:
    _, run = fit(resumable.trainee(PLAIN.replace(learning_rate=0.01), LastStepBreaks()), Budget(examples=48 * 50), 0)
    assert run.status == DIVERGED
    assert run.message == f"The validation loss was nan at step 5. {REMEDY}"
    assert run.curve == ()
    assert run.scores == {}
    json.dumps(run.to_dict(), allow_nan=False)


def test_weights_that_the_last_step_broke_are_noticed() -> None:
    # The loss of the last step is of before that step: only validation can see what the step did.
    class Breaks(CrossEntropy):
        seen = 0

        def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
            loss = super().loss(part, model, batch)
            Breaks.seen += 1
            if Breaks.seen == 20:
                loss.register_hook(lambda gradient: gradient * math.nan)
            return loss

    this = resumable.trainee(PLAIN.replace(learning_rate=0.01), unnormalised())
    _, run = fit(type(this)(**{**vars(this), "objective": Breaks()}), Budget(examples=48 * 20), 0)
    assert run.status == DIVERGED
    assert run.message.startswith("The validation loss was nan at step 20.")
    assert np.isfinite([value for point in run.curve for value in point.values.values()]).all()
    assert len(run.curve) == 9


def test_the_part_that_diverged_is_named() -> None:
    class Two:
        parts = ("encoder", "decoder")

        def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
            loss = model(batch.inputs).square().mean()
            return loss + math.inf if part == "decoder" else loss

    model = nn.Sequential()
    model.add_module("flat", nn.Flatten())
    model.add_module("encoder", nn.Linear(64, 4))
    model.add_module("decoder", nn.Linear(4, 10))
    this = resumable.trainee(PLAIN.replace(learning_rate=0.01), model)
    _, run = fit(type(this)(**{**vars(this), "objective": Two()}), Budget(examples=48 * 40), 0)
    assert run.status == DIVERGED
    assert run.message.startswith("The decoder loss was inf by step 4.")
