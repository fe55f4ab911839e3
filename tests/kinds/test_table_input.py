"""Rows on their way to a network: encoded ahead or batch by batch, and shown by their cells."""

import numpy as np
import pandas as pd
import pytest
import torch

from epochal.core.recipe import Recipe
from epochal.data.table.options import TableOptions
from epochal.data.table.rows import open_rows
from epochal.kinds import table_input
from epochal.kinds.table_input import TableInput
from epochal.train.budget import measure


def houses(count=120, **options):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "rooms": draw.integers(1, 8, count),
            "street": draw.choice(["north", "south", None], count),
            "built": pd.date_range("1990-01-01", periods=count, freq="40D"),
        }
    )
    frame["price"] = 100.0 * frame["rooms"] + draw.normal(0, 5, count)
    return open_rows(frame, TableOptions(label="price", **options))


def first(dataset, recipe):
    targets = np.arange(len(dataset.train), dtype=np.float32)
    return next(TableInput().feed(dataset, targets, recipe, "cpu").batches(None, seed=0))


def test_rows_reach_a_network_alike_ahead_and_batch_by_batch(monkeypatch):
    dataset, recipe = houses(), Recipe(model="mlp", batch_size=16)
    ahead = first(dataset, recipe)
    monkeypatch.setattr(table_input, "MOST_AHEAD", 0)
    by_batch = first(dataset, recipe)
    assert ahead.inputs.shape == (16, dataset.codec.width)
    assert torch.equal(ahead.inputs, by_batch.inputs) and torch.equal(ahead.targets, by_batch.targets)
    rows = dataset.codec.dense(dataset.train.inputs[ahead.targets.numpy().astype(int)])
    np.testing.assert_array_equal(rows, ahead.inputs.numpy())


def test_rows_have_no_channels_to_come_last():
    dataset = houses()
    recipe = Recipe(model="mlp", objective="squared_error", batch_size=16)
    assert measure(dataset, recipe, 0.2).scale > 0  # tries bfloat16 with channels last, too


def test_a_row_is_shown_by_its_cells():
    dataset = houses()
    cells = TableInput().show(dataset, dataset.train.inputs[0])["cells"]
    assert list(cells) == ["rooms", "street", "built"]
    assert cells["street"] in ("north", "south", "missing") and cells["built"][:4].isdigit()
    assert 1 <= int(cells["rooms"]) < 8


def test_every_column_at_rest_belongs_to_a_column_of_the_table():
    dataset = houses()
    parts = TableInput().parts(dataset)
    assert sorted(parts) == ["built", "rooms", "street"]
    assert sorted(place for places in parts.values() for place in places) == list(range(len(dataset.codec.levels)))


def test_a_subset_of_numbers_has_low_and_high_ones_in_proportion():
    dataset = houses(count=400)
    part = dataset.train_fraction(0.25)
    assert len(part.train) == pytest.approx(len(dataset.train) / 4, abs=6)
    assert part.train.targets.mean() == pytest.approx(dataset.train.targets.mean(), rel=0.05)
    assert part.report.counts["train"] == {"": len(part.train)}
    assert part.task.fingerprint != dataset.task.fingerprint
