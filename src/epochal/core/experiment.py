"""An experiment: the trainings of its arms, and the finding that pairs two of them over the same seeds and items."""

from dataclasses import dataclass

from epochal.core.effect import Effect
from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.core.run import Budget

BETTER, WORSE, EQUIVALENT, CANNOT_TELL = "better", "worse", "equivalent", "cannot tell"
UNDER_TRAINED, NO_EFFECT = "under-trained at this budget", "no effect"


@dataclass(frozen=True, kw_only=True)
class Trainings(Record):
    """What is asked of one arm of an experiment: a recipe on every seed, under a name in the store. Arms that are
    compared have the same seeds, order of data, budget and number of trials.

    `budget.examples` is what each training shows. Where it is 0, `budget.seconds` is what the arm may spend in all: on
    measuring its speed, on its trials, and on one training for each seed. `trials` are learning rates to try; what
    learns at once has none. `points` is the length of each learning curve, in place of the budget's. `stacked` says
    whether seeds may be trained together; arms that are compared bit for bit must be trained alike.
    """

    name: str
    recipe: Recipe
    seeds: tuple[int, ...]
    budget: Budget
    trials: int = 1
    points: int | None = None
    stacked: bool = True


@dataclass(frozen=True, kw_only=True)
class Trial(Record):
    """One learning rate that was tried, the validation loss it came to (None where it diverged), and its seconds."""

    learning_rate: float
    loss: float | None
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Finding(Effect):
    """The paired effect of an arm against its control: arm minus control, in the unit of the metric.

    Where `better` is "lower", an effect below zero is an improvement. `comparisons` are those of its family (see
    `judge.compare`). `detectable` is the smallest true effect found with 80% power. For "cannot tell", `needed_items`
    and `needed_seeds` say about how many of either, the other kept, would settle it (None: that alone would not).
    """

    control: str
    p_value: float
    marks: tuple[str, ...] = ()
    detectable: float
    needed_items: int | None = None
    needed_seeds: int | None = None
    comparisons: int = 1
    items: int
    metric: str = "accuracy"
    unit: str = "points"
    percent: bool = True
    better: str = "higher"
