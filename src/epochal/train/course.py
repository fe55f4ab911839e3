"""The course of one training: where its curve is measured, and where it is shortened because its seconds run out."""

from dataclasses import dataclass, field

from epochal.core.run import Budget

BEHIND = 1.15  # a training that would take this many times its seconds is shortened
KNOWN = 0.1  # share of the steps after which a training knows how fast it is
AGAIN = 0.1  # share of the steps between two times that it is shortened


@dataclass
class Course:
    """The steps of a training with its `marks`, the steps after which the model is evaluated.

    `turns` are the places where it was shortened, as (step, new last step). A budget that brings its `course` repeats
    it and asks no clock.
    """

    budget: Budget
    steps: int
    points: int
    marks: set[int] = field(init=False)
    turns: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.marks = spread(0, self.steps, self.points)

    def turn(self, step: int, steps: int) -> None:
        """End after `steps` in all, from `step` on. The points left are spread over the steps left."""
        past = {mark for mark in self.marks if mark <= step}
        self.turns.append((step, steps))
        self.steps, self.marks = steps, past | spread(step, steps, max(1, self.points - len(past)))

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
