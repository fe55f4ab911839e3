"""One rung by itself: settings are read as what they are."""

from epochal.kinds.image_ladder import RUNGS
from epochal.models.catalogue import config
from epochal.study.single import recipe_with


def test_a_setting_that_is_a_word_stays_a_word() -> None:
    """`none` is a choice of some settings, and the absence of others."""
    recipe = recipe_with(
        RUNGS["resnet"].recipe, {"shortcuts": "none", "class_weights": "none", "ema": "none", "depth": "8"}
    )
    assert (config(recipe).shortcuts, recipe.class_weights, recipe.ema, config(recipe).depth) == (
        "none",
        "none",
        None,
        8,
    )


def test_class_weights_are_a_setting() -> None:
    assert recipe_with(RUNGS["mlp"].recipe, {"class_weights": "balanced"}).class_weights == "balanced"
