"""The bundle: what a climb hands over, from raw inputs to calibrated answers, with the evidence behind it."""

import dataclasses
import html
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float, Float32

from epochal.core import protocols
from epochal.core.errors import BundleError, UserError
from epochal.core.metric import Metric
from epochal.core.older import modern, modern_recipe
from epochal.core.paths import absolute
from epochal.core.protocols import ClassScores, Predictor
from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.core.run import Run
from epochal.core.task import Task
from epochal.judge.goals.classes import stakes
from epochal.kinds.table import KINDS, TaskKind, kind_of
from epochal.models.places import is_location
from epochal.models.predictor import EnsemblePredictor
from epochal.models.pretrained import without_file
from epochal.models.theirs import origin, their_model
from epochal.models.weights import model_files, read_model
from epochal.ship import files
from epochal.ship.card import model_card
from epochal.ship.predict import ANSWERS
from epochal.train.surroundings import plain_settings, set_apart

Kind = TypeVar("Kind", bound=Record)


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """An opened bundle. `Bundle.open(folder)` makes one; it answers with `predict`, and inputs that are encoded already
    with `probabilities` or `numbers`.

    `calibration` is the number that makes answers mean what they say: a temperature, of classes; of numbers, the half
    width of an interval.
    """

    folder: Path
    recipe: Recipe
    task: Task
    codec: Any  # a `Codec`
    calibration: float
    evidence: Mapping[str, Any]
    card: str
    manifest: Mapping[str, Any]
    predictor: Predictor
    stakes: tuple[float, ...] = ()  # what overlooking an item of each class costs; the same for all where it is empty
    members: int = 1  # trainings behind an answer: more than one make an ensemble

    @staticmethod
    def open(folder: str | os.PathLike[str], *, trust: bool = False) -> "Bundle":
        """Open a bundle, after its manifest, sizes and checksums were verified. No code in it is ever executed.

        Args:
            trust: whether the code of a rung of its maker's own, which the bundle names and does not hold, may be
                imported from its place on this machine.

        Raises:
            BundleError: it is not a bundle, is damaged or incomplete, was written by a newer version, or needs code
                that is not trusted or is another now.
        """
        folder = absolute(folder)
        manifest = files.read_manifest(folder)
        files.verify(folder, manifest)
        recipe = _record(Recipe, folder / files.RECIPE)
        if is_location(recipe.model):
            _require_code(folder, recipe.model, trust=trust)
        task = _record(Task, folder / files.TASK)
        if task.kind not in KINDS:
            raise BundleError(
                f"The bundle {folder} is of a kind of task that this epochal does not know, {task.kind!r}. It knows "
                f"{', '.join(KINDS)}. Upgrade epochal."
            )
        kind = kind_of(task)
        codec: Any = _record(kind.input.codec, folder / files.CODEC)
        places = files.places(manifest["files"])
        calibration, of_members = _calibrations(folder / files.CALIBRATION, kind.goal.calibration, places)
        costs = files.read_json(folder / files.CALIBRATION).get("stakes", [])
        if not codec.fits(task):
            raise BundleError(f"The bundle {folder} is damaged: its codec does not make what its task expects.")
        recipe = modern_recipe(recipe, task, manifest["version"])
        with set_apart():  # building draws weights
            models = [read_model(folder, recipe, task, place) for place in places]
        members = tuple(kind.predictor(model, codec, recipe, task) for model in models)
        together = EnsemblePredictor(members=members, calibrations=of_members, together=kind.goal.together)
        return Bundle(
            folder=folder,
            recipe=recipe,
            task=task,
            codec=codec,
            calibration=calibration,
            evidence=modern(files.read_json(folder / files.EVIDENCE)),
            card=(folder / files.CARD).read_text(encoding="utf-8"),
            manifest=manifest,
            predictor=together if of_members else members[0],
            stakes=tuple(float(cost) for cost in costs),
            members=len(models),
        )

    @property
    def kind(self) -> TaskKind:
        """What the bundle's task is: its kind of input, and its goal."""
        return kind_of(self.task)

    @property
    def temperature(self) -> float:
        """What logits are divided by.

        Raises:
            BundleError: a number is predicted.
        """
        self._require(ClassScores, "no temperature. Its intervals have the half width `calibration`")
        return self.calibration

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the columns of logits and probabilities."""
        return self.task.labels

    def logits(self, encoded: Any) -> Float32[np.ndarray, "inputs classes"]:
        """Scores of classes before calibration, of inputs as the codec makes them.

        This is the function that scored validation and test.

        Raises:
            ValueError: the inputs have another type or shape.
            BundleError: a number is predicted.
        """
        self._require(ClassScores, "no logits. Ask it for `numbers`")
        self.codec.check(encoded)
        if len(encoded) == 0:
            return np.zeros((0, self.task.classes), np.float32)
        with plain_settings():
            scores: np.ndarray = self.predictor(encoded).logits
        return scores

    def probabilities(self, encoded: Any) -> Float[np.ndarray, "inputs classes"]:
        """Calibrated probabilities, float64, rows sum to one; inputs and errors as of `logits`."""
        return ClassScores(logits=self.logits(encoded) / np.float32(self.temperature)).probabilities

    def numbers(self, encoded: Any) -> Float[np.ndarray, " inputs"]:
        """Predicted numbers, float64, in the unit of the targets, of inputs as the codec makes them.

        Raises:
            ValueError: the inputs have another type or shape.
            BundleError: classes are predicted.
        """
        self._require(protocols.Numbers, "no numbers. Ask it for `probabilities`")
        self.codec.check(encoded)
        if len(encoded) == 0:
            return np.zeros(0)
        with plain_settings():
            values: np.ndarray = self.predictor(encoded).values
        return values

    def _require(self, prediction: type, otherwise: str) -> None:
        if not issubclass(self.kind.goal.prediction, prediction):
            what = "classes" if self.labels else f"a number, {self.task.target}"
            raise BundleError(f"The bundle {self.folder} predicts {what}: it has {otherwise}.")

    def predict(self, inputs: Any, **reading: Any) -> Any:
        """Answers for inputs in whatever form they come.

        Args:
            inputs: of images a file, a glob pattern such as "new/*.jpg", a folder with those inside it, a PIL image,
                the bytes of a picture file or the open file, an array or tensor [h, w], [h, w, c] or [c, h, w], a batch
                of them (of grey ones [n, h, w] too), or an iterable of any of these, or names with them in a
                dictionary. Of rows a DataFrame, an Arrow table, a row as a dict, a list of such rows, or the path of a
                CSV, Parquet or JSON-lines file.
            reading: how they are read, where the codec does not know: `white` of images, the value of white in arrays
                and in pictures deeper than 8 bits; `separator`, `encoding` and `header` of tables.

        Returns:
            `Predictions`, or `NumberPredictions` where a number is predicted: one row for each input, in order. An
            input that cannot be read is named with the reason, and the others are predicted all the same.

        Raises:
            DataError: a table cannot be read, or lacks a column that the model learned from.
            UserError: such inputs have no such option.
        """
        return self.gathered(self.stream(inputs, **reading))

    def stream(self, inputs: Any, **reading: Any) -> Iterator[Any]:
        """What `predict` answers, for some inputs at a time: for more than memory holds."""
        if unknown := [name for name in reading if name not in self.kind.input.reads]:
            raise UserError(
                f"{unknown[0]}: new {self.task.item}s have no such option. They have "
                f"{', '.join(self.kind.input.reads) or 'none'}; the bundle knows all else."
            )
        given = self.kind.input.given(self.codec, inputs, options=self.options(**reading), task=self.task)
        answers = ANSWERS[self.kind.goal.prediction]
        return (answers.rows(self, part) for part in given)

    def gathered(self, parts: Iterable[Any]) -> Any:
        """One for all parts of a stream."""
        return ANSWERS[self.kind.goal.prediction].gathered(self, parts)

    def options(self, **values: Any) -> Any:
        """The options of how inputs of this kind are read, such as `ReadOptions` of images.

        Raises:
            UserError: they have no option of such a name.
        """
        kind = self.kind.input.options
        known = {field.name for field in dataclasses.fields(kind)}
        if unknown := [name for name in values if name not in known]:
            raise UserError(
                f"{unknown[0]}: the bundle answers for {self.task.item}s, and reading {self.task.item}s has no such "
                "option. Leave it out."
            )
        return kind(**values)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.card)}</pre>"


def as_shipped(run: Run) -> dict[str, Any]:
    """A run as a bundle's evidence keeps it: without the place of a file of this machine."""
    return run.replace(recipe=without_file(run.recipe)).to_dict()


