"""Changes of one ingredient: what each touches, and what it refuses."""

import pytest

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.kinds.image_ladder import IMAGE_LADDER, RUNGS
from epochal.models.catalogue import MODELS, build, config
from epochal.study.changes import CARDS, CHANGES, Change, change

DIGITS = Task(name="t", input_shape=(1, 8, 8), labels=tuple("01234"), counts={}, fingerprint="f")

# Without any of the ingredients, so that each change has something to do.
BARE = {
    "resnet": Recipe(
        model="resnet",
        options={
            "depth": 8,
            "shortcuts": "none",
            "normalisation": "none",
            "activation": "scaled_tanh",
            "initialisation": "gaussian",
        },
        optimiser="sgd",
        momentum=0.0,
        schedule="constant",
    ),
    "alexnet": Recipe(model="alexnet", options={"overlapping": False, "width": 1 / 16}),
    "zipcode": Recipe(model="zipcode", options={"shared": False}),
}


def bare(name: str) -> Recipe:
    """The first bare recipe of a model that has the options that this change sets."""
    options = {field.removeprefix("options.") for field in CHANGES[name].touches if field.startswith("options.")}
    return next(recipe for model, recipe in BARE.items() if options <= set(MODELS[model].config_class.__annotations__))


def test_the_changes_that_there_are():
    assert list(CHANGES) == [
        "sigmoid", "tanh", "relu", "gelu", "lecun", "glorot", "he", "dropout", "l2",
        "local_response", "overlapping_pooling", "batch_norm", "group_norm", "layer_norm", "flip", "crop", "colour_pca",
        "momentum", "nesterov", "adam", "adamw", "step", "cosine", "one_cycle", "label_smoothing", "class_weights",
        "residual",
        "weight_sharing", "ema",
    ]  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_touches_what_it_declares_and_nothing_else(name: str):
    recipe = bare(name)
    changed = CHANGES[name].apply(recipe)
    assert recipe.differs(changed)
    assert set(recipe.differs(changed)) == set(CHANGES[name].touches)
    build(changed, DIGITS)
    assert recipe == bare(name)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_has_its_paper(name: str):
    made = CHANGES[name]
    card = CARDS[name]
    assert (made.name, made.title, made.paper, made.year) == (name, card.title, card.paper, card.year)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_is_there_already_is_refused(name: str):
    changed = CHANGES[name].apply(bare(name))
    with pytest.raises(UserError, match=f"The change '{name}' leaves this recipe of {changed.model} as it is"):
        CHANGES[name].apply(changed)


def test_naming_a_default_is_no_change():
    assert "activation" not in RUNGS["resnet"].recipe.options
    with pytest.raises(UserError, match=r"'relu' leaves this recipe of resnet as it is.*Take it out of the control"):
        change("relu").apply(RUNGS["resnet"].recipe)


def test_an_edit_that_touches_more_than_it_declares_is_refused():
    greedy = Change(
        name="greedy",
        title="Greedy",
        paper="None, 2026",
        year=2026,
        touches=("options.activation",),
        edit=lambda recipe: recipe.with_options(activation="gelu", dropout=0.5).replace(ema=0.9),
    )
    with pytest.raises(UserError) as raised:
        greedy.apply(RUNGS["resnet"].recipe)
    assert str(raised.value) == (
        "The change 'greedy' declares that it touches options.activation, but its edit also touches ema, "
        "options.dropout. An experiment with two changes proves neither: declare these fields, or make two changes "
        "of it."
    )


def test_a_model_without_the_option_says_which_have_it():
    with pytest.raises(
        UserError, match=r"sets the option 'shortcuts', which vgg does not have.*have it: resnet, table-resnet\."
    ):
        change("residual").apply(RUNGS["vgg"].recipe)
    with pytest.raises(UserError, match=r"which perceptron does not have.*mlp, lenet, alexnet, vgg, googlenet, resnet"):
        change("relu").apply(RUNGS["perceptron"].recipe)


def test_a_value_that_the_model_does_not_take_is_refused():
    with pytest.raises(UserError, match=r"mlp: option 'normalisation' is 'group', which is none of none, batch, layer"):
        change("group_norm").apply(RUNGS["mlp"].recipe)


def test_a_classical_rung_has_no_ingredients_to_change():
    with pytest.raises(UserError, match=r"'adam' changes how a network is built or trained; hog-svm is not one"):
        change("adam").apply(RUNGS["hog-svm"].recipe)


def test_an_objective_that_does_not_read_a_setting_refuses_its_change():
    with pytest.raises(
        UserError,
        match=r"'class_weights' sets class_weights, which the objective 'perceptron' of perceptron does not read. "
        r"Objectives that read it: cross_entropy\.",
    ):
        change("class_weights").apply(RUNGS["perceptron"].recipe)


def test_an_unknown_change_lists_those_that_there_are():
    with pytest.raises(UserError, match=r"There is no change 'swish'. There are sigmoid, tanh"):
        change("swish")


def test_augmentations_keep_their_order():
    recipe = RUNGS["resnet"].recipe.replace(augment=("colour_pca",))
    assert change("flip").apply(change("crop").apply(recipe)).augment == ("flip", "crop", "colour_pca")


@pytest.mark.parametrize("name", ["relu", "batch_norm", "dropout", "adam", "crop", "ema"])
def test_a_fold_of_changes_keeps_the_earlier_ones(name: str):
    first = change("label_smoothing").apply(BARE["resnet"])
    second = change(name).apply(first)
    assert second.label_smoothing == 0.1
    assert config(second).depth == 8


def test_every_network_takes_the_changes_of_its_training():
    for entry in IMAGE_LADDER.every.values():
        if entry.by_steps:
            assert change("adam").apply(entry.recipe).optimiser == "adam"
