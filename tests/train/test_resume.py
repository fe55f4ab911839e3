"""A killed training goes on to the same bits: weights, optimiser, random numbers, order of data, curve, average."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import resumable
import torch

from epochal.core.errors import RunDirectoryError
from epochal.core.run import Budget, Point
from epochal.train.checkpoint import Checkpoints
from epochal.train.fit import fit

SAME = ("weights", "kept", "curve", "scores", "status", "steps", "course", "best")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="adam, flip, crop, average"),
        pytest.param(
            {"optimiser": "nesterov", "memory_format": "channels_last", "precision": "bfloat16"}, id="bfloat16"
        ),
    ],
)
def test_a_training_killed_many_times_ends_in_the_same_bits(
    tmp_path: Path, start: Callable[..., Any], changes: dict[str, Any]
) -> None:
    examples = 48 * 500
    start(resumable.train, tmp_path / "whole", examples, changes, 0.05).join(120)
    expected = json.loads((tmp_path / "whole" / "outcome.json").read_text())
    assert expected["status"] == "finished"
    assert expected["steps"] == 500
    instants, kills = random.Random(0), 0
    for _ in range(9):
        (tmp_path / "pieces" / "alive").unlink(missing_ok=True)
        process = start(resumable.train, tmp_path / "pieces", examples, changes, 0.05)
        resumable.wait_for(tmp_path / "pieces" / "alive", process)
        process.join(instants.uniform(0.03, 0.17) * expected["seconds"])
        if process.exitcode is not None:
            break
        process.kill()
        process.join()
        assert process.exitcode == -9
        kills += 1
    assert kills >= 5, "the training was over before it could be killed"
    start(resumable.train, tmp_path / "pieces", examples, changes, 0.05).join(120)
    found = json.loads((tmp_path / "pieces" / "outcome.json").read_text())
    assert {name: found[name] for name in SAME} == {name: expected[name] for name in SAME}
    assert found["seconds"] > 0.2 * expected["seconds"]  # the time before the kills is counted too


class _Stop(Exception):
    """Ends a training from within, at a chosen point of its curve."""


def _stop_at(number: int) -> Callable[[Point, int], None]:
    seen = []

    def watch(point: Point, steps: int) -> None:
        seen.append(point)
        if len(seen) == number:
            raise _Stop

    return watch


@pytest.mark.parametrize("optimiser", ["sgd", "momentum", "nesterov", "adam", "adamw"])
@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
def test_every_optimiser_and_layout_resumes(tmp_path: Path, optimiser: str, memory_format: str) -> None:
    # Fused optimisers walk through memory: a moment restored in another layout would meet the wrong weights.
    rate = 0.003 if "adam" in optimiser else 0.05
    recipe = resumable.RECIPE.replace(optimiser=optimiser, memory_format=memory_format, learning_rate=rate)
    budget = Budget(examples=48 * 30)

    def go(folder: str, **arguments: Any) -> dict[str, Any]:
        this = resumable.trainee(recipe)
        predictor, run = fit(this, budget, 3, checkpoints=Checkpoints(tmp_path / folder), **arguments)
        return resumable.outcome(predictor, this.model, run)

    expected = go("whole", every=1e9)
    with pytest.raises(_Stop):
        go("pieces", every=0.0, watch=_stop_at(5))
    assert go("pieces", every=1e9) == expected


def test_the_optimisers_moments_are_restored_bit_for_bit(tmp_path: Path) -> None:
    folder = Checkpoints(tmp_path)
    with pytest.raises(_Stop):
        fit(resumable.trainee(), Budget(examples=48 * 20), 3, checkpoints=folder, every=0.0, watch=_stop_at(6))
    saved = folder.read()
    assert saved is not None and saved["state"]["step"] == 11  # the newest before the sixth of ten points
    moments = saved["state"]["steppers"]["all"]["state"]
    assert all(float(moment["step"]) == 11 and moment["exp_avg_sq"].abs().sum() > 0 for moment in moments.values())
    assert torch.equal(saved["state"]["random"]["cpu"], torch.get_rng_state()) is False  # one more step was made


def test_what_was_drawn_before_does_not_matter() -> None:
    budget, outcomes = Budget(examples=48 * 20), []
    for drawn in (0, 7):
        this = resumable.trainee()
        torch.rand(drawn)
        predictor, run = fit(this, budget, 3)
        outcomes.append(resumable.outcome(predictor, this.model, run))
    assert outcomes[0] == outcomes[1]


def test_another_seed_is_another_training() -> None:
    budget, digests = Budget(examples=48 * 20), set()
    for seed in (0, 1):
        this = resumable.trainee()
        fit(this, budget, seed)
        digests.add(resumable.digest(this.model.state_dict()))
    assert len(digests) == 2


def test_a_finished_training_is_not_repeated_from_its_last_checkpoint(tmp_path: Path) -> None:
    budget, points = Budget(examples=48 * 20), []
    expected = fit(resumable.trainee(), budget, 3, checkpoints=Checkpoints(tmp_path), every=0.0)[1]
    again = fit(
        resumable.trainee(),
        budget,
        3,
        checkpoints=Checkpoints(tmp_path),
        watch=lambda point, steps: points.append(point.step),
    )[1]
    assert again.curve == expected.curve and again.scores == expected.scores
    assert points == [20]  # the newest checkpoint is that of step 19


@pytest.mark.parametrize(
    "named, arguments",
    [("seed", {"seed": 4}), ("examples", {"examples": 48 * 30}), ("recipe", {"learning_rate": 0.01})],
)
def test_the_checkpoints_of_another_training_are_refused(tmp_path: Path, named: str, arguments: dict[str, Any]) -> None:
    fit(resumable.trainee(), Budget(examples=48 * 20), 3, checkpoints=Checkpoints(tmp_path), every=0.0)
    recipe = resumable.RECIPE.replace(learning_rate=arguments.get("learning_rate", resumable.RECIPE.learning_rate))
    budget = Budget(examples=arguments.get("examples", 48 * 20))
    with pytest.raises(RunDirectoryError, match=f"training with another {named}. Remove that folder"):
        fit(resumable.trainee(recipe), budget, arguments.get("seed", 3), checkpoints=Checkpoints(tmp_path))
