"""Rows with weights, from the table to the loss: kept by every subset, handed over with the batch, and averaged by."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from epochal.core.protocols import Batch
from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget
from epochal.core.weighed import Weighed
from epochal.data.dataset import Dataset
from epochal.data.feed import WholeFeed
from epochal.data.table.options import TableOptions
from epochal.data.table.rows import open_rows
from epochal.kinds.table_input import TableInput
from epochal.models.theirs import their_model
from epochal.study.single import train_rung
from epochal.train.fit import fit
from epochal.train.objectives import CrossEntropy, PerceptronCriterion, SquaredError
from epochal.train.replay import copied, tensors_in
from epochal.train.together import EachSeed, SideBySide, Stack
from epochal.train.trainee import cannot_weigh, prepare

COUNT = 200
MLP = Recipe(model="mlp", options={"hidden": 8, "layers": 1}, learning_rate=0.02, batch_size=16)


def people(count: int = COUNT) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"age": draw.integers(18, 80, count), "income": draw.normal(30, 9, count).round(2)})
    frame["weight"] = draw.lognormal(0, 0.6, count).round(3) + 0.1
    frame["bought"] = np.where(frame["age"] + draw.normal(0, 15, count) > 50, "yes", "no")
    return frame


def opened(label: str = "bought", frame: pd.DataFrame | None = None, **options: object) -> Dataset:
    return open_rows(people() if frame is None else frame, TableOptions(label=label, **options))  # type: ignore[arg-type]


def test_a_data_set_keeps_the_weights_of_its_rows_wherever_they_go() -> None:
    frame, dataset = people(), opened(weights="weight")
    assert dataset.codec.columns == ("age", "income") and dataset.codec.weights == "weight"

    def of(items: tuple[str, ...]) -> np.ndarray:
        return frame["weight"].to_numpy()[[int(item.removeprefix("row ")) - 1 for item in items]]

    joined, half = dataset.joined(), dataset.train_fraction(0.5)
    for part in (dataset.train, dataset.validation, dataset.open_test(), joined.train, half.train):
        assert part.weights is not None
        np.testing.assert_array_equal(part.weights, of(part.items))
        assert isinstance(part.truth(), Weighed) and part.truth([1, 0]).weights[0] == part.weights[1]
    assert len(half.train) < len(dataset.train) < len(joined.train)
    assert isinstance(dataset.on_training().validation.truth(), Weighed)
    plain = opened()
    assert plain.train.weights is None and plain.train.truth() is not None
    assert not isinstance(plain.joined().train.truth(), Weighed)


def test_the_fingerprint_changes_with_the_weights() -> None:
    frame = people()
    one = opened(weights="weight").task.fingerprint
    frame.loc[7, "weight"] += 0.5
    assert opened(frame=frame, weights="weight").task.fingerprint != one
    assert opened(frame=frame.drop(columns="weight")).task.fingerprint != one


def test_the_feeds_hand_over_weights_with_mean_one() -> None:
    dataset = opened(weights="weight")
    train = dataset.train
    assert train.weights is not None
    shares = (train.weights / train.weights.mean()).astype(np.float32)
    places = np.arange(len(train))
    batch = next(TableInput().feed(dataset, Weighed(places, train.weights), MLP, "cpu").batches(None, 0))
    np.testing.assert_array_equal(batch.targets.weights.numpy(), shares[batch.targets.values.numpy()])
    (whole,) = WholeFeed(train.inputs, Weighed(train.targets, train.weights)).batches(None, 0)
    np.testing.assert_array_equal(whole.targets.weights, shares)
    (part,) = WholeFeed(places, Weighed(train.targets, train.weights), limit=20).batches(None, 0)
    chosen = train.weights[part.inputs]
    assert len(chosen) == pytest.approx(20, abs=2)
    np.testing.assert_allclose(part.targets.weights, chosen / chosen.mean(), rtol=1e-6)
    repeated = copied((Batch(batch.inputs, batch.targets),))[0]
    assert isinstance(repeated.targets, Weighed) and repeated.targets.weights is not batch.targets.weights
    assert len(list(tensors_in(repeated))) == 3


class Heads(nn.Module):
    """A network with a second head while it trains, as GoogLeNet has."""

    auxiliary_weight = 0.3

    def __init__(self, outputs: int):
        super().__init__()
        self.main, self.other = nn.Linear(4, outputs), nn.Linear(4, outputs)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        return self.main(inputs), self.other(inputs)


def test_a_loss_is_the_mean_of_each_times_its_weight() -> None:
    torch.manual_seed(0)
    inputs, weights = torch.randn(12, 4), torch.rand(12) * 2
    classes, numbers = torch.randint(3, (12,)), torch.randn(12)
    model, heads, line = nn.Linear(4, 3), Heads(3), nn.Linear(4, 1)
    each = F.cross_entropy(model(inputs), classes, reduction="none", label_smoothing=0.1)
    found = CrossEntropy(0.1).loss("all", model, Batch(inputs, Weighed(classes, weights)))
    assert torch.allclose(found, (weights * each).mean())
    of_class = torch.tensor([1.0, 2.0, 0.5])
    found = CrossEntropy(0.1, of_class).loss("all", model, Batch(inputs, Weighed(classes, weights)))
    assert torch.allclose(found, (of_class[classes] * weights * each).mean())
    one, other = (F.cross_entropy(head, classes, reduction="none") for head in heads(inputs))
    found = CrossEntropy().loss("all", heads, Batch(inputs, Weighed(classes, weights)))
    assert torch.allclose(found, (weights * (one + 0.3 * other)).mean())
    found = SquaredError().loss("all", line, Batch(inputs, Weighed(numbers, weights)))
    assert torch.allclose(found, (weights * (line(inputs)[:, 0] - numbers) ** 2).mean())


@pytest.mark.parametrize("objective", [CrossEntropy(), PerceptronCriterion(), SquaredError()])
def test_whole_weights_are_repeated_examples_to_an_objective(objective: CrossEntropy) -> None:
    torch.manual_seed(1)
    inputs, times = torch.randn(12, 4), torch.arange(12) % 3 + 1
    targets = torch.randn(12) if isinstance(objective, SquaredError) else torch.randint(3, (12,))
    model = nn.Linear(4, 1 if isinstance(objective, SquaredError) else 3)
    again = Batch(inputs.repeat_interleave(times, 0), targets.repeat_interleave(times, 0))
    shares = times / times.float().mean()
    losses = [objective.loss("all", model, batch) for batch in (Batch(inputs, Weighed(targets, shares)), again)]
    gradients = [torch.autograd.grad(loss, list(model.parameters())) for loss in losses]
    assert torch.allclose(*losses)
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_seeds_trained_together_see_the_weights_that_each_sees_alone() -> None:
    dataset = opened(weights="weight")
    trainees = [prepare(dataset, MLP, seed, Budget(examples=64)) for seed in (0, 1)]
    stacked = next(SideBySide(trainees[0].feed, (0, 1)).batches(None, 0))
    losses = EachSeed(trainees[0].objective).loss("all", Stack([each.model for each in trainees]), stacked)
    for seed, trainee in enumerate(trainees):
        batch = next(trainee.feed.batches(None, seed))
        assert torch.equal(stacked.targets.weights[seed], batch.targets.weights)
        assert torch.allclose(losses[seed], trainee.objective.loss("all", trainee.model, batch), atol=1e-6)


@pytest.mark.parametrize("model", ["mlp", "linear"])
def test_a_training_and_its_scores_go_by_weight(model: str) -> None:
    """Where all who matter answer the other way, so does what was learned."""
    frame = people(400)
    turned = frame.assign(bought=np.where(frame["bought"] == "yes", "no", "yes"))
    both = pd.concat([frame.assign(weight=20.0), turned.assign(weight=1.0)], ignore_index=True)
    recipe = MLP if model == "mlp" else Recipe(model=model, objective="estimate")
    budget, scores = Budget(examples=4000, points=2), {}
    for name in (None, "weight"):
        dataset = opened(frame=both if name else both.drop(columns="weight"), weights=name, duplicates=False)
        _, run = fit(prepare(dataset, recipe, 0, budget), budget, 0)
        assert run.status == FINISHED
        scores[name] = run.scores["score"]
    assert scores[None] < 0.6 < 0.7 < scores["weight"]


NEIGHBOURS, FOREST = "sklearn.neighbors:KNeighborsClassifier", "sklearn.ensemble:ExtraTreesClassifier"


def test_a_rung_that_cannot_weigh_is_named_and_learns_all_the_same(tmp_path: Path) -> None:
    assert their_model(FOREST).traits.weighs and not their_model(NEIGHBOURS).traits.weighs
    dataset = opened(weights="weight")
    neighbours, forest = (Recipe(model=each, objective="estimate") for each in (NEIGHBOURS, FOREST))
    assert cannot_weigh(dataset, neighbours, "KNeighborsClassifier") == (
        "KNeighborsClassifier cannot weigh its examples: it learned from each row alike, and its scores alone are "
        "weighted."
    )
    assert cannot_weigh(dataset, forest, "x") == cannot_weigh(opened(), neighbours, "x") == ""
    said: list[str] = []
    options = TableOptions(label="bought", weights="weight")
    _, bundle = train_rung(
        NEIGHBOURS, people(), options=options, budget="3s", out=tmp_path / "run", progress=said.append
    )
    assert bundle is not None and sum("cannot weigh its examples" in line for line in said) == 1
    assert any("'weight': the weight of each row in learning and in scores" in line for line in said)
    learned = prepare(dataset, forest, 0, Budget(examples=COUNT))
    (batch,) = learned.feed.batches(None, 0)
    assert isinstance(batch.targets, Weighed)
    learned.objective.loss("all", learned.model, batch)
    (batch,) = prepare(dataset, neighbours, 0, Budget(examples=COUNT)).feed.batches(None, 0)
    assert not isinstance(batch.targets, Weighed)
