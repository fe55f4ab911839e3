"""The sentences of a refit, for whatever items and answers there are."""

import numpy as np

from epochal.core.experiment import CANNOT_TELL, Finding
from epochal.core.interval import Interval
from epochal.core.task import Task
from epochal.judge.goals.number_goal import OneNumber
from epochal.judge.goals.numbers import METRICS
from epochal.judge.shown import residuals
from epochal.report.result import Shipped
from epochal.study.refit_result import REFIT, Refitted, fitted_together, with_words

R2 = METRICS["r2"]
SCORE = Interval(mean=0.861, low=0.84, high=0.88)
FINDING = Finding(
    control="climb", arm="refit", effect=0.012, interval=(-0.003, 0.028), simultaneous=(-0.003, 0.028), p_value=0.3,
    verdict=CANNOT_TELL, margin=0.01, detectable=0.01, seeds=1, items=1_000, metric="r2", unit="", percent=False,
)  # fmt: skip


def test_a_refit_of_numbers_speaks_of_rows_and_of_a_width():
    true = np.arange(20.0)
    shown = residuals(true + 0.5, true, width=2.125, promised=0.9, covered=SCORE)
    made = Refitted(
        kind=REFIT, rung="mlp", title="MLP", seeds=(0,), items=4_000, items_before=3_200, examples=40_000,
        examples_before=32_000, stop=1.0, temperature=2.125, calibration="that of the climb", metric=R2,
        shipped=Shipped(score=SCORE, residuals=shown), single=Interval(mean=0.849, low=0.83, high=0.87),
        finding=FINDING,
    )  # fmt: skip
    task = Task(
        name="houses", kind="table-number", item="row", input_shape=(14,), target="price",
        counts={"train": 3_200, "validation": 800, "test": 1_000}, fingerprint="0",
    )  # fmt: skip
    result = with_words(made, 1_000, task)
    assert result.sentence == (
        "MLP, trained again on train and validation together: 4,000 rows instead of 3,200. It makes the same number of "
        "passes over them, 10 (40,000 examples instead of 32,000), and the interval of plus or minus 2.125 "
        "around its answers is that of the climb. Expected R2 on unseen data: 0.861 (95% interval 0.840 to 0.880), "
        "measured on the 1,000 test rows. The climb's bundle scores 0.849 on them (difference +0.012, 95% interval "
        "-0.003 to +0.028)."
    )
    assert result.notes == (
        "The test rows were scored for this report only: none of them was trained on, and nothing was chosen by them.",
        "The predicted number plus or minus 2.125 holds the truth of 86.1% of the test rows; 90% was promised. The "
        "width is that of the climb.",
    )


def test_the_calibration_of_an_ensemble_of_numbers_knows_no_temperature():
    assert fitted_together(OneNumber()) == "fitted on the validation split, on the mean of the members' numbers"
