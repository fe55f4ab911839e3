"""Ctrl-C is heard between two steps: the state is kept first, and the training can go on from there."""

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import resumable

from epochal.core.run import Budget, Point
from epochal.train.checkpoint import Checkpoints
from epochal.train.fit import fit
from epochal.train.interrupt import between_steps

SAME = ("weights", "kept", "curve", "scores", "status", "steps", "course", "best")


def test_an_interrupted_process_keeps_its_state_and_resumes_to_the_same_bits(
    tmp_path: Path, start: Callable[..., Any]
) -> None:
    examples, never = 48 * 300, 1e9
    start(resumable.train, tmp_path / "whole", examples, {}, never).join(120)
    expected = json.loads((tmp_path / "whole" / "outcome.json").read_text())
    folder = tmp_path / "pieces"
    for point in (60, 180):  # two interruptions, each somewhere after this step
        process = start(resumable.train, folder, examples, {}, never)
        resumable.wait_for(folder / f"point-{point}", process)
        os.kill(process.pid, signal.SIGINT)
        process.join(60)
        assert process.exitcode == 0
        assert (folder / "interrupted").exists(), "KeyboardInterrupt was not raised"
        (folder / "interrupted").unlink()
        checkpoint = max((folder / "checkpoints").iterdir())
        assert point <= int(checkpoint.name[:12]) < 300
        assert not (folder / "outcome.json").exists()
    start(resumable.train, folder, examples, {}, never).join(120)
    found = json.loads((folder / "outcome.json").read_text())
    assert {name: found[name] for name in SAME} == {name: expected[name] for name in SAME}


@pytest.mark.parametrize("at", [2, 18, 20])
def test_the_state_of_the_very_step_is_kept(tmp_path: Path, at: int) -> None:
    budget, checkpoints = Budget(examples=48 * 20), Checkpoints(tmp_path)
    expected = fit(resumable.trainee(), budget, 3)[1]

    def watch(point: Point, steps: int) -> None:
        if point.step == at:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(resumable.trainee(), budget, 3, checkpoints=checkpoints, watch=watch)
    saved = checkpoints.read()
    assert saved is not None
    assert saved["state"]["step"] == at
    assert fit(resumable.trainee(), budget, 3, checkpoints=checkpoints)[1].curve == expected.curve


def test_without_checkpoints_it_still_stops() -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(resumable.trainee(), Budget(examples=480), 3, watch=lambda point, steps: signal.raise_signal(signal.SIGINT))


def test_the_first_asks_and_the_second_insists() -> None:
    with between_steps() as interrupt:
        interrupt.check()
        signal.raise_signal(signal.SIGINT)
        assert interrupt.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()


def test_the_handler_of_before_comes_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with between_steps():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(RuntimeError, match="inside"), between_steps():
        raise RuntimeError("inside")
    assert signal.getsignal(signal.SIGINT) is before


def test_training_works_outside_the_main_thread(tmp_path: Path) -> None:
    # Signals belong to the main thread; a notebook or a server may train in another.
    statuses: list[str] = []
    thread = threading.Thread(
        target=lambda: statuses.append(fit(resumable.trainee(), Budget(examples=480), 3)[1].status)
    )
    thread.start()
    thread.join()
    assert statuses == ["finished"]
