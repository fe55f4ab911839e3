"""Every rung of every ladder, and a small data set for each row of the table of kinds, for the contracts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.core.traits import Traits
from epochal.data.dataset import Dataset
from epochal.data.image.options import ReadOptions
from epochal.data.table.options import TableOptions
from epochal.data.table.rows import TABLE_CLASSES, TABLE_NUMBER
from epochal.kinds.opening import open_dataset
from epochal.kinds.table import IMAGE_CLASSES, KINDS
from epochal.models.catalogue import config, traits

SIDE, COUNT = 16, 200


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Data as a user hands them over: a source, and what is said of how to read it."""

    source: Any
    options: Any


def pictures() -> Sample:
    """Grey noise with a bright bar across it, high up, in the middle or low down: three classes."""
    generator = np.random.default_rng(0)
    places = generator.integers(0, 3, COUNT)
    pixels = generator.integers(0, 160, (COUNT, SIDE, SIDE))
    for image, place in zip(pixels, places, strict=True):
        image[5 * place : 5 * place + 4] += 90
    labels = np.array(["high", "middle", "low"])[places]
    return Sample(source=(pixels.astype(np.uint8), labels), options=ReadOptions(duplicates=False))


def houses(label: str) -> Sample:
    """Ten numbers, of which some are missing, a place and a date for each row: from two of the numbers and the place
    follows, but for some noise, a `price`, and from the price a `tier` of three."""
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(COUNT, 10))
    place = generator.choice(["Rome", "Oslo", "Lima"], COUNT)
    price = 3 * numbers[:, 0] + 2 * numbers[:, 1] + 4 * (place == "Oslo") + generator.normal(scale=0.3, size=COUNT)
    tiers = np.array(["low", "middle", "high"])[np.digitize(price, np.quantile(price, [1 / 3, 2 / 3]))]
    numbers[::17, 2] = np.nan
    frame = pd.DataFrame(numbers, columns=[f"measure {k}" for k in range(10)])
    frame["place"] = place
    frame["seen"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.integers(0, 700, COUNT), unit="D")
    frame[label] = {"price": price.round(3), "tier": tiers}[label]
    return Sample(source=frame, options=TableOptions(label=label))


SAMPLES: dict[str, Callable[[], Sample]] = {
    IMAGE_CLASSES: pictures,
    TABLE_CLASSES: lambda: houses("tier"),
    TABLE_NUMBER: lambda: houses("price"),
}


@cache
def dataset(kind: str) -> Dataset:
    """The sample of a row of the table of kinds, opened."""
    sample = SAMPLES[kind]()
    return open_dataset(sample.source, options=sample.options)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """What a recipe of some ladder trains. `name` is the rung's, and says what is changed where it is a variant."""

    kind: str
    name: str
    recipe: Recipe

    @property
    def traits(self) -> Traits:
        return traits(self.recipe)

    @property
    def task(self) -> Task:
        return dataset(self.kind).task

    @property
    def is_floor(self) -> bool:
        return self.name == KINDS[self.kind].ladder.floor.name

    def without_dropout(self) -> Recipe:
        """The recipe with every rate of dropout at zero."""
        rates = [field.name for field in fields(config(self.recipe)) if field.name.endswith("dropout")]
        return self.recipe.with_options(**dict.fromkeys(rates, 0.0))

    def __str__(self) -> str:
        return f"{self.kind}, {self.name}"


# Networks that differ from the smallest member of a rung: other families, and the ingredients that a study swaps.
VARIANTS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    IMAGE_CLASSES: {
        "lenet, fixed codes": ("lenet", {"output": "rbf"}),
        "lenet, batch": ("lenet", {"normalisation": "batch", "activation": "relu"}),
        "mlp, deep": ("mlp", {"layers": 2, "activation": "relu", "normalisation": "layer"}),
        "alexnet, batch": ("alexnet", {"normalisation": "batch", "groups": 1}),
        "vgg 16, group": ("vgg", {"depth": 16, "normalisation": "group"}),
        "vgg, local response": ("vgg", {"normalisation": "local_response", "initialisation": "he"}),
        "googlenet, batch": ("googlenet", {"normalisation": "batch"}),
        "googlenet, alone": ("googlenet", {"auxiliary": False}),
        "resnet, plain": ("resnet", {"depth": 20, "shortcuts": "none"}),
        "resnet, projection": ("resnet", {"depth": 8, "shortcuts": "projection", "normalisation": "layer"}),
        "resnet, no norm": ("resnet", {"depth": 8, "normalisation": "none"}),
        "resnet 18": ("resnet", {"depth": 18, "width": 1 / 16}),
        "resnet 50": ("resnet", {"depth": 50, "width": 1 / 16}),
        "zipcode, unshared": ("zipcode", {"shared": False}),
    },
    TABLE_CLASSES: {
        "table-resnet, plain": ("table-resnet", {"shortcuts": False}),
        "numeric-embeddings, no bins": ("numeric-embeddings", {"bins": 0}),
    },
}


def rungs() -> Iterator[Case]:
    """The smallest member of every rung, those that no climb tries included."""
    for row in KINDS.values():
        for rung in row.ladder.every.values():
            yield Case(kind=row.name, name=rung.name, recipe=rung.members[0])


def variants() -> Iterator[Case]:
    for kind, changed in VARIANTS.items():
        for name, (rung, options) in changed.items():
            recipe = KINDS[kind].ladder.every[rung].members[0].with_options(**options)
            yield Case(kind=kind, name=name, recipe=recipe)


RUNGS = tuple(rungs())
NETWORKS = tuple(case for case in (*RUNGS, *variants()) if case.traits.by_steps and not case.traits.pretrained)
