"""The store of a run directory: finished runs are kept, others can read along, and one climb writes at a time."""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import elsewhere
import numpy as np
import pandas as pd
import pytest

from epochal.core.errors import RunDirectoryError, UserError
from epochal.core.recipe import Recipe
from epochal.core.run import Budget, Cost, Point, Run
from epochal.data.dataset import Dataset
from epochal.data.image.opened import open_dataset
from epochal.kinds.image_ladder import RUNGS
from epochal.models.weights import model_files, read_model
from epochal.train.device import device
from epochal.train.experiment import run_once
from epochal.train.fit import fit
from epochal.train.store import FORMAT, INDEX, LOCK, Store, open_store
from epochal.train.trainee import Judge, prepare


def a_run(seed: int = 0, points: int = 3, **changes: object) -> Run:
    return Run(
        recipe=Recipe(model="mlp", options={"hidden": "100"}),
        task="abc",
        seed=seed,
        budget=Budget(examples=640, seconds=1.5),
        status="finished",
        curve=tuple(
            Point(step=k, examples=64 * k, values={"train_loss": 1 / (k + seed + 1), "score": k / 10})
            for k in range(1, points + 1)
        ),
        scores={"score": 0.3, "loss": 0.1 + 0.2},
        cost=Cost(examples=640, steps=10, seconds=1.4, parameters=7),
        environment={"device": "a processor"},
    ).replace(**changes)


@cache
def digits() -> Dataset:
    return open_dataset("digits")


def test_what_was_kept_comes_back_from_a_new_process(tmp_path: Path) -> None:
    logits = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    with open_store(tmp_path / "runs" / "one") as store:
        assert store.run("mlp/seed-0") is None
        assert store.runs() == {}
        store.finish("mlp/seed-0", a_run(), {"weights": b"123"}, {"validation": logits})
        store.finish("mlp/seed-1", a_run(1), {}, {})
    with open_store(tmp_path / "runs" / "one") as store:
        assert store.run("mlp/seed-0") == a_run()
        assert list(store.runs()) == ["mlp/seed-0", "mlp/seed-1"], "in the order in which they finished"
        assert (store.arrays("mlp/seed-0", "valid")["ation"] == logits).all()
        assert (store.folder("mlp/seed-0") / "weights").read_bytes() == b"123"


def test_paths_in_a_directory_that_is_moved_move_with_it(tmp_path: Path) -> None:
    before, after = tmp_path / "one", tmp_path / "two"
    near, neighbour = str(before / "weights" / "w"), f"{before}-not/w"
    recipe = Recipe(model="fine-tuned", options={"weights": near, "sha256": "abc"})
    with open_store(before) as store:
        store.put("weights", {"path": near, "others": [neighbour, "/elsewhere/w", 1, None]})
        store.finish("fine-tuned", a_run(recipe=recipe), {}, {})
        assert store.get("weights")["path"] == near and store.run("fine-tuned") == a_run(recipe=recipe)
    before.rename(after)
    with open_store(after) as store:
        here = str(after / "weights" / "w")
        assert store.get("weights") == {"path": here, "others": [neighbour, "/elsewhere/w", 1, None]}
        assert [run.recipe.options["weights"] for run in store.runs().values()] == [here]


def test_decisions_are_made_once(tmp_path: Path) -> None:
    made, choice = [], {"examples": 10, "names": ["a", "b"], "rate": 0.1 + 0.2, "none": None}

    def choose() -> dict[str, object]:
        made.append(1)
        return choice

    for _ in range(2):
        with open_store(tmp_path) as store:
            assert store.decide("budget", choose) == {
                "examples": 10,
                "names": ["a", "b"],
                "rate": 0.1 + 0.2,
                "none": None,
            }
    assert made == [1]
    with open_store(tmp_path) as store:
        assert store.get("nothing", 5) == 5
        store.put("spent", 1.0)
        store.put("spent", 2.0)
        assert store.get("spent") == 2.0
        assert store.decide("false", lambda: False) is False
        assert store.decide("false", lambda: True) is False, "false is a decision as well"


