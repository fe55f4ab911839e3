"""What a climb found: plain records that the report draws, the notebook shows, and JSON keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from epochal.core.experiment import Finding, Trial
from epochal.core.interval import Interval
from epochal.core.metric import ACCURACY, Metric
from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.core.run import Budget, Cost, Point
from epochal.core.task import Task
from epochal.judge.shown import Shown


@dataclass(frozen=True, kw_only=True)
class Stage(Record):
    """One rung at one budget: the qualifying round, or the finals."""

    name: str  # "qualifying" | "final"
    recipe: Recipe
    budget: Budget  # of one training
    seeds: int  # trainings that finished
    validation: Interval | None  # over seeds and items, in the unit of the climb's metric
    test: Interval | None = None  # known once the test split has been opened
    cost: Cost  # mean of one training
    curve: tuple[Point, ...] = ()  # mean over seeds
    under_trained: bool = False


@dataclass(frozen=True, kw_only=True)
class RungResult(Record):
    """All that was measured of one rung."""

    name: str
    title: str
    year: int
    paper: str
    adds: str
    kind: str  # "classical" | "network"
    status: str  # of its trainings: finished | diverged | failed | not climbed
    message: str = ""
    member: str = ""  # of its family, that was trained
    needs: float | None = None  # where it was not climbed, the budget in seconds at which it would be
    tier: int | None = None  # 1: not shown to be worse than the best on validation; 2: than the best of the rest; ...
    answer: float | None = None  # seconds for one item by itself
    size: int | None = None  # bytes of one trained model
    trials: tuple[Trial, ...] = ()
    stages: tuple[Stage, ...] = ()
    marks: tuple[str, ...] = ()

    @property
    def last(self) -> Stage | None:
        """The stage with the largest budget: what the verdict speaks of."""
        return self.stages[-1] if self.stages else None


@dataclass(frozen=True, kw_only=True)
class DataCurve(Record):
    """Error of one rung against the number n of training examples: error = floor + scale * n^-exponent."""

    rung: str
    sizes: tuple[int, ...]
    errors: tuple[tuple[float, ...], ...]  # [seeds][sizes]
    law: Mapping[str, float] = field(default_factory=dict)  # floor, scale, exponent; empty where no law could be fitted
    band: tuple[
        tuple[float, float, float, float], ...
    ] = ()  # (size, error, low, high), extrapolated past the largest size
    held_out: Mapping[str, float] = field(default_factory=dict)  # size, predicted, low, high, measured
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class WrongExample(Record):
    """A test item that the chosen rung got most wrong.

    `confidence` is how sure of its class the answer was, or how far off a number is.
    """

    item: str
    truth: str
    predicted: str
    confidence: float
    thumbnail: str = ""  # data URI of a small PNG
    cells: Mapping[str, str] = field(default_factory=dict)  # what the item holds, in words, where it is no picture


@dataclass(frozen=True, kw_only=True)
class Importance(Record):
    """What the bundled model's metric loses on the test split when one part of the inputs, such as a column, is
    shuffled among items; below 0 where it gains."""

    part: str
    loss: Interval


@dataclass(frozen=True, kw_only=True)
class Side(Record):
    """What the best rung of one family needs; scores are on validation, in the unit of the climb's metric."""

    rung: str
    title: str
    score: float  # with all the training data, the mean over seeds, as in the table
    doubling: Interval  # what the last doubling of the data gained: above 0 where it scored better
    seconds: float  # of one processor, for one training with all the data
    repeated: Interval | None = None  # share of the variance of its answers that a small decision tree repeats
    withheld: Interval | None = None  # what it loses where the hand-made parts of the inputs are withheld


@dataclass(frozen=True, kw_only=True)
class Rivals(Record):
    """Machine learning against deep learning on these data: the best classical rung and the best network of the
    qualifying round.

    The better of the two was trained on parts of the data: `sizes` are the training items, and `scores` [seeds][sizes]
    those of its trainings. `enough` of them score what the other does with all; None where they did not in trainings of
    this length. `hand_made` are parts of the inputs that the user made, such as columns computed from others.
    """

    classical: Side
    deep: Side
    better: str  # the rung that has the curve: the better one in the qualifying round
    sizes: tuple[int, ...]
    scores: tuple[tuple[float, ...], ...]
    enough: int | None
    hand_made: tuple[str, ...] = ()
    leaves: int = 16  # of the small decision tree

    @property
    def ordered(self) -> tuple[Side, Side]:
        """The better one first."""
        pair = self.classical, self.deep
        return pair if self.better == self.classical.rung else pair[::-1]


NOT_CLIMBED = "not climbed"  # the status of a rung whose training would have been too short to teach it anything


@dataclass(frozen=True, kw_only=True)
class Shipped(Shown):
    """What the bundled model does on the test split: one training, not the mean of several."""

    score: Interval


@dataclass(frozen=True, kw_only=True)
class ClimbResult(Record):
    """A climb from the lowest rung to the bundle, with the evidence."""

    task: Task
    command: str
    started: str  # ISO 8601
    seeds: tuple[int, ...]
    budget_seconds: float
    spent_seconds: float
    complete: bool  # False: interrupted, this is the best so far
    rungs: tuple[RungResult, ...]
    steps: tuple[Finding, ...] = ()  # each rung against the best before it, on validation, at the qualifying budget
    finals: tuple[Finding, ...] = ()  # the others of the finals against the best, on validation
    on_test: tuple[Finding, ...] = ()  # the chosen rung against every other, on the test split: for the report only
    winner: str = ""  # the best on validation
    chosen: str = ""  # what is recommended and bundled: the cheapest to use of the rungs that are level with the best
    learned: bool = True  # False: no rung is shown to beat the one that does not look; `chosen` is bundled only
    headline: str = ""
    verdict: str = ""
    metric: Metric = ACCURACY
    watched: Metric = ACCURACY  # what the scores along curves are
    shipped: Shipped | None = None  # known once the test split has been opened
    need_deep_learning: str = ""
    more_data: str = ""
    data_curve: DataCurve | None = None
    rivals: Rivals | None = None
    confusion: tuple[tuple[int, ...], ...] = ()  # test split, rows true, columns predicted
    wrong: tuple[WrongExample, ...] = ()
    importance: tuple[Importance, ...] = ()  # the most important part first
    data: Mapping[str, object] = field(default_factory=dict)  # the data report
    environment: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
