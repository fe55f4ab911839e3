"""Inputs of different lengths in one column: all of them end to end, and where each begins."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from jaxtyping import Int64, Shaped


def join_columns(parts: Sequence[Any]) -> Any:
    """The inputs of all parts, arrays or ragged columns, one after another."""
    return Ragged.joined(parts) if isinstance(parts[0], Ragged) else np.concatenate(parts)


class Ragged:
    """A column of arrays [length, ...] that differ in their length, at rest as one array `flat` and `offsets` [n + 1].

    It is taken apart as an array is: `column[7]` is one input, `column[2:9]` and `column[indices]` are columns.
    """

    def __init__(self, flat: Shaped[np.ndarray, "numbers ..."], offsets: Int64[np.ndarray, " bounds"]):
        self.flat = flat
        self.offsets = offsets

    @classmethod
    def of(cls, inputs: Sequence[np.ndarray]) -> Self:
        """The column of these arrays, one or more."""
        return cls(np.concatenate(list(inputs)), np.cumsum([0, *map(len, inputs)]))

    @classmethod
    def joined(cls, parts: Sequence["Ragged"]) -> Self:
        """The inputs of all parts, one after another."""
        lengths = np.concatenate([part.lengths for part in parts])
        flat = np.concatenate([part.flat[part.offsets[0] : part.offsets[-1]] for part in parts])
        return cls(flat, np.cumsum(np.concatenate([[0], lengths])))

    @property
    def dtype(self) -> Any:
        return self.flat.dtype

    @property
    def lengths(self) -> Int64[np.ndarray, " inputs"]:
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self.flat[start:end] for start, end in zip(self.offsets[:-1], self.offsets[1:], strict=True))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int | np.integer):
            place = range(len(self))[index]
            return self.flat[self.offsets[place] : self.offsets[place + 1]]
        if isinstance(index, slice) and index.step in (None, 1):
            start, end, _ = index.indices(len(self))
            return Ragged(self.flat, self.offsets[start : max(start, end) + 1])
        places = np.arange(len(self))[index]
        lengths = self.lengths[places]
        offsets = np.cumsum(np.concatenate([[0], lengths]))
        # each number's place in `flat`: where its input begins there, and how far into the input it stands
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        return Ragged(self.flat[np.repeat(self.offsets[places], lengths) + within], offsets)

    def padded(self, fill: int = 0, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """[n, longest, ...] with `fill` after the end of each input, and [n, longest] True where an input is. It is as
        long as the longest, or `least`."""
        longest = max(int(self.lengths.max(initial=0)), least)
        there = np.arange(longest) < self.lengths[:, None]
        full = np.full((len(self), longest, *self.flat.shape[1:]), fill, self.flat.dtype)
        full[there] = self.flat[self.offsets[0] : self.offsets[-1]]
        return full, there
