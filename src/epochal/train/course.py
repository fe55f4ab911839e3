"""The course of one training: where its curve is measured, and where it is shortened because its seconds run out."""

from dataclasses import dataclass, field

from epochal.core.run import Budget

BEHIND = 1.15  # a training that would take this many times its seconds is shortened
KNOWN = 0.1  # share of the steps after which a training knows how fast it is
AGAIN = 0.1  # share of the steps between two times that it is shortened
STATES = 5  # of a training that is judged over its tail, the last included


@dataclass
class Course:
    """The steps of a training with its `marks`, the steps after which the model is evaluated.

    Where it is judged over a `tail`, the last share of its steps, `ends` are the steps after which a state is kept for
    that; the state after the last step is the last of them.

    `turns` are the places where it was shortened, as (step, new last step). A budget that brings its `course` repeats
    it and asks no clock.
    """

    budget: Budget
    steps: int
    points: int
    tail: float = 0.0
    marks: set[int] = field(init=False)
    ends: set[int] = field(init=False)
    turns: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.marks = spread(0, self.steps, self.points)
        self.ends = self._ends(0, set())

    def turn(self, step: int, steps: int) -> None:
        """End after `steps` in all, from `step` on. The points left are spread over the steps left."""
        past = {mark for mark in self.marks if mark <= step}
        self.turns.append((step, steps))
        self.steps, self.marks = steps, past | spread(step, steps, max(1, self.points - len(past)))
        self.ends = self._ends(step, {end for end in self.ends if end <= step})

    def _ends(self, step: int, past: set[int]) -> set[int]:
        """Those of a training that stands at `step`, where it kept the states after `past`."""
        start = max(step, round((1 - self.tail) * self.steps))
        return past | (spread(start, self.steps, STATES - len(past)) if self.tail else set())

    def shorter(self, step: int, spent: float) -> int | None:
        """The new last step where the training, `spent` seconds old after `step`, must be shortened; else None."""
        if self.budget.course is not None:
            return dict(self.budget.course).get(step)
        promised = self.budget.seconds
        since = step - (self.turns[-1][0] if self.turns else 0)
        if promised is None or step < KNOWN * self.steps or since < AGAIN * self.steps or step >= self.steps:
            return None
        if spent / step * self.steps <= BEHIND * promised:
            return None
        return min(self.steps, step + max(1, int(max(promised - spent, 0.0) / spent * step)))


def spread(start: int, steps: int, points: int) -> set[int]:
    """The steps of `points`, evenly spread from `start` to `steps`, the last at the end."""
    return {start + round((steps - start) * (k + 1) / points) for k in range(points)} - {start}