@pytest.mark.parametrize(("begun", "version"), [(0, "an earlier"), (FORMAT + 1, "a later")])
def test_a_directory_of_another_version_is_not_written(tmp_path: Path, begun: int, version: str) -> None:
    with open_store(tmp_path) as store:
        store.finish("mlp", a_run(), {}, {})
    index = sqlite3.connect(tmp_path / INDEX)
    index.execute(f"pragma user_version = {begun}")
    index.close()
    message = f"{tmp_path} was begun by {version} version of epochal.* cannot continue, repeat or refit it.* --out"
    for _ in range(2):
        with pytest.raises(RunDirectoryError, match=message), open_store(tmp_path):
            pytest.fail("opened")
    assert list(Store(tmp_path).runs()) == ["mlp"]


def test_a_directory_in_which_nothing_was_decided_is_of_today(tmp_path: Path) -> None:
    """As of a process that was killed before it kept anything, or one whose run is made anew."""
    with open_store(tmp_path) as store:
        store.put("one", 1)
        store.clear()
    index = sqlite3.connect(tmp_path / INDEX)
    index.execute("pragma user_version = 0")
    index.close()
    for _ in range(2):
        with open_store(tmp_path) as store:
            store.put("one", 1)


def test_keeping_a_run_again_replaces_its_curve(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.finish("mlp", a_run(points=5), {}, {"validation": np.zeros(2)})
        store.finish("other", a_run(points=2), {}, {})
        store.finish("mlp", a_run(points=3), {}, {"validation": np.ones(2)})
        assert store.run("mlp") == a_run(points=3)
        assert store.arrays("mlp", "")["validation"].tolist() == [1, 1]
        assert store.metrics().groupby("run")["step"].nunique().to_dict() == {"mlp": 3, "other": 2}


def test_the_index_is_written_ahead(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.put("any", 1)
        index = sqlite3.connect(tmp_path / INDEX)
        assert index.execute("pragma journal_mode").fetchone() == ("wal",)
        index.close()


def test_others_read_while_one_writes(tmp_path: Path) -> None:
    runs, seen, errors = 60, [], []
    done = threading.Event()

    def read() -> None:
        reader = sqlite3.connect(f"file:{tmp_path / INDEX}?mode=ro", uri=True, timeout=5)
        try:
            while not done.is_set():
                (finished,) = reader.execute("select count(*) from runs").fetchone()
                (points,) = reader.execute("select count(distinct run) from points").fetchone()
                seen.append((finished, points))
                time.sleep(0.001)
        except sqlite3.Error as error:
            errors.append(error)
        finally:
            reader.close()

    with open_store(tmp_path) as store:
        thread = threading.Thread(target=read)
        thread.start()
        for number in range(runs):
            store.finish(f"mlp/seed-{number}", a_run(number), {}, {})
        done.set()
        thread.join()
        assert errors == []
        assert seen == sorted(seen)
        assert len(set(seen)) > 3, "it saw the climb advance"
        assert all(points >= finished for finished, points in seen), "a run counts once its curve is there"
        assert len(store.runs()) == runs


def test_a_second_process_is_refused_and_told_who_is_there(tmp_path: Path, start: Callable[..., Any]) -> None:
    def other() -> str:
        start(elsewhere.open_it, tmp_path / "run", tmp_path / "said.json").join(60)
        return json.loads((tmp_path / "said.json").read_text())

    with open_store(tmp_path / "run"):
        assert other() == (
            f"{tmp_path / 'run'} is in use by process {os.getpid()}. "
            "Wait for it to end, or choose another directory with --out."
        )
    assert other() == "opened"


def test_the_lock_goes_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), open_store(tmp_path):
        raise KeyError
    with open_store(tmp_path):
        pass


def test_metrics_go_to_parquet_and_json(tmp_path: Path) -> None:
    with open_store(tmp_path / "runs") as store:
        store.finish("b", a_run(1, points=2), {}, {})
        store.finish("a", a_run(0, points=2), {}, {})
        frame = store.metrics()
        assert list(frame.columns) == ["run", "step", "examples", "metric", "value"]
        assert len(frame) == 8
        assert frame.loc[3].to_dict() == {
            "run": "a", "step": 2, "examples": 128, "metric": "train_loss", "value": 1 / 3
        }  # fmt: skip
        pd.testing.assert_frame_equal(pd.read_parquet(store.export(tmp_path / "metrics.parquet")), frame)
        rows = json.loads(store.export(tmp_path / "out" / "metrics.json").read_text())
        assert rows == frame.to_dict("records"), "to the last bit"
        with pytest.raises(
            UserError, match=r"^metrics: expected a file that ends in \.parquet or \.json, got a\.csv\.$"
        ):
            store.export(tmp_path / "a.csv")


def test_a_store_without_runs_exports_an_empty_table(tmp_path: Path) -> None:
    with open_store(tmp_path / "runs") as store:
        assert len(pd.read_parquet(store.export(tmp_path / "metrics.parquet"))) == 0
        assert json.loads(store.export(tmp_path / "metrics.json").read_text()) == []


def test_a_file_that_is_no_index_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_bytes(b"something else, and long enough to be looked at" * 100)
    said = r"cannot be opened as a run index: file is not a database\. Give the"
    with pytest.raises(RunDirectoryError, match=said), open_store(tmp_path):
        pass
    with pytest.raises(RunDirectoryError, match=said):
        Store(tmp_path).metrics()


def test_a_file_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RunDirectoryError, match="Choose another folder with --out"),
        open_store(tmp_path / "file" / "run"),
    ):
        pass


