"""A climb of picture files and of a manifest, to the bundle and back: what is predicted is what was evaluated."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from epochal.cli import main
from epochal.core.run import FAILED, FINISHED
from epochal.core.task import Task
from epochal.data.image.opened import open_dataset
from epochal.data.image.options import ReadOptions
from epochal.judge.calibration import apply
from epochal.report.result import ClimbResult
from epochal.ship.bundle import Bundle
from epochal.study import stages
from epochal.study.ladder import climb
from epochal.train.store import open_store

CLASSES, EACH = ("across", "down"), 30
QUICK = ["--budget", "12s", "--seeds", "2", "--trials", "1"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Colour photos of stripes that run across or down, of several sizes, and one that is cut short."""
    folder = tmp_path_factory.mktemp("photos") / "photos"
    for label in CLASSES:
        (folder / label).mkdir(parents=True)
        for number in range(EACH):
            generator = np.random.default_rng([number, CLASSES.index(label)])
            side = int(generator.integers(24, 40))
            stripes = 255 * (np.arange(side) // generator.integers(3, 6) % 2)
            grey = np.tile(stripes, (side, 1)) if label == "down" else np.tile(stripes[:, None], (1, side))
            noisy = grey[..., None] * generator.uniform(0.5, 1, 3) + generator.normal(0, 12, (side, side, 3))
            Image.fromarray(noisy.clip(0, 255).astype("uint8")).save(folder / label / f"{number:02} \u00e9.png")
    whole = (folder / "down" / "00 \u00e9.png").read_bytes()
    (folder / "down" / "cut.png").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.fixture(scope="module")
def climbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The run directory of a climb of the photos, and what it said on the way."""
    directory = tmp_path_factory.mktemp("run") / "run"
    command = [sys.executable, "-m", "epochal", "climb", photos, "--out", directory, "--rungs", "majority,hog-svm,mlp"]
    done = subprocess.run([*map(str, command), *QUICK], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return directory, done.stderr


def result_in(directory: Path) -> ClimbResult:
    return ClimbResult.from_dict(json.loads((directory / "result.json").read_text()))


def test_the_photos_are_told_apart_and_the_damaged_file_is_named_at_once(climbed: tuple[Path, str]) -> None:
    directory, said = climbed
    assert "1 file has a problem: " in said and "cut.png" in said
    result = result_in(directory)
    assert result.complete and {rung.status for rung in result.rungs} == {FINISHED}
    scores = {rung.name: rung.stages[-1].validation.mean for rung in result.rungs}
    assert scores["hog-svm"] > scores["majority"] + 0.3
    page = (directory / "report.html").read_text()
    assert "cut.png" in page


def test_raw_files_in_a_fresh_process_get_the_answers_that_were_evaluated(
    climbed: tuple[Path, str], photos: Path
) -> None:
    directory, _ = climbed
    dataset, result = open_dataset(photos), result_in(directory)
    files = [str(photos / item) for item in dataset.validation.items]
    command = [sys.executable, "-m", "epochal", "predict", str(directory / "bundle"), *files, "--json"]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=240, check=True).stdout)
    with open_store(directory) as store:
        runs = {name: run for name, run in store.runs().items() if run.recipe.model == result.chosen}
        stage = "final" if any(name.startswith("final/") for name in runs) else "qualifying"
        kept = min(
            (name for name in runs if name.startswith(f"{stage}/")),
            key=lambda name: runs[name].scores["loss"],
        )
        logits = apply(store.arrays(kept, "validation-")["logits"], Bundle.open(directory / "bundle").temperature)
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    answered = np.array([[row["probabilities"][label] for label in CLASSES] for row in rows])
    np.testing.assert_allclose(answered, chances, atol=1e-6)


def patient_of(path: Path) -> str:
    """Two photos of each."""
    return f"{path.parent.name}-{int(path.name[:2]) // 2}"


def test_a_manifest_with_groups(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "species", "patient"])
        for path in sorted(photos.glob("*/* *.png")):
            rows.writerow([path, path.parent.name, patient_of(path)])
    columns = ["--image", "path", "--label", "species", "--group", "patient"]
    asked = ["climb", tmp_path / "labels.csv", *columns, "--rungs", "majority,hog-svm", "--out", tmp_path / "run"]
    assert main([*map(str, asked), *QUICK]) == 0
    assert "HOG + linear SVM" in capsys.readouterr().out
    result = result_in(tmp_path / "run")
    assert result.complete
    assert sum(result.task.counts.values()) == len(CLASSES) * EACH
    grouped = open_dataset(tmp_path / "labels.csv", options=ReadOptions(image="path", label="species", group="patient"))
    assert result.task.fingerprint == grouped.task.fingerprint
    splits = [
        {patient_of(Path(item)) for item in part.items}
        for part in (grouped.train, grouped.validation, grouped.open_test())
    ]
    assert not splits[0] & splits[1] and not splits[0] & splits[2] and not splits[1] & splits[2]


def test_a_rung_that_fails_is_left_out_and_the_climb_goes_on(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(config: object, task: Task) -> None:
        raise MemoryError("no room for so many weights")

    monkeypatch.setattr("epochal.models.mlp.build", build)
    told: list[str] = []
    rungs = ("majority", "hog-svm", "mlp")
    climbed = climb(photos, budget="8s", seeds=2, trials=1, rungs=rungs, out=tmp_path / "run", progress=told.append)
    statuses = {rung.name: (rung.status, rung.message) for rung in climbed.result.rungs}
    assert statuses["mlp"] == (FAILED, "sizing: MemoryError: no room for so many weights")
    assert [statuses[name][0] for name in rungs[:2]] == [FINISHED, FINISHED]
    assert any(line.startswith("sizing/mlp: failed, and is left out.") for line in told)
    assert "in build" in (tmp_path / "run" / "runs" / "sizing" / "mlp.txt").read_text()
    assert climbed.result.chosen == "hog-svm"
    assert "no room for so many weights" in climbed.report.read_text()


def test_a_rung_that_fails_in_the_finals_is_judged_by_what_it_did_before(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise MemoryError("no room for a longer training")

    monkeypatch.setattr(stages, "run_longer", fail)
    monkeypatch.setattr(stages, "CLOSING", (0.0, 0.0))  # so that time is left for finals on a busy machine, too
    climbed = climb(photos, budget="24s", seeds=2, trials=1, rungs=("majority", "mlp"), out=tmp_path / "run")
    mlp = next(rung for rung in climbed.result.rungs if rung.name == "mlp")
    assert (mlp.status, mlp.message) == (FINISHED, "final: MemoryError: no room for a longer training")
    assert [stage.name for stage in mlp.stages] == ["qualifying"]
    assert any(note.startswith("Multilayer perceptron failed in its final") for note in climbed.result.notes)
