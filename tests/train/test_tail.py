"""A training that is judged over its tail: on the mean over several states of its last part, never on the last step."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from epochal.core.metric import ACCURACY
from epochal.core.protocols import Batch, ClassScores, OverPoints
from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget
from epochal.core.task import Task
from epochal.data.dataset import Examples
from epochal.judge.compare import compare
from epochal.judge.goals.class_goal import Classes
from epochal.judge.goals.on_tail import OnTail
from epochal.judge.score import score
from epochal.models import catalogue
from epochal.models.weights import earlier_files, model_files, read_earlier, read_model
from epochal.train.budget import Rate
from epochal.train.checkpoint import Checkpoints
from epochal.train.course import Course
from epochal.train.experiment import same
from epochal.train.fit import fit
from epochal.train.trainee import Judge, Trainee

TARGETS = np.array([0, 1, 1])
GOAL = OnTail(goal=Classes(), tail=0.5)


def scores(*right: bool) -> ClassScores:
    """An answer that is right where these say so."""
    answers = [target if one else 1 - target for one, target in zip(right, TARGETS, strict=True)]
    return ClassScores(logits=np.eye(2, dtype=np.float32)[answers])


TWO = OverPoints(points=(scores(True, True, False), scores(True, False, False)))


def test_an_item_is_worth_its_mean_over_the_points() -> None:
    assert GOAL.items(TWO, TARGETS, 1.0).tolist() == [1.0, 0.5, 0.0]
    assert GOAL.look(TWO, TARGETS)["score"] == pytest.approx(0.5)
    assert GOAL.items(scores(True, True, False), TARGETS, 1.0).tolist() == [1.0, 1.0, 0.0], "one model is one point"
    assert GOAL.confusion(TWO, TARGETS, 1.0, 2) == Classes().confusion(TWO.points[-1], TARGETS, 1.0, 2)
    assert GOAL.under(GOAL.metric) == GOAL and GOAL.doubt(TARGETS) == Classes().doubt(TARGETS)


def test_values_between_the_levels_are_judged() -> None:
    assert not GOAL.metric.binary and GOAL.metric.replace(averaged=False) == ACCURACY
    draw = np.random.default_rng(0)
    control, arm = (draw.binomial(5, share, size=(3, 200)) / 5 for share in (0.6, 0.8))
    mean, low, high = score(arm, GOAL.metric)
    assert low < mean < high and high - low < 0.1
    finding = compare(control, arm, control="control", arm="arm", metric=GOAL.metric, doubt=GOAL.doubt(TARGETS))
    assert finding.verdict == "better" and finding.effect == pytest.approx(float(arm.mean() - control.mean()))


def test_answers_over_points_are_stored_and_restored() -> None:
    again = GOAL.restore(TWO.arrays())
    assert same([again], [TWO]) and isinstance(again, OverPoints)
    one = GOAL.restore(scores(True, True, True).arrays())
    assert isinstance(one, ClassScores) and not same([one], [TWO]) and not same([TWO], [one])


def test_the_states_of_a_training_are_stored_and_restored(tmp_path: Path) -> None:
    recipe = Recipe(model="mlp", options={"hidden": 4, "layers": 1, "normalisation": "batch"})
    task = Task(name="small", input_shape=(1, 2, 2), labels=("a", "b"), counts={}, fingerprint="small")
    states = [catalogue.build(recipe, task) for _ in range(3)]
    for name, data in (model_files(states[-1]) | earlier_files(states[:-1])).items():
        (tmp_path / name).write_bytes(data)
    found = [*read_earlier(tmp_path, recipe, task), read_model(tmp_path, recipe, task)]
    for mine, theirs in zip(found, states, strict=True):
        assert all(torch.equal(value, theirs.state_dict()[name]) for name, value in mine.state_dict().items())
    assert earlier_files([]) == {}


def test_the_states_are_spread_over_the_tail_also_where_it_is_shortened() -> None:
    course = Course(budget=Budget(examples=100), steps=100, points=4, tail=0.5)
    assert course.ends == {60, 70, 80, 90, 100}
    course.turn(72, 84)
    assert course.ends == {60, 70, 76, 80, 84}
    course.turn(81, 83)
    assert {60, 70, 76, 80, 83} == course.ends
    assert Course(budget=Budget(examples=100), steps=100, points=4).ends == set()


def test_judging_the_states_is_charged_to_the_budget() -> None:
    rate = Rate(recipe=Recipe(model="mlp"), answering=1e-3, validation=1000, scale=0.01)
    several = rate.replace(states=5)
    assert several.asking(0) == pytest.approx(5 * rate.asking(0))
    assert rate.budget(60).examples - several.budget(60).examples == pytest.approx(4 / 0.01, abs=1)


class Falls(nn.Module):
    """A weight that falls by 1 with every step."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))


class Nothing:
    per_batch, fixed = 1, True

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        while True:
            yield Batch(torch.zeros(1), torch.zeros(1))


class Weight:
    parts = ("all",)

    def loss(self, part: str, model: Falls, batch: Batch) -> Tensor:
        return model.weight.sum()


class Says:
    """Answers with the weight, as a score of the second class."""

    def __init__(self, model: Falls):
        self.model, self.weight = model, float(model.weight.detach())

    def __call__(self, inputs: Any) -> ClassScores:
        return ClassScores(logits=np.array([[0.0, self.weight + 15.5]] * len(inputs), np.float32))


def falling(goal: Any) -> Trainee:
    examples = Examples(inputs=np.zeros(2), targets=np.array([1, 1]), items=())
    judge = Judge(goal, examples)
    return Trainee(
        recipe=Recipe(model="falls", optimiser="sgd", learning_rate=1.0, schedule="constant"),
        task="falls", model=Falls(), feed=Nothing(), objective=Weight(), per_step=1, glance=judge, judge=judge,
        predictor=Says, tail=goal.tail,
    )  # fmt: skip


def test_a_training_is_judged_on_the_mean_of_its_tail() -> None:
    # Until step 15 the second class is answered, which is right: at 12 and 14 of 12, 14, 16, 18 and 20.
    predictor, run = fit(falling(GOAL), Budget(examples=20, keep_best=True), 0)
    assert run.status == FINISHED and run.kept is None
    assert run.scores["score"] == pytest.approx(2 / 5)
    assert [point.weight for point in predictor.points] == [-12, -14, -16, -18, -20]  # type: ignore[attr-defined]
    assert float(predictor.model.weight.detach()) == -20  # type: ignore[attr-defined]
    _, last = fit(falling(Classes()), Budget(examples=20), 0)
    assert last.scores["score"] == 0 and last.curve == run.curve, "the curve is of single states"


def test_a_training_killed_in_its_tail_is_judged_alike(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(point: Any, steps: int) -> None:
        if point.step >= 17:
            raise Stop

    budget, checkpoints = Budget(examples=20, points=20), Checkpoints(tmp_path)
    _, whole = fit(falling(GOAL), budget, 0)
    with pytest.raises(Stop):
        fit(falling(GOAL), budget, 0, checkpoints=checkpoints, every=0.0, watch=stop)
    saved = checkpoints.read()
    assert saved and len(saved["tail"]) == 3
    _, run = fit(falling(GOAL), budget, 0, checkpoints=checkpoints)
    assert (run.scores, run.curve) == (whole.scores, whole.curve)
