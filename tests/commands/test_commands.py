"""Each command does what its help promises, on the digits."""

import errno
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from epochal.cli import main
from epochal.core.errors import RunDirectoryError
from epochal.ship.bundle import Bundle

QUICK = ["--rungs", "majority,hog-svm,mlp", "--budget", "12s", "--seeds", "2", "--trials", "1"]
ESCAPE = "\x1b["


@pytest.fixture(scope="module")
def climbed(tmp_path_factory) -> tuple[Path, str, str]:
    """A run directory, and what the climb printed on its two outputs."""
    directory = tmp_path_factory.mktemp("climb") / "run"
    done = epochal("climb", "digits", *QUICK, "--out", directory)
    assert done.returncode == 0, done.stderr
    return directory, done.stdout, done.stderr


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder = tmp_path / "new"
    folder.mkdir()
    for index, pixels in enumerate(load_digits().images[:3]):
        Image.fromarray((pixels * 15.9375).astype("uint8")).save(folder / f"{index}.png")
    return folder


def epochal(*words: object, **settings) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "epochal", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, **settings)


def test_climb_prints_the_table_the_verdict_and_where_things_are(climbed):
    directory, out, err = climbed
    rows = out.splitlines()
    assert re.match(r"Recommended: .+\. \d+% right on unseen data \(\d+ to \d+%\)\.", rows[0])
    assert any(row.split()[:3] == ["tier", "rung", "year"] for row in rows)
    assert sum(row.rstrip().endswith("recommended") for row in rows) == 1
    assert f"Report: {directory / 'report.html'}" in rows
    assert f"Bundle: {directory / 'bundle'}" in rows
    assert "qualifying/mlp: seed 1, validation" in err
    assert ESCAPE not in out + err
    assert "\r" not in out + err
    assert (directory / "report.html").stat().st_size > 10_000


def test_the_result_repeats_the_command(climbed):
    result = json.loads((climbed[0] / "result.json").read_text())
    assert result["command"].startswith("epochal climb digits --rungs majority,hog-svm,mlp --budget 12s")


