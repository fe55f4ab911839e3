"""Representation: what probes tell of a trained network's layers, and what they are made of."""

import base64
import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from epochal.core.claim import CONFIRMED
from epochal.milestones.representation import LAYERS, LINEAR, MILESTONE, NEAREST, drawn, flat, probe
from epochal.study.milestone import run_milestone


def test_probes_of_separable_features_are_right() -> None:
    chance = np.random.default_rng(0)
    centres = 5 * np.eye(3)
    targets = np.repeat(np.arange(3), 10)
    known, asked = (centres[targets] + chance.normal(size=(30, 3)) / 2 for _ in range(2))
    told = probe(known, targets, asked)
    assert set(told) == {LINEAR, NEAREST}
    assert all((answers == targets).all() for answers in told.values())
    assert all((answers == targets).mean() < 0.6 for answers in probe(known * 0, targets, asked * 0).values())


def test_large_maps_are_averaged_down() -> None:
    assert flat(torch.ones(2, 3, 40, 8)).shape == (2, 3 * 16 * 8)
    assert flat(torch.ones(2, 5)).shape == (2, 5)


def test_filters_are_drawn_side_by_side() -> None:
    before, after = np.full((1, 2, 2), -0.5), np.full((1, 2, 2), 1.0)
    header, data = drawn(before, after).split(",")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert (header, pixels.shape) == ("data:image/png;base64", (16, 40))
    assert [int(pixels[0, column]) for column in (0, 16, 39)] == [64, 128, 255]


def test_trained_layers_beat_pixels_and_untrained_ones(tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, budget="24s", seeds=3, out=tmp_path)
    pixels, architecture, unseen = result.checks
    assert architecture.verdict == CONFIRMED
    assert pixels.effect > 0.03  # at five seeds its whole interval is
    assert unseen.effect < pixels.effect  # what is learned for some classes is worth less for others
    seen, held_out, filters = result.pictures
    trained, untrained = (
        next(line for line in seen.series if line.label == f"{LINEAR}, {name}") for name in ("trained", "untrained")
    )
    assert trained.y[0] == untrained.y[0]  # pixels
    assert trained.y[-1] > trained.y[1] > untrained.y[-1]
    assert len(seen.series[0].x) == len(held_out.series[0].x) == len(LAYERS) + 1
    assert len(filters.images) == 6
