"""Few images are learned by heart, and the error with many is foretold by the error with few."""

from pathlib import Path

import numpy as np
import pytest

from epochal.core.errors import DataError
from epochal.data.image.opened import open_dataset
from epochal.milestones.data import DIVISORS, LARGEST, MILESTONE, sizes_of
from epochal.study.milestone import run_milestone


def test_few_images_are_learned_by_heart_and_the_law_holds(tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, source="digits", scale=12 / (60 * MILESTONE.minutes), seeds=3, out=tmp_path)
    by_heart, gap, law = result.checks
    assert by_heart.arm_mean > 0.99
    assert gap.effect < -0.05
    assert abs(law.effect) < 0.03
    curve, accuracies = result.pictures
    foretold, measured = curve.series
    assert foretold.x[0] == measured.x[0] and foretold.x[-1] == measured.x[-1]
    assert all(low <= y <= high for low, y, high in zip(foretold.low, foretold.y, foretold.high, strict=True))
    assert measured.y[0] > 2 * measured.y[-1], "the error falls"
    assert [series.label for series in accuracies.series] == ["on training images", "on validation images"]


def test_sizes_fit_the_data() -> None:
    digits = open_dataset("digits")
    assert sizes_of(digits) == [67, 134, 269, 1079]
    assert len(DIVISORS) == len({LARGEST // divisor for divisor in DIVISORS})


def test_too_few_images_are_refused() -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (90, 8, 8), dtype=np.uint8)
    with pytest.raises(DataError, match=r"a power law needs 160 or more: give more images, or fewer classes"):
        sizes_of(open_dataset((images, np.arange(90) % 2)))
