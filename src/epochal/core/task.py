"""A task: what is to be learned, given by its kind, its inputs, its targets and its splits."""

from collections.abc import Mapping
from dataclasses import dataclass

from epochal.core.record import Record


@dataclass(frozen=True, kw_only=True)
class Task(Record):
    """What is to be learned.

    `kind` names a row of the table of task kinds. `input_shape` is (channels, height, width) for images. `counts` gives
    the number of examples of each split, "train", "validation" and "test"; the test split is sealed until the choice is
    made. `fingerprint` changes when any example, label or split does.
    """

    name: str
    kind: str = "image-classes"
    input_shape: tuple[int, ...]
    labels: tuple[str, ...]
    counts: Mapping[str, int]
    fingerprint: str
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        return len(self.labels)
