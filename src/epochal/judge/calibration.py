"""Temperature scaling, which makes probabilities mean what they say (Guo et al. 2017)."""

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy import optimize, special

from epochal.core.weighed import relative

COLDEST, HOTTEST = 1e-3, 1e3


def fit_temperature(
    logits: Float[np.ndarray, "items classes"],
    targets: Int[np.ndarray, " items"],
    weights: Float[np.ndarray, " items"] | None = None,
) -> float:
    """The temperature T > 0 that minimises the log-loss of softmax(logits / T) (Guo et al. 2017, section 4.2); the
    weighted one where items have weights.

    Fit it on validation, never on the examples that were trained on. As in Platt (1999, Probabilistic outputs for
    support vector machines), targets are not quite certain: one item more than there are is shared by all classes, so
    that a model that made no mistake on few items is not called certain of everything. The loss is convex in 1/T. The
    result is kept between 0.001 and 1,000: useless predictions would ask for infinity. All logits equal within each
    item: 1, for no temperature changes anything.
    """
    scores = checked_logits(logits, targets)
    scores = scores - scores.max(axis=1, keepdims=True)
    if not scores.any():
        return 1.0
    own, doubt = scores[np.arange(len(scores)), np.asarray(targets)], 1 / (len(scores) + 1)
    shares = relative(weights, len(scores))
    expected = (shares * ((1 - doubt) * own + doubt * scores.mean(axis=1))).mean()

    def loss(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        return float((shares * special.logsumexp(scores / temperature, axis=1)).mean() - expected / temperature)

    bounds = (float(np.log(COLDEST)), float(np.log(HOTTEST)))
    grid = np.linspace(*bounds, 29)
    best = int(np.argmin([loss(point) for point in grid]))
    around = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)]))
    result = optimize.minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 1e-7})
    return float(np.exp(result.x))


def apply(logits: Float[np.ndarray, "items classes"], temperature: float) -> Float[np.ndarray, "items classes"]:
    """Logits divided by the temperature: the labels stay, the confidence changes."""
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"Expected a temperature above zero; got {temperature}.")
    return np.asarray(logits, dtype=np.float64) / temperature


def probabilities(
    logits: Float[np.ndarray, "items classes"], temperature: float = 1.0
) -> Float[np.ndarray, "items classes"]:
    """softmax(logits / temperature); rows sum to one."""
    return special.softmax(apply(logits, temperature), axis=1)


def checked_logits(
    logits: Shaped[np.ndarray, "..."], targets: Shaped[np.ndarray, "..."]
) -> Float[np.ndarray, "items classes"]:
    """The logits in float64.

    Raises:
        ValueError: shapes or targets make no sense, or a logit is not finite.
    """
    scores, targets = np.asarray(logits, dtype=np.float64), np.asarray(targets)
    if scores.ndim != 2 or targets.shape != scores.shape[:1] or len(targets) == 0:
        raise ValueError(
            f"Expected logits [items, classes] and targets [items]; got {scores.shape} and {targets.shape}."
        )
    if targets.min() < 0 or targets.max() >= scores.shape[1]:
        raise ValueError(f"Expected targets from 0 to {scores.shape[1] - 1}; got {targets.min()} to {targets.max()}.")
    if not np.isfinite(scores).all():
        raise ValueError("Expected finite logits; got NaN or infinity.")
    return scores


def checked_chances(
    chances: Shaped[np.ndarray, "..."], targets: Shaped[np.ndarray, "..."]
) -> Float[np.ndarray, "items classes"]:
    """Probabilities in float64; errors as `checked_logits`, and where a row does not sum to one."""
    checked = checked_logits(chances, targets)
    if (checked < 0).any() or not np.allclose(checked.sum(axis=1), 1, atol=1e-4):
        raise ValueError(
            "Expected probabilities whose rows sum to one; got something else. Use `probabilities(logits)`."
        )
    return checked
