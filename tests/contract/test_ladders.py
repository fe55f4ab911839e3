"""What every rung of every ladder promises, classical or deep, of whatever kind of data and year.

Which promises a rung makes is decided by its traits, never by its name. Only what learns by steps has a state to resume
from, seconds that can cut it short, and the duty to learn eight examples by heart: what learns at once chooses how
closely to follow its examples, and where there are eight, whose targets mean nothing, it rightly does not. It has to
beat the floor of its ladder instead, on data of which much can be learned.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ladders import NETWORKS, RUNGS, SAMPLES, Case, dataset
from torch import nn

from epochal.core.protocols import Batch, Feed, Predictor
from epochal.core.run import FINISHED, Budget, Point, Run
from epochal.data.dataset import Dataset
from epochal.kinds.table import KINDS, kind_of
from epochal.models.catalogue import build
from epochal.ship.bundle import Bundle, write_bundle
from epochal.train.checkpoint import Checkpoints
from epochal.train.fit import fit
from epochal.train.objectives import make_objective
from epochal.train.trainee import prepare

SEED, OTHER_SEED = 3, 4
STEPS, POINTS = 6, 3
BY_HEART = 1500  # steps, of eight examples each: most networks need a tenth of them
NEEDS_WEIGHTS = pytest.mark.skip(reason="begins with weights that were learned on other data, which tests do not have")


def each(cases: Iterable[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "case",
        [pytest.param(case, id=str(case), marks=NEEDS_WEIGHTS if case.traits.pretrained else ()) for case in cases],
    )


every_rung = each(RUNGS)
what_learns_by_steps = each(case for case in RUNGS if case.traits.by_steps)
what_learns_at_once = each(case for case in RUNGS if not case.traits.by_steps and not case.is_floor)
every_network = each(NETWORKS)


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One training, with what it answered on validation and how many examples its feed gave."""

    predictor: Any
    run: Run
    answers: dict[str, np.ndarray]
    examples: int

    def bits(self) -> dict[str, Any]:
        """All that a training comes to, apart from what the clock says."""
        arrays = {"weights": weights(self.predictor.model), "answers": self.answers}
        kept = {key: {name: value.tobytes() for name, value in found.items()} for key, found in arrays.items()}
        return kept | {"curve": self.run.curve, "scores": self.run.scores, "steps": self.run.cost.steps}


@dataclass
class Counted:
    """A feed that counts the examples that are taken from it."""

    feed: Feed
    examples: int = 0

    @property
    def fixed(self) -> bool:
        return self.feed.fixed

    @property
    def per_batch(self) -> int:
        return self.feed.per_batch

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterable[Batch]:
        for batch in self.feed.batches(model, seed, start):
            self.examples += len(batch.targets)
            yield batch


def weights(model: Any) -> dict[str, np.ndarray]:
    if isinstance(model, nn.Module):
        return {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()}
    return {name: np.asarray(value) for name, value in model.arrays().items()}


def whole(case: Case) -> Budget:
    """Some steps; or all examples, once."""
    count = len(dataset(case.kind).train)
    steps = STEPS * min(case.recipe.batch_size, count)
    return Budget(examples=steps if case.traits.by_steps else count, points=POINTS)


def train(case: Case, seed: int = SEED, budget: Budget | None = None, **arguments: Any) -> Trained:
    budget = budget or whole(case)
    trainee = prepare(dataset(case.kind), case.recipe, seed, budget)
    feed = Counted(trainee.feed)
    predictor, run = fit(replace(trainee, feed=feed), budget, seed, **arguments)
    answers = trainee.judge.prediction.arrays() if run.status == FINISHED else {}
    return Trained(predictor=predictor, run=run, answers=answers, examples=feed.examples)


@cache
def trained(case: Case) -> Trained:
    """A training that several promises are asked of."""
    return train(case)


def arrays(predictor: Predictor, inputs: Any) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = predictor(inputs).arrays()
    return found


def test_every_row_of_the_table_of_kinds_has_a_sample() -> None:
    assert list(SAMPLES) == list(KINDS)
    assert {case.kind for case in RUNGS} == set(KINDS)


@every_rung
def test_same_seed_same_run(case: Case) -> None:
    """To the last bit; and another seed gives another model, unless a rung says that seeds do not matter to it."""
    expected, other = trained(case), train(case, OTHER_SEED)
    assert expected.run.status == FINISHED
    assert train(case).bits() == expected.bits()
    if case.traits.deterministic:
        assert other.bits() == expected.bits()
    elif case.traits.by_steps:
        assert other.bits()["weights"] != expected.bits()["weights"]


@every_rung
def test_obeys_its_budget(case: Case) -> None:
    """It takes as many examples as it may, and says how many: all steps are full, and what sees its examples once takes
    them of each class in proportion."""
    allowed = whole(case).examples * 2 // 3
    found = train(case, budget=Budget(examples=allowed, points=2))
    assert found.run.cost.examples == allowed
    assert abs(found.examples - allowed) <= (0 if case.traits.by_steps else dataset(case.kind).strata)
    assert found.run.curve[-1].examples == allowed
    assert [point.step for point in found.run.curve] == ([2, 4] if case.traits.by_steps else [1])


@what_learns_by_steps
def test_is_cut_short_where_its_seconds_are_over(case: Case) -> None:
    budget = Budget(examples=10 * whole(case).examples, seconds=1e-6, points=POINTS)
    run = train(case, budget=budget).run
    assert run.status == FINISHED and run.course
    assert run.cost.steps == run.course[-1][1] == run.curve[-1].step < 10 * STEPS


