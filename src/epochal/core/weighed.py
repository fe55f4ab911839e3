"""Targets of which some count more than others: what learning and scoring take in the place of plain targets."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float


class Weighed(NamedTuple):
    """Targets [n], as plain ones would be, and how much each item counts, `weights` [n] above zero: arrays or tensors.

    Where all items count alike, targets are plain.
    """

    values: Any
    weights: Any


def parted(targets: Any) -> tuple[Any, Any]:
    """The plain targets, and their weights; None where all items count alike."""
    return tuple(targets) if isinstance(targets, Weighed) else (targets, None)


def plain(targets: Any) -> Any:
    """The targets without their weights."""
    return parted(targets)[0]


def relative(weights: Float[np.ndarray, " items"] | None, count: int) -> Float[np.ndarray, " items"]:
    """Weights with mean 1; ones where all items count alike, with which a product is what it was, to the last bit."""
    if weights is None:
        return np.ones(count)
    weights = np.asarray(weights, np.float64)
    return weights / weights.mean()
