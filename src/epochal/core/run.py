"""A run: what one training of one recipe on one task with one seed measured, and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from epochal.core.recipe import Recipe
from epochal.core.record import Record

FINISHED, DIVERGED, FAILED = "finished", "diverged", "failed"


@dataclass(frozen=True, kw_only=True)
class Budget(Record):
    """How much one training may spend: the seconds that were promised, and the examples that this came to.

    The curve has `points`, each measured on `glance` validation examples; the score at the end uses all of them. Where
    the validation loss turned up, `keep_best` keeps the weights of the lowest point in place of the last ones.

    A training that falls behind its `seconds` is shortened. `course` says where it was, as (step, new last step), and
    repeats it exactly, whatever the clock says; None leaves it to the clock.
    """

    examples: int
    seconds: float | None = None
    glance: int = 2000
    points: int = 10
    keep_best: bool = False
    course: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Point(Record):
    """One place on a learning curve. `values` holds the "loss" and the "score" on validation, and the
    "train_loss", or that of each part of the objective."""

    step: int
    examples: int
    values: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Cost(Record):
    """What a training spent. `flops` counts forward and backward multiply-adds as two; None where not counted.
    `peak_memory` is that of the process so far, or that of the GPU during the training."""

    examples: int
    steps: int
    seconds: float
    parameters: int
    flops: float | None = None
    peak_memory: int | None = None  # bytes
    looking: float = 0.0  # of the seconds, those that went into the points of the curve and the score at the end
    energy: float | None = None  # joules


@dataclass(frozen=True, kw_only=True)
class Run(Record):
    """What one training measured. `scores` are on validation until the test split is opened.

    `course` says where it was shortened, as in `Budget`; `kept` is the step whose weights were kept.
    """

    recipe: Recipe
    task: str  # the task's fingerprint
    seed: int
    budget: Budget
    status: str
    curve: tuple[Point, ...]
    scores: Mapping[str, float]
    cost: Cost
    environment: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    course: tuple[tuple[int, int], ...] = ()
    kept: int | None = None
