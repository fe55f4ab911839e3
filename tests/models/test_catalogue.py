"""The catalogue: recipes turned into models, with errors that help."""

import pytest
from torch import nn

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.kinds.image_ladder import RUNGS
from epochal.models import catalogue
from epochal.models.catalogue import build

DIGITS = Task(name="t", input_shape=(1, 28, 28), labels=tuple("0123456789"), counts={}, fingerprint="f")


def test_options_reach_the_model():
    model = build(RUNGS["mlp"].recipe.with_options(hidden=7, layers=2, dropout=0), DIGITS)
    assert [module.out_features for module in model.modules() if isinstance(module, nn.Linear)] == [7, 7, 10]
    assert model.config.dropout == 0.0


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("resnet", {"depht": 20}, r"resnet has no option 'depht'. It has depth, shortcuts, activation"),
        ("perceptron", {"hidden": 3}, r"perceptron has no option 'hidden'. It has no options."),
        ("resnet", {"depth": "20"}, r"resnet: option 'depth' is '20'; it must be a whole number."),
        ("resnet", {"depth": 20.5}, r"resnet: option 'depth' is 20.5; it must be a whole number."),
        ("resnet", {"depth": True}, r"resnet: option 'depth' is True; it must be a whole number."),
        ("vgg", {"depth": 12}, r"vgg: option 'depth' is 12, which is none of 11, 13, 16, 19. Choose one of these."),
        ("alexnet", {"groups": 3}, r"alexnet: option 'groups' is 3, which is none of 1, 2"),
        ("alexnet", {"dropout": 1}, r"alexnet: option 'dropout' is 1.0; it must be a number from 0 up to"),
        ("googlenet", {"auxiliary": 1}, r"googlenet: option 'auxiliary' is 1; it must be true or false."),
        ("mlp", {"hidden": 0}, r"mlp: option 'hidden' is 0; it must be a whole number of at least 1."),
        ("mlp", {"normalisation": "group"}, r"mlp: option 'normalisation' is 'group', which is none of none, batch"),
        ("lenet", {"activation": 3}, r"lenet: option 'activation' is 3; it must be a word."),
        ("resnext", {}, r"There is no model 'resnext'. The catalogue has majority, mean, linear, tree"),
    ],
)
def test_what_cannot_be_built_is_explained(model: str, options: dict, message: str):
    with pytest.raises(UserError, match=message):
        build(Recipe(model=model, options=options), DIGITS)


def test_the_config_of_a_recipe_is_the_papers_where_it_says_nothing():
    assert catalogue.config(Recipe(model="vgg")).depth == 16
    assert catalogue.config(Recipe(model="alexnet")).initialisation == "gaussian"
