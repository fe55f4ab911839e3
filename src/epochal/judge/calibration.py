"""Do the probabilities mean what they say? Temperature scaling, calibration error, Brier score (Guo et al. 2017)."""

import numpy as np
from jaxtyping import Float, Int
from scipy import optimize, special

from epochal.judge.metrics import _logits as checked_logits
from epochal.judge.metrics import log_loss

COLDEST, HOTTEST = 1e-3, 1e3

__all__ = ["apply", "brier_score", "expected_calibration_error", "fit_temperature", "log_loss", "probabilities"]


def fit_temperature(logits: Float[np.ndarray, "items classes"], targets: Int[np.ndarray, " items"]) -> float:
    """The temperature T > 0 that minimises the log-loss of softmax(logits / T) (Guo et al. 2017, section 4.2).

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
    expected = ((1 - doubt) * own + doubt * scores.mean(axis=1)).mean()

    def loss(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        return float(special.logsumexp(scores / temperature, axis=1).mean() - expected / temperature)

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


def expected_calibration_error(
    chances: Float[np.ndarray, "items classes"], targets: Int[np.ndarray, " items"], *, bins: int = 15
) -> float:
    """Mean gap between confidence and accuracy over bins that hold equally many items (adaptive, Nixon et al. 2019).

    `chances` are probabilities, [items, classes]. Never more bins than a tenth of the items, and items of equal
    confidence share a bin. It is biased upward on few items: a perfectly calibrated model does not score zero.
    """
    chances = _chances(chances, targets)
    confidence, right = chances.max(axis=1), chances.argmax(axis=1) == np.asarray(targets)
    order = np.argsort(confidence, kind="stable")
    confidence, right = confidence[order], right[order]
    count = max(1, min(bins, len(order) // 10))
    edges = np.linspace(0, len(order), count + 1).astype(int)
    edges = np.searchsorted(confidence, confidence[edges[1:-1]], side="left")
    gaps = np.add.reduceat(confidence - right, np.unique(np.concatenate([[0], edges])))
    return float(np.abs(gaps).sum() / len(order))


def brier_score(chances: Float[np.ndarray, "items classes"], targets: Int[np.ndarray, " items"]) -> float:
    """Mean over items of the squared distance between the probabilities and the truth, 0 to 2 (Brier 1950)."""
    chances = _chances(chances, targets)
    truth = np.eye(chances.shape[1])[np.asarray(targets)]
    return float(((chances - truth) ** 2).sum(axis=1).mean())


def _chances(chances: np.ndarray, targets: np.ndarray) -> np.ndarray:
    checked = checked_logits(chances, targets)
    if (checked < 0).any() or not np.allclose(checked.sum(axis=1), 1, atol=1e-4):
        raise ValueError(
            "Expected probabilities whose rows sum to one; got something else. Use `probabilities(logits)`."
        )
    return checked
