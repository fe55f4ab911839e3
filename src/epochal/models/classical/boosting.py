"""What boosted trees have in common: when they stop, and how those of other libraries are fitted, kept and asked."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from epochal.core.task import Task
from epochal.models.classical.rows import Outputs, check_rows, check_training
from epochal.models.classical.shared import all_columns, free_cores, not_fitted

HELD_OUT, FEWEST_HELD_OUT, MOST_HELD_OUT = 0.1, 100, 0.2  # share of the examples, to stop early; examples; share
FEWEST = 50  # examples from which on some are held out
MOST_UNWATCHED = 100  # rounds where none are held out
ALONE = 256  # rows that one thread answers sooner than several that wait for each other


def held_out_share(targets: np.ndarray, task: Task) -> float:
    """Share of the training examples to hold out, so that training can stop early; 0 where they are too few.

    It is a tenth, and of fewer than 1,000 examples 100 or a fifth. Of classes each needs an example on either side.
    """
    share = float(np.clip(FEWEST_HELD_OUT / len(targets), HELD_OUT, MOST_HELD_OUT))
    if len(targets) < FEWEST:
        return 0.0
    if task.labels:
        counts = np.unique(targets, return_counts=True)[1]
        divisible = counts.min() >= 2 and share * len(targets) >= len(counts)
        return share if divisible else 0.0
    return share


@dataclass(frozen=True, kw_only=True)
class BoostingConfig:
    """`rounds` of one tree, or of one a class."""

    learning_rate: float = 0.1
    rounds: int = 500
    patience: int = 20  # rounds without a lower held-out loss


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a library learns from: rows at rest, their targets and their weights, and those `held` out, or None.

    Weights are None where all rows count alike. Targets are numbers, and `classes` 0; or they count from 0 to
    `classes`, the number of those with an example.
    """

    rows: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None
    held: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None
    classes: int
    rounds: int
    seed: int
    threads: int


class LibraryTrees(ABC):
    """Gradient-boosted trees of another library, on rows at rest.

    A final class trains them, opens the library's own model file, and asks it; a bundle keeps that file. Where nothing
    can be learned (one class, equal numbers, rows that are all alike) there is none, and each answer is the same.

    `converged` is False where the held-out loss was still falling at the last round.
    """

    def __init__(self, config: Any, task: Task):
        self.config = config
        self.task = task
        self.converged = True
        self._trees: Any = None  # as the library opens them
        self._file = b""
        self._seen: np.ndarray | None = None  # classes with an example, ascending; empty for numbers
        self._same = np.zeros(0)  # the score of each seen class, or the number, that is answered without trees
        self._examples = 0

    @abstractmethod
    def _trained(self, lesson: Lesson) -> tuple[bytes, int]:
        """The model file of the rounds up to the one with the lowest held-out loss, and how many rounds were made."""

    @abstractmethod
    def _opened(self, file: bytes) -> Any:
        """The trees of a model file."""

    @abstractmethod
    def _scores(self, rows: np.ndarray, threads: int) -> np.ndarray:
        """[batch, classes] log-odds, [batch] of two classes those of the second one; or [batch] the number."""

    @abstractmethod
    def _size(self) -> int:
        """How many numbers the trees store: two for each split, and what each leaf says."""

    def fit(self, rows: np.ndarray, targets: np.ndarray, *, seed: int, weights: np.ndarray | None = None) -> None:
        """Grow the trees. The seed decides which examples are held out, and what the library draws.

        Raises:
            DataError: the examples do not belong to the task.
        """
        check_training(rows, targets, len(self.task.levels), self.task)
        self._examples, self.converged, self._trees, self._file = len(rows), True, None, b""
        if self.task.labels:
            self._seen, learned = np.unique(targets, return_inverse=True)
            counts = np.bincount(learned, weights)
            self._same = np.log(counts / counts.sum())
        else:
            self._seen, learned = np.zeros(0, np.int64), targets
            self._same = np.array([np.average(targets, weights=weights)], np.float64)
        share = held_out_share(targets, self.task)
        places, held = np.arange(len(rows)), None
        if share:
            strata = targets if self.task.labels else None
            places, kept = train_test_split(places, test_size=share, random_state=seed % 2**31, stratify=strata)
            held = (rows[kept], learned[kept], None if weights is None else weights[kept])
        if _alike(rows[places]) or _alike(learned[places, None]):
            return
        lesson = Lesson(
            rows=rows[places],
            targets=learned[places],
            weights=None if weights is None else weights[places],
            held=held,
            classes=len(self._seen),
            rounds=self.config.rounds if held else min(self.config.rounds, MOST_UNWATCHED),
            seed=seed % 2**31,
            threads=free_cores(),
        )
        self._file, made = self._trained(lesson)
        self._trees = self._opened(self._file)
        self.converged = held is None or made < lesson.rounds

    def outputs(self, rows: np.ndarray) -> Outputs:
        """[batch, classes], log-probabilities; or [batch, 1], the number in the unit of the targets."""
        if self._seen is None:
            raise not_fitted(type(self).__name__)
        check_rows(rows, len(self.task.levels))
        if not len(rows):
            return np.zeros((0, self.task.outputs), np.float32)
        if self._trees is None:
            scores = np.tile(self._same, (len(rows), 1))
        else:
            scores = np.asarray(self._scores(rows, 1 if len(rows) <= ALONE else free_cores()), np.float64)
            if self.task.labels and scores.ndim == 1:
                scores = np.column_stack([np.zeros_like(scores), scores])
        if not self.task.labels:
            return scores.reshape(len(rows), 1).astype(np.float32)
        return all_columns(scores, self._seen, self.task.classes, self._examples)

    def parameters_count(self) -> int:
        return self._same.size if self._trees is None else self._size()

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        """`file` [bytes] uint8, the library's model file, empty without trees; `seen` [seen classes] int64; `same`
        [seen classes or 1] float64; `examples` [] int64."""
        if self._seen is None:
            raise not_fitted(type(self).__name__)
        file = np.frombuffer(self._file, np.uint8)
        return {"file": file, "seen": self._seen, "same": self._same, "examples": np.array(self._examples)}

    @classmethod
    def restore(
        cls, config: Any, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "LibraryTrees":
        rung = cls(config, task)
        rung._seen, rung._same, rung._examples = arrays["seen"], arrays["same"], int(arrays["examples"])
        rung._file = arrays["file"].tobytes()
        rung._trees = rung._opened(rung._file) if rung._file else None
        return rung


def categories(task: Task) -> list[int]:
    """The columns that hold codes."""
    return [place for place, codes in enumerate(task.levels) if codes]


def _alike(rows: np.ndarray) -> bool:
    return bool(((rows == rows[0]) | (np.isnan(rows) & np.isnan(rows[0]))).all())
