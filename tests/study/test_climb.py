"""A climb that is killed again and again keeps what is finished, and its runs are those that a fresh fit would make."""

import json
import multiprocessing
import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch

from epochal.core.run import FINISHED, Run
from epochal.data.image.opened import open_dataset
from epochal.models.weights import model_files
from epochal.report.result import ClimbResult
from epochal.ship.bundle import Bundle
from epochal.train.fit import fit
from epochal.train.store import INDEX, open_store
from epochal.train.trainee import Judge, prepare

SEEDS, KILLS = 2, 5

# Trains two networks side by side, and keeps their states every tenth of a second instead of every twenty, so that the
# kills of a short test meet them.
CHILD = """
import epochal.train.fit, epochal.study.sizing, torch
from epochal.cli import main
torch.set_num_threads(2)
epochal.train.fit.fit.__wrapped__.__kwdefaults__["every"] = 0.1
epochal.study.sizing.least = lambda recipe, count: 1  # on a busy machine, too, every network is climbed
raise SystemExit(main({arguments!r}))
"""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Climbs:
    """Starts `epochal climb` in processes of its own, forked from one that has imported torch already."""

    def __init__(self, directory: Path, budget: str, rungs: tuple[str, ...]):
        self.directory = directory
        self.options = ["--budget", budget, "--rungs", ",".join(rungs), "--seeds", str(SEEDS), "--trials", "2"]
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["torch._dynamo", "epochal.study.ladder", "epochal.commands.climb"])
        self.started: list[BaseProcess] = []

    def start(self) -> BaseProcess:
        """Start the climb, or go on with it where it has left anything."""
        where = "--resume" if (self.directory / INDEX).exists() else "--out"
        arguments = ["climb", "digits", where, str(self.directory), *self.options]
        process = self.context.Process(target=exec, args=(CHILD.format(arguments=arguments), {}))
        process.start()
        self.started.append(process)
        return process

    def finished(self) -> dict[str, str]:
        """The records of finished runs, read while a climb may be going on."""
        if not (self.directory / INDEX).exists():
            return {}
        index = sqlite3.connect(f"file:{self.directory / INDEX}?mode=ro", uri=True)
        try:
            if not index.execute("select name from sqlite_master where name = 'runs'").fetchall():
                return {}
            return dict(index.execute("select name, record from runs"))
        finally:
            index.close()


@pytest.fixture
def climbs(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Climbs]:
    os.environ["OMP_NUM_THREADS"] = "1"
    found = Climbs(tmp_path / "run", *request.param)
    yield found
    for process in found.started:
        process.kill()
        process.join()


def is_what_a_fresh_fit_makes(directory: Path, name: str, run: Run) -> None:
    dataset = open_dataset("digits")
    budget = run.budget.replace(course=run.course)  # shortened where it was, if it was, and not by this clock
    trainee = prepare(dataset, run.recipe, run.seed, budget)
    predictor, fresh = fit(trainee, budget, run.seed)
    assert fresh.curve == run.curve, name
    assert fresh.scores == run.scores, name
    for file, data in model_files(predictor.model).items():  # type: ignore[attr-defined]
        assert (directory / "runs" / name / file).read_bytes() == data, f"{name}: {file}"
    with open_store(directory) as store:
        assert isinstance(trainee.judge, Judge)
        assert trainee.judge.prediction is not None
        assert (store.arrays(name, "validation-")["logits"] == trainee.judge.prediction.logits).all(), name


@pytest.mark.parametrize("climbs", [("10s", ("nearest-neighbours", "mlp", "lenet"))], indirect=True)
def test_a_climb_killed_again_and_again_loses_nothing_finished(climbs: Climbs) -> None:
    instants, before = random.Random(1), {}
    kills = 0
    for _ in range(KILLS):
        process = climbs.start()
        process.join(instants.uniform(0.1, 1.8))
        if process.exitcode is not None:
            break
        process.kill()
        process.join()
        assert process.exitcode == -9
        kills += 1
        found = climbs.finished()
        assert {name: found[name] for name in before} == before, "a kill took or changed a finished run"
        before = found
    assert kills >= 4, "the climb was over before it could be killed"
    process = climbs.start()
    process.join(180)
    assert process.exitcode == 0
    found = climbs.finished()
    # The seconds are in the records: a run that had been made again would differ.
    assert {name: found[name] for name in before} == before

    result = ClimbResult.from_dict(json.loads((climbs.directory / "result.json").read_text()))
    assert result.complete
    assert [rung.name for rung in result.rungs] == ["nearest-neighbours", "mlp", "lenet"]
    assert {rung.status for rung in result.rungs} == {FINISHED}
    assert (climbs.directory / "report.html").stat().st_size > 1000
    assert Bundle.open(climbs.directory / "bundle") is not None
    assert not list(climbs.directory.rglob("checkpoints")), "finished runs need none"
    assert not list(climbs.directory.rglob("*.tmp")), "nothing half written is left"

    runs = {name: Run.from_json(record) for name, record in found.items()}
    expected = {f"qualifying/{rung}/seed-{seed}" for rung in ("mlp", "lenet") for seed in range(SEEDS)}
    assert expected | {"qualifying/nearest-neighbours/seed-0"} <= set(runs)
    for name, run in runs.items():
        assert run.status == FINISHED
        assert run.cost.steps == run.curve[-1].step
        if name.startswith("qualifying/") or (name.startswith("final/") and run.seed == 0):
            is_what_a_fresh_fit_makes(climbs.directory, name, run)


@pytest.mark.parametrize("climbs", [("7s", ("nearest-neighbours", "mlp"))], indirect=True)
def test_a_climb_that_is_interrupted_keeps_the_test_split_sealed_and_goes_on(climbs: Climbs) -> None:
    process, end = climbs.start(), time.monotonic() + 60
    while "qualifying/mlp/seed-0" not in climbs.finished():
        assert process.exitcode is None
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)  # type: ignore[arg-type]
    process.join(60)
    assert process.exitcode == 130
    result = ClimbResult.from_dict(json.loads((climbs.directory / "result.json").read_text()))
    assert not result.complete
    assert not list(climbs.directory.rglob("test.npy")), "the test split has been opened"
    assert result.on_test == ()
    before = climbs.finished()
    process = climbs.start()
    process.join(180)
    assert process.exitcode == 0
    found = climbs.finished()
    assert {name: found[name] for name in before} == before
    result = ClimbResult.from_dict(json.loads((climbs.directory / "result.json").read_text()))
    assert result.complete
    assert len(result.on_test) == 1
