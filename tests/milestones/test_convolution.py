"""Weight sharing, on few digits: no more errors with a seventh of the parameters, and the counts of the paper."""

from dataclasses import replace
from pathlib import Path

import pytest

from epochal.core.claim import CONFIRMED
from epochal.judge.claims import judge
from epochal.milestones import convolution
from epochal.milestones.convolution import OWN, SHARED, SMALL
from epochal.study.lab import Lab
from epochal.train.store import open_store


def test_shared_weights_make_no_more_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "FEWER", ())
    with open_store(tmp_path) as store:
        measured = convolution.measure(Lab(store=store, seeds=(0, 1, 2), source="digits"), replace(SMALL, items=320))
    errors, count, connections = judge(measured.questions)
    assert (errors.control, errors.arm) == (f"{OWN}, 320 images", f"{SHARED}, 320 images")
    assert errors.control_mean > 0.8
    assert errors.effect > -0.01
    assert (count.arm_mean, count.verdict) == (9_760, CONFIRMED)
    assert (connections.arm_mean, connections.verdict) == (64_660, CONFIRMED)
    learning, sizes, layers = measured.pictures
    assert [series.label for series in learning.series] == [OWN, SHARED]
    assert all(len(series.x) == 1 for series in sizes.series)
    assert {series.label: series.y for series in layers.series} == {
        OWN: (19_968, 38_592, 5_790, 310),
        SHARED: (1_068, 2_592, 5_790, 310),
    }


def test_the_fewest_images_are_asked_about_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "FEWER", (100, 200))
    monkeypatch.setattr(convolution, "LEAST", 200)
    with open_store(tmp_path) as store:
        lab = Lab(store=store, seeds=(0, 1), source="digits")
        measured = convolution.measure(lab, replace(SMALL, items=400, passes=1))
    first, second = (question for question in measured.questions if question.percent)
    few, all_of_them = first.arm.split(", ")[1], second.arm.split(", ")[1]
    assert (few, all_of_them) == ("100 images", "400 images")
    assert first.control == f"{OWN}, {few}" and few in first.text
