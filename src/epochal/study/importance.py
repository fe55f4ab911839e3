"""Permutation importance: what the score loses when one part of the inputs, such as a column, is shuffled among items.

L. Breiman, "Random forests", Machine Learning 45, 2001, section 10; for any model: A. Fisher, C. Rudin and F. Dominici,
"All models are wrong, but many are useful", JMLR 20, 2019. A part that repeats another one looks less important than it
is: the model still sees the other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from epochal.core.protocols import Goal, Predictor
from epochal.core.seeds import stream
from epochal.data.dataset import Examples
from epochal.judge.statistics import crossed_mean
from epochal.report.result import Importance
from epochal.study.scoring import interval_of

REPEATS = 5  # shuffles of each part
MOST = 2_000  # items that are asked; fewer where they would take too long
FEWEST = 100


def affordable(seconds: float, answering: float, parts: int, items: int) -> int:
    """How many items can be asked within `seconds`, where each answer takes `answering`; 0 where too few can."""
    most = min(MOST, items, int(seconds / max(answering * parts * REPEATS, 1e-9)))
    return most if most >= min(FEWEST, items) else 0


def importance(
    predictor: Predictor,
    goal: Goal,
    examples: Examples,
    parts: Mapping[str, Sequence[int]],
    calibration: float,
    items: int,
) -> tuple[Importance, ...]:
    """Of each part, by its name and its columns at rest, what the metric loses when it is shuffled; the most important
    first. Intervals are over shuffles and items.

    Args:
        items: how many of the examples, evenly spread, are asked.
    """
    chosen = np.linspace(0, len(examples) - 1, items).astype(int)
    inputs, targets = np.asarray(examples.inputs[chosen]), examples.truth(chosen)

    def values(shown: Any) -> np.ndarray:
        return goal.items(predictor(shown), targets, calibration)

    whole = values(inputs)
    found = []
    for name, columns in parts.items():
        losses = []
        for repeat in range(REPEATS):
            order = np.random.default_rng(stream(repeat, f"importance of {name}")).permutation(items)
            shuffled = inputs.copy()
            shuffled[:, columns] = inputs[order][:, columns]
            losses.append(goal.metric.sign * (whole - values(shuffled)))
        found.append(Importance(part=name, loss=interval_of(crossed_mean(np.stack(losses)))))
    return tuple(sorted(found, key=lambda one: -one.loss.mean))
