"""A training behind its seconds is shortened, to a whole schedule; its course is repeated whatever the clock says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import resumable

from epochal.core.protocols import Batch, Feed
from epochal.core.run import Budget, Point, Run
from epochal.train import fit as room
from epochal.train.checkpoint import Checkpoints
from epochal.train.course import AGAIN, BEHIND, KNOWN, Course, spread
from epochal.train.fit import Clock, fit
from epochal.train.optimise import Stepper, rate
from epochal.train.trainee import Trainee

STEPS, SEED = 100, 3
BUDGET = Budget(examples=48 * STEPS, seconds=50.0, keep_best=True)
Pace = Callable[[int], float]  # seconds that a step takes, by its number


@dataclass
class Seconds:
    """A clock that stands still until a feed moves it."""

    now: float = 0.0
    fed: int = 0  # batches that were asked for

    def __call__(self) -> float:
        return self.now

    def clock(self) -> Clock:
        return Clock(began=self.now)


@dataclass(frozen=True)
class Slow:
    """A feed whose batches take their time."""

    inner: Feed
    seconds: Seconds
    pace: Pace
    fixed = True

    @property
    def per_batch(self) -> int:
        return self.inner.per_batch

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        for number, batch in enumerate(self.inner.batches(model, seed, start), start):
            self.seconds.now += self.pace(number)
            self.seconds.fed += 1
            yield batch


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    """The clock that `fit` reads."""
    found = Seconds()
    monkeypatch.setattr(room, "time", SimpleNamespace(perf_counter=found))
    monkeypatch.setattr(room, "Clock", found.clock)
    return found


def slow(seconds: Seconds, pace: Pace = lambda number: 1.0) -> Trainee:
    this = resumable.trainee()
    return replace(this, feed=Slow(this.feed, seconds, pace))


def go(this: Trainee, budget: Budget = BUDGET, **arguments: Any) -> tuple[Run, dict[str, Any]]:
    """The run, and all that must be the same where it is repeated."""
    predictor, run = fit(this, budget, SEED, **arguments)
    return run, resumable.outcome(predictor, this.model, run)  # type: ignore[arg-type]


def test_a_training_behind_its_seconds_is_shortened_to_what_fits(seconds: Seconds) -> None:
    # A hundred steps of a second each, for fifty seconds: after a tenth it is known, and forty steps more fit.
    run, _ = go(slow(seconds))
    assert run.course == ((10, 50),)
    assert (run.status, run.cost.steps, run.cost.examples, run.cost.seconds) == ("finished", 50, 50 * 48, 50.0)
    assert run.budget == BUDGET, "what was promised is told beside what was reached"
    steps = [point.step for point in run.curve]
    assert steps[0] == 10 and steps[-1] == 50 and len(steps) == 10, "the points left are spread over the steps left"
    assert max(b - a for a, b in pairwise(steps)) <= 5
    assert Run.from_json(run.to_json()) == run


def test_a_machine_that_grows_slower_shortens_a_training_again(seconds: Seconds) -> None:
    run, _ = go(slow(seconds, lambda number: 0.5 if number < 30 else 2.0))
    assert len(run.course) >= 2
    assert [end for _, end in run.course] == sorted((end for _, end in run.course), reverse=True)
    for (step, end), (following, _) in pairwise(run.course):
        assert following - step >= AGAIN * end
    assert run.cost.steps == run.course[-1][1] == run.curve[-1].step
    assert run.cost.seconds <= BEHIND * 50.0


@pytest.mark.parametrize(
    "budget, each",
    [
        pytest.param(Budget(examples=48 * 20), 1e6, id="a budget in examples"),
        pytest.param(Budget(examples=48 * 20, seconds=20.0), 1.14, id="a little late"),
        pytest.param(Budget(examples=48 * 20, seconds=20.0), 0.01, id="early"),
        pytest.param(Budget(examples=48 * 20, seconds=1.0, course=()), 1.0, id="a course without turns"),
    ],
)
def test_a_training_is_not_shortened_without_need(seconds: Seconds, budget: Budget, each: float) -> None:
    run, _ = go(slow(seconds, lambda number: each), budget)
    assert (run.course, run.cost.steps) == ((), 20)


def test_the_schedule_is_drawn_together_and_ends_at_its_end(seconds: Seconds, monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []

    class Heard(Stepper):
        def schedule(self, number: int) -> None:
            super().schedule(number)
            rates.append(float(self.rate))

    monkeypatch.setattr("epochal.train.trainee.Stepper", Heard)
    go(slow(seconds))
    recipe = resumable.RECIPE
    assert len(rates) == 50
    assert rates[:11] == [rate(recipe, number / 100) for number in range(11)]  # as if nothing had happened
    assert rates[11:] == pytest.approx([rate(recipe, 0.1 + 0.9 * k / 40) for k in range(1, 40)])
    assert max(rates) > 0.99 * recipe.learning_rate, "the top of the cycle is reached"
    assert rates[-1] < 0.01 * recipe.learning_rate, "and so is its end"


@pytest.mark.parametrize("each", [0.001, 1.0, 40.0])
@pytest.mark.parametrize("promised", [None, 50.0])
def test_a_course_is_repeated_to_the_same_bits_whatever_the_clock(
    seconds: Seconds, each: float, promised: float | None
) -> None:
    run, expected = go(slow(seconds))
    assert run.course
    again, found = go(slow(seconds, lambda number: each), BUDGET.replace(course=run.course, seconds=promised))
    assert found == expected
    assert again.course == run.course


class _Stop(Exception):
    """Ends a training from within."""


@pytest.mark.parametrize("number", [2, 6, 9])
def test_a_shortened_training_that_was_killed_goes_on_to_the_same_bits(
    tmp_path: Path, seconds: Seconds, number: int
) -> None:
    _, expected = go(slow(seconds))
    seen: list[Point] = []

    def stop(point: Point, steps: int) -> None:
        assert steps == (100 if point.step == 10 else 50), "who watches is told the new number of steps"
        seen.append(point)
        if len(seen) == number:
            raise _Stop

    checkpoints = Checkpoints(tmp_path)
    with pytest.raises(_Stop):
        go(slow(seconds), checkpoints=checkpoints, every=0.0, watch=stop)
    fed = seconds.fed
    # The machine is quick again; the training was shortened all the same, and its schedule with it.
    run, found = go(slow(seconds, lambda number: 0.0), checkpoints=checkpoints)
    assert found == expected
    assert 0 < seconds.fed - fed < 50
    assert run.cost.seconds >= seen[-1].step - 1, "the seconds before it was killed are counted"


def test_one_that_was_killed_while_it_was_judged_is_not_trained_again(tmp_path: Path, seconds: Seconds) -> None:
    _, expected = go(slow(seconds))

    def killed(predictor: Any) -> dict[str, float]:
        raise _Stop

    checkpoints = Checkpoints(tmp_path)
    with pytest.raises(_Stop):
        go(replace(slow(seconds), judge=killed), checkpoints=checkpoints)  # no checkpoint was due on the way
    seconds.fed = 0
    run, found = go(slow(seconds), checkpoints=checkpoints)
    assert seconds.fed == 0
    assert found == expected
    assert run.course == ((10, 50),)
    assert run.cost.seconds == 50.0


def test_seconds_of_looking_are_told_apart(seconds: Seconds) -> None:
    def look(by: float) -> Any:
        def evaluate(predictor: Any) -> dict[str, float]:
            seconds.now += by
            return resumable.Accuracy()(predictor)

        return evaluate

    this = replace(slow(seconds, lambda number: 0.1), glance=look(0.25), judge=look(3.0))
    run, _ = go(this, Budget(examples=48 * 20, points=4))
    assert run.cost.looking == pytest.approx(4 * 0.25 + 3.0)
    assert run.cost.seconds == pytest.approx(20 * 0.1 + 4.0)


@pytest.mark.parametrize("steps", [1, 2, 9, 10, 100, 12_345])
@pytest.mark.parametrize("factor", [1.2, 2.0, 9.0, 1000.0])
def test_however_slow_and_however_short_it_ends_after_where_it_is(steps: int, factor: float) -> None:
    """At a pace that is `factor` times what was promised, a training ends near its seconds, or as soon as it knows."""
    course, step = Course(budget=Budget(examples=1, seconds=float(steps)), steps=steps, points=10), 0
    while step < course.steps:
        step += 1
        if (end := course.shorter(step, factor * step)) is not None:
            assert step < end <= course.steps
            course.turn(step, end)
            assert max(course.marks) == end
    assert len(course.turns) <= 3
    assert step <= max(BEHIND * steps / factor, KNOWN * steps + 1) + 1


def test_points_are_spread_to_the_end() -> None:
    assert spread(0, 100, 4) == {25, 50, 75, 100}
    assert spread(90, 100, 3) == {93, 97, 100}
    assert spread(0, 3, 10) == {1, 2, 3}
    assert spread(7, 8, 10) == {8}
