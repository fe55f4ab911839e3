"""Small data sets, and bundles of them, for the tests of what leaves the house."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from epochal.core.recipe import Recipe
from epochal.data import Dataset, ReadOptions, open_dataset
from epochal.data.table.options import TableOptions
from epochal.data.table.rows import open_rows
from epochal.kinds.image_ladder import RUNGS
from epochal.kinds.table import kind_of
from epochal.models.catalogue import build
from epochal.ship.bundle import write_bundle

EXAMPLES = 240
WIDTH = 2.5  # of the intervals of a bundle of numbers


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


# Tables


def houses(count: int = 300, seed: int = 0) -> pd.DataFrame:
    """Houses with their price, and whether it is high."""
    generator = np.random.default_rng(seed)
    area = generator.uniform(30, 200, count).round(1)
    city = generator.choice(["Rome", "Oslo", "Lima"], count)
    price = (area / 10 + 3 * (city == "Oslo") + generator.normal(size=count)).round(3)
    dear = np.where(price > 12, "dear", "cheap")
    return pd.DataFrame({"house": [f"H{k:04d}" for k in range(count)], "area": area, "city": city}).assign(
        price=price, dear=dear
    )


def opened_as(label: str) -> Dataset:
    return open_rows(houses().drop(columns="price" if label == "dear" else "dear"), TableOptions(label=label))


def network(dataset: Dataset, seed: int = 0) -> tuple[Recipe, torch.nn.Module]:
    """A network that has learned something: some steps of full-batch descent."""
    recipe = Recipe(model="mlp", objective="cross_entropy" if dataset.task.labels else "squared_error")
    torch.manual_seed(seed)
    model = build(recipe, dataset.task)
    inputs = torch.from_numpy(dataset.codec.dense(dataset.train.inputs))
    targets = torch.from_numpy(kind_of(dataset.task).goal.learned(dataset.train.targets, dataset.task))
    loss = torch.nn.CrossEntropyLoss() if dataset.task.labels else torch.nn.MSELoss()
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(60):
        optimiser.zero_grad()
        outputs = model(inputs)
        loss(outputs if dataset.task.labels else outputs[:, 0], targets).backward()
        optimiser.step()
    return recipe, model.eval()


def written(folder, dataset, **changes):
    recipe, model = network(dataset)
    facts = {"model": model, "recipe": recipe, "task": dataset.task, "codec": dataset.codec, "evidence": {}}
    return write_bundle(folder, **{**facts, "calibration": 1.5 if dataset.task.labels else WIDTH, **changes})


@pytest.fixture(scope="session")
def classes() -> Dataset:
    return opened_as("dear")


@pytest.fixture(scope="session")
def number() -> Dataset:
    return opened_as("price")


@pytest.fixture(scope="session")
def of_classes(tmp_path_factory, classes):
    return written(tmp_path_factory.mktemp("classes") / "bundle", classes)


@pytest.fixture(scope="session")
def of_number(tmp_path_factory, number):
    return written(tmp_path_factory.mktemp("number") / "bundle", number)


@pytest.fixture
def new(tmp_path):
    """Houses that no bundle has seen, and the file that holds them."""
    houses(50, seed=1).to_csv(tmp_path / "new.csv", index=False)
    return houses(50, seed=1), tmp_path / "new.csv"
