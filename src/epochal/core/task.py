"""A task: what is to be learned, given by its kind, its inputs, its targets and its splits."""

from collections.abc import Mapping
from dataclasses import dataclass

from epochal.core.record import Record


@dataclass(frozen=True, kw_only=True)
class Task(Record):
    """What is to be learned.

    `kind` names a row of the table of task kinds, and `item` says what one example is called. `input_shape` is what a
    network sees of one item, without the batch: (channels, height, width) for images, (numbers,) for a row of a table.
    `levels` tells of each column at rest how many codes it has, 0 where it holds numbers; empty where inputs are no
    columns. `numbers` are the places, among what a network sees of a row, of numbers with mean 0 and deviation 1; the
    others are zeros and ones, or weights of words. `labels` are the classes; empty where a number is predicted, which
    is then called `target`, and has `centre` and `spread` (mean and standard deviation) on the training split. `counts`
    gives the number of examples of each split, "train", "validation" and "test"; the test split is sealed until the
    choice is made. `fingerprint` changes when any example, label or split does.
    """

    name: str
    kind: str = "image-classes"
    item: str = "image"
    input_shape: tuple[int, ...]
    levels: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    target: str = ""
    centre: float = 0.0
    spread: float = 1.0
    counts: Mapping[str, int]
    fingerprint: str
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        return len(self.labels)

    @property
    def outputs(self) -> int:
        """How many numbers a model answers for one item: a score for each class, or the one that is predicted."""
        return len(self.labels) or 1
