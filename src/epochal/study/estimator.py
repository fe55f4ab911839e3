"""Any rung as a scikit-learn classifier: the training of `epochal train` behind fit and predict."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from epochal.core.errors import DataError, UserError
from epochal.core.seeds import stream
from epochal.data.image.arrays import as_nchw, as_pictures
from epochal.data.image.opened import open_dataset
from epochal.data.image.options import ReadOptions
from epochal.data.image.pictures import PictureError
from epochal.data.image.white import EIGHT_BITS, as_numbers
from epochal.data.labels import label_array, missing_labels
from epochal.study.single import train_dataset
from epochal.train.budget import seconds

VALIDATION = 0.1  # of the images: they calibrate the probabilities


class RungClassifier(ClassifierMixin, BaseEstimator):
    """A rung of the ladder as a scikit-learn classifier of images.

    Args:
        rung: its name, as `epochal ladder image` lists them.
        depth: of the network, where the rung has one; None takes the rung's own.
        budget: seconds of one training, or a duration such as "60s".
        seed: decides the weights, the order of the examples, and which of them calibrate.
        settings: further fields of the recipe or options of the model, such as {"learning_rate": 0.1}.
        image_shape: (height, width) or (channels, height, width) of the pictures, for an X of flat rows.
        white: the value of a white pixel; None decides it from the images of `fit`, and keeps it for those of
            `predict`, whatever their type.

    After `fit`: `classes_`, sorted; the `bundle_` that answers; and the `run_` that was measured. A tenth of the
    images, never the last of a class, is kept from training to calibrate the probabilities. Images whose label is
    missing (None, NaN, NaT, pandas' NA, or masked) and images with pixels that are no numbers are set aside; a class of
    which none is left is no class.
    """

    def __init__(
        self,
        rung: str = "resnet",
        depth: int | None = None,
        budget: float | str = "60s",
        seed: int = 0,
        settings: Mapping[str, Any] | None = None,
        image_shape: tuple[int, ...] | None = None,
        white: float | None = None,
    ):
        self.rung = rung
        self.depth = depth
        self.budget = budget
        self.seed = seed
        self.settings = settings
        self.image_shape = image_shape
        self.white = white

    def fit(self, X: Any, y: Any) -> "RungClassifier":
        """Train on images [n, h, w], [n, h, w, c] or [n, c, h, w], or flat rows of `image_shape`, and their labels.

        Raises:
            UserError: the data, the rung or a setting cannot be used, or the training diverged.
        """
        images, labels = self._images(X), label_array(y)
        if labels.shape not in ((len(images),), (len(images), 1)):
            raise DataError(
                f"y: expected {len(images)} labels, one for each image; got an array of shape {labels.shape}."
            )
        options = ReadOptions(seed=self.seed, white=self.white, duplicates=False, numeric_classes=True)
        labels = labels.reshape(-1)
        held = held_out(labels, self.seed)
        kept = (images[held], labels[held])
        # Nothing here opens a test split, which a data set has to have.
        parts = {"train": (images[~held], labels[~held]), "validation": kept, "test": kept}
        dataset = open_dataset(parts, options=options)
        settings = {**(self.settings or {}), **({} if self.depth is None else {"depth": self.depth})}
        with tempfile.TemporaryDirectory(prefix="epochal-") as folder:
            run, bundle = train_dataset(
                self.rung,
                dataset,
                Path(folder),
                settings=settings,
                seconds=seconds(self.budget),
                seed=self.seed,
                watch=lambda line: None,
            )
        if bundle is None:
            raise UserError(f"{self.rung} {run.status}: {run.message}")
        classes = _as_array(dataset.values, labels.dtype)
        self._order = _sorted(classes)
        self.classes_ = classes[self._order]
        self.bundle_ = bundle
        self.run_ = run
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Calibrated probabilities [n, classes], columns in the order of `classes_`."""
        check_is_fitted(self)
        pictures = []
        for index, picture in enumerate(as_pictures(self._images(X), self.bundle_.codec, white=self.white)):
            if isinstance(picture, PictureError):
                raise DataError(f"X[{index}]: {picture.reason}.") from picture
            pictures.append(picture)
        encoded = self.bundle_.codec.encode_many(pictures, white=EIGHT_BITS)
        return self.bundle_.probabilities(encoded)[:, self._order]

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each image, [n]."""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _images(self, X: Any) -> np.ndarray:
        """[n, channels, height, width]

        Raises:
            DataError: they are no images, or flat rows that `image_shape` does not fit.
        """
        images = as_numbers(X)
        if images.ndim == 2 and self.image_shape is not None:
            if images.shape[1] != np.prod(self.image_shape):
                raise DataError(
                    f"X: expected rows of {int(np.prod(self.image_shape))} numbers for image_shape {self.image_shape}, "
                    f"got rows of {images.shape[1]}."
                )
            images = images.reshape(len(images), *self.image_shape)
        return as_nchw(images, "X")


def held_out(labels: np.ndarray, seed: int) -> np.ndarray:
    """[n] bool: a tenth of the images, of each class in proportion, but never the last one of a class, nor one without
    a label. One image at least, where any class has two."""
    known = np.flatnonzero(~missing_labels(labels))
    _, classes = np.unique(np.array([repr(label) for label in labels[known]]), return_inverse=True)
    order = np.random.default_rng(stream(seed, "held out")).permutation(len(known))
    place = np.empty(len(known))  # of each image among those of its class, from 0 to 1, in the order drawn
    for one in range(classes.max(initial=-1) + 1):
        own = order[classes[order] == one]
        place[own] = (np.arange(len(own)) + 0.5) / len(own) if len(own) > 1 else 2.0
        place[own[-1:]] = 2.0  # the last of a class is never held out
    wanted = min(max(1, round(VALIDATION * len(known))), int((place < 2).sum()))
    held = np.zeros(len(labels), bool)
    held[known[order[np.argsort(place[order], kind="stable")[:wanted]]]] = True
    return held


def _as_array(values: tuple[Any, ...], given: np.dtype) -> np.ndarray:
    """Labels [classes] in the type in which they were given, where they have one type."""
    if given.kind in "biuf":
        return np.array(values, dtype=given)
    if len({type(value) for value in values}) == 1 and isinstance(values[0], bool | int | float | str | bytes):
        return np.array(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _sorted(classes: np.ndarray) -> np.ndarray:
    """The order that scikit-learn's metrics take for granted; as they are, where labels of many types have none."""
    try:
        return np.argsort(classes, kind="stable")
    except TypeError:
        return np.arange(len(classes))
