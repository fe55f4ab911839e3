"""The small protocols behind which trainings differ, and what passes between them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from epochal.core.metric import Metric
from epochal.core.task import Task


class Batch(NamedTuple):
    """Inputs and targets: tensors on the device for what learns by steps, arrays at rest for what learns at once.

    Targets are `core.weighed.Weighed` where some examples count more than others.
    """

    inputs: Any
    targets: Any


class Prediction(Protocol):
    """What a model answers for items, in the type of its goal."""

    def arrays(self) -> dict[str, np.ndarray]:
        """What the store keeps of it, by name."""


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """Scores before calibration, `logits` [batch, classes] float32; softmax turns them into probabilities."""

    logits: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        return {"logits": self.logits}

    @property
    def labels(self) -> np.ndarray:
        """[batch] int64, the index of the most probable class."""
        return self.logits.argmax(axis=1)

    @property
    def probabilities(self) -> np.ndarray:
        """[batch, classes] float64, rows sum to one."""
        shifted = np.exp(self.logits.astype(np.float64) - self.logits.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Predicted numbers, `values` [batch] float64, in the unit of the targets."""

    values: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        return {"numbers": self.values}


@dataclass(frozen=True, kw_only=True)
class OverPoints:
    """Predictions of several states of one model, in the order in which it had them."""

    points: tuple[Prediction, ...]

    def arrays(self) -> dict[str, np.ndarray]:
        of_each = {f"{k}-{name}": array for k, one in enumerate(self.points) for name, array in one.arrays().items()}
        return {"points": np.array(len(self.points))} | of_each

    @staticmethod
    def restored(arrays: Mapping[str, np.ndarray], restore: Callable[[Mapping[str, np.ndarray]], Any]) -> Any:
        """The predictions whose arrays these are, each made by `restore`; or the one, where they are those of one."""
        if "points" not in arrays:
            return restore(arrays)
        of_each = [
            {name.removeprefix(f"{k}-"): array for name, array in arrays.items() if name.startswith(f"{k}-")}
            for k in range(int(arrays["points"]))
        ]
        return OverPoints(points=tuple(restore(one) for one in of_each))


class Feed(Protocol):
    """Where batches come from: an array in memory, shards on disk, or a game that plays itself.

    Batch number `start` and those after it depend on `seed`, their number, and the model, and on nothing else: this
    is what lets a killed run resume in the middle of an epoch, bit for bit.

    `per_batch` is what a batch counts as in the budget: the examples that it holds, or what was sampled to make it,
    such as the games that a model played against itself. `fixed` says that every batch has the same shapes and none
    depends on the model: only then can a step be recorded and replayed, and can seeds be trained together.
    """

    @property
    def per_batch(self) -> int: ...
    @property
    def fixed(self) -> bool: ...

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Any]: ...


class Objective(Protocol):
    """What is minimised, in parts: ("all",); a GAN says ("discriminator", "generator")."""

    parts: tuple[str, ...]

    def loss(self, part: str, model: Any, batch: Any) -> Any: ...


