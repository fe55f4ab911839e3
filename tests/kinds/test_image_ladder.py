"""The ladder of images: its rungs in order, each of them whole, and its table."""

import pytest
import torch
from torch import nn

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.kinds.image_ladder import IMAGE_LADDER, RUNGS
from epochal.kinds.listing import LadderRow, ladder_table
from epochal.kinds.rung import CLASSICAL, NETWORK
from epochal.models.catalogue import MODELS, build, config
from epochal.models.flops import parameters

DIGITS = Task(name="t", input_shape=(1, 28, 28), labels=tuple("0123456789"), counts={}, fingerprint="f")
EVERY = IMAGE_LADDER.every


def test_the_ladder_in_order():
    assert list(RUNGS) == [
        "majority", "nearest-neighbours", "boosted-trees", "hog-svm", "hog-rbf", "extra-trees",
        "perceptron", "mlp", "lenet", "alexnet", "vgg", "googlenet", "resnet",
    ]  # fmt: skip
    for kind in (CLASSICAL, NETWORK):
        years = [rung.year for rung in RUNGS.values() if rung.kind == kind]
        assert years == sorted(years)


@pytest.mark.parametrize("name", EVERY)
def test_every_rung_is_whole(name: str):
    rung = EVERY[name]
    assert rung.name == name == rung.recipe.model
    assert rung.adds.endswith(".") and rung.title and rung.paper
    assert Recipe.from_json(rung.recipe.to_json()) == rung.recipe
    assert isinstance(config(rung.recipe), rung.config_class)
    model = build(rung.recipe, DIGITS)
    assert isinstance(model, nn.Module) == (rung.kind == NETWORK)
    assert (rung.recipe.objective == "estimate") == (rung.kind == CLASSICAL)


def test_every_kind_of_rung_is_on_the_ladder():
    assert [rung.kind for rung in RUNGS.values()] == [CLASSICAL] * 6 + [NETWORK] * 7


def test_the_table_counts_parameters_at_this_input():
    rows = ladder_table(IMAGE_LADDER, DIGITS)
    assert [row.name for row in rows] == list(RUNGS)
    assert all((row.parameters is None) == (row.kind == CLASSICAL) for row in rows)
    counts = {row.name: row.parameters for row in rows}
    assert (counts["perceptron"], counts["mlp"], counts["lenet"]) == (7_850, 238_510, 60_850)
    assert counts["resnet"] == parameters(build(RUNGS["resnet"].recipe, DIGITS))
    assert LadderRow.from_json(rows[-1].to_json()) == rows[-1]


def test_the_table_costs_nothing_at_the_size_of_photographs():
    photographs = Task(name="t", input_shape=(3, 224, 224), labels=tuple("ab"), counts={}, fingerprint="f")
    counts = {row.name: row.parameters for row in ladder_table(IMAGE_LADDER, photographs)}
    assert counts["alexnet"] == 60_965_224 - 998 * 4097
    assert torch.get_default_device().type == "cpu"


def test_every_rung_says_how_its_model_learns():
    for name, rung in EVERY.items():
        assert rung.traits == MODELS[name].traits
    assert [name for name, model in MODELS.items() if model.traits.pretrained] == list(IMAGE_LADDER.transfer)
    assert [name for name, model in MODELS.items() if model.traits.stackable] == ["perceptron", "mlp"]
    with pytest.raises(UserError, match=r"There is no rung 'lenet1'.*\. A recipe may also use zipcode\."):
        IMAGE_LADDER.rung("lenet1")
