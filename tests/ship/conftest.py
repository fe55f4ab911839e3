"""A small data set, and a bundle of it, for the tests of what leaves the house."""

from pathlib import Path

import numpy as np
import pytest
import torch

from epochal.core.recipe import Recipe
from epochal.data import Dataset, ReadOptions, open_dataset
from epochal.kinds.image_ladder import RUNGS
from epochal.models.catalogue import build
from epochal.ship.bundle import write_bundle

EXAMPLES = 240


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return open_dataset("digits", options=ReadOptions(max_examples=EXAMPLES, duplicates=False))


def fitted(recipe: Recipe, dataset: Dataset):
    """A model with something to lose: a fitted classical rung, or a network with random weights and statistics."""
    torch.manual_seed(0)
    model = build(recipe, dataset.task)
    if isinstance(model, torch.nn.Module):
        model.train()
        model(torch.from_numpy(dataset.train.inputs[:32]).float() / 255)  # moves the statistics of normalisation
        return model
    model.fit(dataset.train.inputs, dataset.train.targets, seed=0)
    return model


def bundled(folder: Path, dataset: Dataset, rung: str = "lenet", temperature: float = 1.5, **evidence) -> Path:
    recipe = RUNGS[rung].members[0]
    return write_bundle(
        folder,
        model=fitted(recipe, dataset),
        recipe=recipe,
        task=dataset.task,
        codec=dataset.codec,
        calibration=temperature,
        evidence=evidence,
    )


@pytest.fixture
def bundle(tmp_path: Path, digits: Dataset) -> Path:
    return bundled(tmp_path / "bundle", digits)


@pytest.fixture
def picture(tmp_path: Path, digits: Dataset) -> Path:
    """A PNG file of the first validation image."""
    from PIL import Image

    path = tmp_path / "pictures" / "first.png"
    path.parent.mkdir()
    Image.fromarray(np.asarray(digits.validation.inputs[0, 0])).save(path)
    return path