def write_bundle(
    folder: str | os.PathLike[str],
    *,
    model: Any,
    recipe: Recipe,
    task: Task,
    codec: Any,
    calibration: float,
    evidence: Mapping[str, Any],
    metric: Metric | None = None,
    card: str = "",
    calibrations: Sequence[float] = (),
) -> Path:
    """Write a bundle as one: a kill in the middle leaves the older bundle, or none, but never half of one.

    Args:
        model: a network, of which the state dictionary is kept, or a fitted classical rung; or a list of them, the
            members of an ensemble (see `EnsemblePredictor`).
        calibration: as the goal's `calibrate` has it: of classes, the temperature that logits are divided by before the
            softmax (Guo et al., 2017, section 4.2); of numbers, the half width of the interval.
        evidence: runs and findings behind the choice; records, or plain data that JSON can hold.
        metric: by which the model was chosen. Where mistakes have a price, the label that is answered has the largest
            probability times what overlooking it costs. None: the first metric of the goal.
        card: the model card in Markdown; one is written from the facts where none is given.
        calibrations: of each member of an ensemble, before they are joined; `calibration` is that of the whole.

    Raises:
        BundleError: the calibration makes no sense, or the place cannot be written.
    """
    goal = kind_of(task).goal
    models = list(model) if isinstance(model, list | tuple) else None
    assert len(calibrations) == (len(models) if models else 0)
    for value in (calibration, *calibrations):
        if not goal.calibration.allows(value):
            raise BundleError(f"Expected {goal.calibration.expected}, got {value}. Calibrate again on validation.")
    content: dict[str, Any] = {"method": goal.calibration.method, goal.calibration.name: float(calibration)}
    if goal.calibration.promised is not None:
        content["promised"] = goal.calibration.promised
    if models is None:
        of_models = model_files(model)
    else:
        of_models = {name: data for k, member in enumerate(models) for name, data in model_files(member, k).items()}
        content |= {"members": [float(value) for value in calibrations], "mean": goal.calibration.together}
    if costs := stakes(metric or goal.metric, task.classes):
        content["stakes"] = [float(cost) for cost in costs]
    recipe, plain = without_file(recipe), _plain(evidence)
    text = card or model_card(recipe=recipe, task=task, codec=codec, calibration=calibration, evidence=plain)
    return files.write_folder(
        absolute(folder),
        {
            **of_models,
            files.RECIPE: files.to_json(recipe.to_dict()),
            files.TASK: files.to_json(task.to_dict()),
            files.CODEC: files.to_json(codec.to_dict()),
            files.CALIBRATION: files.to_json(content),
            files.EVIDENCE: files.to_json(plain),
            files.CARD: text.encode(errors="backslashreplace"),
            **({files.CODE: files.to_json(their_model(recipe.model).origin)} if is_location(recipe.model) else {}),
        },
    )


