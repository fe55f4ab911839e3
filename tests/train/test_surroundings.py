"""A training in somebody's process: neither learns from its settings nor changes them, nor its random numbers."""

import random
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from epochal.core.run import Budget, Run
from epochal.data.dataset import Dataset
from epochal.data.image.opened import open_dataset
from epochal.kinds.image_ladder import RUNGS
from epochal.train.device import device
from epochal.train.fit import fit
from epochal.train.surroundings import set_apart
from epochal.train.trainee import prepare


@cache
def digits() -> Dataset:
    return open_dataset("digits")


def train(rung: str = "lenet") -> tuple[Run, dict[str, torch.Tensor]]:
    budget = Budget(examples=64 * 6)
    predictor, run = fit(prepare(digits(), RUNGS[rung].recipe, 3, budget), budget, 3)
    return run, {name: value.clone() for name, value in predictor.model.state_dict().items()}  # type: ignore[attr-defined]


@contextmanager
def default_dtype() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


SURROUNDINGS: dict[str, Any] = {
    "another default type": default_dtype,
    "another default device": lambda: torch.device("meta"),
    "a block without gradients": torch.no_grad,
    "inference mode": torch.inference_mode,
    "automatic precision": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "arithmetic that raises": lambda: np.errstate(all="raise"),
}


@pytest.mark.skipif(device() != "cpu", reason="bits are compared")
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_a_training_is_the_same_whatever_the_process_has_set(name: str) -> None:
    expected, weights = train()
    with ExitStack() as stack:
        stack.enter_context(SURROUNDINGS[name]())
        before = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled(), np.geterr()
        run, found = train()
        after = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled(), np.geterr()
    assert before == after
    assert run.curve == expected.curve
    assert all(torch.equal(found[key], weights[key]) for key in weights)


def draw() -> tuple[float, float, float]:
    return float(torch.rand(1)), float(np.random.rand()), random.random()  # noqa: NPY002 (what others use)


def test_what_others_draw_is_what_they_would_have_drawn() -> None:
    def seed() -> None:
        torch.manual_seed(1)
        np.random.seed(1)  # noqa: NPY002
        random.seed(1)

    seed()
    expected = draw()
    seed()
    train("mlp")
    assert draw() == expected


def test_random_numbers_come_back_after_an_error_too() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    with pytest.raises(ValueError, match="lost"), set_apart():
        torch.manual_seed(2)
        raise ValueError("lost")
    assert torch.equal(torch.get_rng_state(), state)


def test_handlers_of_signals_threads_and_flags_are_left_as_they_were() -> None:
    def facts() -> list[object]:
        return [
            signal.getsignal(signal.SIGINT),
            signal.getsignal(signal.SIGTERM),
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            torch.backends.cudnn.deterministic,
        ]

    before = facts()
    train("mlp")
    assert facts() == before
