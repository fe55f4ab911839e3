"""What earlier versions wrote, in today's words, so that bundles and results open for ever."""

from typing import Any

from epochal.core.recipe import Recipe
from epochal.core.task import Task

PHOTOGRAPHS = 224  # the side of the images that these networks were drawn for
DRAWN_FOR_PHOTOGRAPHS = ("alexnet", "vgg", "googlenet")
RESIDUAL_DEPTHS = (18, 34, 50, 101, 152)  # of the residual networks that were drawn for them too
RENAMED = {"validation_loss": "loss", "validation_accuracy": "score"}  # along curves, and of runs
OF_REFITS = {"images": "items", "images_before": "items_before"}  # of a refit, which these names tell from others
OF_IMAGE_TASKS = ("input_kind", "target_kind", "metric")  # fields of the task, when all tasks were of images


def modern(data: Any) -> Any:
    """Plain data of a record, of runs and tasks at any depth, under the names of today."""
    if isinstance(data, list):
        return [modern(item) for item in data]
    if not isinstance(data, dict):
        return data
    gone = OF_IMAGE_TASKS if "input_kind" in data else ()
    renamed = RENAMED | OF_REFITS if "images_before" in data else RENAMED
    return {renamed.get(name, name): modern(value) for name, value in data.items() if name not in gone}


def modern_recipe(recipe: Recipe, task: Task, version: int) -> Recipe:
    """The recipe that builds, today, the network that a recipe in a bundle of this version meant.

    Version 1 had no option `width`: it multiplied the widths of networks drawn for photographs by side / 224 where the
    shorter side of the images was below 224. Version 2 states the share.
    """
    if version >= 2 or "width" in recipe.options or not _drawn_for_photographs(recipe):
        return recipe
    side = min(task.input_shape[1:])
    return recipe.with_options(width=min(1.0, side / PHOTOGRAPHS))


def _drawn_for_photographs(recipe: Recipe) -> bool:
    if recipe.model == "resnet":
        return recipe.options.get("depth") in RESIDUAL_DEPTHS
    return recipe.model in DRAWN_FOR_PHOTOGRAPHS
