"""How soon trainings reach a level, best learning rate against best learning rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from epochal.core.claim import LESS
from epochal.core.recipe import Recipe
from epochal.judge.claims import RATIO, Question
from epochal.study.lab import Lab, reached
from epochal.train.experiment import Arm


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How soon one recipe reached a level at its best rate.

    `examples` [seeds] are each seed's at the rate that was fastest on the other seeds, so that no seed has a say in
    the rate that it is judged at; `arm` holds all seeds at the one rate that was fastest over all of them.
    """

    examples: np.ndarray
    arm: Arm

    @property
    def rate(self) -> float:
        return self.arm.recipe.learning_rate


def at_rates(label: str, recipe: Recipe, rates: Sequence[float]) -> dict[str, Recipe]:
    """The recipe at each of several learning rates, under a label of its own."""
    return {f"{label}, rate {rate:g}": recipe.replace(learning_rate=rate) for rate in rates}


def pace(lab: Lab, label: str, arms: Sequence[Arm], level: float) -> Pace:
    """How soon validation accuracy passed `level`, of the arms that are one recipe at several rates.

    A training that never passes it counts as its whole length, and a note of the lab says so.
    """
    found = [[reached(run, level) for run in arm.runs] for arm in arms]  # [rates, seeds]
    times = np.array(
        [
            [float(run.budget.examples) if at is None else at for at, run in zip(row, arm.runs, strict=True)]
            for row, arm in zip(found, arms, strict=True)
        ]
    )
    place = int(np.log(times).mean(axis=1).argmin())
    if missing := found[place].count(None):
        lab.notes.append(
            f"{label}, rate {arms[place].recipe.learning_rate:g}: {missing} of {len(found[place])} trainings never "
            f"passed {level:.1%}; each counts as its whole length."
        )
    return Pace(examples=at_best_rate(times), arm=arms[place])


def ask_pace(text: str, control: tuple[str, Pace], arm: tuple[str, Pace], level: float, **asked: Any) -> Question:
    """Whether the arm passes `level` after fewer examples than the control; the other arguments are `Question`'s."""
    return Question(
        text=text,
        unit=f"examples until {level:.1%} of the validation items are right",
        control=control[0],
        control_values=control[1].examples,
        arm=arm[0],
        values=arm[1].examples,
        kind=RATIO,
        predicted=LESS,
        fixed_time=True,
        **asked,
    )


def at_best_rate(times: np.ndarray) -> np.ndarray:
    """[seeds] of `times` [rates, seeds]: each seed's at the rate that was fastest on the other seeds."""
    logarithms = np.log(times)
    others = logarithms.sum(axis=1, keepdims=True) - logarithms
    return times[others.argmin(axis=0), np.arange(times.shape[1])]
