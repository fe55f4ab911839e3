"""Who goes to the finals: the rehearsal shows whose error goes on falling, and a short training's end does not."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from epochal.core.protocols import ClassScores
from epochal.core.run import FINISHED, Budget, Cost, Point, Run
from epochal.data.dataset import Examples
from epochal.kinds.image_ladder import RUNGS
from epochal.study.plan import LEAST, plan
from epochal.study.progress import Progress
from epochal.study.stages import finalists, finals, hope, rehearsal_sentence, rehearse, stands_in
from epochal.train.budget import Rate
from epochal.train.experiment import Arm
from epochal.train.store import open_store

ITEMS = 1000
TARGETS = np.zeros(ITEMS, np.int64)
FAR = np.array([0.0, 100.0])


def arm(name: str, error: float, examples: int) -> Arm:
    """An arm with this error on validation, whose loss was flat at the end, as after any annealed training."""
    recipe, budget = RUNGS[name].recipe, Budget(examples=examples, seconds=40.0)
    logits = np.zeros((ITEMS, 2), np.float32)
    logits[: round(error * ITEMS), 1] = 1
    curve = tuple(Point(step=k, examples=k, values={"loss": error}) for k in range(10))
    run = Run(
        recipe=recipe, task="t", seed=0, budget=budget, status=FINISHED, curve=curve, scores={},
        cost=Cost(examples=examples, steps=1, seconds=40.0, parameters=1),
    )  # fmt: skip
    rate = Rate(recipe=recipe, answering=1e-5, validation=ITEMS, scale=40 / examples)
    return Arm(
        name=f"{name}/{examples}", given=recipe, recipe=recipe, budget=budget, rate=rate, trials=(), runs=(run,),
        names=(name,),
        answers=(ClassScores(logits=logits),), under_trained=True,
    )  # fmt: skip


def progress(rungs: tuple[str, ...], store: Any = None) -> Progress:
    counts = {"train": 10_000, "validation": ITEMS, "test": ITEMS}
    dataset = SimpleNamespace(
        validation=Examples(inputs=TARGETS, targets=TARGETS, items=()),
        task=SimpleNamespace(
            counts=counts, classes=2, labels=("a", "b"), kind="image-classes", name="data", item="image"
        ),
        train=Examples(inputs=TARGETS, targets=TARGETS, items=()),
        report=SimpleNamespace(counts={split: {"a": ITEMS} for split in counts}),
    )
    made = plan("data", "image-classes", budget="60m", rungs=rungs).replace(workers=2)
    return Progress(asked=made, dataset=dataset, store=store, watch=lambda line: None, began=0.0, before=0.0)  # type: ignore[arg-type]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Progress:
    """What an hour of Fashion-MNIST looked like after its qualifying round."""
    monkeypatch.setattr("time.perf_counter", lambda: 960.0)
    here = progress(("perceptron", "mlp", "lenet", "resnet"))
    seen = {
        "perceptron": (0.184, 2_938_000),
        "mlp": (0.098, 1_231_000),
        "lenet": (0.104, 152_000),
        "resnet": (0.207, 6_800),
    }
    here.qualified = {name: arm(name, *what) for name, what in seen.items()}
    return here


def test_without_a_rehearsal_the_best_so_far_go(here: Progress) -> None:
    assert finalists(here) == ["mlp", "lenet"]
    assert rehearsal_sentence(here) == ""


def test_the_one_whose_error_goes_on_falling_goes(here: Progress) -> None:
    here.rehearsed = {
        "mlp": arm("mlp", 0.096, 5_000_000),
        "lenet": arm("lenet", 0.096, 640_000),
        "resnet": arm("resnet", 0.106, 45_000),
    }
    assert finalists(here) == ["resnet", "lenet"]
    assert hope(here, "resnet") < hope(here, "lenet") < 0.096
    assert "perceptron" not in finalists(here)
    told = rehearsal_sentence(here)
    assert told.startswith("Validation accuracy in the qualifying round, and after one longer training of ")
    assert "ResNet 79.3% and 89.4%" in told


def test_an_error_that_rose_is_no_hope(here: Progress) -> None:
    here.rehearsed = {"resnet": arm("resnet", 0.25, 45_000)}
    assert hope(here, "resnet") == pytest.approx(0.25)


def test_a_rehearsal_that_was_hardly_longer_tells_no_power(here: Progress) -> None:
    """Two trainings of one length differ by chance, and the power through them would promise anything."""
    here.rehearsed = {"perceptron": arm("perceptron", 0.180, 2_990_000), "lenet": arm("lenet", 0.096, 152_000)}
    assert hope(here, "perceptron") == pytest.approx(0.180, abs=0.01)
    assert hope(here, "lenet") == pytest.approx(0.096, abs=0.01)
    assert finalists(here)[0] == "lenet"


def test_two_networks_need_no_rehearsal(tmp_path: Path) -> None:
    here = progress(("nearest-neighbours", "lenet", "resnet"))
    assert here.plan.rehearsal == 0.0
    rehearse(here)
    assert here.rehearsed == {}
    assert "rehearsal" not in here.plan.to_text()


def test_the_networks_with_most_hope_are_rehearsed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("epochal.study.stages.REHEARSED", 3)
    asked: list[tuple[str, float, tuple[int, ...]]] = []

    def run(here: Progress, stage: str, name: str, seconds: float, seeds: tuple[int, ...]) -> Arm:
        asked.append((name, seconds, seeds))
        return arm(name, 0.05, 1_000_000)

    monkeypatch.setattr("epochal.study.stages.run_longer", run)
    with open_store(tmp_path) as store:
        here = progress(("perceptron", "mlp", "lenet", "resnet"), store)
        here.plan = here.plan.replace(workers=1)
        for name, error in (("perceptron", 0.3), ("mlp", 0.1), ("lenet", 0.12), ("resnet", 0.2)):
            here.qualified[name] = arm(name, error, 1000)
        rehearse(here)
    assert [name for name, _, _ in asked] == ["mlp", "lenet", "resnet"]
    assert {seconds for _, seconds, _ in asked} == {here.plan.rehearsal}
    assert {seeds for _, _, seeds in asked} == {(0,)}, "one seed: it chooses, and proves nothing"


def test_rehearsals_stand_for_finals_for_which_no_time_is_left(
    here: Progress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here.rehearsed = {
        "mlp": arm("mlp", 0.098, 5_000_000),
        "lenet": arm("lenet", 0.096, 640_000),
        "resnet": arm("resnet", 0.09, 45_000),
    }
    monkeypatch.setattr("time.perf_counter", lambda: 3_500.0)
    with open_store(tmp_path) as here.store:
        finals(here)
    assert set(here.finals) == {"resnet", "lenet"}
    assert here.latest()["resnet"] is here.rehearsed["resnet"]
    assert here.latest()["mlp"] is here.qualified["mlp"]
    assert rehearsal_sentence(here).endswith(
        "The budget ran out before the finals of ResNet and LeNet-5. Their rehearsals (one training each) are used "
        "instead."
    )


@pytest.mark.parametrize(("seconds", "kept", "trained"), [(400.0, None, 2), (500.0, None, 0), (500.0, 447.0, 2)])
def test_a_final_is_longer_than_what_came_before(
    here: Progress,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    seconds: float,
    kept: float | None,
    trained: int,
) -> None:
    """448 s are left for each network: too little where it qualified with 500 s, unless a repetition says otherwise."""
    here.plan = here.plan.replace(workers=1)
    here.qualified = {
        name: replace(found, budget=found.budget.replace(seconds=seconds)) for name, found in here.qualified.items()
    }
    monkeypatch.setattr("time.perf_counter", lambda: 2_430.0)
    asked: list[float] = []

    def run(here: Progress, stage: str, name: str, seconds: float, seeds: tuple[int, ...]) -> Arm:
        asked.append(seconds)
        return arm(name, 0.05, 10_000_000)

    monkeypatch.setattr("epochal.study.stages.run_longer", run)
    with open_store(tmp_path) as here.store:
        if kept:
            here.store.put("final seconds/network", kept)
        finals(here)
    assert asked == [pytest.approx(kept or 448, abs=1)] * trained
    assert len(here.finals) == trained


def test_a_rehearsal_that_saw_less_or_diverged_stands_for_nothing(here: Progress) -> None:
    lost = replace(arm("resnet", 0.1, 45_000), answers=())
    here.rehearsed = {"lenet": arm("lenet", 0.09, 100_000), "resnet": lost, "mlp": arm("mlp", 0.09, 2_000_000)}
    assert [name for name in here.qualified if stands_in(here, name)] == ["mlp"]


def test_what_reading_the_data_took_is_not_shared_out() -> None:
    whole = plan("data", "image-classes", budget="2m")
    late = whole.after_reading(60.0)
    assert (late.seconds, late.left) == (120.0, 60.0)
    assert late.arm == pytest.approx(whole.arm / 2)
    assert late.training == pytest.approx(whole.training / 2)
    assert late.rehearsal == pytest.approx(whole.rehearsal / 2)
    assert late.final == pytest.approx(whole.final / 2)
    for taken in (118.0, 150.0):  # then it takes longer than was asked
        late = whole.after_reading(taken)
        assert late.left == pytest.approx(whole.least) and late.training >= LEAST


def test_finals_that_did_worse_do_not_stand(here: Progress) -> None:
    """A learning rate that a short trial chose may be too high for the longer training."""
    here.finals = {"mlp": arm("mlp", 0.28, 5_000_000), "lenet": arm("lenet", 0.09, 640_000)}
    assert here.latest()["mlp"] is here.qualified["mlp"]
    assert here.latest()["lenet"] is here.finals["lenet"]


@pytest.mark.parametrize(("said", "margin"), [(None, 0.5), (0.005, 0.005), (2.0, 2.0)])
def test_a_margin_that_was_said_is_kept(said: float | None, margin: float) -> None:
    """That of errors is a hundredth of the deviation of the numbers, unless the user says one: also the usual one."""
    dataset = SimpleNamespace(
        validation=Examples(inputs=FAR, targets=FAR, items=()),
        train=Examples(inputs=FAR, targets=FAR, items=()),
        task=SimpleNamespace(kind="table-number", target="price", item="row"),
        report=SimpleNamespace(counts={split: {"": 2} for split in ("validation", "test")}),
    )
    made = plan("data", "table-number", budget="60m", metric="mae", margin=said)
    here = Progress(asked=made, dataset=dataset, store=None, watch=lambda line: None, began=0.0, before=0.0)  # type: ignore[arg-type]
    assert here.plan.margin == margin


def test_each_rung_that_failed_has_a_trace_of_its_own(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        here = progress(("mlp", "lenet", "resnet"), store)
        for name in ("mlp", "sklearn.svm:SVC", "sklearn.svm:NuSVC"):
            here.fail("sizing", name, ValueError(f"of {name}"))
            assert f"of {name}" in (tmp_path / "runs" / "sizing" / f"{name}.txt").read_text()
