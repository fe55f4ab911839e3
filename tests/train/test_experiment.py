"""Experiments by recipes: a planted harm is found, a planted null is not, and every arm has the same budget."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, NO_EFFECT, WORSE, Finding, Trainings, Trial
from epochal.core.recipe import Recipe
from epochal.core.run import DIVERGED, FINISHED, Budget, Run
from epochal.data.dataset import Dataset
from epochal.data.image.opened import open_dataset
from epochal.judge.goals.class_goal import Classes
from epochal.judge.goals.classes import METRICS
from epochal.kinds.image_ladder import RUNGS
from epochal.train import experiment as room
from epochal.train import fit as fit_room
from epochal.train.budget import Rate
from epochal.train.experiment import (
    NEAR,
    Arm,
    _under_trained,
    lasting_rate,
    mean_curve,
    pair_all,
    rates,
    run_arm,
    run_once,
    same,
)
from epochal.train.store import Store, open_store
from epochal.train.together import pays

MLP = RUNGS["mlp"].recipe
SEEDS = (0, 1, 2)
BUDGET = Budget(examples=64 * 120)


@cache
def digits() -> Dataset:
    return open_dataset("digits")


def correct(arm: Arm) -> np.ndarray:
    """[seeds, items] bool: what accuracy is the mean of."""
    return arm.values(Classes(), digits().validation.targets)


def asked(
    name: str, recipe: Recipe, budget: Budget = BUDGET, seeds: tuple[int, ...] = SEEDS, trials: int = 1
) -> Trainings:
    return Trainings(name=name, recipe=recipe, budget=budget, seeds=seeds, trials=trials)


def compared(store: Store, control: Recipe, *arms: Recipe) -> tuple[list[Arm], tuple[Finding, ...]]:
    """The control and the arms, trained, and the finding of each arm."""
    stacked = all(pays(recipe) for recipe in (control, *arms))  # trained alike, so that bits can be compared
    given = [asked(f"arm-{place}", recipe).replace(stacked=stacked) for place, recipe in enumerate((control, *arms))]
    made = [run_arm(one, digits(), store) for one in given]
    return made, pair_all([(made[0], arm) for arm in made[1:]], correct, 0.005)


def test_a_planted_harm_is_found_and_a_planted_help_too(tmp_path: Path) -> None:
    slow = MLP.replace(learning_rate=MLP.learning_rate / 1000)
    with open_store(tmp_path / "harm") as store:
        arms, (finding,) = compared(store, MLP, slow)
    assert finding.verdict == WORSE
    assert finding.effect < -0.2
    assert finding.simultaneous[1] < 0
    assert finding.p_value < 0.05
    assert (finding.control, finding.arm, finding.seeds, finding.items) == ("mlp", "mlp", 3, len(digits().validation))
    means = [correct(arm).mean() for arm in arms]
    assert finding.effect == pytest.approx(means[1] - means[0])
    with open_store(tmp_path / "help") as store:
        _, (finding,) = compared(store, slow, MLP)
    assert finding.verdict == BETTER
    assert finding.effect > 0.2


def test_a_planted_null_that_changes_no_bit_is_said_to_have_no_effect(tmp_path: Path) -> None:
    never = MLP.replace(clip=1e9)  # no gradient is that long
    with open_store(tmp_path) as store:
        arms, (finding,) = compared(store, MLP, never)
    assert same(arms[0].answers, arms[1].answers)
    assert finding.verdict == EQUIVALENT
    assert finding.marks == (NO_EFFECT,)
    assert finding.effect == 0


def test_planted_nulls_that_change_bits_are_called_neither_better_nor_worse(tmp_path: Path) -> None:
    # A hair of smoothing or decay shakes every logit, and cannot help or harm.
    nulls = (MLP.replace(label_smoothing=1e-4), MLP.replace(weight_decay=1.01e-4), MLP.replace(learning_rate=0.3003))
    with open_store(tmp_path) as store:
        arms, findings = compared(store, MLP, *nulls)
    for arm, finding in zip(arms[1:], findings, strict=True):
        assert not same(arm.answers, arms[0].answers)
        assert finding.verdict in (EQUIVALENT, CANNOT_TELL)
        assert NO_EFFECT not in finding.marks
        assert abs(finding.effect) < 0.02
        assert finding.comparisons == 3
        assert finding.simultaneous[0] < finding.interval[0] < finding.interval[1] < finding.simultaneous[1]


def test_every_arm_has_the_same_seeds_budget_and_order_of_data(tmp_path: Path) -> None:
    other = MLP.replace(learning_rate=0.1)
    with open_store(tmp_path) as store:
        arms, _ = compared(store, MLP, other)
        names = list(store.runs())
    for arm, recipe in zip(arms, (MLP, other), strict=True):
        assert arm.recipe == recipe
        assert arm.trials == ()
        assert [one.logits.shape for one in arm.answers] == [(len(digits().validation), 10)] * 3
        assert [run.seed for run in arm.runs] == list(SEEDS)
        assert {run.budget.examples for run in arm.runs} == {BUDGET.examples}
        assert {run.cost.examples for run in arm.runs} == {BUDGET.examples}
        assert {run.task for run in arm.runs} == {digits().task.fingerprint}
    assert len(set(names)) == 6, "arms of one model have names of their own"


def test_a_budget_in_examples_changes_nothing_for_the_sake_of_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A precision that is chosen by the clock would be a second change between an arm and its control.
    measure = room.measure
    fast = {"precision": "bfloat16", "memory_format": "channels_last"}

    def measured_fast(*given: object) -> Rate:
        rate = measure(*given)  # type: ignore[arg-type]
        return rate.replace(recipe=rate.recipe.replace(**fast))

    monkeypatch.setattr(room, "measure", measured_fast)
    with open_store(tmp_path) as store:
        arm = run_arm(asked("a", MLP, Budget(examples=640), (0,)), digits(), store)
        assert arm.recipe == arm.runs[0].recipe == MLP
        timed = run_arm(asked("b", MLP, Budget(examples=0, seconds=0.5), (0,)), digits(), store)
        assert timed.recipe == timed.runs[0].recipe == MLP.replace(**fast)


def test_an_experiment_is_resumed_without_training_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []
    fit = room.fit
    monkeypatch.setattr(room, "fit", lambda *given, **named: trained.append(given[2]) or fit(*given, **named))
    results = []
    for _ in range(2):
        with open_store(tmp_path) as store:
            results.append(compared(store, MLP, MLP.replace(clip=0.5))[1])
    assert trained == [0, 1, 2, 0, 1, 2]
    assert results[0] == results[1]


def test_a_deterministic_rung_runs_once_and_is_paired_with_every_seed(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        control = run_arm(
            asked("nn", RUNGS["nearest-neighbours"].recipe, Budget(examples=1079), SEEDS), digits(), store
        )
        arm = run_arm(asked("mlp", MLP, BUDGET, SEEDS), digits(), store)
    assert len(control.runs) == len(control.answers) == 1
    (finding,) = pair_all([(control, arm)], correct, 0.005)
    assert finding.seeds == 3
    assert finding.effect == pytest.approx(correct(arm).mean() - correct(control).mean())


def test_seconds_become_examples_once(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        first = run_arm(asked("mlp", MLP, Budget(examples=0, seconds=0.9), (0,)), digits(), store)
    with open_store(tmp_path) as store:
        again = run_arm(asked("mlp", MLP, Budget(examples=0, seconds=0.9), (0,)), digits(), store)
    assert first.budget.examples > 64
    assert again.budget == first.budget
    assert again.runs == first.runs


def test_trials_choose_the_learning_rate_that_does_best(tmp_path: Path) -> None:
    assert rates(0.9, 3) == pytest.approx([0.3, 0.9, 2.7])
    assert rates(0.9, 1) == [0.9]
    assert rates(0.9, 2) == pytest.approx([0.9, 2.7])
    with open_store(tmp_path) as store:
        arm = run_arm(asked("mlp", MLP.replace(learning_rate=0.05), BUDGET, (0,), trials=3), digits(), store)
        assert [trial.learning_rate for trial in arm.trials] == pytest.approx([0.05 / 3, 0.05, 0.15])
        losses = {trial.learning_rate: trial.loss for trial in arm.trials}
        assert all(loss is not None for loss in losses.values())
        lowest = min(losses.values())  # type: ignore[type-var]
        assert losses[arm.recipe.learning_rate] <= NEAR * lowest  # type: ignore[operator]
        start = store.get("mlp/untrained")
        assert 1.5 < start < 5 and start > max(losses.values())
        assert arm.recipe.learning_rate == lasting_rate(arm.trials, start)
        assert arm.runs[0].recipe == arm.recipe


def test_trials_of_before_keep_the_rate_that_they_chose(tmp_path: Path) -> None:
    """A run of a version that measured no untrained model is repeated with its own rates."""
    losses = (2.28, 2.257, 2.093)  # of which the smallest rate was taken
    with open_store(tmp_path) as store:
        for k, loss in enumerate(losses):
            tried = Trial(learning_rate=rates(MLP.learning_rate, 3)[k], loss=loss, seconds=0.1)
            store.put(f"mlp/trial-{k}", tried.to_dict())
        arm = run_arm(asked("mlp", MLP, BUDGET, (0,), trials=3), digits(), store)
        assert arm.recipe.learning_rate == rates(MLP.learning_rate, 3)[0]
        assert store.get("mlp/untrained") is None


def test_a_trial_that_diverges_is_not_chosen(tmp_path: Path) -> None:
    # Three times 1e29 is past what float32 weights survive; so is 1e29 itself, and a third of it.
    wild = MLP.replace(learning_rate=1e29)
    with open_store(tmp_path) as store:
        arm = run_arm(asked("mlp", wild, BUDGET, (0, 1), trials=3), digits(), store)
    assert [(trial.learning_rate, trial.loss) for trial in arm.trials] == [(rate, None) for rate in rates(1e29, 3)]
    assert arm.status == DIVERGED
    assert not arm.finished
    assert arm.message.startswith("The loss was ")
    assert arm.answers == ()


def finished_seeds(arm: Arm, seeds: set[int]) -> Arm:
    """The arm as if its other seeds had diverged."""
    runs = tuple(run if run.seed in seeds else run.replace(status=DIVERGED, scores={}) for run in arm.runs)
    kept = tuple(one for one, run in zip(arm.answers, arm.runs, strict=True) if run.seed in seeds)
    return Arm(**{**vars(arm), "runs": runs, "answers": kept})


def test_a_seed_that_diverged_on_one_side_leaves_the_pair(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        control = run_arm(asked("a", MLP, BUDGET, SEEDS), digits(), store)
        arm = run_arm(asked("b", MLP.replace(learning_rate=0.1), BUDGET, SEEDS), digits(), store)
    assert {run.status for run in (*control.runs, *arm.runs)} == {FINISHED}
    for kept in ({0, 2}, {1}):
        (finding,) = pair_all([(control, finished_seeds(arm, kept))], correct, 0.005)
        rows = sorted(kept)
        assert finding.seeds == len(kept), "one seed that is left of several is one seed, and not a deterministic rung"
        assert finding.effect == pytest.approx(correct(arm)[rows].mean() - correct(control)[rows].mean())
    assert pair_all([(control, finished_seeds(arm, set()))], correct, 0.005) == ()
    apart = pair_all([(finished_seeds(control, {0}), finished_seeds(arm, {1}))], correct, 0.005)
    assert apart[0].effect == pytest.approx(correct(arm)[1].mean() - correct(control)[0].mean())


def test_the_mean_curve_is_that_of_the_finished_runs(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        arm = run_arm(asked("a", MLP, Budget(examples=640), (0, 1)), digits(), store)
    curve = mean_curve(arm.runs)
    assert [point.step for point in curve] == list(range(1, 11))
    expected = np.mean([run.curve[4].values["train_loss"] for run in arm.runs])
    assert curve[4].values["train_loss"] == pytest.approx(expected)
    one_left = finished_seeds(arm, {1})
    assert mean_curve(one_left.runs) == arm.runs[1].curve
    assert mean_curve(finished_seeds(arm, set()).runs) == ()


def test_the_mean_curve_of_curves_of_different_length_ends_where_they_end(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        arm = run_arm(asked("a", MLP, Budget(examples=640), (0, 1)), digits(), store)
    whole, other = arm.runs
    short = other.replace(curve=tuple(other.curve[k] for k in (2, 5, 8, 9)))  # as of a training that was shortened
    curve = mean_curve((whole, short))
    assert len(curve) == 4
    assert curve[-1].values["loss"] == pytest.approx(
        np.mean([whole.curve[-1].values["loss"], short.curve[-1].values["loss"]])
    )
    pairs = zip((1, 4, 6, 9), range(4), strict=True)
    assert [point.step for point in curve] == [round((whole.curve[i].step + short.curve[k].step) / 2) for i, k in pairs]


@pytest.mark.parametrize(
    "losses, chosen",
    [
        ((0.5, 0.4, 0.9), 2.0),
        ((0.5, 0.45, 0.44), 1.0),  # the smallest of those that do about as well
        ((0.44, 0.45, 0.5), 1.0),
        ((0.6, 0.45, 0.4), 2.0),
        ((0.9, 0.8, 0.4), 3.0),
        ((None, 0.8, 0.75), 2.0),
        ((0.9, None, None), 1.0),
        ((None, None, None), None),
        ((), None),
    ],
)
def test_a_rate_that_lasts_is_the_smallest_that_does_about_as_well(
    losses: tuple[float | None, ...], chosen: float | None
) -> None:
    trials = [Trial(learning_rate=float(rate), loss=loss) for rate, loss in enumerate(losses, 1)]
    assert lasting_rate(trials, 2.3) == lasting_rate(trials[::-1], 2.3) == chosen


@pytest.mark.parametrize(
    "losses, chosen",
    [
        ((2.273, 2.27, 2.201), 3.0),  # of ten classes: nothing has learned much, and the third began
        ((2.286, 2.257, 2.093), 3.0),
        ((2.276, 2.23, 1.896), 3.0),
        ((2.1, 1.95, 1.9), 3.0),
        ((1.95, 1.93, 1.92), 1.0),
        ((2.5, 2.4, 2.45), 2.0),  # worse than before: the least bad
        ((0.5, 0.45, 0.44), 1.0),
    ],
)
def test_a_rate_that_has_hardly_begun_to_learn_does_not_do_as_well(losses: tuple[float, ...], chosen: float) -> None:
    trials = [Trial(learning_rate=float(rate), loss=loss) for rate, loss in enumerate(losses, 1)]
    assert lasting_rate(trials, np.log(10)) == chosen


def test_arms_are_paired_by_any_metric(tmp_path: Path) -> None:
    targets = digits().validation.targets
    log_loss_metric = METRICS["log-loss"]

    def values(arm: Arm) -> np.ndarray:
        logits = np.stack([one.logits for one in arm.answers]).astype(np.float64)
        chances = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
        return -np.take_along_axis(chances, np.broadcast_to(targets[None, :, None], (len(logits), len(targets), 1)), 2)[
            :, :, 0
        ]

    with open_store(tmp_path) as store:
        control = run_arm(asked("a", MLP, BUDGET, SEEDS), digits(), store)
        slow = run_arm(asked("b", MLP.replace(learning_rate=0.003), BUDGET, SEEDS), digits(), store)
    (finding,) = pair_all([(control, finished_seeds(slow, {0, 2}))], values, 0.01, metric=log_loss_metric)
    assert (finding.metric, finding.unit, finding.seeds) == ("log-loss", "nats", 2)
    assert finding.verdict == WORSE and finding.effect > 0, "a higher loss is worse"
    means = [
        np.mean([log_loss(targets, softmax(arm.answers[seed].logits, axis=1)) for seed in (0, 2)])
        for arm in (control, slow)
    ]
    assert finding.effect == pytest.approx(means[1] - means[0], rel=1e-4)


def test_a_training_that_was_shortened_is_repeated_from_its_decisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, budget = MLP, Budget(examples=64 * 60, seconds=1e-6, glance=50, points=5)

    def train(directory: Path, decided: Path | None = None) -> tuple[Run, np.ndarray]:
        with open_store(directory) as store:
            if decided:
                store.take_decisions(Store(decided))
            run = run_once("a/seed-0", recipe, digits(), store, budget=budget, seed=0)
            return run, store.arrays("a/seed-0", "validation-")["logits"]

    first, logits = train(tmp_path / "first")  # a millionth of a second: it ends as soon as it knows its speed
    assert first.course and first.cost.steps == first.course[-1][1] < 20
    assert _under_trained([first], recipe, budget.replace(examples=10**6), 10**5), "what it saw counts"
    monkeypatch.setattr(fit_room.Clock, "spent", 0.0)  # a machine that is infinitely fast
    free, _ = train(tmp_path / "free")
    assert (free.course, free.cost.steps) == ((), 60)
    again, repeated = train(tmp_path / "again", tmp_path / "first")
    assert (again.course, again.curve, again.cost.steps) == (first.course, first.curve, first.cost.steps)
    assert (repeated == logits).all()
    known, _ = train(tmp_path / "again")
    assert known == again, "and it is not trained again"