def test_a_full_disk_is_a_clear_error_and_harms_nothing(tmp_path: Path, start: Callable[..., Any]) -> None:
    start(elsewhere.fill_index, tmp_path / "run", tmp_path / "found.json").join(60)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["said"].startswith(f"Cannot write {tmp_path / 'run' / INDEX}: ")
    assert found["said"].endswith(
        "Finished runs are kept. If the disk is full, free some space; then continue with --resume."
    )
    assert found["kept"] == [1, None]
    assert found["after"] == 2


RECIPE = RUNGS["mlp"].recipe
BUDGET = Budget(examples=64 * 20)


def test_a_finished_run_is_not_made_again(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        first = run_once("mlp/seed-0", RECIPE, digits(), store, budget=BUDGET, seed=0)
        before = {path: path.stat().st_mtime_ns for path in store.folder("mlp/seed-0").rglob("*")}
        again = run_once("mlp/seed-0", RECIPE, digits(), store, budget=BUDGET, seed=0)
        assert again == first
        assert {path: path.stat().st_mtime_ns for path in store.folder("mlp/seed-0").rglob("*")} == before


@pytest.mark.parametrize("name", ["mlp", "nearest-neighbours"])
def test_the_files_of_a_run_hold_the_model_that_was_scored(tmp_path: Path, name: str) -> None:
    recipe, budget = RUNGS[name].recipe, BUDGET if name == "mlp" else Budget(examples=500)
    with open_store(tmp_path) as store:
        run = run_once("it", recipe, digits(), store, budget=budget, seed=0)
        model = read_model(store.folder("it"), recipe, digits().task)
        trainee = prepare(digits(), recipe, 1, budget)
        logits = trainee.predictor(model)(digits().validation.inputs).logits
        near = 0 if device() == "cpu" else 1e-3  # read back, the model answers on the processor
        np.testing.assert_allclose(logits, store.arrays("it", "validation-")["logits"], rtol=0, atol=near)
        assert (logits.argmax(axis=1) == digits().validation.targets).mean() == run.scores["score"]


def test_a_run_of_another_recipe_under_the_same_name_is_made_anew(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        run_once("mlp", RECIPE, digits(), store, budget=BUDGET, seed=0)
        slower = RECIPE.replace(learning_rate=0.001)
        assert run_once("mlp", slower, digits(), store, budget=BUDGET, seed=0).recipe == slower
        assert run_once("mlp", slower, digits(), store, budget=Budget(examples=640), seed=0).cost.steps == 10


def test_a_run_that_was_cut_off_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(point: Point, steps: int) -> None:
        if point.step == 10:
            raise Stop

    with open_store(tmp_path) as store:
        with pytest.raises(Stop):
            fit(
                prepare(digits(), RECIPE, 0, BUDGET),
                BUDGET,
                0,
                checkpoints=store.checkpoints("mlp"),
                every=0.0,
                watch=stop,
            )
        assert store.run("mlp") is None
        assert (store.folder("mlp") / "checkpoints").exists()
        run = run_once("mlp", RECIPE, digits(), store, budget=BUDGET, seed=0)
        assert not (store.folder("mlp") / "checkpoints").exists(), "a finished run needs none"
        trainee = prepare(digits(), RECIPE, 0, BUDGET)
        predictor, fresh = fit(trainee, BUDGET, 0)
        assert run.curve == fresh.curve
        assert isinstance(trainee.judge, Judge)
        for file, data in model_files(predictor.model).items():  # type: ignore[attr-defined]
            assert (store.folder("mlp") / file).read_bytes() == data


def test_checkpoints_left_behind_by_a_kill_after_the_end_are_removed(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        run = run_once("mlp", RECIPE, digits(), store, budget=BUDGET, seed=0)
        store.checkpoints("mlp").write(20, {"step": 20})
        assert run_once("mlp", RECIPE, digits(), store, budget=BUDGET, seed=0) == run
        assert not (store.folder("mlp") / "checkpoints").exists()


def test_a_diverged_run_is_kept_without_files_and_not_tried_again(tmp_path: Path) -> None:
    wild = RECIPE.replace(learning_rate=1e30)
    with open_store(tmp_path) as store:
        run = run_once("mlp", wild, digits(), store, budget=BUDGET, seed=0)
        assert run.status == "diverged"
        assert store.run("mlp") == run
        assert not (store.folder("mlp") / "validation.npy").exists()
        assert run_once("mlp", wild, digits(), store, budget=BUDGET, seed=0) == run


@pytest.mark.parametrize("error", [UserError("no such data"), ValueError("a fault"), KeyboardInterrupt()])
def test_a_store_in_which_nothing_was_trained_leaves_no_folder(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "mine").mkdir()
    for directory in (tmp_path / "runs" / "deep", tmp_path / "mine"):
        with pytest.raises(type(error)), open_store(directory) as store:
            store.put("settings", {})
            raise error
    assert [path.name for path in tmp_path.iterdir()] == ["mine"], "a folder of the user's own stays"
    assert not any((tmp_path / "mine").iterdir()), "without an index, which would say that a climb is there"


def test_what_was_learned_before_a_failure_is_kept(tmp_path: Path) -> None:
    def fill(store: Store, what: str) -> None:
        if what == "run":
            store.finish("mlp/seed-0", a_run(), {}, {})
        elif what == "checkpoint":
            store.checkpoints("mlp/seed-0").write(1, {})
        else:
            store.put("fingerprint", "abc")

    for what, error in (("run", UserError), ("checkpoint", UserError), ("decision", KeyboardInterrupt)):
        with pytest.raises(error), open_store(tmp_path / what) as store:
            fill(store, what)
            raise error
        assert (tmp_path / what / INDEX).exists(), what
    with pytest.raises(UserError), open_store(tmp_path / "run"):
        raise UserError("now it is an older run")
    assert Store(tmp_path / "run").run("mlp/seed-0") == a_run()


def test_an_index_that_may_not_be_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(tmp_path / "run") as store:
        store.finish("mlp/seed-0", a_run(), {}, {})
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root, whom tests may run as, can always write
    (tmp_path / "run" / LOCK).unlink()
    assert Store(tmp_path / "run").runs() == {"mlp/seed-0": a_run()}
    assert {path.name for path in (tmp_path / "run").iterdir()} == {INDEX}


def test_a_repetition_begins_with_what_was_decided_but_not_with_its_times(tmp_path: Path) -> None:
    with open_store(tmp_path / "first") as first, open_store(tmp_path / "second") as second:
        for name, value in {"started": 1.0, "spent": 2.0, "ended": True, "a/rate": {"scale": 0.1}, "seen": [1]}.items():
            first.put(name, value)
        second.put("seen", [2])
        second.put("started", 9.0)
        second.take_decisions(first)
        assert second.names() == {"a/rate", "seen", "started"}
        assert second.get("a/rate") == {"scale": 0.1}
        assert (second.get("seen"), second.get("started")) == ([2], 9.0), "what it has decided itself stands"
        assert first.get("ended") is True
