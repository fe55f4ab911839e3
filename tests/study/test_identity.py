"""Which data a run was begun on."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from epochal.core.errors import RunDirectoryError
from epochal.data.image.opened import open_dataset
from epochal.study.identity import identity, require_same_data
from epochal.train.store import open_store

IMAGES = np.random.default_rng(0).integers(0, 255, (100, 8, 8), dtype=np.uint8)
LABELS = np.arange(100) % 2


def changed(place: tuple[int, ...]) -> np.ndarray:
    other = IMAGES.copy()
    other[place] += 1
    return other


def test_arrays_are_told_apart_by_any_value_type_or_shape() -> None:
    sources = [
        (IMAGES, LABELS),
        (changed((50, 4, 4)), LABELS),  # a place that the text of an array leaves out
        (IMAGES, 1 - LABELS),
        (IMAGES.astype(np.int16), LABELS),
        (IMAGES.reshape(100, 4, 16), LABELS),
        {"train": (IMAGES, LABELS), "test": (IMAGES, LABELS)},
        (IMAGES, ["a", None] * 50),
        (IMAGES, ["a", "None"] * 50),
        ([IMAGES[0], IMAGES[1][:4]], [0, 1]),
        ([IMAGES[0], changed((1, 1, 1))[1][:4]], [0, 1]),
    ]
    assert len({identity(source) for source in sources}) == len(sources)


def test_the_same_arrays_are_the_same_whatever_holds_them() -> None:
    same = [(IMAGES, LABELS), [IMAGES.copy(), LABELS.tolist()], (torch.from_numpy(IMAGES), pd.Series(LABELS))]
    assert len({identity(source) for source in same}) == 1


def test_a_path_is_known_from_any_folder_and_a_set_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    assert identity("photos") == identity(Path("photos")) == identity(tmp_path / "photos") == str(tmp_path / "photos")
    assert (identity("digits"), identity(None)) == ("digits", "its own")


def test_a_run_continues_on_its_own_data_only(tmp_path: Path) -> None:
    first, second = (open_dataset((images, LABELS)) for images in (IMAGES, changed((50, 4, 4))))
    with open_store(tmp_path / "run") as store:
        for dataset in (first, first):
            require_same_data(store, dataset)
        with pytest.raises(RunDirectoryError, match="The data has changed since the run in .* began"):
            require_same_data(store, second)
