"""Nearest neighbours: the labels of the most similar training images vote (Cover and Hart 1967).

T. M. Cover and P. E. Hart, "Nearest neighbor pattern classification", IEEE Transactions on Information Theory 13(1),
1967. Votes are weighted by inverse distance: S. A. Dudani, "The distance-weighted k-nearest-neighbor rule", IEEE
Transactions on Systems, Man, and Cybernetics 6(4), 1976.

Settings: Euclidean distance between raw pixels; sides longer than 32 are averaged down to 32; the search is exact
(brute force, scikit-learn's); k is the best of `choices` by leave-one-out on up to 2,000 training images against all
others, so that time is linear in the number of examples. Training images are kept as uint8 and compared in blocks:
60,000 images of 28x28 need about 350 MB at the peak.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from sklearn.neighbors import NearestNeighbors

from epochal.core.task import Task
from epochal.models.classical.pixels import (
    Images,
    Logits,
    area_reduce,
    check_examples,
    check_images,
    not_fitted,
)

LEFT_OUT = 2_000  # images that judge k
BLOCK_NUMBERS = 2**24  # float32 numbers in memory at once, for the queries and for the training images: 64 MB each


@dataclass(frozen=True, kw_only=True)
class NearestNeighboursConfig:
    """`neighbours` fixes k; None chooses it from `choices`. `side` is the longest height and width compared."""

    neighbours: int | None = None
    choices: tuple[int, ...] = (1, 3, 5)
    side: int = 32


class NearestNeighbours:
    """k nearest training images vote, each with the inverse of its distance."""

    deterministic = True
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

    def logits(self, images: np.ndarray) -> Logits:
        """[batch, classes], the log of the votes after one more vote was shared equally by all classes."""
        if self._pixels is None or self.neighbours is None:
            raise not_fitted("Nearest neighbours")
        check_images(images, self.task)
        rows = max(1, BLOCK_NUMBERS // self._pixels.shape[1])
        parts = [np.zeros((0, self.task.classes), dtype=np.float32)]
        for start in range(0, len(images), rows):
            distances, found = self._nearest(self._reduced(images[start : start + rows]), self.neighbours)
            parts.append(self._log_votes(distances, found))
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

    def _nearest(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Distances [batch, count], ascending, and indices [batch, count] of the nearest examples."""
        assert self._pixels is not None
        rows, wanted = max(1, BLOCK_NUMBERS // self._pixels.shape[1]), queries.astype(np.float32)
        distances, found = [], []
        for start in range(0, len(self._pixels), rows):
            block = self._pixels[start : start + rows].astype(np.float32)
            search = NearestNeighbors(n_neighbors=min(count, len(block)), algorithm="brute").fit(block)
            near, where = search.kneighbors(wanted)
            distances.append(near)
            found.append(where + start)
        all_distances, all_found = np.concatenate(distances, axis=1), np.concatenate(found, axis=1)
        order = np.argsort(all_distances, axis=1, kind="stable")[:, :count]
        return np.take_along_axis(all_distances, order, axis=1), np.take_along_axis(all_found, order, axis=1)

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
        distances, found = self._nearest(self._pixels[left_out], choices[0] + 1)
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
