"""How much data a family needs, and how much of an answer a simpler model repeats."""

import numpy as np
import pytest
from sklearn.metrics import r2_score

from epochal.judge.rivals import enough, explained
from epochal.judge.statistics import crossed_mean

SIZES = (100, 200, 400, 800)


@pytest.mark.parametrize(
    ("scores", "level", "wanted"),
    [
        ((0.5, 0.6, 0.7, 0.8), 0.65, 283),  # half way between 200 and 400 on a logarithmic scale
        ((0.5, 0.6, 0.7, 0.8), 0.7, 400),
        ((0.5, 0.6, 0.7, 0.8), 0.3, 100),
        ((0.5, 0.6, 0.7, 0.8), 0.81, None),
        ((0.5, 0.75, 0.7, 0.8), 0.72, 185),  # reached before the score falls
        ((-3.0, -2.0, -1.5, -1.0), -2.0, 200),  # a loss, turned
    ],
)
def test_the_size_that_is_enough(scores, level, wanted):
    assert enough(SIZES, np.array(scores), level) == wanted


@pytest.mark.parametrize("outputs", [1, 3])
def test_what_is_repeated_is_r2_over_all_outputs(outputs):
    draw = np.random.default_rng(0)
    said = draw.normal(size=(500, outputs)) * np.arange(1, outputs + 1)
    repeated = said + draw.normal(size=said.shape)
    values = explained(said, repeated)
    assert values.mean() == pytest.approx(r2_score(said, repeated, multioutput="variance_weighted"))


def test_its_interval_holds_the_truth_as_often_as_it_says():
    draw, held = np.random.default_rng(1), 0
    for _ in range(400):
        said = draw.normal(size=(200, 1))
        layout = crossed_mean(explained(said, said + draw.normal(size=said.shape) / 2)[None])
        low, high = layout.interval()
        held += low <= 0.75 <= high
    assert 0.93 <= held / 400 <= 0.975


def test_answers_that_are_all_the_same_leave_nothing_to_repeat():
    assert explained(np.ones((10, 2)), np.ones((10, 2))) is None
