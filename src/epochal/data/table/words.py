"""Texts for models: how often each of the most frequent words stands in a cell, weighed by how rare it is."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float32

from epochal.core.record import Record
from epochal.data.table.cells import Column

MOST_WORDS = 256
FEWEST_WORDS = 32
CELLS = 50_000_000  # numbers that all rows of a text column may come to at rest
COMMON = 0.7  # share of the cells in which a word tells nothing any more
LOOKED_AT = 50_000  # training rows from which the words are chosen
ROUGHLY_A_WORD = r"[^\p{L}\p{N}]+"  # what lies between words: neither letter nor digit


@dataclass(frozen=True, kw_only=True)
class TextCodec(Record):
    """A column of texts. At rest, and for models: TF-IDF of `words`, each row of length 1; NaN at rest where missing.

    The weight of a word is log((1 + rows) / (1 + rows that have it)) + 1, as in scikit-learn's TfidfVectorizer.
    """

    column: Column
    words: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    missing: bool = False

    @property
    def levels(self) -> tuple[int, ...]:
        return (0,) * len(self.words)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.column.name}: {word}" for word in self.words)

    @property
    def features(self) -> tuple[str, ...]:
        return ((f"{self.column.name} is missing",) if self.missing else ()) + self.names

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Of each feature, whether it is a number: none is."""
        return (False,) * len(self.features)

    @classmethod
    def fitted(cls, column: Column, texts: pa.Array) -> "TextCodec":
        """The codec of the texts of the training rows, null where missing."""
        step = max(1, -(-len(texts) // LOOKED_AT))
        some = texts.take(pa.array(np.arange(0, len(texts), step))) if step > 1 else texts
        rows, words = _words(some)
        codes = pc.dictionary_encode(words)
        indices = codes.indices.to_numpy()
        pairs = np.unique(np.column_stack([rows, indices]), axis=0)[:, 1] if len(rows) else np.empty(0, np.int64)
        names = codes.dictionary.to_pylist()
        found = np.bincount(pairs, minlength=len(names))
        most = int(np.clip(CELLS // max(1, len(texts)), FEWEST_WORDS, MOST_WORDS))
        chosen = [i for i in np.flatnonzero((found >= 2) & (found <= COMMON * len(some))).tolist() if len(names[i]) > 1]
        chosen = sorted(chosen, key=lambda index: (-found[index], names[index]))[:most]
        weights = [float(f"{np.log((1 + len(some)) / (1 + found[index])) + 1:.6g}") for index in chosen]
        return cls(
            column=column,
            words=tuple(names[index] for index in chosen),
            weights=tuple(weights),
            missing=texts.null_count > 0,
        )

    def encode(self, texts: pa.Array, out: Float32[np.ndarray, "rows words"]) -> None:
        """Writes the weighed counts of the words, rows of length 1, NaN where the text is missing."""
        if not self.words:
            return
        weights, value_set = np.array(self.weights, np.float32), pa.array(self.words, pa.string())
        rows, words = _words(texts)
        places = pc.fill_null(pc.index_in(words, value_set), -1).to_numpy(zero_copy_only=False)
        known = places >= 0
        flat = rows[known] * len(self.words) + places[known]
        counts = np.bincount(flat, minlength=len(texts) * len(self.words)).reshape(len(texts), len(self.words))
        np.multiply(counts, weights, out=out)
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
        out[np.asarray(pc.is_null(texts).to_numpy(zero_copy_only=False))] = np.nan

    def dense(self, encoded: Float32[np.ndarray, "rows words"], out: Float32[np.ndarray, "rows width"]) -> None:
        """Writes the same with 0 for NaN, after a sign for missing texts."""
        if self.missing:
            out[:, 0] = np.isnan(encoded[:, 0]) if self.words else 0
        out[:, int(self.missing) :] = np.nan_to_num(encoded, nan=0.0)


def _words(texts: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """All words of the texts in lower case, and the row of each."""
    plain = pc.replace_substring_regex(pc.utf8_lower(texts), ROUGHLY_A_WORD, " ")
    lists = pc.utf8_split_whitespace(pc.fill_null(pc.utf8_trim_whitespace(plain), ""))
    words, rows = pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy()
    filled = pc.greater(pc.utf8_length(words), 0)
    return rows[np.asarray(filled.to_numpy(zero_copy_only=False))], words.filter(filled)