@runtime_checkable
class Codec(Protocol):
    """The fitted preprocessing of one task: raw inputs become encoded ones, which are stored, and these a model's."""

    def check(self, inputs: Any, /) -> None:
        """Raises ValueError, in words, for what is no batch of encoded inputs."""

    def tensors(self, device: str = "cpu") -> Callable[[Any], Any]:
        """What makes a network's inputs of encoded ones, on a device."""

    def fits(self, task: Task) -> bool:
        """Whether it makes what the models of this task expect."""

    def described(self) -> tuple[str, ...]:
        """What it takes and what it makes of it, in sentences."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """Some of the inputs that a bundle is asked about, read and encoded.

    `reasons` says, by place, why an input could not be read, and `encoded` holds all others, in their order. `ids` are
    the cells by which the user tells the inputs apart, by column; empty where their names do. `notes` are sentences
    about all inputs, not only these.
    """

    names: tuple[str, ...]
    encoded: Any  # an array [read, ...] or a ragged column
    reasons: Mapping[int, str] = field(default_factory=dict)
    ids: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def read(self) -> np.ndarray:
        """int64, the places of the encoded inputs."""
        return np.array([place for place in range(len(self.names)) if place not in self.reasons], np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """Labelled inputs as they were listed, for an evaluation. Sequences run parallel.

    A label is empty where it is missing; `numbers` are given where the task is to predict one, NaN where it is missing.
    `weights` [n] say how much each counts in the scores, 0 for one that is not used; None: all alike.
    `published` are the splits of data that have some. `given` encodes the inputs at these places. `loose` says that the
    data have no name of their own, as arrays have none.
    """

    name: str
    names: Sequence[str]
    labels: Sequence[str]
    given: Callable[[Sequence[int]], Iterator[Given]]
    numbers: np.ndarray | None = None
    weights: np.ndarray | None = None
    published: Sequence[str | None] | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    loose: bool = False


class Input(Protocol):
    """One kind of data, on its way to a network. `dataset` is an opened one, and `recipe` what is trained on it.

    `options` is the record of what a user may say about the reading, and `codec` that of the fitted preprocessing.
    `reads` names the options that matter for inputs without labels: the codec knows all else.
    """

    name: str
    noun: str  # of what it reads, such as "a table"
    reads: tuple[str, ...]

    @property
    def options(self) -> type: ...
    @property
    def codec(self) -> type: ...

    def claims(self, source: Any) -> tuple[bool, str]:
        """Whether a source is of this input, told by its contents before its name; and the reason, where it could be
        something else."""

    def open(self, source: Any, options: Any, progress: Any) -> Any:
        """The data set of a source, read, checked, split and encoded.

        Raises:
            DataError: it cannot be used as it is; the message says what to do.
        """

    def feed(self, dataset: Any, targets: Any, recipe: Any, device: str) -> Feed:
        """Batches of the training split, made on the device, with its targets as models learn them: an array, or
        `core.weighed.Weighed`."""

    def unsuited(self, dataset: Any) -> tuple[tuple[str, ...], str]:
        """Augmentations that would cost these inputs their label, and the sentence that says what was found; empty
        where nothing was asked."""

    def parts(self, dataset: Any) -> Mapping[str, Sequence[int]]:
        """Parts of an input that have a name, such as the columns of a table, and where they stand in an encoded one;
        empty where inputs have none."""

    def show(self, dataset: Any, encoded: np.ndarray) -> dict[str, Any]:
        """How one encoded input is shown on a page: `thumbnail`, the data URI of a picture, or `cells`, what it holds
        by name."""

    def given(self, codec: Any, inputs: Any, *, options: Any, task: Task) -> Iterator[Given]:
        """What a user asks a bundle about, in whatever form, some inputs at a time, in order.

        Raises:
            DataError: nothing of it can be used; the message says what to do. An input that is bad harms no other.
        """

    def labelled(self, codec: Any, source: Any, *, options: Any, task: Task, progress: Any) -> Labelled:
        """Labelled data, neither split nor judged, read as the codec does.

        Raises:
            DataError: the source is not there, is not understood, or has no labels.
        """


class Predictor(Protocol):
    """From a column of encoded inputs to their prediction."""

    def __call__(self, inputs: Any, /) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Worst:
    """An item that was answered wrongly: its place, what is true and what was predicted, in words, and how sure of
    itself, or how far off, the answer was."""

    place: int
    truth: str
    predicted: str
    size: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What the number is that makes answers mean what they say: its name, where the method is described, and how it is
    said at length and in short, with a place for the number. `together` says how the answers of an ensemble are joined.
    `promised` is the share of intervals that hold the truth, where there are some."""

    name: str
    method: str
    words: str
    brief: str
    together: str
    may_be_zero: bool = False
    promised: float | None = None

    def allows(self, value: Any) -> bool:
        """Whether this may be the number."""
        known = isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
        return known and (value > 0 or (self.may_be_zero and value == 0))

    @property
    def expected(self) -> str:
        """What the number must be."""
        return f"a {self.name} {'of zero or more' if self.may_be_zero else 'above zero'}"


