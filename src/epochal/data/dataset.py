"""A data set, opened: a task, its training and validation examples, and a test split that stays sealed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from epochal.core.errors import DataError
from epochal.core.task import Task
from epochal.core.weighed import Weighed
from epochal.data import cache
from epochal.data.report import SPLITS
from epochal.data.split import GROUPS, rank, stratified


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Encoded inputs [n, ...], such as images uint8 [n, channels, height, width], in memory or mapped, or a
    `core.ragged.Ragged` column of n; targets [n]; and names of the items. `weights` float64 [n], above zero, say how
    much each counts; None where all count alike."""

    inputs: Any
    targets: Shaped[np.ndarray, " items"]
    items: tuple[str, ...]
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def truth(self, chosen: Any = slice(None)) -> Any:
        """What answers are scored against: the targets of all examples or of those chosen, `Weighed` where they have
        weights."""
        if self.weights is None:
            return self.targets[chosen]
        return Weighed(self.targets[chosen], self.weights[chosen])


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """A task with its data.

    The test split is sealed: `open_test` is for the one report at the end, after the choice is made. Nothing may be
    chosen by it.
    """

    task: Task
    train: Examples
    validation: Examples
    codec: Any  # a `core.protocols.Codec`
    report: Any  # has `counts`, `summary`, `to_text` and `to_dict`, as `DataReport`
    values: tuple[Any, ...] = ()  # the labels of the task as they were handed over in arrays; else the labels
    _test: Examples = field(repr=False)
    _digests: Mapping[str, np.ndarray] = field(repr=False)  # split -> uint8 [n, ...], hashes of the inputs
    _folder: Path | None = field(default=None, repr=False)

    @property
    def strata(self) -> int:
        """How many groups of examples a subset holds in proportion: classes, or as many groups of numbers."""
        return self.task.classes or GROUPS

    def open_test(self) -> Examples:
        """The test split, the same each time.

        The rule of the house: open it once, after the choice is made, to report on what was chosen. Whoever picks a
        model, a setting or a moment to stop by these scores makes them mean nothing.
        """
        return self._test

    def subset(self, indices: Sequence[int] | np.ndarray) -> "Dataset":
        """The same data set with fewer training examples; validation, test and codec are unchanged."""
        chosen = np.asarray(indices, np.int64)
        if not len(chosen):
            raise DataError("a subset needs at least one training example.")
        train = Examples(
            inputs=cache.take(self.train.inputs, chosen, self._folder, self.task.fingerprint),
            targets=self.train.targets[chosen],
            items=tuple(self.train.items[index] for index in chosen),
            weights=None if self.train.weights is None else self.train.weights[chosen],
        )
        digests = {**self._digests, "train": self._digests["train"][chosen]}
        targets = {"train": train.targets, "validation": self.validation.targets, "test": self._test.targets}
        task = self.task.replace(
            counts={**self.task.counts, "train": len(train)},
            fingerprint=fingerprint(digests, targets, self.task.labels),
        )
        counts = {**self.report.counts, "train": counts_of(train.targets, self.task.labels)}
        return Dataset(
            task=task,
            train=train,
            validation=self.validation,
            codec=self.codec,
            report=self.report.replace(counts=counts),
            values=self.values,
            _test=self._test,
            _digests=digests,
            _folder=self._folder,
        )

    def train_fraction(self, fraction: float, seed: int = 0) -> "Dataset":
        """A stratified subset of the training split, for learning curves; with one seed, smaller lie in larger ones."""
        if not 0 < fraction <= 1:
            raise DataError(f"a fraction of the training split must be above 0 and at most 1; it was {fraction}.")
        order = rank(seed, self.train.items)
        return self.subset(stratified(self.train.targets, order, round(fraction * len(self.train))))

    def joined(self) -> "Dataset":
        """The same data set with train and validation as one training split, for a last training once everything is
        chosen. It has no validation split; the codec stays as the training split had it, and the test split too."""
        parts = self.train, self.validation
        train = Examples(
            inputs=cache.join([part.inputs for part in parts], self._folder, self.task.fingerprint),
            targets=np.concatenate([part.targets for part in parts]),
            items=(*self.train.items, *self.validation.items),
            weights=joined_weights([part.weights for part in parts]),
        )
        none = Examples(inputs=self.validation.inputs[:0], targets=self.validation.targets[:0], items=())
        digests = {
            **self._digests,
            "train": np.concatenate([self._digests[split] for split in ("train", "validation")]),
            "validation": self._digests["validation"][:0],
        }
        targets = {"train": train.targets, "validation": none.targets, "test": self._test.targets}
        counts = {
            "train": counts_of(train.targets, self.task.labels),
            "validation": counts_of(none.targets, self.task.labels),
        }
        task = self.task.replace(
            counts={**self.task.counts, "train": len(train), "validation": 0},
            fingerprint=fingerprint(digests, targets, self.task.labels),
        )
        report = self.report.replace(counts={**self.report.counts, **counts})
        return replace(self, task=task, train=train, validation=none, report=report, _digests=digests)

    def on_training(self) -> "Dataset":
        """The same data set, judged on the items that it trains on: for questions of optimisation."""
        task = self.task.replace(
            counts={**self.task.counts, "validation": len(self.train)}, fingerprint=f"{self.task.fingerprint}/training"
        )
        return replace(self, task=task, validation=self.train)

    def describe(self) -> str:
        """The data report as text."""
        return self.report.to_text()

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


def fingerprint(digests: Mapping[str, np.ndarray], targets: Mapping[str, np.ndarray], labels: Sequence[str]) -> str:
    """sha256 of every example, label and split."""
    total = hashlib.sha256("\0".join(labels).encode())
    for split in SPLITS:
        total.update(f"|{split}|{len(targets[split])}|".encode())
        total.update(np.ascontiguousarray(digests[split]).tobytes())
        total.update(targets[split].astype(f"<{targets[split].dtype.kind}8").tobytes())
    return total.hexdigest()


def joined_weights(weights: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """The weights of parts of one data set, after one another; None where it has none."""
    known = [each for each in weights if each is not None]
    return np.concatenate(known) if known else None


def counts_of(targets: np.ndarray, labels: Sequence[str]) -> dict[str, int]:
    """The examples of each class; of numbers, all under the empty name."""
    if not labels:
        return {"": len(targets)}
    counts = np.bincount(targets, minlength=len(labels))
    return {label: int(number) for label, number in zip(labels, counts, strict=True)}
