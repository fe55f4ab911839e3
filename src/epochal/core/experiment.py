"""An experiment: a control, its arms, and the finding that pairs them over the same seeds and items."""

from dataclasses import dataclass

from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.core.run import Budget

BETTER, WORSE, EQUIVALENT, CANNOT_TELL = "better", "worse", "equivalent", "cannot tell"
UNDER_TRAINED, NO_EFFECT = "under-trained at this budget", "no effect"


@dataclass(frozen=True, kw_only=True)
class Experiment(Record):
    """A control and one arm or more: the same seeds, order of data, budget and number of tuning trials for each.

    `budget.examples` is what each training shows. Where it is 0, `budget.seconds` is what each arm may spend in all:
    on measuring its speed, on its trials, and on one training for each seed.
    """

    name: str
    control: Recipe
    arms: tuple[Recipe, ...]
    seeds: tuple[int, ...]
    budget: Budget
    trials: int = 1
    margin: float = 0.005  # effects smaller than this do not matter: the equivalence margin


@dataclass(frozen=True, kw_only=True)
class Trial(Record):
    """One learning rate that was tried, the validation loss it came to (None where it diverged), and its seconds."""

    learning_rate: float
    loss: float | None
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Finding(Record):
    """The paired effect of an arm against its control: arm minus control, in units of the metric.

    Where `better` is "lower", an effect below zero is an improvement. `percent` says that effects are fractions, shown
    in points; else they are shown in `unit`. `interval` is the 95% interval of this one effect; `simultaneous` is the
    one that decided the verdict, corrected for `comparisons` (see `judge.compare`): print it with the verdict.
    `detectable` is the smallest true effect found with 80% power. For "cannot tell", `needed_items` and
    `needed_seeds` say about how many of either, the other kept, would settle it (None: that alone would not).
    """

    control: str
    arm: str
    effect: float
    interval: tuple[float, float]
    simultaneous: tuple[float, float]
    p_value: float
    verdict: str
    marks: tuple[str, ...] = ()
    margin: float
    detectable: float
    needed_items: int | None = None
    needed_seeds: int | None = None
    comparisons: int = 1
    seeds: int
    items: int
    metric: str = "accuracy"
    unit: str = "points"
    percent: bool = True
    better: str = "higher"
