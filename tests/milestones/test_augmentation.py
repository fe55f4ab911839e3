"""Mirroring ruins what is told by left and right, and nothing else here does."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from epochal.core.claim import CONFIRMED
from epochal.milestones import augmentation
from epochal.study.milestone import run_milestone


def sides(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise with a bright bar at the left or at the right, and which of the two it is."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 120, size=(count, 16, 16), dtype=np.uint8)
    targets = np.arange(count) % 2
    images[targets == 0, 4:12, 3:6] = 250
    images[targets == 1, 4:12, 10:13] = 250
    return images, np.array(["left", "right"])[targets]


def test_mirrored_images_where_the_side_is_the_label(tmp_path: Path) -> None:
    scale = replace(augmentation.SMALL, items=300, passes=8)
    few = replace(augmentation.MILESTONE, measure=partial(augmentation.measure, scale=scale))
    result = run_milestone(few, source=sides(500), scale=1, seeds=2, out=tmp_path)
    crop, flip, colour = result.checks
    assert flip.arm == "mirrored images" and flip.verdict != CONFIRMED
    assert flip.effect > 3  # times the loss
    assert crop.arm_mean < 0.3
    assert min(colour.arm_mean, colour.control_mean) > 0.9
    assert [series.label for series in result.pictures[0].series] == [
        "no augmentation", "random crops", "mirrored images", "shifted colours",
    ]  # fmt: skip
