"""What vectors are worth on any machine; threads and GPUs are measured, but vary too much to be tested."""

from pathlib import Path

import numpy as np
import pytest
import torch

from epochal.core.claim import CONFIRMED
from epochal.judge.claims import judge
from epochal.milestones import hardware
from epochal.milestones.hardware import ALL, GPU, MILESTONE, ONE, SCALAR, VECTOR, by_hand, matrices
from epochal.study.lab import Lab
from epochal.train.store import open_store


def test_both_ways_compute_the_same_product() -> None:
    left, right = matrices(9, "cpu")
    np.testing.assert_allclose(by_hand(left.tolist(), right.tolist()), (left @ right).numpy(), rtol=1e-4, atol=1e-5)


def test_vectorised_is_faster_and_what_is_not_measured_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "RECIPE", hardware.RECIPE.replace(batch_size=4))
    monkeypatch.setattr(hardware, "LARGE", 128)
    threads = torch.get_num_threads()
    with open_store(tmp_path) as store:
        lab = Lab(store=store, seeds=(0, 1, 2), scale=0.1)
        measured = MILESTONE.measure(lab)
    assert torch.get_num_threads() == threads
    check = judge(measured.questions)[0]
    assert (check.control, check.arm, check.verdict) == (SCALAR, VECTOR, CONFIRMED)
    assert check.effect > 10
    told = " ".join(lab.notes)
    assert ("finds no GPU" in told) == (not torch.cuda.is_available())
    assert ("has one thread" in told) == (threads == 1)
    assert all(min(series.low) > 0 for picture in measured.pictures for series in picture.series)


@pytest.mark.parametrize(
    ("threads", "accelerator", "asked"),
    [(1, "", [VECTOR]), (4, "", [VECTOR, ALL]), (1, "some GPU", [VECTOR, GPU]), (4, "some GPU", [VECTOR, ALL, GPU])],
)
def test_each_part_of_the_machine_is_asked_for_what_it_has(
    threads: int, accelerator: str, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = {ONE: [10.0, 11.0, 12.0]}
    ways |= {ALL: [20.0, 21.0, 22.0]} if threads > 1 else {}
    ways |= {GPU: [200.0, 210.0, 220.0]} if accelerator else {}
    found = {"threads": threads, "accelerator": accelerator, "large": ways, "training": ways}
    found["small"] = {SCALAR: [1.0, 1.1, 1.2], VECTOR: [100.0, 110.0, 120.0]}
    monkeypatch.setattr(hardware, "timings_of_all", lambda repeats, timings: found)
    with open_store(tmp_path) as store:
        lab = Lab(store=store, seeds=(0, 1, 2))
        measured = MILESTONE.measure(lab)
    checks = judge(measured.questions)
    assert [check.arm for check in checks] == asked
    assert all(check.verdict == CONFIRMED for check in checks)
    assert [check.control for check in checks if check.arm == GPU] == (
        [ALL if threads > 1 else ONE] if accelerator else []
    )
    assert len(lab.notes) == (threads == 1) + (not accelerator)
    assert measured.pictures[1].ticks == tuple(ways)
