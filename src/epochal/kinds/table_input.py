"""The input of tables: how rows are read, and how they reach a network."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from epochal.core.protocols import Given, Labelled
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.data.dataset import Dataset
from epochal.data.feed import ArrayFeed
from epochal.data.labels import Progress
from epochal.data.table.codec import TableCodec
from epochal.data.table.given import given_rows, labelled_rows
from epochal.data.table.options import TableOptions
from epochal.data.table.rows import open_rows
from epochal.kinds.claims import is_table

MOST_AHEAD = 2**28  # numbers of all rows, as networks see them, that are made before the training: 1 GiB


class TableInput:
    """`core.protocols.Input` for rows of a table."""

    name = "table"
    noun = "a table"
    options = TableOptions
    codec = TableCodec
    reads: tuple[str, ...] = ("separator", "encoding", "header")

    def claims(self, source: Any) -> tuple[bool, str]:
        """Data frames, and files whose rows name no pictures.

        Raises:
            DataError: there is neither a path nor a data set of that name.
        """
        if isinstance(source, str | os.PathLike):
            return is_table(os.fspath(source))
        return hasattr(source, "columns") or hasattr(source, "column_names"), ""

    def open(self, source: Any, options: Any, progress: Progress | None) -> Dataset:
        return open_rows(source, options)

    def feed(self, dataset: Dataset, targets: Any, recipe: Recipe, device: str) -> ArrayFeed:
        """Batches of the training rows, encoded for networks at once where memory holds that, else batch by batch."""
        inputs, codec = dataset.train.inputs, dataset.codec
        ahead = len(inputs) * codec.width <= MOST_AHEAD
        return ArrayFeed(
            codec.dense(inputs) if ahead else inputs,
            targets,
            batch_size=min(recipe.batch_size, len(inputs)),
            tensors=_as_they_are if ahead else codec.tensors,
            device=device,
        )

    def unsuited(self, dataset: Dataset) -> tuple[tuple[str, ...], str]:
        """There are no augmentations of rows."""
        return (), ""

    def given(self, codec: TableCodec, inputs: Any, *, options: TableOptions, task: Task) -> Iterator[Given]:
        """Rows, by thousands; see `given_rows`."""
        return given_rows(codec, inputs, options, task.target)

    def labelled(
        self, codec: TableCodec, source: Any, *, options: TableOptions, task: Task, progress: Progress | None
    ) -> Labelled:
        """The rows of a table, with the cells of the column to predict."""
        return labelled_rows(codec, source, options, task)

    def parts(self, dataset: Dataset) -> dict[str, list[int]]:
        """The columns of the table, with the columns at rest that each became."""
        found: dict[str, list[int]] = {}
        for place, source in enumerate(dataset.codec.sources):
            found.setdefault(source, []).append(place)
        return found

    def show(self, dataset: Dataset, encoded: np.ndarray) -> dict[str, Any]:
        """The cells of a row."""
        return {"cells": dataset.codec.cells(encoded)}


def _as_they_are(device: str) -> Any:
    return lambda rows: rows.to(device)
