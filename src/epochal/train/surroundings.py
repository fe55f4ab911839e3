"""The process around a training: its settings are set aside while one runs, and given back as they were.

A training runs inside somebody's notebook, service or test, which may have chosen another default type or device, may
be in the middle of a block without gradients, and draws random numbers of its own. None of that may change what is
learned, and nothing of it may be changed.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch

from epochal.train.device import kind

NUMPY_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}  # as NumPy starts with


@contextmanager
def plain_settings() -> Iterator[None]:
    """Within this block torch and NumPy have the settings that they start with, whatever the caller has chosen:
    float32, tensors on the processor, gradients, no automatic precision, and no arithmetic that raises."""
    dtype = torch.get_default_dtype()
    with ExitStack() as stack:
        stack.enter_context(np.errstate(**NUMPY_ERRORS))  # type: ignore[arg-type]
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for name in ("cpu", "cuda"):
            if torch.is_autocast_enabled(name):
                stack.enter_context(torch.autocast(name, enabled=False))
        if torch.get_default_device().type != "cpu":  # asked first: the block makes every call of torch slower
            stack.enter_context(torch.device("cpu"))
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)


@contextmanager
def set_apart() -> Iterator[None]:
    """`plain_settings`, and what is drawn within this block leaves the random numbers of the process as they were:
    those of torch, NumPy and `random`."""
    if kind() == "cuda":
        torch.cuda.init()  # or seeds that wait for it would be set after the block
    on_gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002 (the caller may use it)
    try:
        with plain_settings():
            yield
    finally:
        torch.set_rng_state(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        random.setstate(before[2])
        if on_gpus:
            torch.cuda.set_rng_state_all(on_gpus)
