"""Predictions of a bundle: pictures in, a row for each out, with each bad one named; as they come, or all at once."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from epochal.core.errors import DataError
from epochal.ship.inputs import Split, image_of_bytes, one_or_batch, pictures
from epochal.ship.predictions import Predicted, Predictions, gathered

__all__ = ["BATCH", "Answerer", "Predicted", "Predictions", "pictures"]

BATCH = 256  # pictures decoded at a time, so that any number of files needs the memory of these
MAX_MEGAPIXELS = 128.0


@dataclass(frozen=True, kw_only=True)
class Answerer:
    """What answers pictures with probabilities.

    Args:
        encode: one picture to uint8 [channels, height, width]; an error that it raises speaks of that picture only.
        probabilities: uint8 [n, channels, height, width] to [n, classes].
        labels: of the classes, in their order.
        stakes: what overlooking an item of each class costs; the label has the largest probability times its stake.
        split: the pictures of an array or tensor, which may be a batch.
        max_megapixels: limit for pictures given as bytes; `encode` has its own for files and images.
    """

    encode: Callable[[Any], np.ndarray]
    probabilities: Callable[[np.ndarray], np.ndarray]
    labels: tuple[str, ...]
    stakes: Sequence[float] = ()
    split: Split = one_or_batch
    max_megapixels: float = MAX_MEGAPIXELS

    def predict(self, inputs: Any) -> Predictions:
        """The predictions of whatever `inputs` name."""
        return gathered(self.stream(inputs), self.labels)

    def stream(self, inputs: Any) -> Iterator[Predictions]:
        """The predictions of up to `BATCH` inputs at a time, in order: any number of inputs needs the memory of
        these."""
        return self.answer(pictures(inputs, split=self.split))

    def answer(self, named: Iterable[tuple[str, Any]]) -> Iterator[Predictions]:
        """The predictions of named pictures, up to `BATCH` at a time, in order.

        Args:
            named: a name and a picture, or the DataError that says why there is none.
        """
        waiting = iter(named)
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            while chunk := list(islice(waiting, BATCH)):
                results = list(pool.map(self._encoded, (picture for _, picture in chunk)))
                good = [index for index, result in enumerate(results) if isinstance(result, np.ndarray)]
                values = np.full((len(chunk), len(self.labels)), np.nan, np.float32)
                best = np.full(len(chunk), -1, np.int64)
                if good:
                    scores = self.probabilities(np.stack([results[index] for index in good]))
                    values[good], best[good] = scores, (scores * (self.stakes or 1)).argmax(axis=1)
                yield Predictions(
                    inputs=tuple(name for name, _ in chunk),
                    labels=self.labels,
                    probabilities=values,
                    best=best,
                    reasons={index: result for index, result in enumerate(results) if isinstance(result, str)},
                )

    def _encoded(self, picture: Any) -> np.ndarray | str:
        """The encoded picture, or why there is none."""
        if isinstance(picture, DataError):
            return _reason(picture)
        try:
            if isinstance(picture, bytes):
                picture = image_of_bytes(picture, max_megapixels=self.max_megapixels)
            return self.encode(picture)
        except DataError as error:
            return _reason(error)
        except Exception as error:  # damaged pictures make decoders raise almost anything; one harms no other
            return f"cannot be read: {error or type(error).__name__}"


def _reason(error: DataError) -> str:
    return str(getattr(error, "reason", error))  # without the name, which the row gives
