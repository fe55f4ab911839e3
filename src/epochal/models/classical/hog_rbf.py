"""A support vector machine with a kernel, on edges and brightness: images are compared with remembered ones.

C. Cortes and V. Vapnik, "Support-vector networks", Machine Learning 20, 1995, with the Gaussian kernel, also called
radial basis function. It compares two images by

- histograms of oriented gradients (Dalal and Triggs, CVPR 2005) of the square root of the pixels, in cells that
  overlap: a pixel votes in the cells around it, by its distance (section 6.3 there; here in steps of half a cell);
- their pixels, averaged down to at most 16x16.

The two count alike: each squared distance is divided by twice its mean between training images. The width of the kernel
is `gamma` in that unit.

Where examples are more than `landmarks`, that number of them, drawn by the seed, is remembered, and every image is
described by its likeness to them (Williams and Seeger, "Using the Nystroem method to speed up kernel machines", NIPS
2000). All examples are learned from; where `landmarks` reaches their number the machine is exact. The machine itself is
the squared hinge of `margins.py`.

Time is examples x landmarks x (features + landmarks); memory 4 bytes x examples x landmarks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32
from scipy.linalg import solve_triangular

from epochal.core.task import Task
from epochal.models.classical.hog_svm import BLOCK_PIXELS, cell_side, normalised, votes
from epochal.models.classical.margins import Separator, factor, indifferent, solve
from epochal.models.classical.pixels import Images, area_reduce, check_examples, check_images
from epochal.models.classical.shared import Logits, not_fitted, one_core_free

SIDE = 16  # of the averaged pixels, at most
ROOTS = np.rint(np.sqrt(np.arange(256) / 255.0) * 255).astype(np.uint8)


@dataclass(frozen=True, kw_only=True)
class HogRbfConfig:
    """`landmarks` is how many training images are remembered at most.

    `c` is the penalty of a mistake. One for all data: on held-out images of digits, hymenoptera and Fashion-MNIST, 10
    was as good as 1, 3 and 30, or better, or within 0.2 points. Chosen on 5,000 images of Fashion-MNIST it came out as
    1, with which 4,096 landmarks had 91.7% where 10 has 92.1%.
    """

    landmarks: int = 4096
    gamma: float = 2.0  # one over the squared width of the kernel, in mean squared distances
    c: float = 10.0


class HogRbf:
    """A kernel support vector machine on edges and brightness.

    `converged` is False where the solver stopped at its limit of steps.
    """

    def __init__(self, config: HogRbfConfig, task: Task):
        self.config = config
        self.task = task
        self.converged = True
        self._landmarks: np.ndarray | None = None  # [landmarks, features] float32
        self._scales: np.ndarray | None = None  # [2] float32, by which the histograms and the pixels are multiplied
        self._separator: Separator | None = None  # of the likeness to each landmark

    def fit(self, images: np.ndarray, targets: np.ndarray, *, seed: int) -> None:
        """Fit. The seed decides which examples are landmarks.

        Raises:
            DataError: the examples do not belong to the task.
        """
        check_examples(images, targets, self.task)
        self.converged, seen = True, np.unique(targets)
        chosen = np.sort(np.random.default_rng(seed).permutation(len(images))[: self.config.landmarks])
        self._scales = np.ones(2, dtype=np.float32)
        parts = self._parts(images[chosen])
        self._scales = np.array([_unit(part) for part in parts], dtype=np.float32)
        self._landmarks = np.concatenate(
            [part * scale for part, scale in zip(parts, self._scales, strict=True)], axis=1
        )
        if len(seen) == 1:
            self._separator = indifferent(len(chosen), targets)
            return
        with one_core_free():
            root = factor(self._kernel(self._landmarks))
            rows = np.empty((len(images), len(chosen)), dtype=np.float32)
            for start, likeness in self._likeness(images):
                rows[start : start + len(likeness)] = _in_terms_of(root, likeness)
            machine = solve(rows, targets, self.config.c)
            weights = solve_triangular(root, machine.weights, lower=True, trans="T", check_finite=False)
        self.converged = machine.converged
        self._separator = Separator(
            weights=weights.astype(np.float32), bias=machine.bias, seen=seen, examples=len(images)
        )

    def outputs(self, images: np.ndarray) -> Logits:
        """[batch, classes], the margins less the log-sum-exp of their row."""
        if self._separator is None:
            raise not_fitted("HOG and RBF SVM")
        check_images(images, self.task)
        scores = np.concatenate([self._separator.scores(likeness) for _, likeness in self._likeness(images)])
        return self._separator.logits(scores, self.task.classes)

    def parameters_count(self) -> int:
        """The landmarks' features, the weights and the biases."""
        if self._landmarks is None or self._separator is None:
            return 0
        return self._landmarks.size + self._separator.size

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        """`landmarks` [landmarks, features], `scales` [2] float32, and those of the separator of likenesses."""
        if self._separator is None:
            raise not_fitted("HOG and RBF SVM")
        assert self._landmarks is not None
        assert self._scales is not None
        return {"landmarks": self._landmarks, "scales": self._scales, **self._separator.arrays()}

    @classmethod
    def restore(
        cls, config: HogRbfConfig, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "HogRbf":
        rung = cls(config, task)
        rung._landmarks, rung._scales = arrays["landmarks"], arrays["scales"]
        rung._separator = Separator.from_arrays(arrays)
        return rung

    def _parts(self, images: Images) -> tuple[np.ndarray, np.ndarray]:
        """Histograms and pixels, each [batch, numbers] float32, multiplied by their scales."""
        assert self._scales is not None
        blocks = [slice(start, start + self._block) for start in range(0, max(1, len(images)), self._block)]
        edges = np.concatenate([overlapping_histograms(ROOTS[images[block]]) for block in blocks])
        pixels = np.concatenate([reduced_pixels(images[block]) for block in blocks])
        return edges * self._scales[0], pixels * self._scales[1]

    @property
    def _block(self) -> int:
        """Images whose gradients are in memory at once."""
        return max(1, BLOCK_PIXELS // int(np.prod(self.task.input_shape)))

    def _likeness(self, images: Images) -> Iterator[tuple[int, Float32[np.ndarray, "batch landmarks"]]]:
        """The kernel between images and landmarks, a block of images at a time, with the place of its first."""
        for start in range(0, max(1, len(images)), self._block):
            yield start, self._kernel(np.concatenate(self._parts(images[start : start + self._block]), axis=1))

    def _kernel(self, features: Float32[np.ndarray, "batch features"]) -> Float32[np.ndarray, "batch landmarks"]:
        assert self._landmarks is not None
        squares = features @ self._landmarks.T
        squares *= 2
        squares -= np.square(features).sum(axis=1, keepdims=True)
        squares -= np.square(self._landmarks).sum(axis=1)
        np.minimum(squares, 0, out=squares)
        squares *= self.config.gamma
        return np.exp(squares, out=squares)


def overlapping_histograms(images: Images) -> Float32[np.ndarray, "batch features"]:
    """Histograms of oriented gradients whose cells overlap: half-cells vote by 1/4, 3/4, 3/4, 1/4 in each direction."""
    cell = cell_side(*images.shape[2:])
    halves = votes(images, cell, cell // 2)
    for axis in (1, 2):
        halves = _overlapping(halves, axis)
    return normalised(halves)


def _overlapping(halves: np.ndarray, axis: int) -> np.ndarray:
    """Cells from half-cells along one axis, which becomes half as long."""
    moved = np.moveaxis(halves, axis, 0)
    first, second = moved[::2], moved[1::2]
    before, after = np.zeros_like(first), np.zeros_like(first)
    before[1:], after[:-1] = second[:-1], first[1:]
    return np.moveaxis((before + 3 * first + 3 * second + after) / 4, 0, axis)


def reduced_pixels(images: Images) -> Float32[np.ndarray, "batch numbers"]:
    """Pixels from 0 to 1, halved in number until no side is longer than 16."""
    height, width = images.shape[2:]
    while max(height, width) > SIDE:
        height, width = (height + 1) // 2, (width + 1) // 2
    return area_reduce(images, height, width).reshape(len(images), images.shape[1] * height * width) / np.float32(255)


def _unit(part: Float32[np.ndarray, "items numbers"]) -> float:
    """The factor after which items are apart by a mean squared distance of one half; one where all are the same."""
    mean = 2 * float(part.var(axis=0, dtype=np.float64).sum())
    return float(np.sqrt(0.5 / mean)) if mean > 1e-9 else 1.0


def _in_terms_of(root: np.ndarray, likeness: np.ndarray) -> np.ndarray:
    """Rows whose inner products are the kernel's, as far as landmarks can tell: likeness times the inverse root."""
    return solve_triangular(root.astype(np.float32), likeness.T, lower=True, check_finite=False).T
