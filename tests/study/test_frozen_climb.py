"""A climb of digits that was made before the house was opened to other kinds of data: repeated, it says the same.

The decisions of the climb (members, learning rates, numbers of examples) and its result lie in `frozen_climb`. A change
that means to alter what a climb finds freezes another one, and says so in its commit:

    python tests/study/test_frozen_climb.py --write
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from epochal.core.older import modern
from epochal.study.ladder import climb
from epochal.train.device import environment
from epochal.train.store import Store, open_store

FOLDER = Path(__file__).parent / "frozen_climb"
RUNGS = ("majority", "nearest-neighbours", "hog-svm", "extra-trees", "perceptron", "mlp", "lenet", "resnet")
# What the clock and the place decide, and the sentence that tells how long trainings took.
OF_ITS_TIME = {
    "started", "command", "environment", "budget_seconds", "spent_seconds", "seconds", "looking", "peak_memory",
    "energy", "answer", "need_deep_learning",
}  # fmt: skip
WORDS = {"sentence", "headline", "more_data", "notes", "message", "adds"}  # tested where they are written
SAME_BITS = ("device", "torch", "numpy", "scikit-learn")  # on another processor or version sums round otherwise


def differences(found: Any, wanted: Any, place: str = "result") -> list[str]:
    """Where a result differs from the frozen one, apart from words and what belongs to its time. A field that was added
    since is not looked at. Fractions agree to five digits: losses are summed in another precision now."""
    if isinstance(wanted, dict):
        return [
            line
            for name, value in wanted.items()
            if name not in OF_ITS_TIME | WORDS
            for line in (differences(found[name], value, f"{place}.{name}") if name in found else [f"{place}.{name}"])
        ]
    if isinstance(wanted, list):
        if len(found) != len(wanted):
            return [f"{place}: {len(found)} in place of {len(wanted)}"]
        pairs = enumerate(zip(found, wanted, strict=True))
        return [line for k, (one, other) in pairs for line in differences(one, other, f"{place}[{k}]")]
    alike = found == (pytest.approx(wanted, rel=1e-5) if isinstance(wanted, float) else wanted)
    return [] if alike else [f"{place}: {found} in place of {wanted}"]


def test_a_climb_of_before_is_repeated_to_the_same_result(tmp_path: Path) -> None:
    frozen = modern(json.loads((FOLDER / "result.json").read_text()))
    here = environment()
    if other := [name for name in SAME_BITS if here[name] != frozen["environment"][name]]:
        pytest.skip(f"frozen with another {' and '.join(other)}: its trainings round otherwise")
    with open_store(tmp_path / "frozen") as store:
        for name, value in json.loads((FOLDER / "decisions.json").read_text()).items():
            store.put(name, value)
    again = climb("digits", repeat=tmp_path / "frozen", out=tmp_path / "again").result
    assert differences(json.loads(again.to_json()), frozen) == []


def main() -> None:
    parser = argparse.ArgumentParser(description="Freeze a climb anew.")
    parser.add_argument("--write", action="store_true", required=True)
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "run"
        climb("digits", budget="60s", seeds=2, trials=2, rungs=RUNGS, out=directory)
        store = Store(directory)
        FOLDER.mkdir(exist_ok=True)
        decisions = {name: store.get(name) for name in sorted(store.names())}
        (FOLDER / "decisions.json").write_text(json.dumps(decisions, indent=1) + "\n")
        result = json.loads((directory / "result.json").read_text())
        (FOLDER / "result.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
