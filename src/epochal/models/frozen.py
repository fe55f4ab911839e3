"""Frozen features and a linear classifier: a pretrained network as it is, and logistic regression on what it sees.

J. Donahue, Y. Jia, O. Vinyals, J. Hoffman, N. Zhang, E. Tzeng & T. Darrell, "DeCAF: a deep convolutional activation
feature for generic visual recognition", ICML 2014; J. Yosinski, J. Clune, Y. Bengio & H. Lipson, "How transferable are
features in deep neural networks?", NIPS 2014.

The features are the averages over the last maps, computed once for each training image. They are brought to mean 0 and
root mean square length 1, all features by the same factor; then multinomial logistic regression with an L2 penalty. The
inverse of the penalty is the best of `strengths` by log-loss on a fifth of up to 5,000 training images, each class in
proportion. Nothing is drawn at random, so that every seed gives the same model.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models.classical.pixels import Images, check_examples, check_images
from epochal.models.classical.shared import Logits, all_columns, not_fitted
from epochal.models.pretrained import ARCHITECTURE, HEAD, require_images_like, resnet_of, stored_weights, weights_needed

TITLE = "Frozen features and a linear classifier"
JUDGES = 5_000  # images on which the strength is chosen: four fifths to fit, one fifth to judge
STEPS = 1_000  # limit of the solver
PIXELS, BATCH = 2**20, 64  # in the network at once: about 0.5 GB with ResNet-50
BODY = "body."


@dataclass(frozen=True, kw_only=True)
class FrozenConfig(Record):
    """A residual network of these options with the pretrained `weights`, a file whose tensors have
    this `sha256`.

    `strength` fixes the inverse of the penalty; None chooses from `strengths`.
    """

    depth: int = 50
    shortcuts: str = "paper"
    activation: str = "relu"
    normalisation: str = "batch"
    width: float = 1.0
    stride_in_three: bool = False
    weights: str | None = None
    sha256: str | None = None
    strength: float | None = None
    strengths: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0)


class Frozen:
    """Logistic regression on the features of a pretrained residual network.

    `strength` is the inverse of the penalty in use; `converged` is False where the solver stopped at its limit.
    """

    def __init__(self, config: FrozenConfig, task: Task):
        self.config = config
        self.task = task
        self.converged = True
        self.strength: float | None = None
        self._body: dict[str, Tensor] = {}
        self._network: Any = None  # built when first asked
        self._arrays: dict[str, np.ndarray] = {}  # all that is fitted, and the normalisation that the body expects

    def fit(self, images: np.ndarray, targets: np.ndarray, *, seed: int) -> None:
        """Open the weights, compute the features, choose the strength, and fit. The seed changes nothing.

        Raises:
            DataError: the examples do not belong to the task.
            UserError: no weights were given, or they are gone, changed, or of other images.
        """
        check_examples(images, targets, self.task)
        if self.config.weights is None:
            raise weights_needed(TITLE)
        pretrained = stored_weights(Path(self.config.weights), self.config.sha256)
        require_images_like(pretrained.origin, self.task)
        self._body = {name: tensor for name, tensor in pretrained.tensors.items() if not name.startswith(HEAD)}
        self._network = None
        self._arrays = {
            "mean": np.array(pretrained.origin.mean, np.float32),
            "std": np.array(pretrained.origin.std, np.float32),
        }
        features = self._features(images)
        centre = features.mean(axis=0)
        length = max(float(np.sqrt(np.square(features - centre).sum(axis=1).mean())), 1e-12)
        features = (features - centre) / np.float32(length)
        seen = np.unique(targets)
        weights, bias = np.zeros((features.shape[1], len(seen)), np.float32), np.zeros(len(seen), np.float32)
        self.converged = True
        if len(seen) > 1:
            self.strength = self.config.strength or best_strength(features, targets, sorted(self.config.strengths))
            fitted = regression(features, targets, self.strength)
            self.converged = bool(np.max(fitted.n_iter_) < STEPS)
            weights, bias = fitted.coef_.T, fitted.intercept_
            columns, shifts = fitted.coef_.T, fitted.intercept_
            if len(seen) == 2:  # scikit-learn keeps one column, of the log-odds, for two classes
                columns, shifts = np.concatenate([-columns, columns], axis=1) / 2, np.concatenate([-shifts, shifts]) / 2
            weights, bias = columns.astype(np.float32), shifts.astype(np.float32)
        self._arrays |= {
            "centre": centre,
            "length": np.array(length, np.float32),
            "weights": weights,
            "bias": bias,
            "seen": seen,
            "examples": np.array(len(images)),
        }

    def outputs(self, images: np.ndarray) -> Logits:
        """[batch, classes], the log-probabilities of the regression."""
        if "weights" not in self._arrays:
            raise not_fitted(TITLE)
        check_images(images, self.task)
        kept = self._arrays
        scores = (self._features(images) - kept["centre"]) / kept["length"] @ kept["weights"] + kept["bias"]
        return all_columns(scores, kept["seen"], self.task.classes, int(kept["examples"]))

    def parameters_count(self) -> int:
        """The numbers of the network, and the weights and biases of the regression."""
        if "weights" not in self._arrays:
            return 0
        body = sum(tensor.numel() for tensor in self._body.values() if tensor.is_floating_point())
        return body + self._arrays["weights"].size + self._arrays["bias"].size

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        """The tensors of the network as `body.<name>`; its `mean` and `std` [channels]; `centre` [features] and
        `length` [] of the features; `weights` [features, seen classes], `bias` [seen classes], all float32; `seen`
        int64, `examples` [] int64."""
        if "weights" not in self._arrays:
            raise not_fitted(TITLE)
        return {**{f"{BODY}{name}": tensor.numpy() for name, tensor in self._body.items()}, **self._arrays}

    @classmethod
    def restore(
        cls, config: FrozenConfig, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "Frozen":
        """The fitted rung, from the arrays alone: the file of the weights is not opened."""
        rung = cls(config, task)
        rung._body = {
            name.removeprefix(BODY): torch.from_numpy(np.array(array))
            for name, array in arrays.items()
            if name.startswith(BODY)
        }
        rung._arrays = {name: np.asarray(array) for name, array in arrays.items() if not name.startswith(BODY)}
        return rung

    def _features(self, images: Images) -> Float32[np.ndarray, "batch features"]:
        if self._network is None:
            options = {name: getattr(self.config, name) for name in ARCHITECTURE}
            self._network = resnet_of(options, self.task, self._body)
        mean, std = self._arrays["mean"].tolist(), self._arrays["std"].tolist()
        size = max(1, min(BATCH, PIXELS // int(np.prod(images.shape[2:]))))
        parts = []
        with torch.no_grad():
            for start in range(0, max(1, len(images)), size):
                batch = torch.from_numpy(np.array(images[start : start + size]))
                inputs = normalise(batch, mean, std).contiguous(memory_format=torch.channels_last)
                parts.append(self._network.features(inputs).numpy())
        return np.concatenate(parts)


def best_strength(features: Float32[np.ndarray, "n features"], targets: np.ndarray, choices: list[float]) -> float:
    """The strength with the lowest log-loss on a fifth of (at most `JUDGES`) examples; the smallest among equals."""
    held_out = np.zeros(len(targets), bool)
    used = np.zeros(len(targets), bool)
    share = min(1.0, JUDGES / len(targets))
    for each in np.unique(targets):
        places = np.flatnonzero(targets == each)
        places = places[: max(1, round(len(places) * share))]
        used[places] = True
        held_out[places[4::5]] = True  # every fifth: a class of fewer than five is all learned from
    if not held_out.any():
        return choices[len(choices) // 2]
    learned = used & ~held_out
    classes = np.unique(targets[learned])
    columns = np.searchsorted(classes, targets[held_out])
    losses = []
    for strength in choices:
        fitted = regression(features[learned], targets[learned], strength)
        chances = fitted.predict_log_proba(features[held_out])[np.arange(len(columns)), columns]
        losses.append(-float(chances.mean()))
    return choices[int(np.argmin(losses))]


def regression(features: np.ndarray, targets: np.ndarray, strength: float) -> LogisticRegression:
    """Multinomial logistic regression with the L2 penalty |weights|^2 / (2 strength)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # `converged` reports it
        return LogisticRegression(C=strength, max_iter=STEPS).fit(features, targets)


def normalise(
    images: UInt8[Tensor, "batch channels height width"], mean: Sequence[float], std: Sequence[float]
) -> Float[Tensor, "batch channels height width"]:
    """(x / 255 - mean) / std for each channel, in float32; `mean` and `std` are on the scale from 0 to 1."""
    shape = (1, -1, 1, 1)
    means = torch.tensor(mean, dtype=torch.float32, device=images.device).view(shape)
    deviations = torch.tensor(std, dtype=torch.float32, device=images.device).view(shape)
    return images.to(torch.float32).div_(255.0).sub_(means).div_(deviations)
