"""Nearest neighbours: the labels of the most similar training images vote (Cover and Hart 1967).

T. M. Cover and P. E. Hart, "Nearest neighbor pattern classification", IEEE Transactions on Information Theory 13(1),
1967. Votes are weighted by inverse distance: S. A. Dudani, "The distance-weighted k-nearest-neighbor rule", IEEE
Transactions on Systems, Man, and Cybernetics 6(4), 1976. The votes choose the label. How sure the answer is comes from
the distance to the k nearest examples of each class: D. O. Loftsgaarden and C. P. Quesenberry, "A nonparametric
estimate of a multivariate density function", Annals of Mathematical Statistics 36(3), 1965.

Settings: Euclidean distance between raw pixels; sides longer than 32 are averaged down to 32; the search is exact;
k is the best of `choices` by leave-one-out on up to 2,000 training images against all others, so that time is linear
in the number of examples. Training images are kept as uint8 and compared in blocks: 60,000 images of 28x28 need about
150 MB at the peak.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from epochal.core.task import Task
from epochal.models.classical.pixels import Images, area_reduce, check_examples, check_images
from epochal.models.classical.shared import Logits, not_fitted

LEFT_OUT = 2_000  # images that judge k
BLOCK_NUMBERS = 2**22  # numbers of each array in memory at once: pixels, and distances
BLOCK_QUERIES = 1_024
EXACT_COLUMNS = 1_024  # products of this many centred pixels sum to at most 2**24, which float32 holds exactly
# Density falls with the distance to the power of the number of dimensions along which images vary. Temperatures that
# were fitted on digits, Fashion-MNIST and CIFAR-10 ask for 4 to 23 dimensions; calibration makes up for the difference.
DIMENSIONS = 10.0
IDENTICAL = 0.5  # taken for the distance of an identical image: different uint8 images are at least 1 apart


@dataclass(frozen=True, kw_only=True)
class NearestNeighboursConfig:
    """`neighbours` fixes k; None chooses it from `choices`. `side` is the longest height and width compared."""

    neighbours: int | None = None
    choices: tuple[int, ...] = (1, 3, 5)
    side: int = 32


class NearestNeighbours:
    """k nearest training images vote, each with the inverse of its distance; distances by class give the confidence."""

    converged = True

    def __init__(self, config: NearestNeighboursConfig, task: Task):
        self.config = config
        self.task = task
        self.neighbours: int | None = None  # the k in use
        self._pixels: np.ndarray | None = None  # [examples, numbers] uint8
        self._targets: np.ndarray | None = None  # [examples] int64

    def fit(self, images: np.ndarray, targets: np.ndarray, *, seed: int) -> None:
        """Keep the examples and choose k. The seed changes nothing.

        Raises:
            DataError: the examples do not belong to the task.
        """
        check_examples(images, targets, self.task)
        self._pixels, self._targets = self._reduced(images), np.asarray(targets, dtype=np.int64)
        self.neighbours = self.config.neighbours or self._best_by_leave_one_out()

    def outputs(self, images: np.ndarray) -> Logits:
        """[batch, classes], the log-density of each class at the image, up to a constant of the image.

        The density is that of k neighbours: -DIMENSIONS * log(mean distance to the k nearest examples of the class).
        Where the votes choose another class than the densest, the two exchange their values: the label is the vote's.
        """
        if self._pixels is None or self.neighbours is None:
            raise not_fitted("Nearest neighbours")
        check_images(images, self.task)
        parts, rows = [np.zeros((0, self.task.classes), dtype=np.float32)], self._rows(self.neighbours)
        for start in range(0, len(images), rows):
            distances, found = self._by_class(self._reduced(images[start : start + rows]), self.neighbours)
            logits = self._log_densities(distances)
            votes = self._log_votes(*_nearest(distances, found, self.neighbours))
            parts.append(_exchanged(logits, logits.argmax(axis=1), votes.argmax(axis=1)))
        return np.concatenate(parts)

    def parameters_count(self) -> int:
        """The pixels and the labels of every example that is kept."""
        return 0 if self._pixels is None or self._targets is None else self._pixels.size + self._targets.size

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        """`pixels` [examples, numbers] uint8, `targets` [examples] int64, `neighbours` [] int64."""
        if self._pixels is None or self._targets is None:
            raise not_fitted("Nearest neighbours")
        return {"pixels": self._pixels, "targets": self._targets, "neighbours": np.array(self.neighbours)}

    @classmethod
    def restore(
        cls,
        config: NearestNeighboursConfig,
        task: Task,
        estimators: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
    ) -> "NearestNeighbours":
        rung = cls(config, task)
        rung._pixels, rung._targets = arrays["pixels"], arrays["targets"]
        rung.neighbours = int(arrays["neighbours"])
        return rung

    def _reduced(self, images: Images) -> np.ndarray:
        """[batch, numbers] uint8, no side longer than the config's."""
        height, width = (min(side, self.config.side) for side in images.shape[2:])
        if (height, width) == images.shape[2:]:
            return images.reshape(len(images), -1)
        rows = max(1, BLOCK_NUMBERS // images[0].size)
        parts = [
            np.rint(area_reduce(images[start : start + rows], height, width)).astype(np.uint8)
            for start in range(0, len(images), rows)
        ]
        return np.concatenate(parts).reshape(len(images), -1)

    def _rows(self, count: int) -> int:
        """How many images are compared at a time, so that memory stays within the blocks."""
        assert self._pixels is not None
        widest = max(self._pixels.shape[1], self.task.classes * count)
        return max(1, min(BLOCK_QUERIES, BLOCK_NUMBERS // widest))

    def _by_class(
        self, queries: UInt8[np.ndarray, "batch numbers"], count: int
    ) -> tuple[Float[np.ndarray, "batch classes count"], Int[np.ndarray, "batch classes count"]]:
        """Distances to the `count` nearest examples of each class, ascending, and their indices.

        A class with fewer examples has infinite distances at its end. Among equals the first example counts.
        """
        assert self._pixels is not None
        assert self._targets is not None
        shape = (len(queries), self.task.classes, count)
        squares, found = np.full(shape, np.inf), np.full(shape, len(self._pixels), dtype=np.int64)
        columns = max(1, BLOCK_NUMBERS // max(self._pixels.shape[1], len(queries)))
        order = np.argsort(self._targets, kind="stable")
        first = np.searchsorted(self._targets[order], np.arange(self.task.classes + 1))
        for number, (low, high) in enumerate(pairwise(first)):
            for start in range(low, high, columns):
                members = order[start : min(start + columns, high)]
                near, where = _smallest(squared_distances(queries, self._pixels[members]), count)
                near = np.concatenate([squares[:, number], near], axis=1)
                where = np.concatenate([found[:, number], members[where]], axis=1)
                best = np.argsort(near, axis=1, kind="stable")[:, :count]
                squares[:, number] = np.take_along_axis(near, best, axis=1)
                found[:, number] = np.take_along_axis(where, best, axis=1)
        return np.sqrt(squares), found

    def _log_densities(self, distances: Float[np.ndarray, "batch classes k"]) -> Logits:
        """[batch, classes]; a class without examples counts as one as far away as an image can be."""
        assert self._pixels is not None
        there = np.isfinite(distances)
        total = np.where(there, distances, 0.0).sum(axis=2)
        farthest = 255.0 * np.sqrt(self._pixels.shape[1])
        means = np.where(there.any(axis=2), total / np.maximum(there.sum(axis=2), 1), farthest)
        return (-DIMENSIONS * np.log(np.maximum(means, IDENTICAL))).astype(np.float32)

    def _log_votes(self, distances: Float[np.ndarray, "batch k"], found: Int[np.ndarray, "batch k"]) -> Logits:
        assert self._targets is not None
        # Different uint8 images are at least 1 apart: an identical one outvotes a thousand others.
        weights = 1.0 / np.maximum(distances, 1e-3)
        weights /= weights.sum(axis=1, keepdims=True)
        count, classes = found.shape[1], self.task.classes
        places = np.arange(len(found))[:, None] * classes + self._targets[found]
        votes = np.bincount(places.ravel(), weights=weights.ravel(), minlength=len(found) * classes)
        return np.log((votes.reshape(-1, classes) * count + 1.0 / classes) / (count + 1)).astype(np.float32)

    def _best_by_leave_one_out(self) -> int:
        """The k with the most correct votes; among equals the largest, whose votes tell more of their confidence."""
        assert self._pixels is not None
        assert self._targets is not None
        examples = len(self._pixels)
        choices = [k for k in sorted(self.config.choices, reverse=True) if k < examples]
        if len(choices) < 2:
            return choices[0] if choices else 1
        left_out = np.unique(np.linspace(0, examples - 1, min(examples, LEFT_OUT)).astype(np.int64))
        count = choices[0] + 1
        rows = self._rows(count)
        parts = [
            _nearest(*self._by_class(self._pixels[left_out[start : start + rows]], count), count)
            for start in range(0, len(left_out), rows)
        ]
        distances, found = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        # Among more copies of an image than were asked for, the image itself may be missing: then drop the last one.
        themselves = found == left_out[:, None]
        themselves[~themselves.any(axis=1), -1] = True
        distances = distances[~themselves].reshape(len(left_out), -1)
        found = found[~themselves].reshape(len(left_out), -1)
        correct = [
            (self._log_votes(distances[:, :k], found[:, :k]).argmax(axis=1) == self._targets[left_out]).sum()
            for k in choices
        ]
        return choices[int(np.argmax(correct))]


def squared_distances(
    queries: UInt8[np.ndarray, "batch numbers"], examples: UInt8[np.ndarray, "examples numbers"]
) -> Float[np.ndarray, "batch examples"]:
    """Squared Euclidean distances between pixels, exact: each is a whole number."""
    squares = np.zeros((len(queries), len(examples)))
    for start in range(0, queries.shape[1], EXACT_COLUMNS):
        # Centred, so that float32, twice as fast as float64, holds every sum of products and squares.
        left = queries[:, start : start + EXACT_COLUMNS].astype(np.float32) - 128
        right = examples[:, start : start + EXACT_COLUMNS].astype(np.float32) - 128
        squares += np.einsum("ij,ij->i", left, left)[:, None]
        squares += np.einsum("ij,ij->i", right, right)
        squares -= 2 * (left @ right.T)  # doubling changes no digit
    return squares


def _smallest(
    values: Float[np.ndarray, "batch items"], count: int
) -> tuple[Float[np.ndarray, "batch count"], Int[np.ndarray, "batch count"]]:
    """The `count` smallest of each row, or all where there are fewer, ascending, and their columns. Spoils `values`."""
    rows, near, where = np.arange(len(values)), [], []
    for _ in range(min(count, values.shape[1])):
        place = values.argmin(axis=1)
        near.append(values[rows, place])
        where.append(place)
        values[rows, place] = np.inf
    return np.stack(near, axis=1), np.stack(where, axis=1)


def _nearest(
    distances: Float[np.ndarray, "batch classes per_class"],
    found: Int[np.ndarray, "batch classes per_class"],
    count: int,
) -> tuple[Float[np.ndarray, "batch k"], Int[np.ndarray, "batch k"]]:
    """The `count` nearest examples of all classes, or all where there are fewer; among equals the first examples."""
    batch = len(distances)
    flat, places = distances.reshape(batch, -1), found.reshape(batch, -1)
    order = np.lexsort((places, flat), axis=1)[:, :count]
    near, where = np.take_along_axis(flat, order, axis=1), np.take_along_axis(places, order, axis=1)
    there = int(np.isfinite(near[0]).sum()) if batch else count  # as many for every image
    return near[:, :there], where[:, :there]


def _exchanged(logits: Logits, largest: Int[np.ndarray, " batch"], wanted: Int[np.ndarray, " batch"]) -> Logits:
    """`outputs` after the values of two columns of each row were exchanged; a tie is put in favour of `wanted`."""
    rows = np.arange(len(logits))
    logits[rows, largest], logits[rows, wanted] = logits[rows, wanted], logits[rows, largest]
    tied = logits.argmax(axis=1) != wanted
    logits[rows[tied], wanted[tied]] = np.nextafter(logits[rows[tied], wanted[tied]], np.float32(np.inf))
    return logits
