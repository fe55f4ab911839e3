"""The look before a milestone on the user's data: what it adds up, and that a step is all it trains."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from epochal.kinds.image_ladder import RUNGS
from epochal.study.lab import Asked, Lab
from epochal.study.scout import ONE_STEP, cost_of, priced
from epochal.train.budget import Rate
from epochal.train.store import open_store

MLP, HOG = RUNGS["mlp"].recipe, RUNGS["hog-svm"].recipe


def test_learning_grows_with_the_scale_and_curves_and_classical_rungs_do_not() -> None:
    dataset = SimpleNamespace(train=range(400), validation=range(100))
    asked = Asked(dataset=dataset, recipes=(MLP, HOG), examples=5_000, trials=1, points=11)  # type: ignore[arg-type]
    network = Rate(recipe=MLP, answering=0.001, validation=100, scale=0.002)
    classical = Rate(recipe=HOG, answering=0.01, validation=100, scale=0.005, power=2.0, points=1, most=400)
    learning, beside = priced(asked, [network, classical], workers=1)
    assert learning == pytest.approx(5_000 * 0.002)
    assert beside == pytest.approx(10 * 100 * 0.001 + (0.005 * 400**2 + 0.01 * (100 + 100)), rel=0.2)
    assert priced(asked, [network, classical], workers=2) == pytest.approx((learning / 2, beside / 2))


def test_a_lab_keeps_what_it_is_asked_for(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        lab = Lab(store=store, seeds=(0,), scale=ONE_STEP)
        digits = lab.data("digits", train=200)
        lab.train(digits, {"long": MLP}, examples=10_000, points=3)
        lab.train(digits, {"short": MLP}, examples=128, points=1, scaled=False)
        assert lab.counted == len(lab.asked) == 1
        (asked,) = lab.asked
        assert (asked.examples, asked.points, asked.recipes) == (10_000, 3, (MLP,))
        steps = {name: run.cost.steps for name, run in store.runs().items()}
        assert steps == {"long/seed-0": 1, "short/seed-0": 2}
        learning, beside = cost_of(asked, workers=1)
        assert learning > 0 and beside > 0
