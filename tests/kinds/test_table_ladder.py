"""The ladders of tables: their rungs in order, each of them whole."""

import pytest
from torch import nn

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.kinds.image_ladder import IMAGE_LADDER
from epochal.kinds.listing import ladder_table
from epochal.kinds.rung import CLASSICAL, NETWORK, Ladder
from epochal.kinds.table_ladder import TABLE_CLASSES_LADDER, TABLE_NUMBER_LADDER
from epochal.models.catalogue import MODELS, build, config

CLASSES = Task(
    name="t", item="row", input_shape=(6,), levels=(0, 5), numbers=(0,), labels=("a", "b"), counts={}, fingerprint="f"
)
NUMBER = CLASSES.replace(labels=(), target="price")
LADDERS = {"classes": (TABLE_CLASSES_LADDER, CLASSES), "number": (TABLE_NUMBER_LADDER, NUMBER)}
RUNGS = [(ladder, name) for ladder, (rungs, _) in LADDERS.items() for name in (*rungs.rungs, *rungs.extras)]
EXTRAS = ["xgboost", "lightgbm", "catboost"]
both = pytest.mark.parametrize(("ladder", "task"), LADDERS.values(), ids=LADDERS)


def test_the_ladders_in_order():
    assert list(TABLE_CLASSES_LADDER.rungs) == [
        "majority", "linear", "tree", "forest", "histogram-trees",
        "perceptron", "mlp", "table-resnet", "numeric-embeddings",
    ]  # fmt: skip
    assert list(TABLE_NUMBER_LADDER.rungs) == [
        "mean", "linear", "tree", "forest", "histogram-trees", "mlp", "table-resnet", "numeric-embeddings",
    ]  # fmt: skip


@both
def test_extras_are_climbed_only_where_they_are_named(ladder: Ladder, task: Task):
    assert list(ladder.extras) == EXTRAS
    assert not set(EXTRAS) & set(ladder.names(pretrained=True))
    needs = {row.name: row.extra for row in ladder_table(ladder)}
    assert [name for name, extra in needs.items() if extra] == list(needs)[-3:] == EXTRAS
    assert {needs[name] for name in EXTRAS} == {"boosting"}


@both
def test_years_rise_within_classical_rungs_and_within_networks(ladder: Ladder, task: Task):
    for kind in (CLASSICAL, NETWORK):
        years = [rung.year for rung in ladder.rungs.values() if rung.kind == kind]
        assert years == sorted(years)


@pytest.mark.parametrize(("which", "name"), RUNGS)
def test_every_rung_is_whole(which: str, name: str):
    ladder, task = LADDERS[which]
    rung = ladder.rung(name)
    assert rung.name == name == rung.recipe.model
    assert rung.adds.endswith(".") and rung.title and rung.paper
    assert "image" not in rung.adds and "pixel" not in rung.adds
    assert Recipe.from_json(rung.recipe.to_json()) == rung.recipe
    assert isinstance(config(rung.recipe), rung.config_class)
    assert isinstance(build(rung.recipe, task), nn.Module) == (rung.kind == NETWORK)
    assert (rung.recipe.objective == "estimate") == (rung.kind == CLASSICAL)
    if rung.kind == NETWORK:
        squared = rung.recipe.objective == "squared_error"
        assert squared == (which == "number")


@pytest.mark.parametrize(("which", "name"), RUNGS)
def test_the_largest_member_of_a_family_is_the_rung_itself_and_all_can_be_built_and_named(which: str, name: str):
    ladder, task = LADDERS[which]
    rung = ladder.rung(name)
    assert rung.members[-1] == rung.recipe
    names = {rung.member(member) for member in rung.members}
    assert len(names) == len(rung.members)
    for member in rung.members:
        build(member, task)


def test_a_rung_of_one_name_has_its_own_words_on_each_ladder():
    classes, number = (ladder.rung("linear") for ladder, _ in LADDERS.values())
    assert (classes.title, classes.year) == ("Logistic regression", 1958)
    assert (number.title, number.year) == ("Ridge regression", 1970)


@both
def test_the_table_counts_the_parameters_of_networks(ladder: Ladder, task: Task):
    rows = {row.name: row for row in ladder_table(ladder, task)}
    assert rows["mlp"].parameters == 7 * 300 + 301 * task.outputs
    assert rows["forest"].parameters is None


def test_every_model_is_a_rung_of_some_ladder():
    ladders = (IMAGE_LADDER, TABLE_CLASSES_LADDER, TABLE_NUMBER_LADDER)
    assert {name for ladder in ladders for name in ladder.every} == set(MODELS)
    for ladder in ladders:
        assert all(rung.traits == MODELS[name].traits for name, rung in ladder.every.items())


def test_a_rung_that_is_not_there_is_told_without_ladders_that_are_empty():
    with pytest.raises(
        UserError,
        match=r"^There is no rung 'lenet'\. The ladder has mean, .*, numeric-embeddings\. "
        r"With pip install 'epochal\[boosting\]' also xgboost, lightgbm, catboost\.$",
    ):
        TABLE_NUMBER_LADDER.rung("lenet")
