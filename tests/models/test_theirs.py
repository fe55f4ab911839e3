"""Models of the user's own: found by their place, used as ours are, and refused in words."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_wine

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.kinds.rung import their_rung
from epochal.models import catalogue
from epochal.models.places import settled
from epochal.models.theirs import origin, their_model
from epochal.models.weights import model_files, read_model

WINE = Task(
    name="wine", kind="table-classes", item="row", input_shape=(13,), labels=("a", "b", "c"), counts={}, fingerprint=""
)
PRICE = WINE.replace(labels=(), target="price")
TREES = "sklearn.ensemble:ExtraTreesClassifier"
NET = """
import torch
from torch import nn

class Net(nn.Module):
    recipe = {"learning_rate": 0.01, "batch_size": 16}

    def __init__(self, task):
        super().__init__()
        self.layer = nn.Linear(task.input_shape[0], task.outputs)

    def forward(self, inputs):
        return self.layer(inputs)

class Narrow(Net):
    def forward(self, inputs):
        return self.layer(inputs)[:, :1]

class Broken(Net):
    def forward(self, inputs):
        raise RuntimeError("out of luck")

class Squeezed(Net):
    def forward(self, inputs):
        return self.layer(inputs).squeeze()

class Neither:
    pass

class Greedy(Net):
    recipe = {"learning": 3}
"""


def rows():
    return load_wine().data.astype(np.float32), load_wine().target


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(NET)
    return str(path)


def test_an_estimator_answers_as_itself():
    inputs, targets = rows()
    model = catalogue.build(Recipe(model=TREES, objective="estimate"), WINE)
    model.fit(inputs, targets, seed=7)
    alone = type(model._fitted)(random_state=7).fit(inputs, targets)
    np.testing.assert_allclose(np.exp(model.outputs(inputs)), np.clip(alone.predict_proba(inputs), 1e-6, 1), rtol=1e-5)
    assert not catalogue.traits(Recipe(model=TREES)).deterministic and not catalogue.traits(Recipe(model=TREES)).deep


def test_classes_without_an_example_come_last():
    inputs, targets = rows()
    model = catalogue.build(Recipe(model=TREES), WINE)
    model.fit(inputs[targets != 1], targets[targets != 1], seed=0)
    assert (model.outputs(inputs).argmin(axis=1) == 1).all()


def test_a_separator_without_chances_answers_with_its_scores():
    inputs, targets = rows()
    model = catalogue.build(Recipe(model="sklearn.svm:LinearSVC"), WINE)
    model.fit((inputs - inputs.mean(0)) / inputs.std(0), targets, seed=0)
    scores = model.outputs((inputs - inputs.mean(0)) / inputs.std(0))
    assert scores.shape == (178, 3) and (scores.argmax(axis=1) == targets).mean() > 0.95


def test_numbers_are_predicted_and_images_flattened():
    inputs = np.arange(48, dtype=np.float32).reshape(12, 1, 2, 2)
    model = catalogue.build(Recipe(model="sklearn.linear_model:LinearRegression"), PRICE)
    model.fit(inputs, inputs.sum(axis=(1, 2, 3)), seed=0)
    assert model.outputs(inputs).ravel() == pytest.approx(inputs.sum(axis=(1, 2, 3)), rel=1e-4)
    assert catalogue.traits(Recipe(model="sklearn.linear_model:LinearRegression")).deterministic


@pytest.mark.parametrize("name", [TREES, "sklearn.ensemble:GradientBoostingClassifier"])
def test_an_estimator_is_kept_and_read_again(tmp_path, name):
    inputs, targets = rows()
    recipe = Recipe(model=name, objective="estimate")
    model = catalogue.build(recipe, WINE)
    model.fit(inputs, targets, seed=0)
    for file, content in model_files(model).items():
        (tmp_path / file).write_bytes(content)
    np.testing.assert_array_equal(read_model(tmp_path, recipe, WINE).outputs(inputs), model.outputs(inputs))


def test_a_module_is_made_of_the_task_and_says_its_recipe(mine):
    rung = their_rung(f"{mine}:Net", "squared_error")
    assert (rung.title, rung.by_steps, rung.recipe.objective, rung.recipe.batch_size) == (
        "Net",
        True,
        "squared_error",
        16,
    )
    network = catalogue.build(rung.recipe, WINE)
    assert network(torch.zeros(5, 13)).shape == (5, 3) and network.training


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("no.such.module:Thing", "no.such.module cannot be imported: ModuleNotFoundError"),
        ("gone.py:Thing", "gone.py cannot be imported: FileNotFoundError: there is no file"),
        ("{mine}:Nat", "expected a class Nat in .*, and there is none. It has Net, Narrow, Broken, Squeezed, Neither"),
        (
            "{mine}:Neither",
            "expected a torch.nn.Module or a scikit-learn estimator with fit and get_params; Neither is neither",
        ),
        (
            "sklearn.ensemble:VotingClassifier",
            r"expected an estimator that VotingClassifier\(\) makes without arguments",
        ),
        ("{mine}:Greedy", "its recipe cannot be used"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_read(mine, place, message):
    with pytest.raises(UserError, match=message):
        their_rung(place.format(mine=mine), "cross_entropy")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Narrow", r"expected answers of the shape \[batch, 3\], which is task.outputs; got \[2, 1\] for a batch of 2"),
        ("Squeezed", r"expected answers of the shape \[batch, 3\], .*; got \[3\] for a batch of 1"),
        ("Broken", r"takes inputs \[batch, 13\]; got RuntimeError: out of luck"),
    ],
)
def test_a_module_that_answers_wrongly_is_refused(mine, name, message):
    with pytest.raises(UserError, match=message):
        catalogue.build(Recipe(model=f"{mine}:{name}"), WINE)


def test_an_estimator_of_another_goal_is_refused():
    model = catalogue.build(Recipe(model="sklearn.linear_model:LinearRegression"), WINE)
    with pytest.raises(UserError, match="expected an estimator with predict_proba or decision_function"):
        model.fit(*rows(), seed=0)


def test_the_code_behind_a_bundle_is_known(mine):
    import sklearn

    assert origin(TREES) == {"code": "sklearn.ensemble", "version": sklearn.__version__}
    before = origin(f"{mine}:Net")
    with open(mine, "a") as file:
        file.write("\n# changed\n")
    assert origin(f"{mine}:Net")["sha256"] != before["sha256"] and before["code"] == mine
    assert their_model(f"{mine}:Net") is their_model(f"{mine}:Net")


def test_what_was_imported_is_known_though_its_file_changed_since(mine):
    imported = their_model(f"{mine}:Net").origin
    with open(mine, "a") as file:
        file.write("\n# changed\n")
    assert their_model(f"{mine}:Net").origin == imported != origin(f"{mine}:Net")
    their_model.cache_clear()
    assert their_model(f"{mine}:Net").origin == origin(f"{mine}:Net")


def test_a_rung_has_a_settled_place_wherever_it_comes_from(mine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rung = their_rung("mine.py:Net", "cross_entropy")
    assert rung.name == rung.recipe.model == f"{mine}:Net"


def test_a_place_means_the_same_in_every_folder(mine, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert settled("mine.py:Net") == settled("~/mine.py:Net") == f"{mine}:Net"
    assert settled(TREES) == TREES and settled("mlp") == "mlp"
    assert origin("~/mine.py:Net") == origin(f"{mine}:Net")
