"""Results of climbs on tables, for the tests of the report: of a number by R2 and by an error, and of two classes."""

from typing import Any

import numpy as np
from climb_parts import measured_curve, promised

from epochal.core.experiment import BETTER, CANNOT_TELL, Finding
from epochal.core.interval import Interval
from epochal.core.metric import ACCURACY, Metric
from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget, Cost, Point
from epochal.core.task import Task
from epochal.judge.goals.numbers import METRICS
from epochal.judge.shown import residuals
from epochal.judge.verdict_text import headline
from epochal.report.result import ClimbResult, Importance, RungResult, Shipped, Stage, WrongExample

R2, MAE = METRICS["r2"], METRICS["mae"].replace(margin=1_150.0)
RUNGS = {  # title, year, kind, R2 on validation, seconds, one answer, bytes
    "majority": ("The mean", 1805, "classical", -0.0031, 0.001, 0.00001, 300),
    "perceptron": ("Linear regression", 1805, "classical", 0.641, 0.02, 0.00002, 2_000),
    "boosted-trees": ("Gradient-boosted trees", 2001, "classical", 0.862, 1.9, 0.0007, 410_000),
    "mlp": ("Multilayer perceptron", 1986, "network", 0.838, 14.0, 0.0002, 52_000),
}
CHOSEN, SPREAD = "boosted-trees", 115_400.0


def _score(r2: float, metric: Metric, half: float = 0.02) -> Interval:
    """The score of a rung in the unit of the metric, as far as its R2 tells."""
    if metric.name == "r2":
        return Interval(mean=r2, low=r2 - half, high=r2 + half)
    if metric.name == "accuracy":
        return Interval(mean=0.5 + r2 / 2, low=0.5 + r2 / 2 - half, high=0.5 + r2 / 2 + half)
    off = 0.64 * SPREAD * np.sqrt(1 - r2)
    return Interval(mean=off, low=0.95 * off, high=1.06 * off)


def _finding(control: str, arm: str, metric: Metric, items: int) -> Finding:
    effect = _score(RUNGS[arm][3], metric).mean - _score(RUNGS[control][3], metric).mean
    half = 0.02 if metric.name != "mae" else 4_000.0
    sure = metric.sign * effect > half
    return Finding(
        control=control,
        arm=arm,
        effect=effect,
        interval=(effect - half, effect + half),
        simultaneous=(effect - half, effect + half),
        p_value=0.001 if sure else 0.2,
        verdict=BETTER if sure else CANNOT_TELL,
        margin=metric.margin,
        detectable=1.4 * half,
        needed_items=None if sure else items + 1_900,
        comparisons=3,
        seeds=3,
        items=items,
        metric=metric.name,
        unit=metric.unit,
        percent=metric.percent,
        better=metric.better,
    )


def _lost(share: float, metric: Metric) -> Interval:
    """What a metric loses, in R2 or in the unit of the price."""
    size = 1.0 if metric.name == "r2" else 40_000.0
    return Interval(mean=size * share, low=size * (share - 0.006), high=size * (share + 0.006))


def _curve(r2: float) -> tuple[Point, ...]:
    """The share of the variance that is left, and R2."""
    left = [1 - r2 + r2 * np.exp(-5 * step / 12) for step in range(13)]
    return tuple(
        Point(step=20 * k, examples=1_280 * k, values={"loss": one, "train_loss": 0.9 * one, "score": 1 - one})
        for k, one in enumerate(left)
    )


