"""Sizing: what the budget does not bear is not climbed, and says what it needs; its time goes to the others."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from epochal.data.dataset import Examples
from epochal.kinds.image_ladder import RUNGS
from epochal.study import sizing
from epochal.study.ladder import Rehearsal
from epochal.study.plan import Plan, plan
from epochal.study.progress import Progress
from epochal.train import members
from epochal.train.budget import Rate

COUNT = 1_000


class Train:
    """As much of a training split as sizing asks for."""

    targets = np.arange(COUNT) % 2

    def truth(self) -> np.ndarray:
        return self.targets

    def __len__(self) -> int:
        return COUNT


def progress(made: Plan, scales: dict[str, float]) -> Progress:
    """A climb whose rungs learn from an example in so many seconds."""
    dataset = SimpleNamespace(
        validation=Examples(inputs=Train.targets[:200], targets=Train.targets[:200], items=()),
        task=SimpleNamespace(classes=2, labels=("a", "b"), counts={"test": 200}, kind="image-classes", item="image"),
        train=Train(),
        report=SimpleNamespace(counts={split: {"a": 100, "b": 100} for split in ("validation", "test")}),
    )
    here = Progress(asked=made, dataset=dataset, store=None, watch=lambda line: None, began=0.0, before=0.0)  # type: ignore[arg-type]
    for name, scale in scales.items():
        recipe = RUNGS[name].members[0]
        here.rates[name] = Rate(recipe=recipe, answering=1e-6, validation=200, scale=scale)
    return here


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule itself, which other tests of studies switch off."""
    monkeypatch.setattr(sizing, "least", members.least)


def test_a_network_that_would_not_make_one_pass_is_left_out_with_what_it_needs(strict: None) -> None:
    made = plan("data", "image-classes", budget="100s", rungs=("majority", "mlp", "lenet", "googlenet")).replace(
        workers=1
    )
    here = progress(made, {"mlp": 1e-5, "lenet": 1e-5, "googlenet": 0.1})
    sizing.leave_out(here)
    assert set(here.left_out) == {"googlenet"}
    assert here.plan.rungs == ("majority", "mlp", "lenet") and here.asked.rungs == made.rungs
    assert here.plan.arm > made.arm, "its time goes to the others"
    # With the budget that it is said to need it is climbed.
    enough = plan("data", "image-classes", budget=here.left_out["googlenet"], rungs=made.rungs).replace(workers=1)
    again = progress(enough, {"mlp": 1e-5, "lenet": 1e-5, "googlenet": 0.1})
    sizing.leave_out(again)
    assert again.left_out == {}


def test_few_steps_leave_a_network_out_though_it_sees_the_data_once(strict: None) -> None:
    made = plan("data", "image-classes", budget="100s", rungs=("mlp", "resnet")).replace(workers=1)
    learned = made.training / 2_000  # seconds an example: two passes of 1,000, which are 63 steps of 32
    here = progress(made, {"mlp": 1e-6, "resnet": learned})
    sizing.leave_out(here)
    assert set(here.left_out) == {"resnet"}


def test_sizes_tell_passes_and_the_budget_at_which_a_network_is_itself(strict: None) -> None:
    made = plan("data", "image-classes", budget="100s", rungs=("mlp", "resnet")).replace(workers=1)
    here = progress(made, {"mlp": 1e-6, "resnet": 1e-3})
    found = {each.name: each for each in sizing.sizes(here)}
    assert found["resnet"].member == "ResNet-8"
    assert found["resnet"].final > found["resnet"].qualifying > 1
    needed = members.enough(RUNGS["resnet"].members[0], COUNT) * 1e-3
    assert found["resnet"].itself == pytest.approx(1.1 * 100 * needed / made.final, rel=0.01)
    assert found["mlp"].itself < 100 < found["resnet"].itself


@pytest.mark.parametrize(("seconds", "told"), [(40.2, "40 s"), (840, "14 min"), (9_000, "2.5 h")])
def test_durations(seconds: float, told: str) -> None:
    assert sizing.duration(seconds) == told


@pytest.mark.parametrize(("number", "told"), [(1.0, "1 pass"), (0.42, "0.4 passes"), (12.3, "12 passes")])
def test_passes(number: float, told: str) -> None:
    assert sizing.passes(number) == told


def test_the_columns_of_a_dry_run_stay_apart_whatever_the_numbers():
    made = plan("data", "table-classes", rungs=("mlp",))
    recipe = made.rung("mlp").members[0]
    found = sizing.Size(name="mlp", member="MLP", recipe=recipe, qualifying=13_845, final=217_313, climbed=1, itself=42)
    line = Rehearsal(plan=made, sizes=(found,), left_out=()).to_text().splitlines()[-1]
    assert re.split("  +", line)[-3:] == ["13,845 passes", "217,313 passes", "42 s"]
