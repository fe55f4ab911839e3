"""Classical rungs of tables with weights: a row of weight two is a row that stands there twice."""

import numpy as np
import pytest

from epochal.core.task import Task
from epochal.models.catalogue import MODELS, build, traits
from epochal.models.classical.linear import Linear, LinearConfig
from epochal.models.classical.majority import Majority, MajorityConfig
from epochal.models.classical.mean import Mean, MeanConfig

from .test_rows import OF_CLASSES, OF_NUMBERS, every_rung, recipe, table, task_of

COUNT = 240


def weighed(classes: int, *, dense: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows, targets, whole weights, and the places of the rows that stand as often as they weigh."""
    rows, targets = table(COUNT, classes, dense=dense)
    targets = targets if classes else targets + noise()
    times = np.random.default_rng(5).integers(1, 5, COUNT)
    return rows, targets, times, np.repeat(np.arange(COUNT), times)


def noise() -> np.ndarray:
    """What no row tells of its number."""
    return np.random.default_rng(6).normal(0, 1, COUNT).astype(np.float32)


def shares(times: np.ndarray) -> np.ndarray:
    return (times / times.mean()).astype(np.float32)


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_whole_weights_are_repeated_rows_to_a_linear_model(classes: int) -> None:
    rows, targets, times, repeated = weighed(classes, dense=True)
    task: Task = task_of((0,) * rows.shape[1], classes)
    # The penalty is on the sum of the losses: with weights of mean 1 that is of fewer rows than the repeated ones.
    config = LinearConfig(c=1.0, penalty=0.01)
    by_weight, by_number = Linear(config, task), Linear(LinearConfig(c=1 / times.mean(), penalty=0.01), task)
    by_weight.fit(rows, targets, seed=0, weights=shares(times))
    by_number.fit(rows[repeated], targets[repeated], seed=0)
    np.testing.assert_allclose(by_weight.outputs(rows), by_number.outputs(rows), atol=2e-3)
    alike = Linear(config, task)
    alike.fit(rows, targets, seed=0)
    assert np.abs(alike.outputs(rows) - by_number.outputs(rows)).max() > 0.02


def test_whole_weights_are_repeated_rows_to_those_that_look_at_no_row() -> None:
    _, labels, times, repeated = weighed(3, dense=True)
    majority = Majority(MajorityConfig(), task_of((0,), 3))
    majority.fit(labels, labels, seed=0, weights=times.astype(np.float32))
    again = Majority(MajorityConfig(), task_of((0,), 3))
    again.fit(labels[repeated], labels[repeated], seed=0)
    np.testing.assert_array_equal(majority.outputs(labels), again.outputs(labels))
    _, numbers, times, repeated = weighed(0, dense=True)
    mean = Mean(MeanConfig(), task_of((0,), 0))
    mean.fit(numbers, numbers, seed=0, weights=shares(times))
    assert mean.outputs(numbers)[0] == pytest.approx(numbers[repeated].mean(), abs=1e-6)


@every_rung
def test_every_rung_of_tables_weighs_its_rows(name: str, classes: int) -> None:
    dense = traits(recipe(name)).as_tensors
    rows, targets = table(COUNT, classes, dense=dense)
    levels = (0,) * rows.shape[1] if dense else (0, 0, 5)
    assert traits(recipe(name)).weighs

    def answers(weights: np.ndarray | None) -> np.ndarray:
        rung = build(recipe(name), task_of(levels, classes))
        rung.fit(rows, targets, seed=0, **({} if weights is None else {"weights": weights}))
        return np.asarray(rung.outputs(rows), np.float64)

    targets, raised = (targets, targets == 1) if classes else (targets + noise(), noise() > 0)
    heavy = shares(np.where(raised, 20.0, 1.0))
    mean = (np.exp(answers(heavy))[:, 1] if classes else answers(heavy)[:, 0]).mean()
    before = (np.exp(answers(None))[:, 1] if classes else answers(None)[:, 0]).mean()
    assert mean > before + 0.02


def test_the_traits_say_which_rungs_cannot_weigh() -> None:
    of_equals = {name for name, model in MODELS.items() if not model.traits.weighs}
    assert of_equals == {"nearest-neighbours", "boosted-trees", "hog-svm", "hog-rbf", "extra-trees", "frozen"}
    assert not of_equals & {*OF_CLASSES, *OF_NUMBERS}
