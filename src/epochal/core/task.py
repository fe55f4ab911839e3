"""A task: what is to be learned, given by its inputs, its targets, its splits and its metric."""

from collections.abc import Mapping
from dataclasses import dataclass

from epochal.core.record import Record


@dataclass(frozen=True, kw_only=True)
class Task(Record):
    """What is to be learned.

    `input_shape` is (channels, height, width) for images. `counts` gives the number of examples of each split,
    "train", "validation" and "test"; the test split is sealed until the choice is made. `fingerprint` changes when
    any example, label or split does.
    """

    name: str
    input_kind: str = "image"
    input_shape: tuple[int, ...]
    target_kind: str = "class"
    labels: tuple[str, ...]
    counts: Mapping[str, int]
    metric: str = "accuracy"
    fingerprint: str
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        return len(self.labels)
