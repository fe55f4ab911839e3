"""Where training happens, and what that machine is."""

import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch


@cache
def device() -> str:
    """ "cuda" where there is one, else "cpu"; the variable EPOCHAL_DEVICE overrides it."""
    return os.environ.get("EPOCHAL_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")


@cache
def environment() -> dict[str, str]:
    """What a number needs beside it: hardware, threads and versions."""
    return {
        "device": torch.cuda.get_device_name() if device() == "cuda" else processor(),
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
