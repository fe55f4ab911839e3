"""Which value of a pixel is white: decided once, when a data set is read, and kept for every array after that."""

from typing import Any

import numpy as np

from epochal.data.image.pictures import PictureError

EIGHT_BITS = 255.0
ASK = "say which value is white (white=...)"


def as_numbers(pixels: Any) -> np.ndarray:
    """Pixels of an array, a list, or a tensor on any device, as a NumPy array."""
    if hasattr(pixels, "detach"):
        pixels = pixels.detach().cpu()
        try:
            return np.asarray(pixels.numpy())
        except TypeError:  # NumPy has no bfloat16
            return np.asarray(pixels.float().numpy())
    return np.asarray(pixels)


def limit_of(values: np.ndarray, trained: float | None) -> float:
    """The largest value that pixels may have: where the training had fractions up to 1, whole numbers are bytes."""
    trained = EIGHT_BITS if trained is None else trained
    return EIGHT_BITS if trained <= 1 and (values.dtype.kind in "iu" or not _fractions(values)) else trained


def white_of(values: np.ndarray, trained: float | None, *, name: str = "array") -> float:
    """The value that is white in `values`, whose pictures may be stored in another type than those of the training.

    `trained` is the white of the training, None where it saw pictures of 8 bits. The same pixels mean the same
    picture: whole numbers of any type are on the scale of the training, or bytes where that was 0 to 1, and fractions
    up to 1 are 0 to 1 where the training had bytes. What is not finite or negative is left to `scale_to_bytes`.

    Raises:
        PictureError: the values fit no scale, or two; the message names the option `white`.
    """
    trained = EIGHT_BITS if trained is None else trained
    kind = values.dtype.kind
    if kind == "b" or kind not in "iuf" or not values.size:
        return 1.0 if kind == "b" else trained
    highest = float(values.max(initial=0, where=True if kind != "f" else np.isfinite(values)))
    if highest <= 0:
        return trained
    if highest > 1:
        trained = limit_of(values, trained)
    if highest > trained * 1.0001:
        raise PictureError(name, f"holds pixels of {highest:g} where {trained:g} is white: scale them, or {ASK}")
    if values.dtype == np.uint8 and trained > EIGHT_BITS:
        raise PictureError(
            name, f"is of 8 bits, and the training had {trained:g} as white: scale the pixels to that, or {ASK}"
        )
    if kind == "f" and highest <= 1 < trained:
        if trained < EIGHT_BITS or not _fractions(values):
            raise PictureError(
                name,
                f"holds no pixel above {highest:g}: with {trained:g} as white it would be nearly black, and with 1 as "
                f"white it is another picture; {ASK}",
            )
        return 1.0
    return trained


def _fractions(values: np.ndarray) -> bool:
    """Whether a value is no whole number; looks no further than the first picture that holds one."""
    with np.errstate(invalid="ignore"):
        return any(bool((part % 1 > 0).any()) for part in values)
