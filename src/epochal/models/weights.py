"""Fitted models to files and back: tensors as safetensors, scikit-learn's estimators as skops, never pickle."""

from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import safetensors.torch
from torch import nn

from epochal.core.errors import BundleError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.models import catalogue

TENSORS, ESTIMATORS = "model.safetensors", "estimators.skops"

# What the classical rungs are made of and skops does not trust by itself. Reading a file with any other type fails.
TRUSTED = (
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn.preprocessing._label.LabelEncoder",
)


def model_files(model: Any) -> dict[str, bytes]:
    """The content of each file that `read_model` needs, by name."""
    if isinstance(model, nn.Module):
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
        return {TENSORS: safetensors.torch.save(tensors)}
    import skops.io

    files = {TENSORS: safetensors.numpy.save({name: np.asarray(array) for name, array in model.arrays().items()})}
    if estimators := model.estimators():
        files[ESTIMATORS] = skops.io.dumps(estimators)
    return files


def read_model(folder: Path, recipe: Recipe, task: Task) -> Any:
    """The fitted model whose files lie in `folder`. Nothing in them is executed.

    Raises:
        BundleError: the files do not fit the recipe, or hold a type that no rung is made of.
    """
    try:
        model = catalogue.build(recipe, task)
        if isinstance(model, nn.Module):
            model.load_state_dict(safetensors.torch.load_file(folder / TENSORS))
            return model.eval()
        estimators = {}
        if (folder / ESTIMATORS).exists():
            import skops.io

            unknown = set(skops.io.get_untrusted_types(file=folder / ESTIMATORS)) - set(TRUSTED)
            if unknown:
                raise BundleError(
                    f"{folder / ESTIMATORS} holds types that no rung is made of: {', '.join(sorted(unknown))}. "
                    "It was not opened. Do not use this bundle unless you can have it made again."
                )
            estimators = skops.io.load(folder / ESTIMATORS, trusted=list(TRUSTED))
        arrays = safetensors.numpy.load_file(folder / TENSORS)
        return type(model).restore(catalogue.config(recipe), task, estimators, arrays)
    except BundleError:
        raise
    except Exception as error:  # readers of damaged files raise anything at all
        raise BundleError(
            f"The model in {folder} cannot be read as {recipe.model}: {error}. "
            "The files are damaged or belong to another recipe; make the bundle again."
        ) from error