def test_predict_names_labels_and_bad_files(climbed, pictures, capsys):
    assert main(["predict", str(climbed[0] / "bundle"), str(pictures / "*.png")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [re.fullmatch(r".*/(\d)\.png  \d  +\d+\.\d%", line)[1] for line in lines] == ["0", "1", "2"]
    (pictures / "bad.png").write_text("no picture")
    assert main(["predict", str(climbed[0] / "bundle"), str(pictures), "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [set(row) == {"input", "error"} for row in rows] == [False, False, False, True]
    assert sum(rows[0]["probabilities"].values()) == pytest.approx(1)


def test_report_writes_the_report_again(climbed, capsys):
    directory = climbed[0]
    (directory / "report.html").unlink()
    assert main(["report", str(directory)]) == 0
    assert "recommended" in capsys.readouterr().out
    assert (directory / "report.html").exists()


def test_report_of_a_run_that_may_not_be_written_shows_it_all_the_same(climbed, capsys, monkeypatch):
    """The tests may run as root, who can write everywhere."""

    def refuse(file, data):
        raise RunDirectoryError("no") from PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("epochal.report.page.write_atomically", refuse)
    assert main(["report", str(climbed[0])]) == 0
    out, err = capsys.readouterr()
    assert "recommended" in out and f"Report: {climbed[0] / 'report.html'}" in out
    assert err == f"The report in {climbed[0]} was not written again (Permission denied).\n"


def test_report_exports_the_curves(climbed, tmp_path, capsys):
    for name, read in (("curves.parquet", pd.read_parquet), ("curves.json", pd.read_json)):
        assert main(["report", str(climbed[0]), "--metrics", str(tmp_path / name)]) == 0
        frame = read(tmp_path / name)
        assert {"run", "step", "examples", "metric", "value"} <= set(frame.columns)
        assert "loss" in set(frame["metric"])
    assert main(["report", str(climbed[0]), "--metrics", str(tmp_path / "curves.xls")]) == 2
    assert ".parquet or .json" in capsys.readouterr().err


def test_a_finished_climb_is_resumed_at_once_and_not_started_anew(climbed, capsys):
    directory = climbed[0]
    before = json.loads((directory / "result.json").read_text())
    assert main(["climb", "digits", "--resume", str(directory)]) == 0
    after = json.loads((directory / "result.json").read_text())
    assert [rung["stages"] for rung in after["rungs"]] == [rung["stages"] for rung in before["rungs"]]
    told = capsys.readouterr().err.splitlines()[0]
    assert re.fullmatch(rf"Resuming {directory}: \d+ trainings are finished, .* spent, .* left\.", told)
    assert main(["climb", "digits", "--out", str(directory)]) == 2
    assert f"Continue it with --resume {directory}" in capsys.readouterr().err


def test_dry_run_prints_the_plan_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert (
        main(["climb", "digits", "--dry-run", "--budget", "1h30m", "--rungs", "majority, lenet", "--seeds", "5"]) == 0
    )
    out = capsys.readouterr().out
    assert "5400 s in all, 2 rungs, 5 seeds" in out
    assert "LeNet-5" in out
    assert list(tmp_path.iterdir()) == []


def test_train_bundles_one_rung(tmp_path, capsys):
    words = ["train", "resnet", "digits", "--set", "depth=8", "--budget", "4s", "--out", str(tmp_path / "run")]
    assert main([*words, "--max-examples", "200"]) == 0
    assert "resnet: validation accuracy" in capsys.readouterr().out
    bundle = Bundle.open(tmp_path / "run" / "bundle")
    assert bundle.recipe.options["depth"] == 8
    assert 190 <= sum(bundle.task.counts.values()) <= 200


def test_a_training_that_diverges_exits_with_1(tmp_path, capsys):
    words = ["train", "mlp", "digits", "--budget", "4s", "--out", str(tmp_path / "run"), "--set", "learning_rate=1e30"]
    assert main([*words, "--set", "activation=relu", "--set", "weight_decay=1"]) == 1
    assert "mlp: diverged." in capsys.readouterr().err


def test_ladder_counts_parameters_for_the_size(capsys):
    assert main(["ladder", "image", "--size", "32", "--channels", "3", "--classes", "10"]) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 14
    parameters = 10 * (32 * 32 * 3 + 1)
    assert re.search(rf"^perceptron +1958 +Perceptron +{parameters:,} .* Rosenblatt, The", out, re.MULTILINE)


def test_the_ladder_of_tables_ends_with_what_is_needed_for_its_extras(capsys):
    assert main(["ladder", "table"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^catboost +2018 +CatBoost +Levels become .* Prokhorenkova,", out, re.MULTILINE)
    last = "xgboost, lightgbm, catboost: climbed where --rung names them; they need pip install 'epochal[boosting]'"
    assert out.splitlines()[-1] == last and out.count(last) == 2  # to predict classes, and a number


def test_data_check_says_what_is_there(capsys):
    assert main(["data", "check", "digits"]) == 0
    assert "1,797 images of 10 classes" in capsys.readouterr().out
    assert main(["data", "check", "digits", "--json", "--split-seed", "3", "--test-fraction", "0.5"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert 850 < sum(report["counts"]["test"].values()) < 950


def test_data_list_names_the_sets(capsys):
    assert main(["data", "list"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {"digits", "mnist", "fashion-mnist", "cifar10", "hymenoptera"} <= set(names)


def test_data_get_finds_what_a_mirror_has(capsys):
    if not os.environ.get("EPOCHAL_MIRROR"):
        pytest.skip("EPOCHAL_MIRROR names no folder with copies of the named sets")
    assert main(["data", "get", "fashion-mnist"]) == 0
    assert Path(capsys.readouterr().out.splitlines()[0]).exists()


def test_doctor_measures(capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"matrix float32 +\d", out)
    assert "memory" in out
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rates"]["convolution bfloat16"] > 0


def test_control_c_prints_the_best_so_far_and_exits_with_130(tmp_path):
    command = [sys.executable, "-m", "epochal", "climb", "digits", "--rungs", "majority,hog-svm,lenet"]
    command += ["--budget", "10m", "--seeds", "2", "--trials", "1", "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line.startswith("qualifying/hog-svm: seed 1"):
                break
        time.sleep(2)  # into the measuring or the training of LeNet
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "HOG + linear SVM" in out
    assert f"--resume {tmp_path / 'run'}" in err
    assert "Traceback" not in err
    assert json.loads((tmp_path / "run" / "result.json").read_text())["complete"] is False


def test_a_training_that_was_interrupted_goes_on(tmp_path, capsys):
    directory = tmp_path / "run"
    command = [sys.executable, "-m", "epochal", "train", "lenet", "digits", "--budget", "20s", "--out", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if told := re.match(r"LeNet-5: ([\d,]+) examples in about", line):
                break
        time.sleep(6)  # into the training
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert f"--resume {directory}" in err
    assert list(directory.rglob("checkpoints/*")), "nothing was kept of the training"
    assert main(["train", "lenet", "digits", "--budget", "20s", "--resume", str(directory)]) == 0
    steps = round(int(told[1].replace(",", "")) / 64)
    seen = re.search(r"after ([\d,]+) examples", capsys.readouterr().out)
    assert seen is not None
    assert 0 < int(seen[1].replace(",", "")) <= 64 * steps, (
        "it may be shortened where the machine is busy, never longer"
    )


def test_a_terminal_gets_colours_unless_it_wants_none(climbed):
    def seen(**environment: str) -> bytes:
        parent, child = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "epochal", "report", str(climbed[0])],
            stdout=child,
            stderr=child,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "160", **environment},
        )
        os.close(child)
        output = b""
        try:
            while part := os.read(parent, 65536):
                output += part
        except OSError:  # Linux says so when the other end is closed
            pass
        os.close(parent)
        assert process.wait(timeout=60) == 0
        return output

    assert b"recommended" in seen()
    assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", seen(NO_COLOR="1"))
    assert ESCAPE.encode() not in seen(TERM="dumb")
