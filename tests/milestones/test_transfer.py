"""Transfer: a network that learned on many images, and what it is worth on few."""

from pathlib import Path

import pytest

from epochal.data.image.opened import open_dataset
from epochal.data.image.options import ReadOptions
from epochal.milestones import transfer
from epochal.milestones.transfer import ARMS, FROZEN, MILESTONE, RANDOM, SCRATCH, TUNED
from epochal.study.lab import Lab
from epochal.study.milestone import run_milestone
from epochal.train.store import open_store


def test_what_was_learned_on_many_images_serves_on_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "SOURCE", "digits")  # stands for the many images, and 60 of them for the few
    monkeypatch.setattr(transfer, "SIDE", 8)
    monkeypatch.setattr(transfer, "SOURCE_PASSES", 12)
    monkeypatch.setattr(transfer, "FEW", 60)
    monkeypatch.setattr(transfer, "PASSES", 12)
    result = run_milestone(MILESTONE, source="digits", scale=1.0, seeds=2, out=tmp_path)
    features, tuned, learned = result.checks
    assert [(check.control, check.arm) for check in result.checks] == [
        (SCRATCH, FROZEN), (SCRATCH, TUNED), (RANDOM, FROZEN),
    ]  # fmt: skip
    assert features.effect > 0.1
    assert tuned.effect > 0.1
    assert learned.effect > 0.02
    (picture,) = result.pictures
    assert [series.label for series in picture.series] == list(ARMS)
    assert result.data == "digits"


def test_the_few_images_are_read_like_the_many(tmp_path: Path) -> None:
    """Grey images of 8x8 become those of three channels and 32x32 that the weights take."""
    with open_store(tmp_path) as store:
        lab = Lab(store=store, seeds=(0,), source="digits", options=ReadOptions(seed=4))
        few = transfer.open_target(lab)
        assert few.codec.input_shape == (3, 32, 32)
        assert len(few.train) <= transfer.FEW < len(open_dataset("digits").train)
        assert lab.opening > 0 and lab.opened == ["digits"]
