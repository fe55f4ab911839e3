"""The law of error against data, for whatever items there are."""

import numpy as np

from epochal.core.protocols import Numbers
from epochal.judge.goals.number_goal import OneNumber
from epochal.kinds.image_ladder import RUNGS
from epochal.study.data_curve import curve_record, lawful
from epochal.study.scoring import Scoring

SIZES = [100, 200, 400, 800, 1600]


def test_sizes_at_which_trainings_are_worse_than_the_mean_are_left_out():
    errors = np.array([[1.2, 0.8, 0.6, 0.5, 0.4], [0.9, 0.8, 0.7, 1.01, 0.4]])
    sizes, kept = lawful(SIZES, errors)
    assert sizes == [200, 400, 1600]
    assert kept.tolist() == [[0.8, 0.6, 0.4], [0.8, 0.7, 0.4]]


def test_the_sentence_says_what_items_there_are_and_what_the_error_is():
    errors = np.array([[1.5 * size**-0.4 * noise for size in SIZES] for noise in (0.99, 1.0, 1.01)])
    rung = RUNGS["mlp"]
    record = curve_record(rung, SIZES, errors, 0.01, of="R2", item="row")
    assert "to 3,200 training rows" in record.sentence
    assert record.sentence.endswith(f"{rung.title}, the best of the qualifying round; the error is 1 minus R2.)")


def test_a_training_that_is_worse_than_the_mean_has_an_error_above_one():
    targets = np.array([1.0, 2.0, 3.0, 4.0])
    scoring = Scoring(goal=OneNumber(), targets=targets)
    assert scoring.error(Numbers(values=targets[::-1].copy())) > 1 > scoring.error(Numbers(values=targets + 0.1))
