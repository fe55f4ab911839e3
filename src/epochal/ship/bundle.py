"""The bundle: what a climb hands over, from raw pictures to calibrated probabilities, with the evidence behind it."""

import html
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from epochal.core.errors import BundleError
from epochal.core.paths import absolute
from epochal.core.protocols import Prediction, Predictor
from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.data.arrays import as_pictures
from epochal.data.codec import Codec
from epochal.data.white import EIGHT_BITS
from epochal.models.predictor import check_images
from epochal.models.weights import model_files, read_model
from epochal.ship import files
from epochal.ship.card import model_card
from epochal.ship.older import modern_recipe
from epochal.ship.predict import Predictions, stream
from epochal.ship.predictions import gathered
from epochal.train.surroundings import plain_settings, set_apart
from epochal.train.trainee import make_predictor

Kind = TypeVar("Kind", bound=Record)


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """An opened bundle. `Bundle.open(folder)` makes one; it answers with `predict`, or with `logits` for arrays."""

    folder: Path
    recipe: Recipe
    task: Task
    codec: Codec
    temperature: float
    evidence: Mapping[str, Any]
    card: str
    manifest: Mapping[str, Any]
    predictor: Predictor

    @staticmethod
    def open(folder: str | os.PathLike[str]) -> "Bundle":
        """Open a bundle, after its manifest, sizes and checksums were verified. No code in it is ever executed.

        Raises:
            BundleError: it is not a bundle, is damaged or incomplete, or was written by a newer version.
        """
        folder = absolute(folder)
        manifest = files.read_manifest(folder)
        files.verify(folder, manifest)
        recipe = _record(Recipe, folder / files.RECIPE)
        task = _record(Task, folder / files.TASK)
        codec = _record(Codec, folder / files.CODEC)
        temperature = _temperature(folder / files.CALIBRATION)
        if codec.input_shape != task.input_shape or not len(codec.mean) == len(codec.std) == codec.channels:
            raise BundleError(f"The bundle {folder} is damaged: its codec does not make what its task expects.")
        recipe = modern_recipe(recipe, task, manifest["version"])
        with set_apart():  # building draws weights
            model = read_model(folder, recipe, task)
        return Bundle(
            folder=folder,
            recipe=recipe,
            task=task,
            codec=codec,
            temperature=temperature,
            evidence=files.read_json(folder / files.EVIDENCE),
            card=(folder / files.CARD).read_text(encoding="utf-8"),
            manifest=manifest,
            predictor=make_predictor(model, codec),
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the columns of logits and probabilities."""
        return self.task.labels

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Scores before calibration, float32 [n, classes], of images uint8 [n, channels, height, width].

        The images are as the codec makes them: this is the function that scored validation and test.

        Raises:
            ValueError: the images have another type or shape.
        """
        check_images(images, self.task.input_shape)
        if len(images) == 0:
            return np.zeros((0, self.task.classes), np.float32)
        with plain_settings():
            return self.predictor(images).logits

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float64 [n, classes], rows sum to one; images as for `logits`."""
        return Prediction(logits=self.logits(images) / np.float32(self.temperature)).probabilities

    def predict(self, inputs: Any, *, white: float | None = None) -> Predictions:
        """Label and calibrated probabilities of pictures.

        Args:
            inputs: a file, a glob pattern such as "new/*.jpg", a folder with those inside it, a PIL image, the bytes
                of a picture file or the open file, an array or tensor [h, w], [h, w, c] or [c, h, w], a batch of them
                (of grey ones [n, h, w] too), or an iterable of any of these, or names with them in a dictionary.
            white: the value of white in arrays and in pictures deeper than 8 bits; None takes that of the training.

        Returns:
            One row for each picture, in order. A picture that cannot be read is named with the reason, and the
            others are predicted all the same.
        """
        return gathered(self.stream(inputs, white=white), self.labels)

    def stream(self, inputs: Any, *, white: float | None = None) -> Iterator[Predictions]:
        """What `predict` answers, for some hundred pictures at a time: for more than memory holds."""

        def encode(picture: Any) -> np.ndarray:
            # Arrays come from `as_pictures`, which brought them to 8 bits.
            return self.codec.encode(picture, white=EIGHT_BITS if isinstance(picture, np.ndarray) else white)

        return stream(
            inputs,
            encode=encode,
            probabilities=self.probabilities,
            labels=self.labels,
            split=lambda array: as_pictures(array, self.codec, white=white),
            max_megapixels=self.codec.max_megapixels,
        )

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.card)}</pre>"


def write_bundle(
    folder: str | os.PathLike[str],
    *,
    model: Any,
    recipe: Recipe,
    task: Task,
    codec: Codec,
    temperature: float,
    evidence: Mapping[str, Any],
    card: str = "",
) -> Path:
    """Write a bundle as one: a kill in the middle leaves the older bundle, or none, but never half of one.

    Args:
        model: a network, of which the state dictionary is kept, or a fitted classical rung.
        temperature: logits are divided by it before the softmax (Guo et al., 2017, section 4.2).
        evidence: runs and findings behind the choice; records, or plain data that JSON can hold.
        card: the model card in Markdown; one is written from the facts where none is given.

    Raises:
        BundleError: the temperature is not above zero, or the place cannot be written.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise BundleError(f"Expected a temperature above zero, got {temperature}. Calibrate again on validation.")
    plain = _plain(evidence)
    text = card or model_card(recipe=recipe, task=task, codec=codec, temperature=temperature, evidence=plain)
    return files.write_folder(
        absolute(folder),
        {
            **model_files(model),
            files.RECIPE: files.to_json(recipe.to_dict()),
            files.TASK: files.to_json(task.to_dict()),
            files.CODEC: files.to_json(codec.to_dict()),
            files.CALIBRATION: files.to_json(
                {"method": "temperature scaling (Guo et al., 2017)", "temperature": float(temperature)}
            ),
            files.EVIDENCE: files.to_json(plain),
            files.CARD: text.encode(errors="backslashreplace"),
        },
    )


def _record(kind: type[Kind], path: Path) -> Kind:
    try:
        return kind.from_dict(files.read_json(path))
    except BundleError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise BundleError(f"{path} is damaged or from another version: {error} {files.AGAIN}") from error


def _temperature(path: Path) -> float:
    content = files.read_json(path)
    value = content.get("temperature") if isinstance(content, dict) else None
    if not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
        raise BundleError(f"{path} is damaged: expected a temperature above zero, got {value!r}. {files.AGAIN}")
    return float(value)


def _plain(value: Any) -> Any:
    """Plain data from mappings, sequences and records of any depth."""
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
