"""Trainings side by side: all run, what one raises is heard, Ctrl-C reaches each, and none outlives its parent."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import cache, partial
from pathlib import Path

import pytest
import torch

from epochal.core.errors import UserError
from epochal.core.run import Budget
from epochal.data import Dataset, open_dataset
from epochal.kinds.image_ladder import RUNGS
from epochal.train.device import device
from epochal.train.experiment import run_once
from epochal.train.store import open_store
from epochal.train.workers import run_side_by_side, share


@cache
def digits() -> Dataset:
    return open_dataset("digits")


def test_every_job_runs_and_is_told_of_once() -> None:
    found: dict[int, tuple[int, int]] = {}
    run_side_by_side([partial(where, k) for k in range(5)], found.__setitem__, workers=2)
    assert [found[k][0] for k in range(5)] == [0, 1, 4, 9, 16]
    assert os.getpid() not in {process for _, process in found.values()}


def where(number: int) -> tuple[int, int]:
    assert torch.get_num_threads() == 1
    return number**2, os.getpid()


@pytest.mark.parametrize("jobs, workers", [(1, 4), (3, 1)])
def test_one_at_a_time_stays_in_this_process(jobs: int, workers: int) -> None:
    found: dict[int, int] = {}
    run_side_by_side([os.getpid] * jobs, found.__setitem__, workers=workers)
    assert set(found.values()) == {os.getpid()}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_that_fails_by_itself_is_told_of_and_the_others_go_on(workers: int) -> None:
    def fails() -> None:
        raise ValueError("no such thing")

    found: dict[int, object] = {}
    run_side_by_side([os.getpid, fails, os.getpid], found.__setitem__, workers=workers, failed=found.__setitem__)
    assert repr(found[1]) == "ValueError('no such thing')"
    assert {type(found[number]) for number in (0, 2)} == {int}


def test_a_job_that_is_killed_is_told_of_and_what_the_user_can_mend_is_raised() -> None:
    def killed() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def full() -> None:
        raise UserError("the disk is full")

    found: dict[int, object] = {}
    run_side_by_side([os.getpid, killed], found.__setitem__, workers=2, failed=found.__setitem__)
    assert "crashed (exit code -9), perhaps out of memory" in str(found[1])
    with pytest.raises(UserError, match="the disk is full"):
        run_side_by_side([os.getpid, full], found.__setitem__, workers=2, failed=found.__setitem__)


def test_what_a_job_raises_is_raised_here_and_the_others_are_stopped(tmp_path: Path) -> None:
    def fails() -> None:
        raise ValueError("no such thing")

    def lasts() -> None:
        time.sleep(60)
        (tmp_path / "late").touch()

    began = time.perf_counter()
    with pytest.raises(ValueError, match="no such thing"):
        run_side_by_side([lasts, fails], lambda number, result: None, workers=2)
    assert time.perf_counter() - began < 30
    assert not (tmp_path / "late").exists()


def test_a_worker_that_is_killed_is_told_of() -> None:
    with pytest.raises(RuntimeError, match="crashed"):
        run_side_by_side([lambda: os.kill(os.getpid(), signal.SIGKILL)] * 2, lambda number, result: None, workers=2)


def test_the_budget_is_stretched_by_what_runs_at_the_same_time() -> None:
    assert [share(jobs, 2) for jobs in (1, 2, 3, 7)] == [1, 2, 1.5, 1.75]
    assert share(7, 1) == 1


@pytest.mark.skipif(device() != "cpu", reason="on a GPU trainings run one after another, in one process")
def test_a_training_side_by_side_is_the_same_as_one_here(tmp_path: Path) -> None:
    budget, recipe = Budget(examples=64 * 12), RUNGS["lenet"].recipe
    torch.set_num_threads(1)
    with open_store(tmp_path) as store:
        names = ["a", "b"]
        run_side_by_side(
            [lambda name=name: run_once(name, recipe, digits(), store, budget=budget, seed=3) for name in names],
            lambda number, run: None,
            workers=2,
        )
        here = run_once("here", recipe, digits(), store, budget=budget, seed=3)
        weights = {(store.folder(name) / "model.safetensors").read_bytes() for name in (*names, "here")}
        assert len(weights) == 1
        assert all(store.run(name).curve == here.curve for name in names)  # type: ignore[union-attr]


LASTING = """
import sys, time
from pathlib import Path
from epochal.train.workers import run_side_by_side

def job(name):
    import os
    Path(sys.argv[1], f"{name}-{os.getpid()}").touch()
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        Path(sys.argv[1], f"stopped-{name}").touch()
        raise

try:
    run_side_by_side([lambda: job("a"), lambda: job("b")], lambda number, result: None, workers=2)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL])
def test_none_goes_on_when_its_parent_is_stopped(tmp_path: Path, way: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", LASTING, str(tmp_path)])
    try:
        until(lambda: len(list(tmp_path.glob("[ab]-*"))) == 2)
        workers = [int(path.name.split("-")[1]) for path in tmp_path.glob("[ab]-*")]
        time.sleep(0.3)
        parent.send_signal(way)
        assert parent.wait(20) == (130 if way == signal.SIGINT else -signal.SIGKILL)
        until(lambda: not any(alive(process) for process in workers))
        assert len(list(tmp_path.glob("stopped-*"))) == (2 if way == signal.SIGINT else 0)
    finally:
        parent.kill()


def until(true: object, seconds: float = 30.0) -> None:
    end = time.perf_counter() + seconds
    while not true():  # type: ignore[operator]
        assert time.perf_counter() < end, "this did not come about"
        time.sleep(0.05)


def alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def in_a_daemon(results: object) -> None:
    found: dict[int, tuple[int, int]] = {}
    run_side_by_side([partial(where, k) for k in range(3)], found.__setitem__, workers=2)
    results.put((os.getpid(), [found[k] for k in range(3)]))  # type: ignore[attr-defined]


def test_a_daemonic_process_has_trainings_side_by_side_too() -> None:
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    process = context.Process(target=in_a_daemon, args=(results,), daemon=True)
    process.start()
    parent, found = results.get()
    process.join()
    assert [number for number, _ in found] == [0, 1, 4]
    assert parent not in {worker for _, worker in found}


def test_workers_whose_ends_another_hears_of_are_waited_for() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # as some servers do: no child is left to wait for
    try:
        found: dict[int, tuple[int, int]] = {}
        run_side_by_side([partial(where, k) for k in range(3)], found.__setitem__, workers=2)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert [found[k][0] for k in range(3)] == [0, 1, 4]