class Goal(Protocol):
    """What is asked of a model, and how its answers are scored.

    `metric` says name, unit and direction. One *influence value* an item is the currency: their plain mean is the
    metric, and their spread is its own, so that intervals and verdicts need to know nothing else. `share` is the
    metric, or the nearest one that is a share of one, so that what is left to it is an error between 0 and 1. `watched`
    is what the scores along a curve are. `tail` is the share of a training, at its end, over which it is judged; 0
    where the last state is. The targets of data with weights are `core.weighed.Weighed`, and all scores are then
    weighted; what `shown`, `confusion` and `worst` show counts each item once.
    """

    @property
    def metric(self) -> Metric: ...
    @property
    def tail(self) -> float: ...
    @property
    def share(self) -> Metric: ...
    @property
    def watched(self) -> Metric: ...
    @property
    def prediction(self) -> type:
        """The type of its answers."""

    @property
    def calibration(self) -> Calibration: ...

    def under(self, metric: Metric) -> "Goal":
        """The same with another of its metrics."""

    def named(self, name: str | None, cost: str | None) -> tuple[Metric, str]:
        """The metric that a user asks for, by name or by the costs of mistakes, or the first where nothing is asked;
        and the positive class where the costs name one.

        Raises:
            UserError: there is none of that name, or the costs cannot be read.
        """

    def settled(
        self, metric: Metric, positive: str, task: Task, targets: Any, counts: Mapping[str, Mapping[str, int]]
    ) -> "Goal":
        """The goal with the metric as it is for one task: `targets` of its training split, and the `counts` of the
        items of each split by class.

        Raises:
            UserError: the metric has no value on such data.
        """

    def caveats(self, task: Task, targets: Any, counts: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
        """What a reader must know of the metric on such data; arguments as of `settled`."""

    def learned(self, targets: Any, task: Task) -> np.ndarray:
        """The targets as models learn them."""

    def answer(self, outputs: np.ndarray, task: Task) -> Any:
        """The prediction that outputs of a model [items, outputs] come to."""

    def loss(self, outputs: np.ndarray, learned: np.ndarray) -> float:
        """The loss of outputs against targets as models learn them."""

    def restore(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """The prediction whose `arrays` these are."""

    def look(self, answer: Any, targets: Any) -> dict[str, float]:
        """The "loss" and the "score" of an answer as it comes, for the points of a curve; not finite where it is not.
        A loss is better where it is lower, a score where it is higher."""

    def calibrate(self, answer: Any, targets: Any) -> float:
        """The number that makes answers mean what they say, fitted on validation."""

    def together(self, answers: Sequence[Any], calibrations: Sequence[float]) -> Any:
        """The prediction of an ensemble: what its members answer, each with its calibration."""

    def outputs(self, answer: Any, calibration: float) -> np.ndarray:
        """[items, outputs] what an answer says, in numbers: the probabilities of the classes, or the number."""

    def items(self, answer: Any, targets: Any, calibration: float) -> np.ndarray:
        """[items] influence values under the metric."""

    def missing(self, targets: Any) -> np.ndarray:
        """[items] the values of a training that came to nothing, as of a model that was never trained."""

    def doubt(self, targets: Any) -> float:
        """What one pseudo-item adds to the sum of squares of the values; 0 where none is needed."""

    def shown(self, answer: Any, targets: Any, calibration: float, unseen: tuple[Any, Any]) -> dict[str, Any]:
        """What pages show of the answers of the model that ships, by the names of `judge.shown.Shown`; `unseen` are its
        answers and the targets on validation, on which thresholds are chosen."""

    def confusion(self, answer: Any, targets: Any, calibration: float, classes: int) -> tuple[tuple[int, ...], ...]:
        """Which classes are taken for which: rows true, columns predicted. Empty where there are no classes."""

    def worst(self, answer: Any, targets: Any, calibration: float, task: Task) -> list[Worst]:
        """The items that are most wrong, the worst first."""


Evaluate = Callable[[Any], dict[str, float]]
