"""Looking for copies: exact ones by a hash of their pixels, near ones by likeness, checked pixel by pixel."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64, UInt8


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Pairs of example indices that show the same picture. A chain of exact copies is listed as neighbours only."""

    exact: np.ndarray  # int64 [pairs, 2]
    near: np.ndarray  # int64 [pairs, 2]
    exact_pairs: int  # all pairs, counted
    method: str

    @property
    def pairs(self) -> np.ndarray:
        return np.concatenate([self.exact, self.near])


def exact_copies(contents: UInt8[np.ndarray, "n bytes"]) -> tuple[Int64[np.ndarray, "pairs 2"], int]:
    """Neighbouring pairs of equal hashes, and how many pairs there are in all."""
    if not len(contents):
        return np.empty((0, 2), np.int64), 0
    keys = np.ascontiguousarray(contents).view([("", contents.dtype)] * contents.shape[1]).ravel()
    _, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    copies = np.flatnonzero(first[inverse] != np.arange(len(keys)))
    pairs = np.column_stack([first[inverse[copies]], copies]).astype(np.int64)
    return pairs, int((counts * (counts - 1) // 2).sum())


def find_copies(images: UInt8[np.ndarray, "n channels height width"], contents: UInt8[np.ndarray, "n bytes"]) -> Copies:
    """Exact copies by the hash of their own pixels, `contents`."""
    exact, number = exact_copies(contents)
    return Copies(exact=exact, near=np.empty((0, 2), np.int64), exact_pairs=number, method="hash of the pixels")
