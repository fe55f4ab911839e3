"""The user's own models: a scikit-learn estimator or a torch module, named by where its code is.

A name is MODULE:CLASS, such as "sklearn.ensemble:ExtraTreesClassifier", or FILE:CLASS, as "mine.py:MyNet". The code
is imported when the name is first asked for, never when a bundle is opened that was not said to be trusted.

An estimator is made by its class without arguments, and `random_state` set where it has one. It learns from what a
network would see, flattened; with `sample_weight` where examples have weights, if its `fit` takes that. Its answers are
the logarithms of `predict_proba`, else `decision_function`, or `predict` for numbers. A module is made by its class
with the task, and maps a network's inputs to [batch, task.outputs]. A class attribute `recipe`, a mapping, sets fields
of the recipe that it trains with.
"""

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from epochal.core.errors import RungError, UserError
from epochal.core.paths import absolute
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.core.traits import AT_ONCE, Traits
from epochal.models.places import title

MODEL = "model"  # the name of the estimator among a bundle's
CHANCE = 1e-6  # the smallest that an estimator's answer counts as


@dataclass(frozen=True, kw_only=True)
class TheirConfig(Record):
    """There is nothing to set: a user's class has the settings that its author gave it."""


@dataclass(frozen=True)
class TheirModel:
    """A model of the user's, in the place of `catalogue.Model`."""

    name: str
    found: type
    traits: Traits
    origin: Mapping[str, str] = field(hash=False)  # of the code when it was imported: it may have changed since
    config_class: type = TheirConfig

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Fields of the recipe that the class asks for."""
        return dict(getattr(self.found, "recipe", {}))

    def build(self, config: Any, task: Task) -> Any:
        """The untrained model.

        Raises:
            RungError: a module cannot be made of the task, or answers with another shape.
        """
        return network(self.name, self.found, task) if _is_network(self.found) else TheirEstimator(config, task, self)


@lru_cache
def their_model(name: str) -> TheirModel:
    """The model whose code is at this place, imported once; `their_model.cache_clear()` lets it be imported anew.

    Raises:
        UserError: it cannot be imported, or is neither an estimator nor a module; the message says what was expected.
    """
    place, wanted = name.rsplit(":", 1)
    try:
        code = origin(name)
        module = _from_file(absolute(place)) if place.endswith(".py") else importlib.import_module(place)
    except Exception as error:  # the user's code may raise anything
        raise UserError(
            f"--rung {name}: {place} cannot be imported: {type(error).__name__}: {error}. Expected MODULE:CLASS or "
            "FILE.py:CLASS."
        ) from error
    found = getattr(module, wanted, None)
    if not inspect.isclass(found):
        own = {each: value for each, value in vars(module).items() if inspect.isclass(value)}
        classes = [each for each, value in own.items() if value.__module__ == module.__name__]
        has = f" It has {', '.join(classes)}." if classes else ""
        raise UserError(f"--rung {name}: expected a class {wanted} in {place}, and there is none.{has}")
    if _is_network(found):
        return TheirModel(name, found, Traits(), code)
    if not (hasattr(found, "fit") and hasattr(found, "get_params")):
        raise UserError(
            f"--rung {name}: expected a torch.nn.Module or a scikit-learn estimator with fit and get_params; {wanted} "
            "is neither."
        )
    try:
        estimator: Any = found()
        settings = estimator.get_params()
    except Exception as error:  # the user's code may raise anything
        raise UserError(
            f"--rung {name}: expected an estimator that {wanted}() makes without arguments; got "
            f"{type(error).__name__}: {error}. Derive a class of yours that sets them."
        ) from error
    seeded = "random_state" in settings
    weighs = "sample_weight" in inspect.signature(estimator.fit).parameters
    learns = Traits(learns=AT_ONCE, deep=False, deterministic=not seeded, as_tensors=True, weighs=weighs)
    return TheirModel(name, found, learns, code)


def origin(name: str) -> dict[str, str]:
    """What is kept of the code as it is now: its place, and the version of its package or the SHA-256 of its file.

    Raises:
        FileNotFoundError: there is no such file.
    """
    place = name.rsplit(":", 1)[0]
    if place.endswith(".py"):
        path = absolute(place).resolve()
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}")
        return {"code": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    from importlib.metadata import PackageNotFoundError, packages_distributions, version

    package = place.split(".")[0]
    try:
        return {"code": place, "version": version(packages_distributions().get(package, [package])[0])}
    except PackageNotFoundError:
        return {"code": place}


def network(name: str, found: type, task: Task) -> Any:
    """A module for this task, whose answers have the shape that is expected."""
    import torch

    try:
        made = found(task)
        with torch.no_grad():
            shapes = [tuple(made.eval()(torch.zeros(count, *task.input_shape)).shape) for count in (2, 1)]
    except Exception as error:  # the user's code may raise anything
        raise RungError(
            f"--rung {name}: expected a module that is made by {title(name)}(task) and takes inputs "
            f"[batch, {', '.join(map(str, task.input_shape))}]; got {type(error).__name__}: {error}"
        ) from error
    for count, shape in zip((2, 1), shapes, strict=True):
        if shape != (count, task.outputs):
            raise RungError(
                f"--rung {name}: expected answers of the shape [batch, {task.outputs}], which is task.outputs; got "
                f"{list(shape)} for a batch of {count}."
            )
    return made.train()


class TheirEstimator:
    """A scikit-learn estimator as a classical rung."""

    converged = True

    def __init__(self, config: TheirConfig, task: Task, model: TheirModel):
        self.config = config
        self.task = task
        self.model = model
        self._fitted: Any = None

    def fit(self, inputs: np.ndarray, targets: np.ndarray, *, seed: int, weights: np.ndarray | None = None) -> None:
        """Fit a new estimator.

        Raises:
            RungError: it is for another kind of task.
        """
        estimator = self.model.found()
        if "random_state" in estimator.get_params():
            estimator.set_params(random_state=seed % 2**32)
        wanted = "predict_proba or decision_function" if self.task.labels else "predict"
        if not any(hasattr(estimator, each) for each in wanted.split(" or ")):
            raise RungError(
                f"--rung {self.model.name}: expected an estimator with {wanted}; {title(self.model.name)} has none."
            )
        weighing = {} if weights is None else {"sample_weight": weights}
        self._fitted = estimator.fit(_flat(inputs), targets, **weighing)

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        """Logits [batch, classes], or numbers [batch, 1].

        Raises:
            RungError: the estimator answers with another shape, with what is not finite, or with what is no
                probability.
        """
        rows = _flat(inputs)
        if not self.task.labels:
            numbers = self._checked("a number for each item", self._fitted.predict(rows), (len(rows),), (len(rows), 1))
            return numbers.astype(np.float32).reshape(len(rows), 1)
        seen = np.asarray(self._fitted.classes_, np.int64)
        what = f"for each item a score of each of {len(seen)} classes"
        if hasattr(self._fitted, "predict_proba"):
            chances = self._checked(what, self._fitted.predict_proba(rows), (len(rows), len(seen)))
            if chances.min(initial=0.0) < 0:
                raise RungError(
                    f"--rung {self.model.name}: expected probabilities of 0 or more; got {chances.min():.3g}."
                )
            scores = np.log(np.clip(chances, CHANCE, 1.0))
        else:
            scores = np.asarray(self._fitted.decision_function(rows), np.float64)
            scores = np.column_stack([-scores, scores]) / 2 if scores.ndim == 1 else scores
            scores = self._checked(what, scores, (len(rows), len(seen)))
        full = np.full((len(rows), self.task.classes), scores.min(initial=0.0) + np.log(CHANCE), np.float32)
        full[:, seen] = scores
        return full

    def _checked(self, what: str, answers: Any, *shapes: tuple[int, ...]) -> np.ndarray:
        """float64 answers, finite and of one of these shapes."""
        found = np.asarray(answers, np.float64)
        if found.shape not in shapes:
            raise RungError(
                f"--rung {self.model.name}: expected {what}, in the shape {list(shapes[0])}; got {list(found.shape)}."
            )
        if lost := int((~np.isfinite(found)).sum()):
            raise RungError(
                f"--rung {self.model.name}: expected {what}; {lost:,} of the {found.size:,} numbers are not finite."
            )
        return found

    def parameters_count(self) -> int:
        """Numbers in the arrays that it stores, as far as they show themselves."""
        stored = vars(self._fitted).values() if self._fitted is not None else ()
        return int(sum(value.size for value in stored if isinstance(value, np.ndarray)))

    def estimators(self) -> dict[str, Any]:
        return {MODEL: self._fitted}

    def arrays(self) -> dict[str, np.ndarray]:
        return {}

    def restore(
        self, config: TheirConfig, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "TheirEstimator":
        """The same with a fitted estimator."""
        rung = TheirEstimator(config, task, self.model)
        rung._fitted = estimators[MODEL]
        return rung


def _flat(inputs: np.ndarray) -> np.ndarray:
    return np.asarray(inputs, np.float32).reshape(len(inputs), -1)


def _is_network(found: type) -> bool:
    torch = sys.modules.get("torch")  # a class of torch's was imported with it
    return torch is not None and issubclass(found, torch.nn.Module)


def _from_file(path: Path) -> Any:
    path = path.resolve()
    name = f"epochal_rung_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
