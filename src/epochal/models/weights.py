"""Fitted models to files and back: tensors as safetensors, scikit-learn's estimators as skops, never pickle."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch
from torch import nn

from epochal.core.errors import BundleError, MissingExtraError, RungError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.models import catalogue
from epochal.models.places import is_location

TENSORS, ESTIMATORS = "model.safetensors", "estimators.skops"
EARLIER = "earlier.safetensors"  # of a training that is judged at several points: the states before the last

# What the classical rungs are made of and skops does not trust by itself. Reading a file with any other type fails.
TRUSTED = (
    "functools.partial",  # of check_array, by which boosted trees look at columns that are no categories
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn.preprocessing._label.LabelEncoder",
    "sklearn.utils.validation.check_array",
)


def named(file: str, member: int | None) -> str:
    """The name of a file of one member of an ensemble: model.safetensors becomes model-0.safetensors. None: of a model
    by itself, as it is."""
    stem, dot, ending = file.partition(".")
    return file if member is None else f"{stem}-{member}{dot}{ending}"


def model_files(model: Any, member: int | None = None) -> dict[str, bytes]:
    """The content of each file that `read_model` needs, by name; `member` is the model's place in an ensemble."""
    tensors_file, estimators_file = named(TENSORS, member), named(ESTIMATORS, member)
    if isinstance(model, nn.Module):
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
        return {tensors_file: safetensors.torch.save(tensors)}
    import skops.io

    arrays = {name: np.asarray(array, order="C") for name, array in model.arrays().items()}
    files = {tensors_file: safetensors.numpy.save(arrays)}
    if estimators := model.estimators():
        files[estimators_file] = skops.io.dumps(estimators)
    return files


def earlier_files(models: Sequence[nn.Module]) -> dict[str, bytes]:
    """The file that `read_earlier` needs, of the states of a network before its last; none where there are none."""
    states = [model.state_dict() for model in models]
    tensors = {f"{k}/{name}": one.detach().cpu().contiguous() for k, s in enumerate(states) for name, one in s.items()}
    return {EARLIER: safetensors.torch.save(tensors)} if tensors else {}


def read_earlier(folder: Path, recipe: Recipe, task: Task) -> list[nn.Module]:
    """The states before the last, in their order, where a training was judged at several points."""
    if not (folder / EARLIER).exists():
        return []
    states: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in safetensors.torch.load_file(folder / EARLIER).items():
        number, _, key = name.partition("/")
        states.setdefault(int(number), {})[key] = tensor
    models = []
    for place in sorted(states):
        model = catalogue.build(recipe, task)
        model.load_state_dict(states[place])
        models.append(model.eval())
    return models


def read_model(folder: Path, recipe: Recipe, task: Task, member: int | None = None) -> Any:
    """The fitted model whose files lie in `folder`, or that member of an ensemble. Nothing in them is executed.

    Raises:
        BundleError: the files do not fit the recipe, or hold a type that no rung is made of.
        RungError: the user's code makes another model than it did.
        MissingExtraError: the library of the model is not installed.
    """
    tensors_path, estimators_path = folder / named(TENSORS, member), folder / named(ESTIMATORS, member)
    try:
        model = catalogue.build(recipe, task)
        if catalogue.traits(recipe).by_steps:
            model.load_state_dict(safetensors.torch.load_file(tensors_path))
            return model.eval()
        estimators = {}
        if estimators_path.exists():
            import skops.io

            unknown = set(skops.io.get_untrusted_types(file=estimators_path)) - set(TRUSTED)
            if unknown and not is_location(recipe.model):  # the code of a user's rung was imported already
                raise BundleError(
                    f"{estimators_path} holds types that no rung is made of: {', '.join(sorted(unknown))}. "
                    "It was not opened. Do not use this bundle unless you can have it made again."
                )
            estimators = skops.io.load(estimators_path, trusted=[*TRUSTED, *unknown])
        arrays = safetensors.numpy.load_file(tensors_path)
        return model.restore(catalogue.config(recipe), task, estimators, arrays)
    except (BundleError, MissingExtraError, RungError):
        raise
    except Exception as error:  # readers of damaged files raise anything at all
        raise BundleError(
            f"The model in {folder} cannot be read as {recipe.model}: {error}. "
            "The files are damaged or belong to another recipe; make the bundle again."
        ) from error