class Killed(Exception):
    """Ends a training from within."""


@what_learns_by_steps
def test_resumes_to_the_same_bits(case: Case, tmp_path: Path) -> None:
    seen: list[int] = []

    def watch(point: Point, steps: int) -> None:
        seen.append(point.step)
        if seen == [2, 4]:
            raise Killed

    with pytest.raises(Killed):
        train(case, checkpoints=Checkpoints(tmp_path), every=0.0, watch=watch)
    found = train(case, checkpoints=Checkpoints(tmp_path), watch=watch)
    assert seen == [2, 4, 4, 6], "the newest checkpoint is that of step 3"
    assert found.bits() == trained(case).bits()


@every_rung
def test_the_bundle_predicts_what_was_evaluated(case: Case, tmp_path: Path) -> None:
    """What was encoded for the training, and the same items as the user has them, encoded by the bundle's own codec."""
    data, before = dataset(case.kind), trained(case)
    goal, reads = kind_of(data.task).goal, kind_of(data.task).input
    answer = goal.restore(before.answers)
    folder = write_bundle(
        tmp_path / "bundle",
        model=before.predictor.model,
        recipe=case.recipe,
        task=data.task,
        codec=data.codec,
        calibration=goal.calibrate(answer, data.validation.targets),
        evidence={},
    )
    bundle = Bundle.open(folder)
    source = SAMPLES[case.kind]().source
    labelled = reads.labelled(bundle.codec, source, options=bundle.options(), task=bundle.task, progress=None)
    places = [labelled.names.index(item) for item in data.validation.items]
    encoded = np.concatenate([given.encoded for given in labelled.given(places)])
    np.testing.assert_array_equal(encoded, data.validation.inputs)
    for name, values in arrays(bundle.predictor, encoded).items():
        np.testing.assert_array_equal(values, before.answers[name])


@every_rung
def test_any_batch_size_gives_the_same_answers(case: Case) -> None:
    predictor, inputs = trained(case).predictor, dataset(case.kind).validation.inputs[:7]
    together = arrays(predictor, inputs)
    for size in (1, 2, 5):
        apart = [arrays(predictor, inputs[start : start + size]) for start in range(0, 7, size)]
        for name, values in together.items():
            np.testing.assert_allclose(np.concatenate([part[name] for part in apart]), values, rtol=1e-4, atol=1e-4)
    assert all(len(values) == 0 for values in arrays(predictor, inputs[:0]).values())


@what_learns_at_once
def test_learns_more_than_the_floor_of_its_ladder(case: Case) -> None:
    floor = next(one for one in RUNGS if one.kind == case.kind and one.is_floor)
    assert trained(case).run.scores["score"] > trained(floor).run.scores["score"] + 0.1


# What makes a network: variants of the rungs as well.


def network(case: Case, seed: int = SEED) -> nn.Module:
    torch.manual_seed(seed)
    model: nn.Module = build(case.recipe, case.task)
    return model


def first_batch(case: Case, count: int = 64) -> Batch:
    """The first examples as the network sees them, with their targets as it learns them."""
    data = dataset(case.kind)
    inputs = data.codec.tensors()(torch.from_numpy(np.array(data.train.inputs[:count])))
    learned = kind_of(data.task).goal.learned(data.train.targets[:count], data.task)
    return Batch(inputs, torch.from_numpy(learned))


@every_network
def test_every_parameter_gets_a_gradient(case: Case) -> None:
    model = network(case)
    make_objective(case.recipe, SEED).loss("all", model, first_batch(case)).backward()
    missing = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None or not parameter.grad.isfinite().all() or not parameter.grad.any()
    ]
    assert not missing


@every_network
def test_same_seed_same_weights_and_its_state_makes_it_whole_again(case: Case) -> None:
    first, second, other = network(case), network(case), network(case, OTHER_SEED)
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    assert all(torch.equal(mine, yours) for mine, yours in pairs)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))
    inputs = first_batch(case, 7).inputs
    first(inputs)  # moves the statistics of normalisation
    other.load_state_dict(first.state_dict())
    with torch.no_grad():
        together = first.eval()(inputs)
        assert torch.equal(together, other.eval()(inputs))
        for size in (1, 2, 5):
            apart = torch.cat([first(part) for part in inputs.split(size)])
            torch.testing.assert_close(apart, together, rtol=1e-4, atol=1e-4)
        assert first(inputs[:0]).shape == (0, case.task.outputs)


def to_learn_by_heart(kind: str) -> Dataset:
    """Eight examples, to be trained and judged on, that have each other's targets."""
    few = dataset(kind).subset(range(8))
    targets = np.random.default_rng(0).permutation(few.train.targets)
    return replace(few, train=replace(few.train, targets=targets)).on_training()


@every_network
def test_overfits_eight_examples(case: Case) -> None:
    """What has nothing to do with its input can only be learned by heart; a network that cannot has a broken wire."""
    points: list[Point] = []

    def known() -> bool:
        return points[-1].values["train_loss"] < 0.05 and points[-1].values["score"] > 0.95

    def watch(point: Point, steps: int) -> None:
        points.append(point)
        if known():
            raise Killed

    recipe = case.without_dropout().replace(
        optimiser="adam", learning_rate=0.003, weight_decay=0.0, schedule="constant", augment=(), batch_size=8
    )
    budget = Budget(examples=8 * BY_HEART, points=BY_HEART // 10)
    with suppress(Killed):
        fit(prepare(to_learn_by_heart(case.kind), recipe, SEED, budget), budget, SEED, watch=watch)
    assert known(), points[-1]
