"""Histograms of oriented gradients and a linear support vector machine: the best hand-made features (Dalal 2005).

N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005. As there: gradients by
[-1, 0, 1] of the channel where they are strongest; 9 unsigned orientations; blocks of 2x2 cells one cell apart; L2-Hys.
The numbers are scikit-image's `skimage.feature.hog`, computed for a whole batch: gradients of uint8 pixels are whole
numbers from -255 to 255, so a table gives orientation and magnitude (60,000 images of 28x28 take about 3 s).

One rule sets the side of a cell: the smallest of 2, 4, 8, 16, 32, ... pixels with which the shorter side of the image
spans at most 10 cells. At the paper's 64x128 that is its 8x8; 8 gives 2x2, 28 and 32 give 4x4, 96 to 160 give 16x16. A
square image so never has more than 2,916 features.

The classifier is a squared hinge, one class against the rest, with the solution of scikit-learn's LinearSVC, found by
Newton's method for all classes at once (`margins.py`). Its C is the best of `choices` on a fifth of up to 5,000
training images.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, UInt8

from epochal.core.task import Task
from epochal.models.classical.margins import Separator, indifferent, solve
from epochal.models.classical.pixels import Images, check_examples, check_images
from epochal.models.classical.shared import Logits, not_fitted, one_core_free

JUDGES = 5_000  # images on which C is chosen: four fifths to fit, one fifth to judge
BLOCK_PIXELS = 2**19  # pixels whose gradients are in memory at once: about 100 MB


@dataclass(frozen=True, kw_only=True)
class HogSvmConfig:
    """`cell` is the side of a cell in pixels, None for the rule; `c` fixes the penalty, None chooses from `choices`."""

    orientations: int = 9
    cell: int | None = None
    c: float | None = None
    choices: tuple[float, ...] = (0.01, 0.1, 1.0)


def cell_side(height: int, width: int) -> int:
    """Side of a cell in pixels: the smallest of 2, 4, 8, ... with at most 10 cells along the shorter side."""
    cell = 2
    while min(height, width) > 10 * cell:
        cell *= 2
    return cell


def histograms(
    images: UInt8[np.ndarray, "batch channels height width"], cell: int, orientations: int = 9
) -> Float32[np.ndarray, "batch features"]:
    """Normalised histograms of oriented gradients, equal to `skimage.feature.hog` with blocks of 2x2 cells and L2-Hys.

    Pixels beyond the last whole cell are left out. `cell` must be even, and no longer than a side.
    """
    return normalised(votes(images, cell, cell, orientations))


def votes(
    images: UInt8[np.ndarray, "batch channels height width"], cell: int, side: int, orientations: int = 9
) -> Float[np.ndarray, "batch rows columns orientations"]:
    """Mean magnitude of each orientation in each square of `side` pixels; `side` divides `cell`.

    Pixels beyond the last whole cell are left out. A pixel votes for one orientation in one square.
    """
    strongest = _strongest_gradients(images)
    rows, columns = images.shape[2] // cell, images.shape[3] // cell
    return _votes(strongest[:, : rows * cell, : columns * cell], side, orientations)


def normalised(
    votes: Float[np.ndarray, "batch rows columns orientations"],
) -> Float32[np.ndarray, "batch features"]:
    """Blocks of 2x2 cells, one cell apart, each normalised by L2-Hys."""
    batch, rows, columns, orientations = votes.shape
    block = min(2, rows, columns)
    windows = np.lib.stride_tricks.sliding_window_view(votes, (block, block), axis=(1, 2))
    blocks = windows.transpose(0, 1, 2, 4, 5, 3).astype(np.float32)  # orientation last, as in the paper's vector
    count = blocks.shape[1] * blocks.shape[2]
    blocks = blocks.reshape(batch, count, block * block * orientations)
    for most in (0.2, np.inf):  # L2-Hys: L2-norm, clip at 0.2, L2-norm again (section 6.4)
        blocks /= np.sqrt(np.square(blocks).sum(axis=2, keepdims=True) + 1e-10)
        np.minimum(blocks, most, out=blocks)
    return blocks.reshape(batch, count * block * block * orientations)


def _strongest_gradients(images: Images) -> np.ndarray:
    """[batch, height, width] places in the tables of the gradient of the channel where it is largest."""
    pixels = images.astype(np.int32)
    gradients = np.full(pixels.shape, 255 * 511 + 255, dtype=np.int32)  # (0, 0), which is also what a border has
    gradients[:, :, 1:-1] += (pixels[:, :, 2:] - pixels[:, :, :-2]) * 511
    gradients[:, :, :, 1:-1] += pixels[:, :, :, 2:] - pixels[:, :, :, :-2]
    if images.shape[1] == 1:
        return gradients[:, 0]
    magnitudes, _ = _tables(9)
    channel = magnitudes[gradients].argmax(axis=1)[:, None]
    return np.take_along_axis(gradients, channel, axis=1)[:, 0]


def _votes(gradients: np.ndarray, cell: int, orientations: int) -> Float[np.ndarray, "batch rows columns orientations"]:
    """Mean magnitude of each orientation in each cell; a pixel votes for one orientation in one cell."""
    magnitudes, bins = _tables(orientations)
    batch, height, width = gradients.shape
    rows, columns = height // cell, width // cell
    cells = np.arange(height)[:, None] // cell * columns + np.arange(width) // cell
    places = (cells + np.arange(batch)[:, None, None] * (rows * columns)) * orientations + bins[gradients]
    shape = (batch, rows, columns, orientations)
    sums = np.bincount(places.ravel(), weights=magnitudes[gradients].ravel(), minlength=int(np.prod(shape)))
    return sums.reshape(shape) / cell**2


@functools.cache
def _tables(orientations: int) -> tuple[np.ndarray, np.ndarray]:
    """Magnitude and orientation bin of the gradient (row, column) at place (row + 255) * 511 + column + 255."""
    steps = np.arange(-255.0, 256.0)
    rows, columns = steps[:, None], steps[None, :]
    angles = np.rad2deg(np.arctan2(rows, columns)) % 180
    return np.hypot(columns, rows).ravel(), (angles // (180 / orientations)).astype(np.intp).ravel()


class HogSvm:
    """A linear support vector machine on histograms of oriented gradients.

    `c` is the penalty in use; `converged` is False where the solver stopped at its limit of steps.
    """

    def __init__(self, config: HogSvmConfig, task: Task):
        self.config = config
        self.task = task
        self.converged = True
        self.c: float | None = None
        self._separator: Separator | None = None

    def fit(self, images: np.ndarray, targets: np.ndarray, *, seed: int) -> None:
        """Choose C and fit. The seed decides which examples judge C.

        Raises:
            DataError: the examples do not belong to the task.
        """
        check_examples(images, targets, self.task)
        features = self._features(images)
        self.converged, seen = True, np.unique(targets)
        if len(seen) == 1:
            self._separator = indifferent(features.shape[1], targets)
            return
        with one_core_free():
            self.c = self.config.c or self._best_c(features, targets, seed)
            machine = solve(features, targets, self.c)
        self.converged = machine.converged
        self._separator = Separator(weights=machine.weights, bias=machine.bias, seen=seen, examples=len(images))

    def outputs(self, images: np.ndarray) -> Logits:
        """[batch, classes], the margins less the log-sum-exp of their row."""
        if self._separator is None:
            raise not_fitted("HOG and linear SVM")
        check_images(images, self.task)
        return self._separator.logits(self._separator.scores(self._features(images)), self.task.classes)

    def parameters_count(self) -> int:
        """The weights and the biases."""
        return 0 if self._separator is None else self._separator.size

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        """Those of the separator of histograms."""
        if self._separator is None:
            raise not_fitted("HOG and linear SVM")
        return self._separator.arrays()

    @classmethod
    def restore(
        cls, config: HogSvmConfig, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "HogSvm":
        rung = cls(config, task)
        rung._separator = Separator.from_arrays(arrays)
        return rung

    def _features(self, images: Images) -> Float32[np.ndarray, "batch features"]:
        height, width = self.task.input_shape[1:]
        cell = self.config.cell or cell_side(height, width)
        rows = max(1, BLOCK_PIXELS // int(np.prod(self.task.input_shape)))
        starts = range(0, max(1, len(images)), rows)
        return np.concatenate(
            [histograms(images[start : start + rows], cell, self.config.orientations) for start in starts]
        )

    def _best_c(self, features: np.ndarray, targets: np.ndarray, seed: int) -> float:
        """The C with the fewest errors on held-out examples; the smallest among equals."""
        chosen = np.random.default_rng(seed).permutation(len(features))[:JUDGES]
        held_out, kept = chosen[: len(chosen) // 5], chosen[len(chosen) // 5 :]
        choices = sorted(self.config.choices)
        if len(held_out) == 0 or len(np.unique(targets[kept])) < 2:
            return choices[len(choices) // 2]
        classes, machines = np.unique(targets[kept]), (solve(features[kept], targets[kept], c) for c in choices)
        found = (classes[(features[held_out] @ each.weights + each.bias).argmax(axis=1)] for each in machines)
        return choices[int(np.argmax([(answers == targets[held_out]).mean() for answers in found]))]
