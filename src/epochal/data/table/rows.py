"""A table as a data set: a task with its rows, as trainings, experiments and bundles take them."""

from typing import Any

import numpy as np

from epochal.core.task import Task
from epochal.data.dataset import Dataset, Examples, fingerprint
from epochal.data.report import SPLITS
from epochal.data.table.opened import Part, open_table
from epochal.data.table.options import TableOptions
from epochal.data.table.report import report_of

TABLE_CLASSES, TABLE_NUMBER = "table-classes", "table-number"  # kinds of tasks


def open_rows(source: Any, options: TableOptions | None = None) -> Dataset:
    """Read, check, split and encode a table; `source` and errors as of `open_table`.

    Raises:
        DataError: no row is left to judge by.
    """
    opened = open_table(source, options, test=options.test if options is not None else None)
    targets = {split: opened.parts[split].targets for split in SPLITS}
    digests = {split: _digests(opened.contents[split], opened.parts[split].weights) for split in SPLITS}
    numbers = not opened.labels
    spread = float(np.std(targets["train"])) if numbers else 1.0
    task = Task(
        name=opened.name,
        kind=TABLE_NUMBER if numbers else TABLE_CLASSES,
        item="row",
        input_shape=(opened.codec.width,),
        levels=opened.codec.levels,
        numbers=opened.codec.numeric,
        labels=opened.labels,
        target=opened.label,
        centre=float(np.mean(targets["train"])) if numbers else 0.0,
        spread=spread or 1.0,
        counts={split: len(targets[split]) for split in SPLITS},
        fingerprint=fingerprint(digests, targets, opened.labels),
    )
    return Dataset(
        task=task,
        train=_examples(opened.parts["train"]),
        validation=_examples(opened.parts["validation"]),
        codec=opened.codec,
        report=report_of(opened),
        values=opened.labels,
        _test=_examples(opened.parts["test"]),
        _digests=digests,
    )


def _digests(contents: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """uint8 [n, bytes]: hashes of the rows, and their weights where they have some."""
    known = [contents] if weights is None else [contents, weights]
    return np.concatenate([each.view(np.uint8).reshape(len(each), -1) for each in known], axis=1)


def _examples(part: Part) -> Examples:
    return Examples(
        inputs=part.inputs,
        targets=part.targets,
        items=tuple(f"row {place + 1}" for place in part.rows.tolist()),
        weights=part.weights,
    )
