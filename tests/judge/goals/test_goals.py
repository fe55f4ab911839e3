"""Goals as climbs ask them: what they refuse, how targets are learned, and what answers are worth."""

import numpy as np
import pytest

from epochal.core.errors import UserError
from epochal.core.protocols import ClassScores, Numbers
from epochal.core.task import Task
from epochal.judge.goals.class_goal import Classes
from epochal.judge.goals.classes import cost_metric
from epochal.judge.goals.number_goal import PROMISED, OneNumber

NUMBER = Task(
    name="houses", kind="table-number", item="row", input_shape=(3,), target="price", centre=200.0, spread=50.0,
    counts={}, fingerprint="",
)  # fmt: skip
PETS = Task(name="pets", input_shape=(1, 8, 8), labels=("cat", "dog"), counts={}, fingerprint="")
ENOUGH = {"validation": {"": 40}, "test": {"": 40}}


def numbers(count=400, seed=0, noise=10.0):
    draw = np.random.default_rng(seed)
    targets = draw.normal(200, 50, count)
    return Numbers(values=targets + draw.normal(0, noise, count)), targets


def test_a_number_is_learned_without_its_unit_and_answered_in_it():
    learned = OneNumber().learned(np.array([150.0, 200.0, 300.0]), NUMBER)
    assert learned.dtype == np.float32 and learned.tolist() == [-1.0, 0.0, 2.0]
    answer = OneNumber().answer(learned[:, None], NUMBER)
    assert answer.values.tolist() == [150.0, 200.0, 300.0]
    assert OneNumber().restore(answer.arrays()).values.tolist() == answer.values.tolist()
    assert OneNumber().loss(learned[:, None], learned) == 0


def test_the_width_holds_what_it_promises_on_unseen_items():
    held = []
    for seed in range(40):
        answer, targets = numbers(seed=seed)
        unseen, truth = numbers(seed=1000 + seed)
        width = OneNumber().calibrate(answer, targets)
        held.append(np.mean(np.abs(truth - unseen.values) <= width))
    assert np.mean(held) == pytest.approx(PROMISED, abs=0.02)


def test_what_is_shown_of_numbers():
    answer, targets = numbers()
    goal = OneNumber()
    width = goal.calibrate(answer, targets)
    shown = goal.shown(answer, targets, width, (answer, targets))["residuals"]
    assert shown.covered.low < PROMISED < shown.covered.high and shown.width == width
    assert sum(shown.counts) == len(targets) and len(shown.edges) == len(shown.counts) + 1
    assert shown.quantiles == tuple(sorted(shown.quantiles))
    assert goal.confusion(answer, targets, width, 0) == ()
    worst = goal.worst(answer, targets, width, NUMBER)
    left = np.abs(targets - answer.values)
    assert worst[0].place == left.argmax() and worst[0].size == left.max()


def test_a_curve_of_numbers_shows_the_share_of_the_variance():
    answer, targets = numbers()
    look = OneNumber().look(answer, targets)
    assert look["score"] == pytest.approx(1 - look["loss"]) and 0.93 < look["score"] < 0.98
    assert OneNumber().look(Numbers(values=np.full(400, targets.mean())), targets)["score"] == pytest.approx(
        0, abs=1e-9
    )
    assert OneNumber().missing(targets).mean() == pytest.approx(0, abs=1e-9)


def test_members_answer_together_with_their_mean():
    answer = OneNumber().together(
        [Numbers(values=np.array([1.0, 2.0])), Numbers(values=np.array([3.0, 6.0]))], (1.0, 1.0)
    )
    assert answer.values.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("goal", "name", "cost", "message"),
    [
        (Classes(), "r2", None, "expected one of accuracy, .*, got r2"),
        (Classes(), "auroc", "miss=1 alarm=2", "Expected --metric or --cost, got both"),
        (OneNumber(), "accuracy", None, "expected one of r2, mae, rmse for a number, got accuracy"),
        (
            OneNumber(),
            None,
            "miss=1 alarm=2",
            "--cost: mistakes between two classes have costs, and a number is predicted",
        ),
    ],
)
def test_metrics_of_other_goals_are_refused(goal, name, cost, message):
    with pytest.raises(UserError, match=message):
        goal.named(name, cost)


def test_the_margin_of_an_error_follows_from_the_targets():
    metric, _ = OneNumber().named("mae", None)
    targets = np.arange(100.0)
    assert OneNumber().settled(metric, "", NUMBER, targets, ENOUGH).metric.margin == pytest.approx(targets.std() / 100)


def test_numbers_have_no_positive_class_and_need_items():
    metric, _ = OneNumber().named(None, None)
    with pytest.raises(UserError, match="--positive: price is a number, and has no classes"):
        OneNumber().settled(metric, "dog", NUMBER, np.arange(9.0), ENOUGH)
    with pytest.raises(UserError, match="the test split has 1 usable row, and an interval needs two or more"):
        OneNumber().settled(metric, "", NUMBER, np.arange(9.0), {"validation": {"": 9}, "test": {"": 1}})


def test_the_costs_name_the_positive_class():
    metric, positive = Classes().named(None, "miss=500 alarm=20 positive=dog")
    assert positive == "dog"
    counts = {split: {"cat": 5, "dog": 5} for split in ("validation", "test")}
    settled = Classes().settled(metric, positive, PETS, np.array([0, 0, 1]), counts)
    assert settled.metric.options["positive"] == 1


@pytest.mark.parametrize("metric", ["accuracy", "auroc"])
def test_a_positive_class_that_is_not_there_is_refused_by_any_metric(metric):
    counts = {split: {"cat": 5, "dog": 5} for split in ("validation", "test")}
    with pytest.raises(UserError, match="--positive bird: expected a class, cat, dog"):
        Classes().settled(Classes().named(metric, None)[0], "bird", PETS, np.array([0, 0, 1]), counts)


def test_one_class_with_most_items_is_told():
    goal = Classes()
    counts = {split: {"cat": 5, "dog": 5} for split in ("validation", "test")}
    (said,) = goal.caveats(PETS, np.array([0] * 8 + [1] * 2), counts)
    assert said.startswith("80% of the training images are of the class cat, so always answering it would be right")
    assert goal.caveats(PETS, np.array([0, 1]), counts) == ()


def test_classes_answer_together_at_their_own_temperatures():
    sure, unsure = ClassScores(logits=np.array([[8.0, 0.0]])), ClassScores(logits=np.array([[0.0, 1.0]]))
    together = Classes().together([sure, unsure], (1000.0, 1.0))
    assert together.probabilities[0] == pytest.approx([(0.502 + 0.2689) / 2, (0.498 + 0.7311) / 2], abs=1e-3)


def test_the_furthest_off_are_told_with_the_digits_that_they_need():
    answer = Numbers(values=np.array([290_512.347, 200.5431, 0.012345, 7.0]))
    targets = np.array([1_510_000.0, 48.0, 0.25, 7.0])
    worst = OneNumber().worst(answer, targets, 1.0, NUMBER)
    assert [(one.truth, one.predicted) for one in worst] == [
        ("1,510,000", "290,512"),
        ("48", "200.5"),
        ("0.25", "0.01235"),
        ("7", "7"),
    ]


def test_a_training_that_came_to_nothing_has_a_cost_where_all_items_are_of_one_class():
    goal = Classes(metric=cost_metric(5.0, 1.0, 1))
    assert goal.missing(np.zeros(3, np.int64)).tolist() == [0, 0, 0]
    assert goal.missing(np.array([0, 1])).tolist() == [0, 5]
