"""Categories for models: levels by how frequent they are, rare ones in one, missing and never seen apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int

from epochal.core.record import Record
from epochal.data.table.cells import Column

MISSING, OTHER, FIRST = 0, 1, 2  # codes of a missing cell, of any rare or unseen level, and of the most frequent one
MOST_LEVELS = 100
RARE = 20  # rows that a level needs to keep a code of its own in a large table; in a small one, one in a thousand
RARE_SMALL = 2


@dataclass(frozen=True, kw_only=True)
class CategoryCodec(Record):
    """A column of levels. At rest it is a code: 0 missing, 1 rare or never seen, then the levels by frequency.

    Models see one column of zeros and ones for each code that the training rows have; a level that training never saw
    is all zeros unless rare ones taught the models what such a level means.
    """

    column: Column
    kept: tuple[str, ...] = ()  # the levels with a code of their own, the most frequent first
    missing: bool = False
    pooled: bool = False  # some levels of the training rows are rare and share the code 1
    rare: tuple[str, ...] = ()  # some of them, so that one that is rare is not called unseen

    @property
    def levels(self) -> tuple[int, ...]:
        return (FIRST + len(self.kept),)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column.name,)

    @property
    def features(self) -> tuple[str, ...]:
        name = self.column.name
        signs = [f"{name} is missing"] * self.missing + [f"{name} is rare"] * self.pooled
        return (*signs, *(f"{name} = {level}" for level in self.kept))

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Of each feature, whether it is a number: none is."""
        return (False,) * len(self.features)

    @classmethod
    def fitted(cls, column: Column, codes: Int[np.ndarray, " rows"], levels: Sequence[str]) -> "CategoryCodec":
        """The codec of the codes of the training rows, -1 where missing."""
        counts = np.bincount(codes + 1, minlength=len(levels) + 1)
        absent, counts = int(counts[0]), counts[1:]
        fewest = max(RARE_SMALL, min(RARE, len(codes) // 1000))
        # equally frequent levels stand by name, so that the order of rows changes nothing
        order = sorted(np.flatnonzero(counts).tolist(), key=lambda index: (-counts[index], levels[index]))
        kept = [index for index in order if counts[index] >= fewest][:MOST_LEVELS]
        rare = order[len(kept) :]
        if len(rare) == 1 and len(kept) < MOST_LEVELS and len(order) <= 3:  # a pool of one of few is that level itself
            kept, rare = order, []
        return cls(
            column=column,
            kept=tuple(levels[index] for index in kept),
            missing=absent > 0,
            pooled=bool(rare),
            rare=tuple(levels[index] for index in rare[: 10 * MOST_LEVELS]),
        )

    def codes_of(self, levels: Sequence[str]) -> Float32[np.ndarray, " levels"]:
        """The code of each of these levels, and after them that of a missing cell, so that -1 finds it."""
        place = {level: FIRST + index for index, level in enumerate(self.kept)}
        return np.array([*(place.get(level, OTHER) for level in levels), MISSING], np.float32)

    def shown(self, encoded: Float32[np.ndarray, " one"]) -> str:
        """The level of a code, in words."""
        code = int(encoded[0])
        return {MISSING: "missing", OTHER: "rare or unseen"}.get(code) or self.kept[code - FIRST]

    def dense(self, encoded: Float32[np.ndarray, "rows 1"], out: Float32[np.ndarray, "rows width"]) -> None:
        """Writes zeros and a one at each row's level."""
        one_hot(encoded[:, 0], [MISSING] * self.missing + [OTHER] * self.pooled, len(self.kept), out)

    def unseen(self, codes: Int[np.ndarray, " rows"], levels: Sequence[str]) -> dict[str, int]:
        """Rows of each level that the training rows did not have."""
        known = {*self.kept, *self.rare}
        if len(self.rare) == 10 * MOST_LEVELS:
            return {}  # there were too many rare levels to keep their names
        counts = np.bincount(codes + 1, minlength=len(levels) + 1)[1:]
        return {level: int(n) for level, n in zip(levels, counts, strict=True) if n and level not in known}


def one_hot(codes: np.ndarray, signs: Sequence[int], kept: int, out: np.ndarray) -> None:
    """Writes one column for each of the codes in `signs`, and one for each of `kept` codes from `FIRST` on."""
    place = np.full(FIRST + kept, -1, np.int64)
    place[list(signs)] = np.arange(len(signs))
    place[FIRST:] = np.arange(kept) + len(signs)
    columns = place[codes.astype(np.int64)]
    out[...] = 0
    rows = np.flatnonzero(columns >= 0)
    out[rows, columns[rows]] = 1
