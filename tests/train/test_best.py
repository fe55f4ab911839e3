"""Where the curve turned up, the weights of its best point are kept; where only the loss did, the last ones."""

from pathlib import Path
from typing import Any

import pytest
import resumable
import torch

from epochal.core.run import DIVERGED, Budget, Point, Run
from epochal.data.image.opened import open_dataset
from epochal.kinds.image_ladder import RUNGS
from epochal.train import optimise
from epochal.train.checkpoint import Checkpoints
from epochal.train.fit import TURNED, Best, fit
from epochal.train.trainee import prepare

BUDGET = Budget(examples=48 * 60, points=6, keep_best=True)
LATE = 0.6  # share of the training after which it falls apart


@pytest.fixture
def falls_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The schedule "constant" has a rate that no network bears, from `LATE` on."""
    monkeypatch.setitem(optimise.SCHEDULES, "constant", lambda progress: 1.0 if progress < LATE else 1000.0)  # type: ignore[arg-type]


def go(budget: Budget = BUDGET, **arguments: Any) -> tuple[Run, dict[str, Any], list[str]]:
    """The run, its outcome, and the digest of the weights at each point of the curve."""
    recipe = resumable.RECIPE.replace(schedule="constant", warmup=0.0, ema=None, clip=None)
    this, weights = resumable.trainee(recipe), []

    def watch(point: Point, steps: int) -> None:
        weights.append(resumable.digest(this.model.state_dict()))

    predictor, run = fit(this, budget, 3, **({"watch": watch} | arguments))
    return run, resumable.outcome(predictor, this.model, run), weights  # type: ignore[arg-type]


@pytest.mark.usefixtures("falls_apart")
def test_the_weights_before_a_training_fell_apart_are_kept() -> None:
    run, outcome, weights = go()
    losses = [point.values["loss"] for point in run.curve]
    best = losses.index(min(losses))
    assert best < 4 and losses[-1] > 2 * losses[best], "this training was to fall apart"
    assert run.kept == run.curve[best].step == 10 * (best + 1)
    assert outcome["kept"] == weights[best] != weights[-1]
    assert run.scores["score"] == run.curve[best].values["score"]
    assert run.scores["loss"] == pytest.approx(losses[best])
    assert run.cost.steps == 60, "what was trained is counted, not what was kept"


@pytest.mark.usefixtures("falls_apart")
def test_only_a_budget_that_asks_for_it_keeps_the_best() -> None:
    run, outcome, weights = go(BUDGET.replace(keep_best=False))
    assert run.kept is None
    assert outcome["kept"] == weights[-1]
    assert run.scores["score"] == run.curve[-1].values["score"]


def test_a_training_that_went_well_keeps_its_last_weights() -> None:
    run, outcome, weights = go()
    assert run.kept == run.cost.steps == 60
    assert outcome["kept"] == weights[-1]


@pytest.mark.usefixtures("falls_apart")
@pytest.mark.parametrize("number", [1, 5, 6])
def test_what_is_best_survives_a_kill(tmp_path: Path, number: int) -> None:
    class Killed(Exception):
        pass

    seen: list[Point] = []

    def kill(point: Point, steps: int) -> None:
        seen.append(point)
        if len(seen) == number:
            raise Killed

    _, expected, _ = go()
    with pytest.raises(Killed):
        go(checkpoints=Checkpoints(tmp_path), every=0.0, watch=kill)
    run, found, _ = go(checkpoints=Checkpoints(tmp_path))
    assert found == expected
    assert run.kept is not None and run.kept < 60


@pytest.mark.parametrize("average", [None, 0.9])
def test_the_best_of_an_average_is_that_of_the_average(monkeypatch: pytest.MonkeyPatch, average: float | None) -> None:
    monkeypatch.setitem(optimise.SCHEDULES, "constant", lambda progress: 1.0 if progress < LATE else 1000.0)  # type: ignore[arg-type]
    recipe = resumable.RECIPE.replace(schedule="constant", warmup=0.0, ema=average, clip=None)
    _, run = fit(resumable.trainee(recipe), BUDGET, 3)
    assert run.kept is not None and run.kept < 60
    kept = next(point for point in run.curve if point.step == run.kept)
    assert run.scores["loss"] == pytest.approx(kept.values["loss"])


def test_a_training_that_diverged_keeps_nothing() -> None:
    recipe = resumable.RECIPE.replace(optimiser="sgd", learning_rate=1e30, schedule="constant", clip=None)
    _, run = fit(resumable.trainee(recipe), BUDGET, 3)
    assert (run.status, run.kept) == (DIVERGED, None)


def point(step: int, loss: float, score: float) -> Point:
    return Point(step=step, examples=step, values={"loss": loss, "score": score})


@pytest.mark.parametrize(
    "losses, scores, kept",
    [
        pytest.param((1.0, 0.5, 0.9), (0.6, 0.8, 0.7), 2, id="both turned"),
        pytest.param((1.0, 0.5, 0.9), (0.6, 0.8, 0.8), 2, id="the loss turned and bought nothing"),
        pytest.param((1.0, 0.5, 0.9), (0.6, 0.8, 0.81), 3, id="only the loss turned"),
        pytest.param((1.0, 0.5, 0.5 * TURNED), (0.6, 0.8, 0.7), 3, id="too little to be a turn"),
        pytest.param((1.0, 0.5, 0.5), (0.6, 0.8, 0.7), 3, id="level"),
        pytest.param((1.0, 0.7, 0.5), (0.8, 0.7, 0.6), 3, id="the loss never turned"),
        pytest.param((0.5, 0.9, 1.5), (0.6, 0.5, 0.4), 1, id="at the first point"),
    ],
)
def test_which_weights_are_kept(losses: tuple[float, ...], scores: tuple[float, ...], kept: int) -> None:
    best, model, curve = Best(), torch.nn.Linear(1, 1), []
    for step, (loss, score) in enumerate(zip(losses, scores, strict=True), 1):
        with torch.no_grad():
            model.weight.fill_(float(step))  # in place, as an optimiser does it
        curve.append(point(step, loss, score))
        best.see(curve[-1], model)
    again = Best()
    again.restore(best.to_dict())
    assert again.take(model, curve) == kept
    assert float(model.weight.detach()) == kept


def test_what_learns_at_once_has_no_best_in_the_middle() -> None:
    recipe, budget = RUNGS["majority"].recipe, Budget(examples=500, keep_best=True)
    _, run = fit(prepare(open_dataset("digits"), recipe, 0, budget), budget, 0)
    assert len(run.curve) == 1 and run.kept is None
    assert Best().take(object(), []) is None
