"""What this machine has and how fast it is: versions, device, measured rates, memory, disk, missing extras."""

import importlib.metadata
import importlib.util
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import psutil
import torch
import torch.nn.functional as F

from epochal.core.record import Record
from epochal.train.device import device, environment, synchronise

# The extras and the libraries that each brings, as pyproject.toml has them.
EXTRAS = {
    "test": ("beartype", "hypothesis", "pytest", "xdist"),
    "dev": ("importlinter", "mypy", "ruff"),
    "boosting": ("lightgbm", "xgboost", "catboost"),
    "parity": ("keras", "transformers"),
    "bench": ("accelerate", "keras", "lightning", "skorch", "transformers"),
}
LIBRARIES = ("torch", "numpy", "scikit-learn", "scikit-image", "pandas", "pyarrow", "pillow", "safetensors", "skops")
SIDE = 512  # of the square matrices
CONVOLUTION = (32, 64, 28)  # batch, channels in and out, side of the maps; 3x3 kernels
CALLS, LONGEST = 100, 2.0  # calls for each rate, or as many as these seconds allow


@dataclass(frozen=True, kw_only=True)
class Machine(Record):
    """What was found. Rates are in GFLOP/s, a multiply-add counted as two; memory and disk in bytes."""

    environment: Mapping[str, str]
    libraries: Mapping[str, str]
    rates: Mapping[str, float]
    threads: int
    cores: int
    load: float  # processes that were running or waiting in the last minute, before measuring
    memory: int
    memory_free: int
    disk_free: int
    missing: Mapping[str, tuple[str, ...]]  # extra -> libraries of it that are not installed

    def to_text(self) -> str:
        facts = self.environment
        lines = [
            f"epochal {facts['epochal']} on Python {facts['python']}, {facts['system']}",
            f"device   {facts['device']}",
            f"threads  {self.threads} of {self.cores} cores",
            f"load     {self.load:.1f}"
            + (": other programs are running, which lowers the rates below" if self.load > 1 else ""),
            f"memory   {self.memory_free / 2**30:.1f} GiB free of {self.memory / 2**30:.1f} GiB",
            f"disk     {self.disk_free / 2**30:.1f} GiB free here",
            "",
            "measured rates, GFLOP/s",
            *[f"  {name:<22}{rate:>10,.1f}" for name, rate in self.rates.items()],
            "",
            "libraries",
            *[f"  {name:<22}{found}" for name, found in self.libraries.items()],
            "",
            "extras",
        ]
        for extra, absent in self.missing.items():
            state = f"missing {', '.join(absent)}: pip install 'epochal[{extra}]'" if absent else "complete"
            lines.append(f"  {extra:<22}{state}")
        return "\n".join(lines)


def examine() -> Machine:
    """Look at this machine and measure it, for a few seconds at most."""
    memory, load = psutil.virtual_memory(), psutil.getloadavg()[0]
    return Machine(
        environment=environment(),
        libraries={name: importlib.metadata.version(name) for name in LIBRARIES},
        rates=measured_rates(),
        threads=torch.get_num_threads(),
        cores=os.cpu_count() or 1,
        load=load,
        memory=memory.total,
        memory_free=memory.available,
        disk_free=shutil.disk_usage(os.getcwd()).free,
        missing={
            extra: tuple(name for name in names if importlib.util.find_spec(name) is None)
            for extra, names in EXTRAS.items()
        },
    )


def measured_rates() -> dict[str, float]:
    """GFLOP/s of a matrix product and of a convolution forward, each in float32 and bfloat16."""
    batch, channels, side = CONVOLUTION
    rates = {}
    for kind, name in ((torch.float32, "float32"), (torch.bfloat16, "bfloat16")):
        left, right = torch.ones(2, SIDE, SIDE, dtype=kind, device=device())
        rates[f"matrix {name}"] = rate(partial(torch.matmul, left, right), 2.0 * SIDE**3)
        images = torch.ones(batch, channels, side, side, dtype=kind, device=device())
        images = images.contiguous(memory_format=torch.channels_last)
        weights = torch.ones(channels, channels, 3, 3, dtype=kind, device=device())
        rates[f"convolution {name}"] = rate(
            partial(F.conv2d, images, weights, padding=1),
            2.0 * 9 * batch * channels**2 * side**2,
        )
    return rates


def rate(work: Callable[[], torch.Tensor], operations: float) -> float:
    """GFLOP/s of `work`, from the fastest of several calls: other work on the machine only ever adds."""
    fastest = float("inf")
    with torch.no_grad():
        for _ in range(2):
            work()
        end = time.perf_counter() + LONGEST
        for _ in range(CALLS):
            synchronise()
            started = time.perf_counter()
            work()
            synchronise()
            fastest = min(fastest, time.perf_counter() - started)
            if time.perf_counter() > end:
                break
    return operations / fastest / 1e9