def _require_code(folder: Path, model: str, *, trust: bool) -> None:
    """
    Raises:
        BundleError: the code of the model is not trusted, is gone, or is not that of the training.
    """
    if not trust:
        raise BundleError(
            f"The model in {folder} is {model}, code that its maker brought and that the bundle does not hold. If you "
            "know it and have it at that place, say so with --trust (in Python trust=True): it will be imported."
        )
    trained = files.read_json(folder / files.CODE)
    try:
        here = origin(model)
    except FileNotFoundError as error:
        raise BundleError(
            f"The model in {folder} is {model}, and {error}. Put back the code that it was trained with."
        ) from error
    if differing := [key for key in trained if key != "code" and here.get(key) != trained[key]]:
        raise BundleError(
            f"The model in {folder} was trained with another {model}: its {differing[0]} was {trained[differing[0]]}, "
            f"and is {here.get(differing[0])} here. Put back the code that it was trained with."
        )
    their_model.cache_clear()  # what this process imported before may be another code


def _record(kind: type[Kind], path: Path) -> Kind:
    try:
        return kind.from_dict(modern(files.read_json(path)))
    except BundleError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise BundleError(f"{path} is damaged or from another version: {error} {files.AGAIN}") from error


def _calibrations(
    path: Path, goal: protocols.Calibration, places: Sequence[int | None]
) -> tuple[float, tuple[float, ...]]:
    """The calibration of the answers and, of an ensemble, those of its members."""
    content = files.read_json(path)
    known = content if isinstance(content, dict) else {}
    members = known.get("members", []) if places != (None,) else []
    for value in (known.get(goal.name), *(members if isinstance(members, list) else [members])):
        if not goal.allows(value):
            raise BundleError(f"{path} is damaged: expected {goal.expected}, got {value!r}. {files.AGAIN}")
    if places != (None,) and len(members) != len(places):
        raise BundleError(
            f"{path} is damaged: expected the {goal.name}s of {len(places)} members, got {len(members)}. {files.AGAIN}"
        )
    return float(known[goal.name]), tuple(map(float, members))


def _plain(value: Any) -> Any:
    """Plain data from mappings, sequences and records of any depth."""
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
