"""What the tests of the data room share: a cache of their own, and small folders of real picture files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("EPOCHAL_CACHE", str(folder))
    return folder


def picture(seed: int, side: int = 40, channels: int = 3) -> Image.Image:
    """A smooth random picture; two seeds never look alike."""
    generator = np.random.default_rng(seed)
    small = generator.integers(0, 256, (6, 6, channels), dtype=np.uint8)
    image = Image.fromarray(small if channels == 3 else small[..., 0])
    return image.resize((side, side), Image.Resampling.BICUBIC)


@pytest.fixture
def photos(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of class folders of PNG files, e.g. photos(ant=10, bee=10)."""

    def make(root: str = "photos", *, side: int = 40, channels: int = 3, start: int = 0, **counts: int) -> Path:
        number = start
        for label, count in counts.items():
            folder = tmp_path / root / label
            folder.mkdir(parents=True, exist_ok=True)
            for index in range(count):
                picture(number, side, channels).save(folder / f"{index:03}.png")
                number += 1
        return tmp_path / root

    return make


def problems(report):
    """What is wrong with each file that has a problem, and what was done with it."""
    return {problem.file: (problem.what, problem.action) for problem in report.problems}


def decisions(report):
    """The decisions of a report, by what was decided."""
    return {decision.what: decision for decision in report.decisions}
