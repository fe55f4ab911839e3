"""Edges where the numbers are: at quantiles of different values, few where there are few, and kept with the weights."""

import numpy as np
import pytest
import torch

from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.core.task import Task
from epochal.models.catalogue import build
from epochal.models.numeric_embeddings import edges_of, piecewise_linear
from epochal.train.trainee import prepare

TASK = Task(
    name="t", item="row", input_shape=(3,), numbers=(0, 2), labels=("a", "b"), counts={}, fingerprint="f"
)  # fmt: skip


def test_a_value_that_most_rows_share_takes_one_edge():
    values = torch.cat([torch.zeros(900), torch.arange(1, 101).float()])[:, None]
    edges = edges_of(values, 4)
    assert edges.tolist() == [[0, 25, 50, 75, 100]]


def test_a_number_with_few_values_has_as_few_bins_and_the_rest_say_nothing():
    edges = edges_of(torch.tensor([[0.0, 7.0], [1.0, 7.0], [3.0, 7.0], [1.0, 7.0]]), 4)
    assert edges[0].tolist() == [0, 1, 3, 3, 3]
    shares = piecewise_linear(torch.tensor([[2.0, 7.25]]), edges).reshape(2, 4)
    assert shares.isfinite().all()
    assert shares[1].tolist() == [0.75, 0, 0, 0]  # one bin around the only value, from 6.5 to 7.5


def test_beyond_the_last_edge_a_share_goes_on():
    edges = torch.tensor([[0.0, 1.0, 2.0, 2.0]])
    shares = piecewise_linear(torch.tensor([[-1.0], [1.5], [4.0]]), edges)
    assert shares.tolist() == [[-1, 0, 0], [1, 0.5, 0], [1, 3, 0]]


def test_what_it_saw_is_kept_with_its_weights():
    recipe = Recipe(model="numeric-embeddings", options={"bins": 4, "hidden": 8})
    first, second = build(recipe, TASK), build(recipe, TASK)
    first.look(torch.randn(50, 3, generator=torch.Generator().manual_seed(0)) * 10)
    assert not torch.equal(first.edges, second.edges)
    second.load_state_dict(first.state_dict())
    rows = torch.randn(5, 3)
    assert torch.equal(first.eval()(rows), second.eval()(rows))


def test_without_bins_or_numbers_it_looks_at_nothing():
    build(Recipe(model="numeric-embeddings", options={"bins": 0}), TASK).look(torch.randn(5, 3))
    build(Recipe(model="numeric-embeddings"), TASK.replace(numbers=())).look(torch.randn(5, 3))


@pytest.mark.parametrize("most", [None, 40])
def test_it_is_shown_the_training_rows_before_its_first_step(monkeypatch, most):
    from epochal.kinds.opening import open_dataset
    from epochal.train import trainee

    if most:
        monkeypatch.setattr(trainee, "LOOKED_AT", most)
    dataset = open_dataset("wine")
    recipe = Recipe(model="numeric-embeddings", options={"bins": 4, "hidden": 8}, batch_size=16)
    model = prepare(dataset, recipe, 0, Budget(examples=16)).model
    seen = dataset.codec.dense(dataset.train.inputs)[:, list(dataset.task.numbers)]
    least = np.asarray(seen).min(axis=0)
    assert (model.edges[:, 0].numpy() >= least).all() and (model.edges[:, 0].numpy() == least).all() == (most is None)
