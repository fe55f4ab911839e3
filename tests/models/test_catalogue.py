"""The catalogue: the ladder in order, and recipes turned into models with errors that help."""

import pytest
import torch
from torch import nn

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.models import catalogue
from epochal.models.catalogue import CLASSICAL, MODELS, NETWORK, RUNGS, LadderRow, build, config, ladder_table
from epochal.models.flops import parameters

DIGITS = Task(name="t", input_shape=(1, 28, 28), labels=tuple("0123456789"), counts={}, fingerprint="f")


def test_the_ladder_in_order():
    assert list(RUNGS) == [
        "majority", "nearest-neighbours", "boosted-trees", "hog-svm", "hog-rbf", "extra-trees",
        "perceptron", "mlp", "lenet", "alexnet", "vgg", "googlenet", "resnet",
    ]  # fmt: skip
    for kind in (CLASSICAL, NETWORK):
        years = [rung.year for rung in RUNGS.values() if rung.kind == kind]
        assert years == sorted(years)


@pytest.mark.parametrize("name", MODELS)
def test_every_rung_is_whole(name: str):
    rung = MODELS[name]
    assert rung.name == name == rung.recipe.model
    assert rung.adds.endswith(".") and rung.title and rung.paper
    assert Recipe.from_json(rung.recipe.to_json()) == rung.recipe
    assert isinstance(config(rung.recipe), rung.config_class)
    model = build(rung.recipe, DIGITS)
    assert isinstance(model, nn.Module) == (rung.kind == NETWORK)
    assert (rung.recipe.objective == "estimate") == (rung.kind == CLASSICAL)


def test_every_kind_of_rung_is_on_the_ladder():
    assert [rung.kind for rung in RUNGS.values()] == [CLASSICAL] * 6 + [NETWORK] * 7


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
        ("resnext", {}, r"There is no rung 'resnext'. The ladder has majority, nearest-neighbours"),
    ],
)
def test_what_cannot_be_built_is_explained(model: str, options: dict, message: str):
    with pytest.raises(UserError, match=message):
        build(Recipe(model=model, options=options), DIGITS)


def test_the_table_counts_parameters_at_this_input():
    rows = ladder_table(DIGITS)
    assert [row.name for row in rows] == list(RUNGS)
    assert all((row.parameters is None) == (row.kind == CLASSICAL) for row in rows)
    counts = {row.name: row.parameters for row in rows}
    assert (counts["perceptron"], counts["mlp"], counts["lenet"]) == (7_850, 238_510, 60_850)
    assert counts["resnet"] == parameters(build(RUNGS["resnet"].recipe, DIGITS))
    assert LadderRow.from_json(rows[-1].to_json()) == rows[-1]


def test_the_table_costs_nothing_at_the_size_of_photographs():
    photographs = Task(name="t", input_shape=(3, 224, 224), labels=tuple("ab"), counts={}, fingerprint="f")
    counts = {row.name: row.parameters for row in ladder_table(photographs)}
    assert counts["alexnet"] == 60_965_224 - 998 * 4097
    assert torch.get_default_device().type == "cpu"


def test_the_config_of_a_recipe_is_the_papers_where_it_says_nothing():
    assert catalogue.config(Recipe(model="vgg")).depth == 16
    assert catalogue.config(Recipe(model="alexnet")).initialisation == "gaussian"
