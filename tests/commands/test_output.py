"""What the output cannot show loses a letter, and the answer is still given."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import epochal

FOLDER = os.fsdecode(b"d\xe9")  # é in Latin-1, and no UTF-8


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for number, label in enumerate(("猫", "dog", os.fsdecode(b"\xb9\xb7"))):
        (tmp_path / FOLDER / label).mkdir(parents=True)
        for index in range(10):
            pixels = np.random.default_rng(100 * number + index).integers(60 * number, 200, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / FOLDER / label / f"{index}.png")
    return tmp_path


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "猫"), ("latin-1", r"\u732b"), ("ascii", None), ("utf-8:strict", "猫")]
)
def test_names_are_shown_by_any_output(here: Path, encoding: str, shown: str | None) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(epochal.__file__).parents[1]),
        "PYTHONIOENCODING": encoding,
        "EPOCHAL_CACHE": str(here / "cache"),
    }
    command = [sys.executable, "-m", "epochal", "data", "check"]
    done = subprocess.run([*command, FOLDER], env=environment, cwd=here, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    output = done.stdout.decode(encoding.split(":")[0] if shown else "utf-8")
    assert "30 images of 3 classes" in output and r"\xb9\xb7" in output
    assert shown is None or shown in output
    refused = subprocess.run([*command, FOLDER + "2"], env=environment, cwd=here, capture_output=True, check=False)
    assert refused.returncode == 2 and b"is neither a path that exists nor the name of a data set" in refused.stderr


def test_no_climb_is_lost_at_its_end_for_a_name(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPOCHAL_CACHE", str(here / "cache"))
    monkeypatch.chdir(here)
    rungs = ("majority", "nearest-neighbours")
    result = epochal.climb(FOLDER, budget="6s", seeds=1, rungs=rungs, out=os.fsdecode(b"r\xfc"), command=FOLDER)
    assert r"d\xe9" in result.report.read_text(encoding="utf-8")
    files = sorted((here / FOLDER / "dog").iterdir())
    bundle = epochal.Bundle.open(here / os.fsdecode(b"r\xfc") / "bundle")
    assert bundle.labels == (r"\xb9\xb7", "dog", "猫")
    assert [row.error for row in bundle.predict(files)] == [None] * 10
