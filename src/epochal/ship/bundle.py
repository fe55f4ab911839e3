"""The bundle: what a climb hands over, from raw pictures to calibrated probabilities, with the evidence behind it."""

import html
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from epochal.core.errors import BundleError
from epochal.core.older import modern, modern_recipe
from epochal.core.paths import absolute
from epochal.core.protocols import ClassScores, Predictor
from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.core.run import Run
from epochal.core.task import Task
from epochal.data.arrays import as_pictures
from epochal.data.codec import Codec
from epochal.data.white import EIGHT_BITS
from epochal.models.predictor import EnsemblePredictor, make_predictor
from epochal.models.pretrained import without_file
from epochal.models.weights import model_files, read_model
from epochal.ship import files
from epochal.ship.card import model_card
from epochal.ship.predict import Answerer, Predictions
from epochal.ship.predictions import gathered
from epochal.train.surroundings import plain_settings, set_apart

TEMPERATURE_SCALING = "temperature scaling (Guo et al., 2017)"
DEEP_ENSEMBLES = "of the members' probabilities (Lakshminarayanan, Pritzel & Blundell, 2017)"
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
    stakes: tuple[float, ...] = ()  # what overlooking an item of each class costs; the same for all where it is empty
    members: int = 1  # trainings behind an answer: more than one make an ensemble

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
        places = files.places(manifest["files"])
        temperature, of_members = _temperatures(folder / files.CALIBRATION, places)
        stakes = files.read_json(folder / files.CALIBRATION).get("stakes", [])
        if codec.input_shape != task.input_shape or not len(codec.mean) == len(codec.std) == codec.channels:
            raise BundleError(f"The bundle {folder} is damaged: its codec does not make what its task expects.")
        recipe = modern_recipe(recipe, task, manifest["version"])
        with set_apart():  # building draws weights
            models = [read_model(folder, recipe, task, place) for place in places]
        return Bundle(
            folder=folder,
            recipe=recipe,
            task=task,
            codec=codec,
            temperature=temperature,
            evidence=modern(files.read_json(folder / files.EVIDENCE)),
            card=(folder / files.CARD).read_text(encoding="utf-8"),
            manifest=manifest,
            predictor=predictor_of(models, codec, of_members),
            stakes=tuple(float(stake) for stake in stakes),
            members=len(models),
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
        self.codec.check(images)
        if len(images) == 0:
            return np.zeros((0, self.task.classes), np.float32)
        with plain_settings():
            return self.predictor(images).logits

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float64 [n, classes], rows sum to one; images as for `logits`."""
        return ClassScores(logits=self.logits(images) / np.float32(self.temperature)).probabilities

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

        answerer = Answerer(
            encode=encode,
            probabilities=self.probabilities,
            labels=self.labels,
            stakes=self.stakes,
            split=lambda array: as_pictures(array, self.codec, white=white),
            max_megapixels=self.codec.max_megapixels,
        )
        return answerer.stream(inputs)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.card)}</pre>"


def predictor_of(models: Sequence[Any], codec: Codec, temperatures: Sequence[float] = ()) -> Predictor:
    """What answers with one model, or with the mean of several, each at its temperature."""
    members = tuple(make_predictor(model, codec) for model in models)
    return EnsemblePredictor(members=members, temperatures=tuple(temperatures)) if temperatures else members[0]


def as_shipped(run: Run) -> dict[str, Any]:
    """A run as a bundle's evidence keeps it: without the place of a file of this machine."""
    return run.replace(recipe=without_file(run.recipe)).to_dict()


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
    temperatures: Sequence[float] = (),
    stakes: Sequence[float] = (),
) -> Path:
    """Write a bundle as one: a kill in the middle leaves the older bundle, or none, but never half of one.

    Args:
        model: a network, of which the state dictionary is kept, or a fitted classical rung; or a list of them, the
            members of an ensemble (see `EnsemblePredictor`).
        temperature: logits are divided by it before the softmax (Guo et al., 2017, section 4.2).
        temperatures: of each member of an ensemble, before the mean over them; `temperature` is that of the mean.
        stakes: what overlooking an item of each class costs, where mistakes have a price: the label that is answered
            has the largest probability times its stake.
        evidence: runs and findings behind the choice; records, or plain data that JSON can hold.
        card: the model card in Markdown; one is written from the facts where none is given.

    Raises:
        BundleError: a temperature is not above zero, or the place cannot be written.
    """
    models = list(model) if isinstance(model, list | tuple) else None
    assert len(temperatures) == (len(models) if models else 0)
    for value in (temperature, *temperatures):
        if not (math.isfinite(value) and value > 0):
            raise BundleError(f"Expected a temperature above zero, got {value}. Calibrate again on validation.")
    calibration: dict[str, Any] = {
        "method": TEMPERATURE_SCALING,
        "temperature": float(temperature),
    }
    if models is None:
        of_models = model_files(model)
    else:
        of_models = {name: data for k, member in enumerate(models) for name, data in model_files(member, k).items()}
        calibration |= {"members": [float(value) for value in temperatures], "mean": DEEP_ENSEMBLES}
    if stakes:
        calibration["stakes"] = [float(stake) for stake in stakes]
    recipe, plain = without_file(recipe), _plain(evidence)
    text = card or model_card(recipe=recipe, task=task, codec=codec, temperature=temperature, evidence=plain)
    return files.write_folder(
        absolute(folder),
        {
            **of_models,
            files.RECIPE: files.to_json(recipe.to_dict()),
            files.TASK: files.to_json(task.to_dict()),
            files.CODEC: files.to_json(codec.to_dict()),
            files.CALIBRATION: files.to_json(calibration),
            files.EVIDENCE: files.to_json(plain),
            files.CARD: text.encode(errors="backslashreplace"),
        },
    )


def _record(kind: type[Kind], path: Path) -> Kind:
    try:
        return kind.from_dict(modern(files.read_json(path)))
    except BundleError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise BundleError(f"{path} is damaged or from another version: {error} {files.AGAIN}") from error


def _temperatures(path: Path, places: Sequence[int | None]) -> tuple[float, tuple[float, ...]]:
    """The temperature of the answers and, of an ensemble, those of its members."""
    content = files.read_json(path)
    known = content if isinstance(content, dict) else {}
    members = known.get("members", []) if places != (None,) else []
    for value in (known.get("temperature"), *(members if isinstance(members, list) else [members])):
        if not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
            raise BundleError(f"{path} is damaged: expected a temperature above zero, got {value!r}. {files.AGAIN}")
    if places != (None,) and len(members) != len(places):
        raise BundleError(
            f"{path} is damaged: expected the temperatures of {len(places)} members, got {len(members)}. {files.AGAIN}"
        )
    return float(known["temperature"]), tuple(map(float, members))


def _plain(value: Any) -> Any:
    """Plain data from mappings, sequences and records of any depth."""
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
