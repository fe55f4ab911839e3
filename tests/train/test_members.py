"""The member of a family that a budget bears: the largest that sees the data often enough, by few measurements."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import pytest

from epochal.core.recipe import Recipe
from epochal.data.dataset import Dataset
from epochal.data.image.opened import open_dataset
from epochal.kinds.image_ladder import DEPTHS, RUNGS
from epochal.kinds.rung import Rung
from epochal.train import members as room
from epochal.train.budget import Rate
from epochal.train.members import FEW_UPDATES, PASSES, UPDATES, enough, least, size_up

ALLOWED = 3.0
NETWORK = RUNGS["resnet"]
OPERATIONS = (1.0, 2.0, 4.0, 7.0, 10.0, 13.0, 26.0)  # of a step of each depth, about
TREES = replace(  # a family of a rung that learns at once; its members are never built here
    RUNGS["boosted-trees"], name="trees", family=({"trees": 10}, {"trees": 40}, {"trees": 400}), work=("trees",)
)


@cache
def digits() -> Dataset:
    return open_dataset("digits")


class Machine:
    """Measures by a known law: the seconds that learning from an example takes, of each member; it takes time."""

    def __init__(self, family: tuple[Recipe, ...], costs: tuple[float, ...], *, whole: bool = False):
        self.family, self.costs, self.whole = family, costs, whole
        self.now, self.measured = 0.0, list[int]()

    def measure(self, dataset: Dataset, recipe: Recipe, allowed: float, *, precisions: bool = True) -> Rate:
        place = next(k for k, member in enumerate(self.family) if member.options == recipe.options)
        assert precisions == (not self.measured), "only the first is measured in two precisions"
        self.measured.append(place)
        self.now += allowed if not self.whole else max(allowed, self.costs[place] * len(dataset.train))
        fast = recipe if recipe.objective == "estimate" else recipe.replace(precision="bfloat16")
        most = len(dataset.train) if self.whole else None
        return Rate(recipe=fast, answering=1e-3, validation=300, scale=self.costs[place], most=most)


@pytest.fixture
def size(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Rate, Machine]]:
    """Sizes a rung up on a machine where its members cost so much."""

    def size(rung: Rung, costs: tuple[float, ...], seconds: float, **options: bool) -> tuple[Rate, Machine]:
        machine = Machine(rung.members, costs, **options)
        monkeypatch.setattr(room, "measure", machine.measure)
        monkeypatch.setattr(room, "time", SimpleNamespace(perf_counter=lambda: machine.now))
        monkeypatch.setattr(room, "flops", lambda model, shape: OPERATIONS[model])
        monkeypatch.setattr(
            room.catalogue, "build", lambda recipe, task: [m.options for m in rung.members].index(recipe.options)
        )
        return size_up(digits(), rung, seconds, ALLOWED), machine

    return size


def place_of(rate: Rate, rung: Rung) -> int:
    return [member.options for member in rung.members].index(rate.recipe.options)


LAWS = {  # and how many members too small one may be that was chosen: each costs a measurement to find out
    "as its operations say": (OPERATIONS, 0),
    "an overhead for every step": (tuple(3 + operations for operations in OPERATIONS), 1),
    "larger ones are less efficient": (tuple(operations**1.3 for operations in OPERATIONS), 0),
    "larger ones are more efficient": (tuple(operations**0.7 for operations in OPERATIONS), 1),
}


@pytest.mark.parametrize("law", LAWS)
def test_the_largest_member_that_sees_the_data_often_enough_is_taken(
    law: str, size: Callable[..., tuple[Rate, Machine]]
) -> None:
    assert len(DEPTHS) == len(OPERATIONS)
    wanted = enough(NETWORK.recipe, len(digits().train))
    costs, smaller = LAWS[law]
    for largest, cost in enumerate(costs):
        for spare in (1.001, 1.05):
            rate, machine = size(NETWORK, costs, spare * cost * wanted)
            found = place_of(rate, NETWORK)
            assert largest - smaller <= found <= largest
            assert largest == 0 or found > 0, "that the smallest alone fits is measured, not only counted"
            assert rate.scale == costs[found], "its own speed is told, not an estimate"
            assert rate.learning(wanted) <= spare * cost * wanted
            assert rate.recipe.precision == "bfloat16", "the precision that was faster for the smallest one"
            assert len(machine.measured) == len(set(machine.measured)) <= 5
            assert rate.measured == machine.now <= 5 / 3 * ALLOWED


def test_the_smallest_is_taken_where_none_fits(size: Callable[..., tuple[Rate, Machine]]) -> None:
    rate, machine = size(NETWORK, OPERATIONS, 1e-6)
    assert place_of(rate, NETWORK) == 0
    assert machine.measured == [0]


def test_a_rung_of_one_member_is_measured_once(size: Callable[..., tuple[Rate, Machine]]) -> None:
    rate, machine = size(RUNGS["mlp"], (1.0,), 1e9)
    assert machine.measured == [0] and rate.measured == ALLOWED, "it has the whole allowance"
    assert rate.recipe == RUNGS["mlp"].recipe.replace(precision="bfloat16")


def test_members_that_are_named_are_chosen_among(monkeypatch: pytest.MonkeyPatch) -> None:
    several = [NETWORK.members[k] for k in (1, 3)]
    machine = Machine(tuple(several), (1.0, 3.0))
    monkeypatch.setattr(room, "measure", machine.measure)
    found = size_up(digits(), NETWORK, 1e9, ALLOWED, members=several)  # their operations are counted for real
    assert found.recipe == several[1].replace(precision="bfloat16")


@pytest.mark.parametrize("largest", [0, 1, 2])
def test_a_rung_that_fits_itself_is_sized_by_its_work(largest: int, size: Callable[..., tuple[Rate, Machine]]) -> None:
    count, each = len(digits().train), (1e-5, 4e-5, 40e-5)
    rate, machine = size(TREES, each, 1.01 * each[largest] * count, whole=True)
    assert place_of(rate, TREES) == largest
    assert rate.scale == pytest.approx(each[largest])
    assert rate.budget(1e6).examples == count
    assert len(machine.measured) <= 2


def test_what_would_take_too_long_to_measure_is_told_by_its_work(size: Callable[..., tuple[Rate, Machine]]) -> None:
    # The largest takes 40 s for all the data, and 3 s may go into measuring: it is told from the smallest.
    count = len(digits().train)
    each = (1 / count, 4 / count, 40 / count)
    rate, machine = size(TREES, each, 60.0, whole=True)
    assert machine.measured == [0]
    assert place_of(rate, TREES) == 2
    assert rate.scale == pytest.approx(each[2])
    assert rate.measured == machine.now <= ALLOWED


def test_how_much_is_enough_and_how_little_is_too_little() -> None:
    network, itself = Recipe(model="mlp", batch_size=50), Recipe(model="majority", objective="estimate", batch_size=50)
    for count, most, fewest in (
        (10_000, PASSES * 10_000, 10_000),  # passes are the longer
        (300, UPDATES * 50, FEW_UPDATES * 50),  # steps are
        (20, UPDATES * 20, FEW_UPDATES * 20),  # a batch is all the data
    ):
        assert (enough(network, count), least(network, count)) == (most, fewest)
        assert (enough(itself, count), least(itself, count)) == (count, min(count, 50))
        assert least(network, count) < enough(network, count)
