"""What earlier versions wrote into bundles, in today's words, so that a bundle opens for ever."""

from epochal.core.recipe import Recipe
from epochal.core.task import Task

PHOTOGRAPHS = 224  # the side of the images that these networks were drawn for
DRAWN_FOR_PHOTOGRAPHS = ("alexnet", "vgg", "googlenet")
RESIDUAL_DEPTHS = (18, 34, 50, 101, 152)  # of the residual networks that were drawn for them too


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
