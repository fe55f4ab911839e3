"""Where training happens, and what that machine is."""

import os
import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn


@cache
def device() -> str:
    """ "cuda" where there is one, else "cpu"; the variable EPOCHAL_DEVICE overrides it, with "cuda:1" or "cpu"."""
    return os.environ.get("EPOCHAL_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")


def kind() -> str:
    """The device without its number: "cuda", or "cpu"."""
    return device().split(":")[0]


def synchronise() -> None:
    """Wait until the device has done what it was given: a GPU is given its work ahead of time, which a clock must not
    take for done."""
    if kind() == "cuda":
        torch.cuda.synchronize()


def on_gpu(model: Any) -> bool:
    """True for a network whose weights are on a GPU; False for anything else."""
    parameter = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    return parameter is not None and parameter.is_cuda


@contextmanager
def reproducible() -> Iterator[None]:
    """Convolutions on a GPU whose sums have one order: the same training gives the same bits."""
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic = before


def peak_memory(model: Any) -> int:
    """The most bytes held at a time: by this process so far or, where the model is on a GPU, of that GPU's memory since
    `forget_peak`."""
    if on_gpu(model):
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def forget_peak() -> None:
    """Begin a new peak of a GPU's memory; that of a process lasts as long as the process."""
    if kind() == "cuda":
        torch.cuda.reset_peak_memory_stats()


@cache
def environment() -> dict[str, str]:
    """What must be known to read a measured number: hardware, threads and versions."""
    return {
        "device": torch.cuda.get_device_name() if kind() == "cuda" else processor(),
        "cores": str(os.cpu_count()),
        "threads": str(torch.get_num_threads()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("epochal", "torch", "numpy", "scikit-learn")},
    }


def processor() -> str:
    """The processor's own name, where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