def _rungs(metric: Metric) -> tuple[RungResult, ...]:
    return tuple(
        RungResult(
            name=name,
            title=title,
            year=year,
            paper=f"The paper of {title}",
            adds=f"What {title} adds.",
            kind=kind,
            status=FINISHED,
            tier=1 if name == CHOSEN else 2,
            answer=answer,
            size=size,
            stages=(
                Stage(
                    name="qualifying",
                    recipe=Recipe(model=name, learning_rate=0.05),
                    budget=Budget(examples=15_360, seconds=12.0),
                    seeds=3,
                    validation=_score(r2, metric),
                    test=_score(r2 - 0.001, metric),
                    cost=Cost(examples=15_360, steps=240, seconds=seconds, parameters=size // 4),
                    curve=_curve(r2) if kind == "network" else (),
                ),
            ),
        )
        for name, (title, year, kind, r2, seconds, answer, size) in RUNGS.items()
    )


def _climb(task: Task, metric: Metric, **fields: Any) -> ClimbResult:
    """What is the same of the three climbs."""
    judged, items = task.counts["validation"], task.counts["test"]
    score = _score(RUNGS[CHOSEN][3] - 0.002, metric)
    return ClimbResult(
        task=task,
        command=f"epochal climb {task.name}.csv --label {task.target}",
        started="2026-11-21T12:30:00+00:00",
        seeds=(0, 1, 2),
        budget_seconds=600.0,
        spent_seconds=512.0,
        complete=True,
        rungs=_rungs(metric),
        steps=tuple(
            _finding(control, arm, metric, judged)
            for control, arm in (("majority", "perceptron"), ("perceptron", CHOSEN), (CHOSEN, "mlp"))
        ),
        on_test=tuple(_finding(name, CHOSEN, metric, items) for name in RUNGS if name != CHOSEN),
        winner=CHOSEN,
        chosen=CHOSEN,
        metric=metric,
        headline=headline("Gradient-boosted trees", score.mean, score.low, score.high, metric, item=task.item),
        verdict="Gradient-boosted trees had the best score.",
        need_deep_learning="No: Gradient-boosted trees beats the best network, Multilayer perceptron.",
        more_data="Cannot tell whether more data would help.",
        data_curve=measured_curve(CHOSEN, (400, 800, 1_600, 3_200), 4.0, 0.4, 0.01).replace(sentence="Perhaps."),
        **fields,
    )


def houses(metric: Metric = R2) -> ClimbResult:
    """A climb for the price of houses."""
    numbers = np.random.default_rng(3)
    true = np.exp(numbers.normal(12.0, 0.5, 1_000))
    predicted = true + numbers.normal(0, 30_000, 1_000)
    score = _score(RUNGS[CHOSEN][3] - 0.002, metric)
    covered = Interval(mean=0.889, low=0.869, high=0.907)
    task = Task(
        name="houses",
        kind="table-number",
        item="row",
        input_shape=(14,),
        target="price",
        centre=180_000.0,
        spread=SPREAD,
        counts={"train": 3_200, "validation": 800, "test": 1_000},
        fingerprint="77ab10c4d5e6",
    )
    wrong = tuple(
        WrongExample(
            item=f"row {412 + 7 * k}",
            truth=f"{510_000 + 1_000 * k:,}",
            predicted=f"{290_500 + 900 * k:,}",
            confidence=219_500.0 + 100 * k,
            cells={"rooms": str(3 + k), "built": "1967", "heating": "gas", "garden": "missing"}
            | {f"sensor {n}": f"{n / 7:.3f}" for n in range(8)},
        )
        for k in range(3)
    )
    return _climb(
        task,
        metric,
        watched=R2,
        shipped=Shipped(
            score=score, residuals=residuals(predicted, true, width=48_200.0, promised=0.9, covered=covered)
        ),
        wrong=wrong,
        importance=tuple(
            Importance(part=part, loss=_lost(share, metric))
            for part, share in (("rooms", 0.3), ("built", 0.08), ("heating", 0.004), ("garden", -0.002))
        ),
        data={
            "name": "houses",
            "kind": "CSV, comma between cells",
            "label": "price",
            "target": "number",
            "labels": [],
            "counts": {"train": {"": 3_200}, "validation": {"": 800}, "test": {"": 1_000}},
            "spread": [14_999.0, 119_600.0, 179_700.0, 264_725.0, 1_500_001.0],
            "columns": {"rooms": "number", "built": "number", "heating": "category", "garden": "category"},
            "leaks": [
                {
                    "kind": "copy",
                    "column": "price_net",
                    "what": "column 'price_net' is a copy of 'price'.",
                    "advice": "It is left out.",
                    "drop": True,
                }
            ],
            "decisions": [
                *(
                    {
                        "what": f"column '{name}'",
                        "chosen": "category",
                        "why": "few texts",
                        "override": f"--column {name}=text",
                    }
                    for name in ("heating", "garden")
                ),
                {"what": "splits", "chosen": "64 / 16 / 20%", "why": "nothing was said", "override": "--group"},
            ],
            "problems": [{"file": "row 17", "what": "no price", "action": "set aside"}],
            "warnings": [],
        },
    )


def customers() -> ClimbResult:
    """A climb for two classes of rows."""
    task = Task(
        name="customers",
        kind="table-classes",
        item="row",
        input_shape=(9,),
        labels=("stays", "leaves"),
        target="churned",
        counts={"train": 640, "validation": 160, "test": 200},
        fingerprint="0c1d2e3f4a5b",
    )
    wrong = WrongExample(
        item="row 88", truth="leaves", predicted="stays", confidence=0.97, cells={"age": "41", "plan": "<b>basic</b>"}
    )
    return _climb(
        task,
        ACCURACY,
        shipped=promised(task),
        confusion=((120, 9), (14, 57)),
        wrong=(wrong,),
        data={
            "name": "customers",
            "kind": "CSV, comma between cells",
            "label": "churned",
            "target": "classes",
            "labels": ["stays", "leaves"],
            "counts": {split: {"stays": count // 2, "leaves": count // 2} for split, count in task.counts.items()},
            "spread": [],
            "columns": {"age": "number", "plan": "category"},
            "leaks": [],
            "decisions": [],
            "problems": [],
            "warnings": [],
        },
    )


TABLES = {"houses": houses, "houses_by_error": lambda: houses(MAE), "customers": customers}
